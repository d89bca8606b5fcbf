//! The property list for launchd, against what the daemon expects of it. Read by Python's own parser: there
//! is no Mac here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what is wrong by panicking"
)]

use std::{path::Path, process::Command};

use serde_json::{Value, json};

#[path = "../../aisudo-core/src/paths/macos.rs"]
mod paths;

const READ: &str = "\
import json, plistlib, sys
print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))
";

fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(path).to_str().unwrap().to_owned()
}

fn plist() -> Value {
    let output = Command::new("/usr/bin/python3")
        .args(["-c", READ, &source("packaging/launchd/aisudo.daemon.plist")])
        .output()
        .expect("python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the daemon asks launchd for, as its source names it.
fn asked_for() -> Vec<String> {
    let text = source("crates/aisudo-daemon/src/startup/passed/macos.rs");
    let text = std::fs::read_to_string(text).unwrap();
    let list = text.split("const NAMES: [&CStr; 3] = [").nth(1).unwrap();
    let list = list.split(']').next().unwrap();
    list.split(',')
        .map(|name| name.trim().trim_start_matches("c\"").trim_matches('"'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn launchd_opens_what_the_daemon_asks_for_and_where_gates_look() {
    let plist = plist();
    let sockets = plist["Sockets"].as_object().unwrap();
    let mut names = asked_for();
    names.sort_unstable();
    assert_eq!(sockets.keys().cloned().collect::<Vec<_>>(), names);
    // As the daemon would open them itself: startup/sockets.rs.
    for (name, mode) in [("gate", 0o600), ("agent", 0o666), ("control", 0o600)] {
        assert_eq!(
            sockets[name],
            json!({
                "SockPathName": format!("/{}/{name}.sock", paths::RUN),
                "SockPathMode": mode,
                "SockPathOwner": 0,
                "SockPathGroup": 0,
            })
        );
    }
}

#[test]
fn the_daemon_is_nobody_special_and_comes_back() {
    let plist = plist();
    assert_eq!(plist["UserName"], "_aisudo");
    assert_eq!(plist["GroupName"], "_aisudo");
    assert_eq!(plist["KeepAlive"], true);
    assert_eq!(plist["Umask"], 0o077);
    assert_eq!(
        plist["ProgramArguments"],
        json!(["/usr/local/sbin/aisudo-daemon"])
    );
    // The file is named after the label, as launchctl(1) wants it.
    assert_eq!(plist["Label"], "aisudo.daemon");
}

/// The pages for a Mac's owner name the same places.
#[test]
fn the_pages_say_the_same() {
    let page = std::fs::read_to_string(source("docs/macos.md")).unwrap();
    for place in [
        &format!("/{}", paths::RUN),
        &format!("/{}", paths::STATE),
        "/Library/LaunchDaemons/aisudo.daemon.plist",
        "/usr/local/sbin/aisudo-daemon",
        "/usr/local/lib/pam/pam_aisudo.so.2",
    ] {
        assert!(page.contains(place), "{place}");
    }
}
