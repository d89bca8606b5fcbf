//! `list`, `show`, `approve`, `deny` and `status` against a daemon that does what the test wants.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::process::Stdio;

use aisudo_core::{
    digest::request_digest,
    evidence::Verdict,
    raw::Hex32,
    state::End,
    wire::{FromControl, Row},
};
use fake::{
    Fake,
    data::{decision, request},
};
use serde_json::Value;

type Lie = fn(&mut Row, &mut String);

#[test]
fn i4_what_is_shown_is_what_is_approved() {
    let fake = Fake::start();
    let row = fake.ask(&["apt-get", "install", "-y", "nginx"]);
    let ran = fake.run(&["approve", &row.code.to_lowercase()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("approve", ran.stdout);
    assert_eq!(
        fake.state().decided,
        [FromControl::Decide {
            id: row.id,
            digest: row.digest,
            verdict: Verdict::Approve,
            note: None
        }]
    );
    let shown = fake.state().requests[0].1.clone();
    assert_eq!(request_digest(shown.as_bytes()), row.digest);
}

#[test]
fn a_denial_carries_its_words() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let ran = fake.run(&[
        "deny",
        &row.id.to_string(),
        "--reason",
        "use the staging host",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .ends_with(&format!("\ndenied {}; nothing is run\n", row.code)),
        "{}",
        ran.stdout
    );
    let note = Some("use the staging host".to_owned());
    assert_eq!(
        fake.state().decided,
        [FromControl::Decide {
            id: row.id,
            digest: row.digest,
            verdict: Verdict::Deny,
            note
        }]
    );
    let too_long = fake.run(&["deny", &row.code, "--reason", &"x".repeat(501)]);
    assert_eq!(too_long.code, Some(2));
    assert!(
        too_long
            .stderr
            .contains("these are 501 bytes, at most 500 are possible"),
        "{}",
        too_long.stderr
    );
}

#[test]
fn i4_other_bytes_than_the_digest_are_not_decided() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    // Each is one lie of a stolen daemon.
    let honest = fake.state().requests[0].clone();
    let lies: [Lie; 4] = [
        |_, frozen| *frozen = request(0, &["rm", "-rf", "/"]),
        |row, _| row.digest = Hex32([9; 32]),
        |row, _| row.uid = 0,
        |_, frozen| frozen.push(' '),
    ];
    for (index, lie) in lies.iter().enumerate() {
        let mut lying = honest.clone();
        lie(&mut lying.0, &mut lying.1);
        fake.state().requests[0] = lying;
        for command in ["approve", "deny", "show"] {
            let ran = fake.run(&[command, &row.code]);
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (Some(1), ""),
                "{command}, lie {index}"
            );
            assert_eq!(
                ran.stderr,
                "aisudo: what aisudo-daemon shows does not fit its digest: decide nothing, and look at the daemon\n"
            );
        }
    }
    assert_eq!(fake.state().decided, []);
}

#[test]
fn a_digest_can_be_demanded() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let ran = fake.run(&["approve", &row.code, "--digest", &"0".repeat(64)]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .contains("nothing was decided: the request has another digest"),
        "{}",
        ran.stderr
    );
    assert_eq!(fake.state().decided, []);
    assert_eq!(
        fake.run(&["approve", &row.code, "--digest", &row.digest.to_string()])
            .code,
        Some(0)
    );
}

#[test]
fn what_cannot_be_shown_is_not_decided() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = fake.ran(
        fake.command(&["approve", &row.code])
            .stdout(Stdio::from(writer))
            .spawn()
            .unwrap(),
    );
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stderr,
        "aisudo: nothing was decided: the request could not be shown; give it a standard output that can be written\n"
    );
    assert_eq!(fake.state().decided, []);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fake = Fake::start();
    fake.ask(&["id"]);
    for command in ["list", "status"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = fake.ran(
            fake.command(&[command])
                .stdout(Stdio::from(writer))
                .spawn()
                .unwrap(),
        );
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{command}");
    }
}

#[test]
fn what_does_not_wait_is_named_in_one_line() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let error = || {
        let ran = fake.run(&["approve", &row.code]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        ran.stderr.replace(&row.code, "K7Q2M")
    };
    fake.end(
        &row,
        End::Denied {
            decision: decision(&row, Verdict::Deny, None),
        },
    );
    assert_eq!(
        error(),
        "aisudo: no request K7Q2M is waiting (it was denied by root 3 s ago)\n"
    );
    fake.end(&row, End::Expired);
    assert_eq!(
        error(),
        "aisudo: no request K7Q2M is waiting (it expired: nobody answered in time)\n"
    );
    fake.end(
        &row,
        End::Cancelled {
            why: "sudo \x1b[2J ended".to_owned(),
        },
    );
    assert_eq!(
        error(),
        "aisudo: no request K7Q2M is waiting (it was cancelled: sudo \\x1b[2J ended)\n"
    );
    let ran = fake.run(&["approve", "ZZZZZ"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stderr,
        "aisudo: there is no such request; list the requests again\n"
    );
    assert_eq!(fake.state().decided, []);
}

#[test]
fn a_list_says_where_the_rest_is() {
    let fake = Fake::start();
    assert_eq!(fake.run(&["list"]).stdout, "no request is waiting\n");
    fake.ask(&["id"]);
    fake.ask(&["echo", &"x".repeat(200)]);
    let ended = fake.ask(&["true"]);
    fake.end(&ended, End::Expired);
    insta::assert_snapshot!("list", fake.run(&["list"]).stdout);
    insta::assert_snapshot!("list_all", fake.run(&["list", "--all"]).stdout);
}

#[test]
fn json_holds_the_request_verbatim_and_drives_no_terminal() {
    let fake = Fake::start();
    let row = fake.ask(&["id", "\u{202e}x"]);
    let frozen = fake.state().requests[0].1.clone();

    let shown = fake.run(&["show", &row.code, "--json"]).stdout;
    assert!(
        shown
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\n')),
        "{shown}"
    );
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["frozen"], frozen);
    assert_eq!(
        shown["request"],
        serde_json::from_str::<Value>(&frozen).unwrap()
    );
    assert_eq!(shown["state"], "pending");
    assert_eq!(shown["digest"], row.digest.to_string());
    assert!(
        shown["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with("Look closely at the command")
    );

    let listed: Value = serde_json::from_str(&fake.run(&["list", "--json"]).stdout).unwrap();
    assert_eq!(listed["requests"][0]["code"], row.code);
    assert_eq!(listed["own_only"], false);

    let approved: Value =
        serde_json::from_str(&fake.run(&["approve", &row.code, "--json"]).stdout).unwrap();
    assert_eq!(approved["verdict"], "approve");
    assert_eq!(approved["frozen"], frozen);
}

#[test]
fn show_says_where_it_stands() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    fake.end(
        &row,
        End::Denied {
            decision: decision(&row, Verdict::Deny, Some("no\nway")),
        },
    );
    let shown = fake.run(&["show", &row.code]).stdout;
    let (_, end) = shown.split_once("no answer is taken any more\n").unwrap();
    assert_eq!(
        end,
        "\nasked at 2023-11-14 22:13:20; it was denied by root 3 s ago\nin the approver's words: no\\nway\n"
    );
}

#[test]
fn without_a_daemon_the_exit_code_is_3() {
    let fake = Fake::stopped();
    let commands: &[&[&str]] = &[
        &["list"],
        &["show", "X"],
        &["approve", "X"],
        &["deny", "X"],
        &["status"],
        &["wait-for-requests"],
        &["watch", "--plain"],
        &["audit", "tail"],
        &["audit", "show", "1"],
        &["audit", "verify"],
        &["audit", "export"],
    ];
    for command in commands {
        let ran = fake.run(command);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(3), ""),
            "{command:?}"
        );
        assert_eq!(
            ran.stderr,
            "aisudo: aisudo-daemon is not running (nobody listens on /ROOT/run/aisudo/control.sock); start it with: systemctl start aisudo-daemon\n"
        );
    }
    let ran = fake.run(&["status", "--json"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(3), "{\"running\":false}\n")
    );
}

#[test]
fn who_is_no_approver_sees_their_own_and_decides_nothing() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    fake.state().refuses =
        Some("only root and the group ops may approve; log in as one of them".to_owned());

    let listed = fake.run(&["list"]);
    assert_eq!(listed.code, Some(0));
    assert_eq!(
        listed.stderr,
        "aisudo: only root and the group ops may approve; log in as one of them; these are your own requests\n"
    );
    assert!(listed.stdout.starts_with(&row.code), "{}", listed.stdout);

    let status = fake.run(&["status"]);
    assert_eq!(status.code, Some(0));
    assert!(
        status
            .stdout
            .starts_with("aisudo-daemon 0.1.0 runs\nyour own requests: 1 waiting\n"),
        "{}",
        status.stdout
    );

    for command in ["approve", "deny", "show"] {
        assert_eq!(fake.run(&[command, &row.code]).code, Some(4), "{command}");
    }
    assert_eq!(fake.run(&["wait-for-requests"]).code, Some(4));
    assert_eq!(fake.state().decided, []);
}

#[test]
fn status_is_for_people() {
    let fake = Fake::start();
    insta::assert_snapshot!("status", fake.run(&["status"]).stdout);
}
