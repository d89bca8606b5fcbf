//! The commands about root's policy.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{fs, path::PathBuf};

use aisudo_core::policy::{Example, Policy};
use fake::Fake;
use serde_json::Value;

#[cfg(test)]
fn docs(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/examples")
        .join(name)
        .to_str()
        .unwrap()
        .to_owned()
}

/// Where root's policy would be.
#[cfg(test)]
fn install(fake: &Fake, text: &str) -> String {
    let path = fake.paths().policy();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const RULES: &str = r#"version = 1
[[rule]]
name = "others"
effect = "deny"
user = "nobody"
text = "not you"
[[rule]]
name = "id"
effect = "allow"
program = "/usr/bin/id"
args = ["-u"]
[[rule]]
name = "late"
effect = "ask"
hours = "00:00-01:00"
timeout = 30
"#;

#[test]
fn the_examples_in_the_documentation_are_as_they_say() {
    let fake = Fake::stopped();
    let ran = fake.run(&["policy", "check", &docs("policy.toml")]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), ""),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .ends_with("good: 11 rules, otherwise ask; 1 accepted\n"),
        "{}",
        ran.stdout
    );
    let ran = fake.run(&[
        "policy",
        "test",
        &docs("policy-tests.toml"),
        "--policy",
        &docs("policy.toml"),
    ]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "good: 20 examples are as expected\n");
}

/// Each rule of the example is needed by one of its tests, each of which needs a rule.
#[test]
fn the_examples_in_the_documentation_try_every_rule() {
    let policy = Policy::parse(&fs::read_to_string(docs("policy.toml")).unwrap()).unwrap();
    let tests = Example::parse(&fs::read_to_string(docs("policy-tests.toml")).unwrap()).unwrap();
    let nothing = Policy::parse("version = 1\ndefault = \"deny\"").unwrap();
    let used: Vec<_> = tests
        .iter()
        .filter_map(|test| test.ruling(&policy).rule)
        .collect();
    for rule in [
        "no shells",
        "no reboot by day",
        "agents are asked for",
        "people",
        "disk space",
        "logs of services",
        "restart the site",
        "harmless packages",
        "other packages",
    ] {
        assert!(used.iter().any(|used| used == rule), "{rule}");
    }
    assert!(
        tests
            .iter()
            .filter(|test| test.failure(&nothing).is_some())
            .count()
            > 15
    );
}

#[test]
fn a_check_names_each_finding_and_the_place_of_a_mistake() {
    let fake = Fake::stopped();
    let ran = fake.run(&["policy", "check"]);
    assert_eq!(ran.code, Some(0), "no file is a policy without rules");
    assert_eq!(ran.stdout, "good: 0 rules, otherwise ask; no findings\n");

    let path = install(&fake, RULES);
    for arguments in [&["policy", "check"][..], &["policy", "check", &path]] {
        let ran = fake.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert_eq!(ran.stdout, "good: 3 rules, otherwise ask; no findings\n");
    }

    install(
        &fake,
        &format!(
            "{RULES}[[rule]]\nname = \"sh\"\neffect = \"allow\"\nprogram = \"/bin/sh\"\nargs = [{{ type = \"word\" }}]\n"
        ),
    );
    let ran = fake.run(&["policy", "check"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    for line in ran.stdout.lines() {
        assert!(line.starts_with("rule \"sh\": "), "{line}");
    }
    assert_eq!(ran.stderr, "aisudo: 2 findings are to be dealt with\n");

    install(&fake, "version = 1\n[[rule]]\nname = 5\n");
    for arguments in [&["policy", "check"][..], &["policy", "check", &path]] {
        let ran = fake.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        assert!(
            ran.stderr.starts_with(
                "aisudo: /ROOT/etc/aisudo/policy.toml: line 3, column 8: invalid type"
            ),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stderr.lines().count(), 1);
    }
    let ran = fake.run(&["policy", "check", "/no/such/file"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .starts_with("aisudo: /no/such/file: it cannot be read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_explanation_goes_rule_by_rule() {
    let fake = Fake::stopped();
    let path = install(&fake, RULES);
    // Not as root, who can change every program.
    let ran = fake.run(&[
        "policy",
        "explain",
        "--user",
        "daemon",
        "--at",
        "mon 12:00",
        "--",
        "id",
        "-u",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "sudo id -u, by daemon",
            "the program is /usr/bin/id",
            "  1. deny \"others\": does not match (user: who asks)",
            "  2. allow \"id\": matches",
            "  3. ask \"late\": not reached",
            "allow, by rule \"id\"",
            "under sudo-rs, which does not say what program it has found: ask, since no rule decides",
            "note: directory, terminal, standard input and parent processes are those of this command, not of that user",
        ]
    );
    let ran = fake.run(&[
        "policy",
        "explain",
        "--user",
        "daemon",
        "--at",
        "mon 00:30",
        "--policy",
        &path,
        "--",
        "/usr/bin/id",
    ]);
    assert!(
        ran.stdout.contains(
            "  2. allow \"id\": does not match (args: the words after the program, one by one)\n  3. ask \"late\": matches\nask, by rule \"late\", within 30 s\n"
        ),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_explanation_can_be_about_somebody_else_and_in_json() {
    let fake = Fake::stopped();
    install(&fake, RULES);
    let arguments = [
        "policy",
        "explain",
        "--user",
        "nobody",
        "--json",
        "--at",
        "mon 12:00",
        "--",
        "id",
        "-u",
    ];
    let ran = fake.run(&arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["effect"], "deny");
    assert_eq!(json["rule"], "others");
    assert_eq!(json["text"], "not you");
    assert_eq!(json["sudo_rs"], Value::Null);
    assert_eq!(json["rules"][0]["matches"], "yes");
    assert_eq!(json["rules"][1]["matches"], "not_reached");
    assert!(
        json["notes"][0]
            .as_str()
            .unwrap()
            .contains("not of that user")
    );

    let ran = fake.run(&["policy", "explain", "--user", "no-such-user", "--", "id"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stderr,
        "aisudo: the user database has no user no-such-user\n"
    );
    let ran = fake.run(&["policy", "explain", "--user", "root", "--", "id"]);
    assert!(
        ran.stdout
            .ends_with("note: root is not gated, and can change everything\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        fake.run(&["policy", "explain", "--at", "noon", "--", "id"])
            .code,
        Some(2)
    );
}

#[test]
fn examples_that_fail_are_named() {
    let fake = Fake::stopped();
    install(&fake, RULES);
    let file = fake.directory.path().join("tests.toml");
    let file = file.to_str().unwrap();
    let tests = r#"version = 1
[[example]]
user = "agent"
command = ["id", "-u"]
expect = "allow"
rule = "id"

[[example]]
user = "agent"
command = ["id", "-u\u001b[2J"]
expect = "allow"

[[example]]
user = "nobody"
command = ["id", "-u"]
expect = "deny"
rule = "id"
"#;
    fs::write(file, tests).unwrap();
    let ran = fake.run(&["policy", "test", file]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "line 8: sudo id \"-u\\x1b[2J\": expected allow, got ask by default\n\
         line 13: sudo id -u: expected deny by rule \"id\", got deny by rule \"others\"\n"
    );
    assert_eq!(ran.stderr, "aisudo: 2 of 3 examples are not as expected\n");

    for (text, part) in [
        ("version = 1", "it has no [[example]]"),
        ("version = 2", "version is 2"),
        (
            "version = 1\n[[example]]\nuser = \"a\"\ncommand = []\nexpect = \"ask\"",
            "line 2, column 1: command is empty",
        ),
        (
            "version = 1\n[[example]]\nuser = \"a\"\ncommand = [\"id\"]\nexpect = \"yes\"",
            "line 5, column 10: unknown variant `yes`",
        ),
        (
            "version = 1\n[[example]]\nuser = \"a\"\ncommand = [\"id\"]\nexpect = \"ask\"\nat = \"12:00\"",
            "line 6, column 6: a time is written",
        ),
    ] {
        fs::write(file, text).unwrap();
        let ran = fake.run(&["policy", "test", file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{text}");
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1);
    }
}
