//! `aisudo devices`, `revoke`, `rename` and `test`.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Command,
};

use aisudo_core::{
    device::KeyId,
    wire::{DeviceReach, ToControl},
};
use fake::{Fake, host::CONFIG};
use rustix::process::geteuid;
use serde_json::{Value, json};

/// SHA-256 of 32 bytes 01, 02 and 03 begins so; worked out with sha256sum.
const BLUE: &str = "72cd6e8422c407fb";
const RED: &str = "75877bb41d393b5f";
const TABLET: &str = "648aa5c579fb30f3";

#[cfg(test)]
fn key(name: &str) -> KeyId {
    serde_json::from_value(json!(name)).unwrap()
}

#[cfg(test)]
fn device(byte: &str, label: &str) -> String {
    format!(
        "\n[[approver.device]]\nlabel = \"{label}\"\nkey = {{ kind = \"ed25519\", public = \"{0}\" }}\nseal = \"{0}\"\nsince_ms = 1700000000000\n",
        byte.repeat(32)
    )
}

/// Two of the owner's, and one of somebody who also has an account on Signal.
#[cfg(test)]
fn approvers() -> String {
    let tablet = device("03", "tablet\\u001b[2J").replace(
        "{ kind = \"ed25519\", public",
        "{ kind = \"passkey\", algorithm = \"eddsa\", rp_id = \"box.example\", origins = [], public",
    );
    format!(
        "# Ours.\nversion = 1\n\n[[approver]]\nname = \"owner\" # me\n{}{}\n[[approver]]\nname = \"Zoë\"\n\n[approver.signal]\naci = \"11111111-2222-4333-8444-555555555555\"\nidentity = \"05{}\"\nsince_ms = 7\n{tablet}",
        device("01", "blue"),
        device("02", "red"),
        "ab".repeat(32),
    )
}

#[cfg(test)]
fn three() -> Fake {
    let fake = Fake::with_app();
    fake.write_approvers(&approvers());
    fake.state().reached = Some(vec![
        DeviceReach {
            device: key(BLUE),
            listens: true,
            heard_at_ms: Some(1_700_000_100_000),
            push: "on".to_owned(),
        },
        DeviceReach {
            device: key(RED),
            listens: false,
            heard_at_ms: Some(1_700_000_200_000),
            push: "the service said 410\u{1b}".to_owned(),
        },
        DeviceReach {
            device: key(TABLET),
            listens: false,
            heard_at_ms: None,
            push: "off".to_owned(),
        },
    ]);
    fake
}

#[test]
fn devices_are_listed_with_how_they_are_reached() {
    let fake = three();
    let ran = fake.run(&["devices"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("devices", ran.stdout);
    let ran = fake.run(&["devices", "--json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["running"], true);
    assert_eq!(json["devices"].as_array().unwrap().len(), 3);
    assert_eq!(
        json["devices"][1],
        json!({
            "approver": "owner", "label": "red", "key": RED, "kind": "ed25519",
            "paired_at_ms": 1_700_000_000_000_u64, "listens": false,
            "heard_at_ms": 1_700_000_200_000_u64, "push": "the service said 410\u{1b}",
        })
    );
    assert_eq!(json["devices"][2]["kind"], "passkey");
}

#[test]
fn without_a_daemon_roots_file_is_listed() {
    let fake = three();
    fake.stop();
    let ran = fake.run(&["devices"]);
    assert_eq!(ran.code, Some(0));
    insta::assert_snapshot!(
        "devices_without_daemon",
        format!("{}{}", ran.stdout, ran.stderr)
    );
    let ran = fake.run(&["devices", "--json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["running"], false);
    assert_eq!(
        json["devices"][0],
        json!({
            "approver": "owner", "label": "blue", "key": BLUE, "kind": "ed25519",
            "paired_at_ms": 1_700_000_000_000_u64, "listens": null, "heard_at_ms": null, "push": null,
        })
    );
}

/// A daemon that was not restarted since root wrote [channels.app] runs, and knows nothing.
#[test]
fn a_daemon_without_the_app_runs() {
    let fake = three();
    fake.state().reached = None;
    let ran = fake.run(&["devices", "--json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&json["running"], &json["devices"][0]["listens"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(
        ran.stderr,
        "aisudo: [channels.app] is not set up; see docs/app.md; so it is not known how these are reached\n"
    );
}

#[test]
fn where_nobody_is_paired_it_says_how() {
    let fake = Fake::with_app();
    let ran = fake.run(&["devices"]);
    let expected = "no device is paired; pair one with: aisudo pair NAME\n";
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), expected, "")
    );
    let ran = fake.run(&["devices", "--json"]);
    assert_eq!(ran.stdout, "{\"running\":true,\"devices\":[]}\n");
    let ran = fake.run(&["test"]);
    assert_eq!(
        (ran.code, ran.stderr),
        (Some(1), format!("aisudo: {expected}"))
    );
}

#[test]
fn a_revoked_device_is_gone_and_all_else_stays() {
    let fake = three();
    // Root's file counts, whether the daemon runs or not.
    fake.stop();
    let ran = fake.run_with_input(&["revoke", "7587"], "y\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        ran.stdout,
        "Believe nothing more from red of owner (key 75877bb41d393b5f, ed25519)? [y/N] Written. It counts from now on.\n"
    );
    let path = fake.paths().approvers();
    let expected = approvers().replace(&device("02", "red"), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    let before = path.with_added_extension("before");
    assert_eq!(fs::read_to_string(before).unwrap(), approvers());
}

#[test]
fn a_revocation_needs_a_yes() {
    let fake = three();
    for input in ["n\n", "\n"] {
        let ran = fake.run_with_input(&["revoke", "blue"], input);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(1), "aisudo: nothing was written\n")
        );
    }
    let ran = fake.run(&["revoke", "blue"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(1),
            "aisudo: the input ended; nothing was written; answer, or give --yes\n"
        )
    );
    assert_eq!(
        fs::read_to_string(fake.paths().approvers()).unwrap(),
        approvers()
    );
    let ran = fake.run(&["revoke", "--yes", "blue"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fake.approvers().devices().count(), 2);
}

#[test]
fn a_device_that_is_not_there_or_not_the_only_one_is_refused() {
    let fake = three();
    for (arguments, expected) in [
        (
            &["revoke", "--yes", "green"][..],
            "there is no device green; see: aisudo devices",
        ),
        (
            &["revoke", "--yes", "72c"],
            "there is no device 72c; see: aisudo devices",
        ),
        (
            &["rename", "\u{1b}x", "y"],
            "there is no device \\x1bx; see: aisudo devices",
        ),
        (
            &["test", "green"],
            "there is no device green; see: aisudo devices",
        ),
    ] {
        let ran = fake.run(arguments);
        assert_eq!(
            (ran.code, ran.stderr),
            (Some(1), format!("aisudo: {expected}\n"))
        );
    }
    fake.write_approvers(&approvers().replace("\"red\"", "\"blue\""));
    let ran = fake.run(&["revoke", "--yes", "blue"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .contains("blue names several devices; give the key of one: 72cd")
    );
    assert_eq!(fake.approvers().devices().count(), 3);
}

/// The one thing that only a phone can do may be to say yes at all.
#[test]
fn revoking_the_last_device_warns_where_only_phones_may_approve() {
    let warning = "Note: it is the last one, and accept in /ROOT/etc/aisudo/aisudo.toml takes nobody else's word: then nobody can approve anything.\n";
    for (accept, warns) in [
        ("[\"app\"]", true),
        ("[\"app\", \"policy\"]", true),
        ("[\"app\", \"terminal\"]", false),
    ] {
        let fake = Fake::with_app();
        fake.write_config(&format!("{CONFIG}\n[gate]\naccept = {accept}\n"));
        fake.write_approvers(&format!(
            "version = 1\n[[approver]]\nname = \"owner\"\n{}{}",
            device("01", "blue"),
            device("02", "red")
        ));
        let ran = fake.run(&["revoke", "--yes", "red"]);
        assert!(!ran.stdout.contains("Note:"), "{accept}");
        let ran = fake.run(&["revoke", "--yes", "blue"]);
        assert_eq!(
            (ran.code, ran.stdout.starts_with(warning)),
            (Some(0), warns),
            "{ran:?}"
        );
        assert_eq!(fake.approvers().approvers, []);
    }
}

#[test]
fn a_device_is_renamed() {
    let fake = three();
    let ran = fake.run(&["rename", "7587", "red\u{1b}"]);
    let expected = "red of owner is called red\\x1b from now on\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), expected));
    let approvers = fake.approvers();
    let labels: Vec<_> = approvers
        .devices()
        .map(|(_, device)| device.label.as_str())
        .collect();
    assert_eq!(labels, ["blue", "red\u{1b}", "tablet\u{1b}[2J"]);
    let ran = fake.run(&["rename", "blue", ""]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("a label has 1 to 64 bytes"), "{ran:?}");
}

#[test]
fn a_test_says_for_each_whether_it_confirmed() {
    let fake = three();
    let confirmed = |after_ms, pushed| ToControl::Tested { after_ms, pushed };
    fake.state().tested = vec![
        (key(BLUE), confirmed(449, false)),
        (
            key(RED),
            ToControl::Error {
                message: "no answer within 60 s".to_owned(),
            },
        ),
        (key(TABLET), confirmed(12_050, true)),
    ];
    let ran = fake.run(&["test"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!("test", format!("{}{}", ran.stdout, ran.stderr));
    let ran = fake.run(&["test", "blue"]);
    let expected = "blue (owner): confirmed after 0.4 s\n";
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), expected, "")
    );
    assert_eq!(fake.run(&["test", TABLET]).code, Some(0));
    fake.stop();
    assert_eq!(fake.run(&["test", "blue"]).code, Some(3));
}

#[test]
fn those_who_are_not_root_are_told_so() {
    if !geteuid().is_root() {
        return;
    }
    let fake = three();
    let everybody = Permissions::from_mode(0o755);
    fs::set_permissions(fake.directory.path(), everybody).unwrap();
    // Where the command was built, only root may be let in. Another process copies it: a child of this
    // one that is started meanwhile would hold it open, and a file that is written to does not run.
    let program = fake.directory.path().join("aisudo");
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_aisudo"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    for arguments in [
        &["pair", "owner"][..],
        &["devices"],
        &["revoke", "blue"],
        &["rename", "blue", "x"],
        &["test"],
    ] {
        let ran = Command::new(&program)
            .arg("--root")
            .arg(fake.directory.path())
            .args(arguments)
            .uid(65534)
            .gid(65534)
            .output()
            .unwrap();
        assert_eq!(
            (
                ran.status.code(),
                String::from_utf8(ran.stderr).unwrap().as_str()
            ),
            (
                Some(4),
                "aisudo: only root may say who approves; run this as root\n"
            ),
            "{arguments:?}"
        );
    }
}
