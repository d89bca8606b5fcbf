//! What is in `packaging/`, checked by the programs that read it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

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
