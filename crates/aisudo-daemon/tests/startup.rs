//! The real program: what it refuses to start with, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Read},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::{UnixDatagram, UnixStream},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use aisudo_core::{
    paths::Paths,
    wire::{FromAgent, Hello, ToAgent},
};
use aisudo_sys::frames;
use rustix::process::{Pid, Signal, geteuid, kill_process};

struct Place {
    _root: tempfile::TempDir,
    paths: Paths,
    root: PathBuf,
}

fn place(config: &str) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_path_buf();
    fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
    let paths = Paths::under(&root);
    fs::create_dir_all(paths.config().parent().unwrap()).unwrap();
    fs::write(paths.config(), config).unwrap();
    Place {
        _root: directory,
        paths,
        root,
    }
}

const CONFIG: &str = "version = 1\n[daemon]\nuser = \"nobody\"\n";

impl Place {
    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_aisudo-daemon"))
            .arg("--root")
            .arg(&self.root)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The one line with which it refuses to start.
    fn refusal(&self) -> String {
        let output = self.start().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let [line] = lines.as_slice() else {
            panic!("{text}")
        };
        (*line).to_owned()
    }

    fn ready(&self) -> (Child, BufReader<std::process::ChildStderr>) {
        let mut daemon = self.start();
        let mut log = BufReader::new(daemon.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        assert!(line.ends_with("ready\n"), "{line}");
        (daemon, log)
    }

    fn alive(&self) -> bool {
        let mut stream = UnixStream::connect(self.paths.agent_socket()).unwrap();
        frames::send(&mut stream, &Hello::default()).unwrap();
        frames::send(&mut stream, &FromAgent::Status).unwrap();
        matches!(
            frames::receive(&mut stream).unwrap(),
            Some(ToAgent::Alive { .. })
        )
    }
}

fn stop(daemon: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a36_a_configuration_that_others_can_write_is_refused_in_one_line() {
    let place = place(CONFIG);
    let config = place.paths.config();
    fs::set_permissions(&config, Permissions::from_mode(0o666)).unwrap();
    let expected = format!(
        "aisudo-daemon: {0} can be written by others; run: chmod go-w {0}",
        config.display()
    );
    assert_eq!(place.refusal(), expected);
    fs::remove_file(&config).unwrap();
    assert!(
        place
            .refusal()
            .ends_with("does not exist; root must create it")
    );
    fs::write(&config, "version = 1\n[daemon]\nusr = \"x\"\n").unwrap();
    assert!(
        place
            .refusal()
            .contains("line 3, column 1: unknown field `usr`")
    );
    assert!(!place.paths.gate_socket().exists(), "nothing was opened");
}

#[test]
fn a36_a_database_that_others_can_write_is_refused_in_one_line() {
    let place = place(CONFIG);
    let (mut daemon, _log) = place.ready();
    stop(&daemon, Signal::TERM);
    assert!(daemon.wait().unwrap().success());
    fs::set_permissions(place.paths.database(), Permissions::from_mode(0o666)).unwrap();
    assert!(
        place
            .refusal()
            .contains("state.db can be written by others; run: chmod go-w")
    );
    fs::set_permissions(place.paths.database(), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.paths.state_dir(), Permissions::from_mode(0o777)).unwrap();
    assert!(
        place
            .refusal()
            .contains("aisudo can be written by others; run: chmod go-w")
    );
}

#[test]
fn it_serves_stops_on_a_signal_and_comes_back_after_a_kill() {
    let place = place(CONFIG);
    let (mut daemon, mut log) = place.ready();
    assert!(place.alive());
    assert!(
        place
            .refusal()
            .contains("another aisudo-daemon runs already (process")
    );
    stop(&daemon, Signal::TERM);
    assert!(daemon.wait().unwrap().success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.trim_end().ends_with("stopped"), "{rest}");

    let (mut daemon, _log) = place.ready();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let (mut daemon, _log) = place.ready();
    assert!(place.alive());
    stop(&daemon, Signal::INT);
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn root_is_given_up_for_good() {
    if !geteuid().is_root() {
        return;
    }
    let place = place(CONFIG);
    let (mut daemon, _log) = place.ready();
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("Uid:"), "65534 65534 65534 65534");
    assert_eq!(line("Groups:"), "65534");
    assert_eq!(line("CapEff:"), "0000000000000000");
    assert_eq!(line("CapPrm:"), "0000000000000000");
    assert_eq!(line("NoNewPrivs:"), "1");
    stop(&daemon, Signal::TERM);
    daemon.wait().unwrap();
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.paths.database()), 0o600);
    assert_eq!(mode(place.paths.state_dir()), 0o700);
}

#[test]
fn a_user_that_does_not_exist_is_named() {
    if geteuid().is_root() {
        let place = place("version = 1\n[daemon]\nuser = \"no-such-user\"\n");
        assert!(
            place
                .refusal()
                .contains("the user no-such-user does not exist; create it")
        );
    }
}

#[test]
fn the_audit_log_is_copied_to_the_journal_of_this_root() {
    let place = place(&format!("{CONFIG}[audit]\ncopy = \"journald\"\n"));
    let socket = place.paths.journal_socket();
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let journal = UnixDatagram::bind(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    journal
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let (mut daemon, _log) = place.ready();
    stop(&daemon, Signal::TERM);
    let mut message = vec![0; 65536];
    for event in ["started", "config_loaded", "policy_loaded", "stopped"] {
        let length = journal.recv(&mut message).unwrap();
        let text = String::from_utf8_lossy(message.get(..length).unwrap());
        assert!(
            text.contains(&format!("\nAISUDO_EVENT={event}\n")),
            "{text}"
        );
    }
    daemon.wait().unwrap();
}

#[test]
fn the_audit_log_is_copied_to_a_file_that_root_makes_for_the_daemon() {
    if !geteuid().is_root() {
        return;
    }
    let file = "/var/log/copy.jsonl";
    let place = place(&format!(
        "{CONFIG}[audit]\ncopy = {{ file = \"{file}\" }}\n"
    ));
    fs::create_dir_all(place.root.join("var/log")).unwrap();
    let copy = place.paths.of(file.as_ref());
    let (mut daemon, _log) = place.ready();
    stop(&daemon, Signal::TERM);
    daemon.wait().unwrap();
    assert_eq!(fs::read_to_string(&copy).unwrap().lines().count(), 4);
    let meta = copy.metadata().unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o777), (65534, 0o600));

    // Not the daemon's: it starts all the same, and leaves it alone.
    fs::write(&copy, "").unwrap();
    std::os::unix::fs::chown(&copy, Some(0), None).unwrap();
    let mut daemon = place.start();
    let mut log = BufReader::new(daemon.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(" ready\n") || !said.contains("is not a file of uid 65534") {
        assert_ne!(log.read_line(&mut said).unwrap(), 0, "{said}");
    }
    stop(&daemon, Signal::TERM);
    daemon.wait().unwrap();
    assert_eq!(fs::read_to_string(&copy).unwrap(), "");
}
