//! Ask, deny and password rules: what might be meant is meant.

use super::*;
use crate::{
    raw::Raw,
    request::{Found, Program},
};

fn deny(fields: &str) -> Policy {
    policy(&format!(
        "[[rule]]\nname = \"no\"\neffect = \"deny\"\n{fields}\n"
    ))
}

#[test]
fn a_program_is_denied_by_path_file_and_name() {
    let docker = deny("program = \"/usr/bin/docker\"");
    let with = |words: &[&str], path: Option<&str>, real: Option<&str>| {
        let mut request = request(words);
        request.program = Program {
            path: path.map(Raw::from),
            real: real.map(Raw::from),
            found: Found::Gate,
        };
        says(&docker, &request)
    };
    let real = Some("/usr/bin/docker");
    let id = Some("/usr/bin/id");
    assert_eq!(with(&["docker", "ps"], real, real), "deny");
    assert_eq!(with(&["d"], Some("/opt/d"), real), "deny", "by a link");
    assert_eq!(with(&["/bin/docker"], Some("/bin/docker"), real), "deny");
    let local = Some("/usr/local/bin/docker");
    assert_eq!(with(&["docker"], local, local), "deny", "by its name");
    assert_eq!(with(&["docker"], None, None), "deny", "by the word alone");
    assert_eq!(with(&["-l", "docker"], None, None), "deny");
    assert_eq!(with(&["nothing-known"], None, None), "deny", "in doubt");
    assert_eq!(with(&["-s"], None, None), "deny", "in doubt: any shell");
    assert_eq!(with(&["id"], id, id), "ask");
    assert_eq!(with(&["-s"], Some("/bin/bash"), Some("/bin/bash")), "ask");
    assert_eq!(with(&["-e", "docker"], None, None), "ask", "nothing runs");
    assert_eq!(with(&["-l", "id"], None, None), "ask");
    assert_eq!(with(&["-v"], None, None), "ask");

    let tools = deny("program = { under = \"/opt/tools\" }");
    assert_eq!(says(&tools, &request(&["-l", "/opt/tools/a"])), "deny");
    assert_eq!(says(&tools, &request(&["-l", "/opt/toolsx/a"])), "ask");
    for (path, expected) in [
        ("/opt/tools/a", "deny"),
        ("/opt/./tools//a", "deny"),
        ("/opt/x/../tools/a", "deny"),
        ("/opt/toolsx/a", "ask"),
    ] {
        let mut request = request(&[path]);
        request.program.real = Some(Raw::from("/mnt/a"));
        assert_eq!(says(&tools, &request), expected, "{path}");
    }
}

#[test]
fn root_is_meant_by_all_that_may_be_root() {
    let root = deny("target = \"root\"");
    for (words, expected) in [
        (&["id"][..], "deny"),
        (&["-u", "root", "id"], "deny"),
        (&["-u", "ROOT", "id"], "deny"),
        (&["-u", "#0", "id"], "deny"),
        (&["-u", "#00", "id"], "deny"),
        (&["-u", "#-1", "id"], "deny"),
        (&["-u", "#4294967295", "id"], "deny"),
        (&["-u", "#4294967296", "id"], "deny"),
        (&["-u", "#1000", "id"], "ask"),
        (&["-u", "agent", "id"], "ask"),
        (&["-g", "adm", "id"], "ask"),
        (&["-u", "root", "-g", "adm", "id"], "deny"),
    ] {
        assert_eq!(says(&root, &request(words)), expected, "{words:?}");
    }
    let other = deny("target = \"postgres\"");
    for (user, expected) in [
        ("postgres", "deny"),
        ("#113", "deny"),
        ("#00", "deny"),
        ("#0", "ask"),
        ("root", "ask"),
    ] {
        assert_eq!(
            says(&other, &request(&["-u", user, "id"])),
            expected,
            "{user}"
        );
    }
    let group = deny("target_group = \"adm\"");
    for (group_asked, expected) in [("adm", "deny"), ("#4", "deny"), ("root", "ask")] {
        assert_eq!(says(&group, &request(&["-g", group_asked, "id"])), expected);
    }
    assert_eq!(says(&group, &request(&["id"])), "ask");
}

#[test]
fn a_path_is_meant_in_whatever_way_it_is_written() {
    let etc = deny("mode = \"edit\"\nargs = [{ under = \"/etc\" }]");
    for (path, cwd, expected) in [
        ("/etc/motd", "/", "deny"),
        ("/etc", "/", "deny"),
        ("//etc/./motd", "/", "deny"),
        ("/srv/../etc/motd", "/", "deny"),
        ("/srv/../srv/a", "/", "deny"),
        ("motd", "/etc", "deny"),
        ("etc/motd", "/", "deny"),
        ("motd", "/srv", "ask"),
        ("/srv/a", "/", "ask"),
        ("/etcx", "/", "ask"),
    ] {
        let request = request_with(&["-e", path], &format!("cwd = \"{cwd}\""));
        assert_eq!(says(&etc, &request), expected, "{path} in {cwd}");
    }
    for word in ["/srv/a", "a"] {
        let link = request_with(&["-e", word], "cwd = \"/srv\"\nchangeable = [\"/srv/a\"]");
        assert_eq!(says(&etc, &link), "deny", "{word} may become a link");
    }
    let elsewhere = request_with(&["-D", "/etc", "-e", "motd"], "cwd = \"/srv\"");
    assert_eq!(says(&etc, &elsewhere), "deny");
}

#[test]
fn a_host_is_meant_by_its_short_and_its_long_name() {
    let named = |host: &str| request_with(&["id"], &format!("host = \"{host}\""));
    for (rule, name, expected) in [
        ("web1", "web1", "deny"),
        ("web1", "WEB1", "deny"),
        ("web1", "web1.example.org", "deny"),
        ("web1.example.org", "web1", "deny"),
        ("web1.example.org", "web1.example.com", "ask"),
        ("web1", "web2", "ask"),
    ] {
        let policy = deny(&format!("host = \"{rule}\""));
        assert_eq!(says(&policy, &named(name)), expected, "{rule} {name}");
    }
}

#[test]
fn where_it_runs_is_in_doubt_with_another_directory() {
    let srv = deny("cwd = { under = \"/srv\" }");
    let at = |words: &[&str], cwd: &str| request_with(words, &format!("cwd = \"{cwd}\""));
    assert_eq!(says(&srv, &at(&["id"], "/srv/a")), "deny");
    assert_eq!(says(&srv, &at(&["id"], "/srv")), "deny");
    assert_eq!(says(&srv, &at(&["id"], "/home")), "ask");
    assert_eq!(says(&srv, &at(&["-D", "/srv", "id"], "/home")), "deny");
}

/// In doubt a rule only makes things stricter: it does not end the search.
#[test]
fn a_doubt_does_not_hide_a_stricter_rule_below() {
    let rules = policy(
        r#"
[[rule]]
name = "perhaps"
effect = "ask"
timeout = 30
program = "/usr/bin/docker"
[[rule]]
name = "no shells"
effect = "deny"
mode = "shell"
[[rule]]
name = "rest"
effect = "password"
"#,
    );
    let mut shell = request(&["-s"]);
    shell.program.path = None;
    let explanation = rules.explain(&shell, NOON);
    assert_eq!(explanation.ruling.rule.as_deref(), Some("no shells"));
    assert!(matches!(
        explanation.rules[0].part,
        Part::Answered {
            answer: Answer::Perhaps(Why::Program),
            ..
        }
    ));
    assert_eq!(explanation.rules[2].part, Part::NotReached);

    let mut login = request(&["-i"]);
    login.program.path = None;
    let ruling = rules.judge(&login, NOON);
    assert_eq!(
        ruling.rule.as_deref(),
        Some("perhaps"),
        "stricter than the password"
    );
    assert_eq!(ruling.effect, Effect::Ask { timeout: Some(30) });
    assert_eq!(
        rules.judge(&request(&["id"]), NOON).rule.as_deref(),
        Some("rest")
    );
}

#[test]
fn what_could_not_be_read_meets_every_rule_that_it_may_be_about() {
    let mut unread = request(&["id"]);
    unread.call = None;
    for fields in [
        "program = \"/usr/bin/docker\"",
        "args = [\"x\"]",
        "mode = \"edit\"",
        "target = \"postgres\"",
        "target_group = \"adm\"",
    ] {
        assert_eq!(says(&deny(fields), &unread), "deny", "{fields}");
    }
    assert_eq!(says(&deny("user = \"eve\""), &unread), "ask");
    unread.requester.name = Raw::default();
    assert_eq!(says(&deny("user = \"eve\""), &unread), "deny");
}

/// What a process calls itself can make the policy stricter, never looser.
#[test]
fn a15_an_agents_name_only_makes_things_stricter() {
    let rules = |effect: &str, rest: &str| {
        policy(&format!(
            "[[rule]]\nname = \"agents\"\neffect = \"{effect}\"\nagent = [\"Claude Code\", \"Codex\"]\n[[rule]]\nname = \"rest\"\neffect = \"{rest}\"\nprogram = \"/usr/bin/id\"\nargs = []\n"
        ))
    };
    let hidden = request(&["id"]);
    let claimed = request_with(&["id"], "agent = [\"aider\", \"Codex\"]");
    let other = request_with(&["id"], "agent = \"aider\"");
    for (effect, rest, expected, by) in [
        ("ask", "allow", "ask", "agents"),
        ("deny", "allow", "deny", "agents"),
        ("ask", "password", "ask", "agents"),
        ("deny", "ask", "deny", "agents"),
        ("ask", "ask", "ask", "rest"),
        ("ask", "deny", "deny", "rest"),
        ("deny", "deny", "deny", "rest"),
    ] {
        let policy = rules(effect, rest);
        let ruling = policy.judge(&claimed, NOON);
        assert_eq!(ruling.effect.word(), expected, "{effect} {rest}");
        assert_eq!(ruling.rule.as_deref(), Some(by), "{effect} {rest}");
        for request in [&hidden, &other] {
            assert_eq!(says(&policy, request), rest, "{effect} {rest}");
        }
    }
    // The default is a part of the rest.
    let alone = policy("[[rule]]\nname = \"agents\"\neffect = \"ask\"\nagent = \"Codex\"");
    assert_eq!(alone.judge(&claimed, NOON).rule, None);
}
