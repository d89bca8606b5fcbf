//! Findings: each with a rule that has it, and one like it that has not.

use std::path::Path;

use super::{super::lint::findings, *};

/// The findings for these rules, where others than root can write below these directories.
fn found(rules: &str) -> Vec<String> {
    let who_else = |path: &Path| {
        ["/home", "/tmp", "/dev"]
            .iter()
            .any(|other| path.starts_with(other))
            .then(|| "by a test".to_owned())
    };
    findings(&policy(rules), &who_else)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn allow(program: &str, args: &str) -> String {
    format!("[[rule]]\nname = \"it\"\neffect = \"allow\"\nprogram = \"{program}\"\nargs = {args}\n")
}

fn assert_found(rules: &str, part: &str) {
    let found = found(rules);
    assert!(
        found.iter().any(|finding| finding.contains(part)),
        "{rules}\n{found:?}"
    );
    for finding in found {
        assert!(!finding.contains('\n'), "{finding:?}");
        assert!(finding.starts_with("rule \""), "{finding}");
    }
}

fn assert_clean(rules: &str) {
    assert_eq!(found(rules), Vec::<String>::new(), "{rules}");
}

#[test]
fn a27_programs_that_run_anything_are_found_whatever_their_words() {
    for (program, part) in [
        ("/bin/bash", "is a shell"),
        ("/usr/bin/busybox", "is a shell"),
        ("/bin/bash-static", "is a shell"),
        ("/usr/bin/python3", "any code"),
        ("/usr/bin/python3.11", "any code"),
        ("/usr/bin/perl5.36.0", "any code"),
        ("/usr/bin/php8.2", "any code"),
        ("/usr/bin/lua5.4", "any code"),
        ("/usr/bin/ruby3.1", "any code"),
        ("/usr/bin/nodejs", "any code"),
        ("/usr/bin/gcc-12", "any code"),
        ("/usr/bin/vim.basic", "editor"),
        ("/usr/bin/editor", "editor"),
        ("/usr/bin/less", "pager"),
        ("/usr/bin/man", "pager"),
        ("/usr/bin/env", "any program"),
        ("/usr/bin/xargs", "any program"),
        ("/usr/bin/strace", "any program"),
        ("/usr/bin/systemd-run", "any program"),
        ("/usr/bin/i386", "any program"),
        ("/usr/bin/sudo", "any program"),
        ("/lib64/ld-linux-x86-64.so.2", "any program"),
        ("/usr/bin/psql", "takes commands"),
        ("/usr/bin/sqlite3", "takes commands"),
        ("/usr/bin/pip3", "installs"),
        ("/usr/bin/dpkg", "installs"),
        ("/usr/bin/make", "installs"),
        ("/usr/bin/nc.openbsd", "standard input"),
        ("/usr/bin/tee", "standard input"),
    ] {
        assert_found(&allow(program, "[\"x\"]"), part);
    }
    for program in [
        "/usr/bin/df",
        "/usr/bin/md5sum",
        "/usr/local/sbin/watch.sh",
        "/usr/local/sbin/time-sync",
        "/usr/sbin/e2fsck",
    ] {
        assert_clean(&allow(program, "[\"x\", { type = \"name\", rest = true }]"));
    }
}

/// It runs what it is given (`run`), and is how root approves.
#[test]
fn a27_aisudo_itself_is_harmless_only_where_it_looks() {
    for args in [
        r#"["run", "--sealed", "--", "/opt/x"]"#,
        r#"["approve", { type = "name" }]"#,
        r#"[{ type = "name" }]"#,
    ] {
        assert_found(
            &allow("/usr/bin/aisudo", args),
            "can install or run other code",
        );
    }
    assert_clean(&allow("/usr/bin/aisudo", r#"["list", "--json"]"#));
}

#[test]
fn a27_programs_with_powerful_words_are_found_where_a_word_is_open() {
    for (program, args) in [
        ("tar", r#"["-cf", "/backup/x", { under = "/srv" }]"#),
        ("rsync", r#"["-a", { type = "operand" }, "/backup"]"#),
        ("git", r#"["-C", { under = "/srv" }, "status"]"#),
        ("find", r#"["/srv", "-name", { type = "name" }]"#),
        ("chown", r#"["agent", { under = "/srv" }]"#),
        ("cp", r#"[{ under = "/srv" }, "/etc/x"]"#),
        ("curl", r#"["-o", "/srv/x", { type = "operand" }]"#),
        ("tcpdump", r#"["-i", { type = "name" }]"#),
        ("openssl", r#"["x509", "-in", { under = "/etc/ssl" }]"#),
        ("mount", r#"[{ type = "operand" }]"#),
        ("ip", r#"["link", "set", { type = "name" }, "up"]"#),
        ("iptables", r#"["-L", { type = "operand" }]"#),
        ("dhclient", r#"[{ type = "name" }]"#),
        ("awk", r#"["{print}", { under = "/var/log" }]"#),
    ] {
        assert_found(&allow(&format!("/usr/bin/{program}"), args), "by its words");
    }
    assert_clean(&allow(
        "/usr/bin/tar",
        r#"["-czf", "/backup/srv.tgz", "/srv"]"#,
    ));
    assert_clean(&allow(
        "/usr/bin/cp",
        r#"["/srv/a", { one_of = ["/etc/x", "/etc/y"] }]"#,
    ));
    assert_clean(&allow("/usr/bin/find", r#"["/var/log", "-name", "*.gz"]"#));
}

#[test]
fn a27_some_words_are_found_though_they_are_written_out() {
    for (program, args) in [
        ("find", r#"["/srv", "-delete"]"#),
        ("find", r#"["/srv", "-name", "x", "-exec", "id", ";"]"#),
        (
            "find",
            r#"["/srv", { one_of = ["-print", "-fprint"] }, "/x"]"#,
        ),
        ("ip", r#"["netns", "exec", "a", "id"]"#),
        ("tcpdump", r#"["-z", "gzip"]"#),
    ] {
        assert_found(&allow(&format!("/usr/bin/{program}"), args), "by a word");
    }
    assert_found(
        &allow("/usr/bin/cp", r#"["/dev/stdin", "/etc/x"]"#),
        "standard input",
    );
    assert_found(&allow("/usr/sbin/nft", r#"["-f", "-"]"#), "standard input");
}

#[test]
fn a27_verbs_are_harmless_or_found() {
    for (program, args, part) in [
        ("systemctl", "[]", "can install or run"),
        (
            "systemctl",
            r#"["edit", { type = "name" }]"#,
            "can install or run",
        ),
        (
            "systemctl",
            r#"["link", "/srv/x.service"]"#,
            "can install or run",
        ),
        (
            "systemctl",
            r#"["set-environment", "A=b"]"#,
            "can install or run",
        ),
        (
            "systemctl",
            r#"["enable", { under = "/srv" }]"#,
            "takes paths",
        ),
        (
            "systemctl",
            r#"[{ one_of = ["restart", "edit"] }, "x"]"#,
            "can install or run",
        ),
        (
            "systemctl",
            r#"[{ type = "name" }, "x"]"#,
            "can install or run",
        ),
        (
            "systemctl",
            r#"["-H", "host", "restart", "x"]"#,
            "can install or run",
        ),
        ("systemctl", r#"["status", "x"]"#, "pager"),
        ("journalctl", r#"["-u", "x"]"#, "pager"),
        (
            "journalctl",
            r#"["--no-pager", { type = "operand" }]"#,
            "takes paths",
        ),
        (
            "apt-get",
            r#"["install", "-y", { type = "package" }]"#,
            "can install or run",
        ),
        ("apt", r#"["upgrade"]"#, "can install or run"),
        (
            "apt-get",
            r#"["update", { type = "word", rest = true }]"#,
            "takes paths",
        ),
        (
            "snap",
            r#"["install", { type = "name" }]"#,
            "can install or run",
        ),
        (
            "docker",
            r#"["run", "-v", "/:/host", { type = "name" }]"#,
            "can install or run",
        ),
        ("docker", r#"["exec", "web", "id"]"#, "can install or run"),
        ("kubectl", r#"["exec", "x"]"#, "can install or run"),
        (
            "service",
            r#"[{ type = "operand" }, "restart"]"#,
            "takes paths",
        ),
    ] {
        assert_found(&allow(&format!("/usr/bin/{program}"), args), part);
    }
    for (program, args) in [
        ("systemctl", r#"["restart", { type = "name" }]"#),
        ("systemctl", r#"[{ one_of = ["start", "stop"] }, "nginx"]"#),
        (
            "systemctl",
            r#"["--no-pager", "status", { type = "name", rest = true }]"#,
        ),
        (
            "journalctl",
            r#"["--no-pager", "-u", { type = "name" }, { type = "integer", prefix = "-n" }]"#,
        ),
        ("apt-get", r#"["update"]"#),
        (
            "docker",
            r#"["logs", "--tail", { type = "integer" }, { type = "name" }]"#,
        ),
        ("service", r#"[{ type = "name" }, "restart"]"#),
    ] {
        assert_clean(&allow(&format!("/usr/bin/{program}"), args));
    }
}

#[test]
fn a27_words_that_can_be_options_are_found() {
    for (args, part) in [
        (r#"[{ type = "word" }]"#, "takes options, too"),
        (
            r#"["x", { type = "word", rest = true }]"#,
            "takes options, too",
        ),
        (
            r#"[{ type = "integer", min = -5 }]"#,
            "looks like an option",
        ),
        (
            r#"[{ type = "name", prefix = "-" }]"#,
            "can be other options",
        ),
        (
            r#"[{ type = "word", prefix = "-o" }]"#,
            "can be other options",
        ),
        (
            r#"[{ type = "operand", prefix = "--" }]"#,
            "can be other options",
        ),
    ] {
        assert_found(&allow("/usr/bin/x", args), part);
    }
    for args in [
        r#"[{ type = "operand", rest = true }]"#,
        r#"[{ type = "word", prefix = "--name=" }]"#,
        r#"[{ type = "integer", prefix = "-n" }]"#,
        r#"[{ under = "/srv", prefix = "-f" }]"#,
        r#"[{ one_of = ["-a", "-b"], rest = true }]"#,
    ] {
        assert_clean(&allow("/usr/bin/x", args));
    }
    assert_found(&allow("/usr/bin/x", r#"["../a"]"#), "where sudo is started");
    assert_found(
        &allow("/usr/bin/x", r#"["-C", "."]"#),
        "where sudo is started",
    );
    assert_clean(&format!(
        "{}cwd = \"/srv\"\n",
        allow("/usr/bin/x", r#"["-C", "."]"#)
    ));
    assert_found(
        &allow("/usr/bin/cat", r#"[{ type = "operand" }]"#),
        "shows any file",
    );
    assert_clean(&allow("/usr/bin/cat", r#"[{ under = "/var/log" }]"#));
}

#[test]
fn modes_programs_and_variables_are_found() {
    let rule = |fields: &str| {
        format!("[[rule]]\nname = \"it\"\neffect = \"allow\"\nargs = []\n{fields}\n")
    };
    for (fields, part) in [
        ("mode = \"shell\"", "a shell"),
        (
            "mode = [\"run\", \"login_shell\"]\nprogram = \"/bin/x\"",
            "a shell",
        ),
        ("mode = \"edit\"", "allows edits"),
        ("", "any program"),
        (
            "program = { under = \"/opt/x\" }",
            "every program below /opt/x",
        ),
        (
            "program = \"/usr/bin/x\"\nenv = [\"LANG\", \"LD_PRELOAD\"]",
            "LD_PRELOAD",
        ),
        (
            "program = \"/home/agent/x\"",
            "others than root can change /home/agent/x (by a test)",
        ),
        (
            "program = \"/usr/bin/x\"\ncwd = { under = \"/home/agent\" }",
            "change /home/agent",
        ),
    ] {
        assert_found(&rule(fields), part);
    }
    for fields in [
        "mode = [\"list\", \"validate\"]",
        "program = \"/usr/bin/x\"\nenv = \"LANG\"",
        "program = \"/usr/bin/x\"\ncwd = { under = \"/srv\" }",
    ] {
        assert_clean(&rule(fields));
    }
    for args in [
        r#"[{ under = "/home" }]"#,
        r#"["/tmp/x"]"#,
        r#"["--file=/tmp/x"]"#,
        r#"[{ one_of = ["/srv/a", "/tmp/x"] }]"#,
    ] {
        assert_found(&allow("/usr/bin/x", args), "others than root can change /");
    }
    assert_clean(&allow(
        "/usr/bin/x",
        r#"["/dev/null", "--file=/srv/x", "a/b"]"#,
    ));
}

#[test]
fn a_risk_can_be_taken_and_a_mistake_cannot() {
    let taken = format!(
        "{}dangerous = true\nreason = \"it is watched\"\n",
        allow("/bin/bash", "[]")
    );
    let policy = policy(&format!(
        "{taken}\n{}",
        taken.replace("\"it\"", "\"again\"")
    ));
    let findings = findings(&policy, &|_| None);
    let accepted: Vec<bool> = findings
        .iter()
        .map(|finding| finding.accepted.is_some())
        .collect();
    assert_eq!(accepted, [true, false, true]);
    assert_eq!(
        findings[0].to_string(),
        "rule \"it\": /bin/bash is a shell; accepted: it is watched"
    );
    assert_eq!(
        findings[1].to_string(),
        "rule \"again\": it is never reached: rule \"it\" comes first and takes everything that it is about; move it up, or remove it"
    );
}

#[test]
fn a_rule_that_is_never_reached_is_found() {
    let two = |one: &str, other: &str| {
        format!("[[rule]]\nname = \"one\"\n{one}\n[[rule]]\nname = \"other\"\n{other}\n")
    };
    let df = "program = \"/usr/bin/df\"";
    for (one, other) in [
        (
            "effect = \"ask\"".to_owned(),
            format!("effect = \"deny\"\n{df}"),
        ),
        (
            format!("effect = \"deny\"\n{df}"),
            format!("effect = \"allow\"\n{df}\nargs = []"),
        ),
        (
            format!("effect = \"allow\"\n{df}\nargs = [{{ type = \"operand\" }}]"),
            format!("effect = \"allow\"\n{df}\nargs = [\"x\"]"),
        ),
        (
            "effect = \"deny\"\nuser = [\"a\", \"b\"]".to_owned(),
            "effect = \"ask\"\nuser = \"a\"\ntty = true".to_owned(),
        ),
        (
            "effect = \"deny\"\nprogram = { under = \"/usr/bin\" }".to_owned(),
            format!("effect = \"ask\"\n{df}"),
        ),
        (
            "effect = \"ask\"".to_owned(),
            "effect = \"deny\"\nagent = \"Codex\"".to_owned(),
        ),
        (
            "effect = \"deny\"\nargs = [\"x\", { type = \"word\", rest = true }]".to_owned(),
            "effect = \"ask\"\nargs = [\"x\", \"y\"]".to_owned(),
        ),
    ] {
        assert_found(&two(&one, &other), "rule \"other\": it is never reached");
    }
    for (one, other) in [
        (
            "effect = \"ask\"\nagent = \"Codex\"".to_owned(),
            "effect = \"deny\"".to_owned(),
        ),
        (
            format!("effect = \"allow\"\n{df}\nargs = []"),
            format!("effect = \"deny\"\n{df}\nargs = []"),
        ),
        (
            "effect = \"deny\"\nuser = \"a\"".to_owned(),
            "effect = \"ask\"".to_owned(),
        ),
        (
            "effect = \"deny\"\nmode = \"run\"".to_owned(),
            "effect = \"ask\"\nuser = \"a\"".to_owned(),
        ),
        (
            format!("effect = \"allow\"\n{df}\nargs = []"),
            format!("effect = \"allow\"\n{df}\nargs = []\nenv = \"LANG\""),
        ),
        (
            format!("effect = \"allow\"\n{df}\nargs = []"),
            format!("effect = \"allow\"\n{df}\nargs = []\ntarget = \"x\""),
        ),
        (
            "effect = \"deny\"\ndays = \"sat\"".to_owned(),
            "effect = \"ask\"\ndays = [\"sat\", \"sun\"]".to_owned(),
        ),
    ] {
        assert_clean(&two(&one, &other));
    }
}

/// What sudoers(5) warns of: `!/bin/x -r` before `/bin/x *`.
#[test]
fn a27_an_exception_from_a_wide_rule_is_found() {
    let deny =
        "[[rule]]\nname = \"no\"\neffect = \"deny\"\nprogram = \"/bin/x\"\nargs = [\"-r\"]\n";
    let wide = allow("/usr/bin/x", r#"[{ type = "operand" }]"#);
    assert_found(&format!("{deny}{wide}"), "rule \"no\" before it");
    assert_clean(&format!("{deny}{}", allow("/usr/bin/x", r#"["-s"]"#)));
    assert_clean(&format!(
        "{deny}{}",
        allow("/usr/bin/y", r#"[{ type = "operand" }]"#)
    ));
    assert_clean(&format!("{wide}{deny}"));
}

#[test]
fn no_program_is_in_two_lists() {
    use super::super::lint::known::{ALWAYS, FIXED, NAMES, PAGED, READERS, VERBS};
    let mut all: Vec<&str> = [FIXED, NAMES, PAGED, READERS].concat();
    all.extend(ALWAYS.iter().flat_map(|(names, _)| *names));
    all.extend(VERBS.iter().flat_map(|(names, ..)| *names));
    let count = all.len();
    all.sort_unstable();
    let twice: Vec<_> = all.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(count > 500);
}
