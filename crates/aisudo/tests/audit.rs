//! `aisudo audit` against a daemon that does what the test wants.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::fs;

use aisudo_core::wire::Head;
use fake::{
    Fake,
    data::{events, hash_of, log, request},
    mode_of,
};
use serde_json::{Value, json};

fn with_log() -> Fake {
    let fake = Fake::start();
    fake.state().audit = log(&events());
    fake
}

/// The exit code and the error, or what was printed.
fn verify(fake: &Fake, arguments: &[&str]) -> (Option<i32>, String) {
    let ran = fake.run(&[&["audit", "verify"], arguments].concat());
    (ran.code, ran.stderr + &ran.stdout)
}

#[test]
fn a39_the_first_bad_entry_is_named() {
    let fake = with_log();
    let good = fake.state().audit.clone();
    let checkpoint = format!("5:{}", hash_of(&good[4]));
    assert_eq!(
        verify(&fake, &[]),
        (
            Some(0),
            format!("5 entries, chain intact, checkpoint {checkpoint}\n")
        )
    );

    let head = Head {
        sequence: 5,
        hash: hash_of(&good[4]),
    };
    fake.state().head = Some(head);
    let bad = |change: &dyn Fn(&mut Vec<String>)| {
        let mut entries = good.clone();
        change(&mut entries);
        fake.state().audit = entries;
        let (code, said) = verify(&fake, &[]);
        assert_eq!(code, Some(1), "{said}");
        said
    };
    let edited = bad(&|entries| entries[3] = entries[3].replace("too many", "too few"));
    assert_eq!(
        edited,
        "aisudo: entry 4 is bad: it was changed: its hash does not fit its content\n"
    );
    let cut = bad(&|entries| drop(entries.remove(2)));
    assert!(
        cut.starts_with("aisudo: entry 3 is bad: it does not follow the entry before it"),
        "{cut}"
    );
    let reordered = bad(&|entries| entries.swap(0, 1));
    assert!(
        reordered.starts_with("aisudo: entry 1 is bad"),
        "{reordered}"
    );
    let rolled_back = bad(&|entries| entries.truncate(4));
    assert_eq!(
        rolled_back,
        "aisudo: the log was rolled back or rewritten before entry 5\n"
    );
    let emptied = bad(&Vec::clear);
    assert_eq!(
        emptied,
        "aisudo: the log was rolled back or rewritten before entry 5\n"
    );
    let rewritten = bad(&|entries| {
        let mut events = events();
        events[1] = json!({"event": "nothing"});
        *entries = log(&events);
    });
    assert_eq!(
        rewritten,
        "aisudo: the log was rolled back or rewritten before entry 5\n"
    );
    let added = bad(&|entries| {
        let more = [events(), vec![json!({"event": "approved"})]].concat();
        *entries = log(&more);
    });
    assert_eq!(
        added,
        "aisudo: entry 6 is bad: it was not written by the running daemon\n"
    );
}

#[test]
fn a39_a_checkpoint_outlives_the_daemons_memory() {
    let fake = with_log();
    let hashes: Vec<String> = fake
        .state()
        .audit
        .iter()
        .map(|line| hash_of(line))
        .collect();
    let check = |text: &str| verify(&fake, &["--checkpoint", text]);
    assert_eq!(check(&format!("3:{}", hashes[2])).0, Some(0));
    assert_eq!(
        check(&format!("3:{}", hashes[3])),
        (
            Some(1),
            "aisudo: the log was rolled back or rewritten before entry 3\n".to_owned()
        )
    );
    assert_eq!(
        check(&format!("9:{}", hashes[3])),
        (
            Some(1),
            "aisudo: the log was rolled back or rewritten before entry 9\n".to_owned()
        )
    );
    assert_eq!(check("9").0, Some(2));
    let json = fake.run(&[
        "audit",
        "verify",
        "--json",
        "--checkpoint",
        &format!("9:{}", hashes[3]),
    ]);
    assert_eq!(
        json.stdout,
        "{\"intact\":false,\"entry\":9,\"why\":\"the log was rolled back or rewritten before entry 9\"}\n"
    );
}

#[test]
fn an_exported_file_is_the_log_and_needs_no_daemon() {
    let fake = with_log();
    let file = fake.directory.path().join("log.jsonl");
    let name = file.to_str().unwrap();
    let ran = fake.run(&["audit", "export", name]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "aisudo: 5 entries written to /ROOT/log.jsonl\n")
    );
    assert_eq!(mode_of(&file), 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, fake.state().audit.join("\n") + "\n");
    assert_eq!(fake.run(&["audit", "export"]).stdout, text);

    let again = fake.run(&["audit", "export", name]);
    assert_eq!(again.code, Some(1));
    assert!(
        again
            .stderr
            .contains("/ROOT/log.jsonl exists; give another name, or --force"),
        "{}",
        again.stderr
    );
    assert_eq!(
        fake.run(&["audit", "export", name, "--force"]).code,
        Some(0)
    );

    fake.stop();
    assert_eq!(verify(&fake, &[name]).0, Some(0));
    fs::write(&file, text.replace("too many", "too few")).unwrap();
    assert!(
        verify(&fake, &[name])
            .1
            .starts_with("aisudo: entry 4 is bad")
    );
    fs::write(&file, [text.as_bytes(), b"\xff\n"].concat()).unwrap();
    assert!(
        verify(&fake, &[name])
            .1
            .starts_with("aisudo: entry 6 is bad: it is not a JSON object")
    );
}

#[test]
fn a_link_is_not_followed_and_a_strange_entry_not_printed() {
    let fake = with_log();
    let victim = fake.directory.path().join("victim");
    let link = fake.directory.path().join("link");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let name = link.to_str().unwrap();
    assert_eq!(fake.run(&["audit", "export", name]).code, Some(1));
    assert_eq!(
        fake.run(&["audit", "export", name, "--force"]).code,
        Some(0)
    );
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");

    fake.state().audit[1].push('\u{9b}');
    let ran = fake.run(&["audit", "export", name, "--force"]);
    assert_eq!(ran.code, Some(1));
    assert!(!link.exists(), "half a log is no log");
}

#[test]
fn entries_are_for_people() {
    let fake = with_log();
    insta::assert_snapshot!("audit_tail", fake.run(&["audit", "tail"]).stdout);
    insta::assert_snapshot!("audit_show", fake.run(&["audit", "show", "k7q2m"]).stdout);
    let newest = fake.run(&["audit", "tail", "-n", "2"]).stdout;
    assert_eq!(newest.lines().count(), 2);
    assert!(
        newest.ends_with("2023-11-14 22:14:00  stopped  \n") || newest.contains("stopped"),
        "{newest}"
    );
    let fourth = fake.run(&["audit", "show", "4", "--json"]).stdout;
    assert_eq!(fourth, format!("{}\n", fake.state().audit[3]));
    for missing in ["0", "6", "ZZZZZ"] {
        let ran = fake.run(&["audit", "show", missing]);
        assert_eq!(ran.code, Some(1));
        assert_eq!(
            ran.stderr,
            format!("aisudo: the audit log has no entry {missing}; see: aisudo audit tail\n")
        );
    }
}

#[test]
fn entries_of_other_kinds_are_shown_as_they_are() {
    let fake = Fake::start();
    let frozen: Value = serde_json::from_str(&request(0, &["id", "-u"])).unwrap();
    fake.state().audit = log(&[
        json!({"at": "2023-11-14T22:13:20.007Z", "event": "password", "request": frozen, "rule": "ask me", "user": "agent", "uid": 7}),
        json!({"at": "2023-11-14T22:13:20.007Z", "event": "policy_loaded", "sha256": "abc", "rules": 2}),
    ]);
    assert_eq!(
        fake.run(&["audit", "tail"]).stdout,
        "    1  2023-11-14 22:13:20  password   agent (uid 7) as root: id -u\n    2  2023-11-14 22:13:20  policy_loaded  rules=2  sha256=abc\n"
    );
}
