//! What an allow rule lets through, and every trick that we know of to get more out of one.

use super::*;
use crate::{
    raw::Raw,
    request::{Found, Program, Role},
};

const DF: &str =
    "[[rule]]\nname = \"df\"\neffect = \"allow\"\nprogram = \"/usr/bin/df\"\nargs = [\"-h\"]\n";

fn df(more: &str) -> Policy {
    policy(&format!("{DF}{more}"))
}

#[test]
fn what_the_rule_says_is_allowed() {
    for words in [
        &["df", "-h"][..],
        &["/usr/bin/df", "-h"],
        &["-n", "df", "-h"],
        &["-u", "root", "df", "-h"],
        &["-uroot", "df", "-h"],
        &["--user=root", "df", "-h"],
        &["-u", "#0", "df", "-h"],
        &["-H", "-n", "-S", "-k", "-b", "--", "df", "-h"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "allow", "{words:?}");
    }
}

#[test]
fn a27_a_rule_for_df_is_for_df_alone() {
    let script = "df -h; id";
    for words in [
        &["bash", "-c", "df -h"][..],
        &["bash", "-c", script],
        &["sh", "-c", "df", "-h"],
        &["-s", "df", "-h"],
        &["-i", "df", "-h"],
        &["env", "df", "-h"],
        &["df"],
        &["df", "-h", "-h"],
        &["df", "-h "],
        &["df", " -h"],
        &["df", "-h;id"],
        &["df", "-h\nid"],
        &["df", "-h", "\n"],
        &["df", "-h", ""],
        &["df", "", "-h"],
        &["df", "-H"],
        &["df", "$(id)"],
        &["df", "-h", "$(id)"],
        &["df", "*"],
        &["df", "-?"],
        &["df -h"],
        &["df;id", "-h"],
        &["DF", "-h"],
        &["./df", "-h"],
        &["/tmp/df", "-h"],
        &["/usr/bin/../bin/df-h"],
        &["-e", "-h"],
        &["-l", "df", "-h"],
        &["-v"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "ask", "{words:?}");
    }
}

#[test]
fn a27_another_user_group_or_root_directory_is_another_matter() {
    for words in [
        &["-u", "nobody", "df", "-h"][..],
        &["-u", "#1", "df", "-h"],
        &["-u", "#-1", "df", "-h"],
        &["-u", "#4294967295", "df", "-h"],
        &["-u", "#00", "df", "-h"],
        &["-u", "#+0", "df", "-h"],
        &["-u", "#", "df", "-h"],
        &["-u", "Root", "df", "-h"],
        &["-u", "0", "df", "-h"],
        &["-g", "root", "df", "-h"],
        &["-u", "root", "-g", "adm", "df", "-h"],
        &["-g", "#0", "df", "-h"],
        &["-D", "/tmp", "df", "-h"],
        &["-R", "/tmp", "df", "-h"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "ask", "{words:?}");
    }
}

/// CVE-2019-14287: sudo once ran `-u '#-1'` and its unsigned twin as root, also where root was
/// excepted. No number but root's is ever a name.
#[test]
fn a27_a_number_is_never_a_name() {
    let rule = |target: &str| df(&format!("target = \"{target}\""));
    for number in ["#-1", "#4294967295", "#1000", "#01", "#"] {
        let request = request(&["-u", number, "df", "-h"]);
        assert_eq!(says(&rule("agent"), &request), "ask", "{number}");
        assert_eq!(says(&rule(number), &request), "ask", "{number}");
        assert_eq!(says(&rule("root"), &request), "ask", "{number}");
    }
    let as_user = request(&["-u", "www-data", "df", "-h"]);
    assert_eq!(says(&rule("www-data"), &as_user), "allow");
    assert_eq!(says(&rule("www-data"), &request(&["df", "-h"])), "ask");
}

/// With `-g` alone the command runs as the requester.
#[test]
fn a_group_is_stated_or_not_taken() {
    let group = |more: &str| df(&format!("target_group = \"adm\"\n{more}"));
    let alone = request(&["-g", "adm", "df", "-h"]);
    let both = request(&["-u", "root", "-g", "adm", "df", "-h"]);
    assert_eq!(says(&group(""), &both), "allow");
    assert_eq!(says(&group(""), &alone), "ask");
    assert_eq!(says(&group("target = \"agent\""), &alone), "allow");
    assert_eq!(says(&group(""), &request(&["df", "-h"])), "ask");
    assert_eq!(
        says(
            &df("target = \"agent\"\ntarget_group = \"#4\""),
            &request(&["-g", "#4", "df", "-h"])
        ),
        "ask"
    );
}

#[test]
fn a26_no_variable_passes_unnamed_and_none_that_loads_code() {
    let named = "env = [\"DEBUG\", \"LD_PRELOAD\"]\n";
    let dangerous = format!("{named}dangerous = true\nreason = \"a test\"\n");
    for (words, plain, by_name, by_danger) in [
        (&["DEBUG=1", "df", "-h"][..], "ask", "allow", "allow"),
        (&["DEBUG=", "df", "-h"], "ask", "allow", "allow"),
        (
            &["--preserve-env=DEBUG", "df", "-h"],
            "ask",
            "allow",
            "allow",
        ),
        (&["DEBUG=1", "X=1", "df", "-h"], "ask", "ask", "ask"),
        (&["debug=1", "df", "-h"], "ask", "ask", "ask"),
        (&["--preserve-env=DEBUG,X", "df", "-h"], "ask", "ask", "ask"),
        (&["LD_PRELOAD=/tmp/x.so", "df", "-h"], "ask", "ask", "allow"),
        (
            &["--preserve-env=LD_PRELOAD", "df", "-h"],
            "ask",
            "ask",
            "allow",
        ),
        (&["PATH=/tmp", "df", "-h"], "ask", "ask", "ask"),
        (
            &["BASH_FUNC_df%%=() { id; }", "df", "-h"],
            "ask",
            "ask",
            "ask",
        ),
        (&["-E", "df", "-h"], "ask", "ask", "ask"),
        (&["--preserve-env", "df", "-h"], "ask", "ask", "ask"),
    ] {
        let request = request(words);
        assert_eq!(says(&df(""), &request), plain, "{words:?}");
        assert_eq!(says(&df(named), &request), by_name, "{words:?}");
        assert_eq!(says(&df(&dangerous), &request), by_danger, "{words:?}");
    }
}

#[test]
fn sudos_rare_options_are_not_for_allow_rules() {
    for words in [
        &["-r", "sysadm_r", "df", "-h"][..],
        &["-t", "sysadm_t", "df", "-h"],
        &["-C", "5", "df", "-h"],
        &["-T", "5", "df", "-h"],
        &["-P", "df", "-h"],
        &["-h", "web1", "df", "-h"],
        &["-a", "x", "df", "-h"],
        &["-c", "staff", "df", "-h"],
    ] {
        let explanation = df("").explain(&request(words), NOON);
        assert_eq!(explanation.ruling.effect.word(), "ask", "{words:?}");
        assert!(
            matches!(
                explanation.rules[0].part,
                Part::Answered {
                    answer: Answer::No(Why::RareOption(_)),
                    ..
                }
            ),
            "{words:?}: {}",
            explanation.rules[0].part
        );
    }
    let listing =
        policy("[[rule]]\nname = \"list\"\neffect = \"allow\"\nmode = \"list\"\nargs = []");
    assert_eq!(says(&listing, &request(&["-l"])), "allow");
    assert_eq!(says(&listing, &request(&["-l", "df"])), "allow");
    assert_eq!(says(&listing, &request(&["-l", "df", "-h"])), "ask");
    assert_eq!(says(&listing, &request(&["-l", "-U", "root"])), "ask");
}

#[test]
fn what_could_not_be_read_or_reads_otherwise_now_is_not_allowed() {
    let good = request(&["df", "-h"]);
    assert_eq!(says(&df(""), &good), "allow");

    let mut unread = good.clone();
    unread.call = None;
    assert_eq!(says(&df(""), &unread), "ask");

    let mut other_words = good.clone();
    other_words.sudo.argv = ["sudo", "df", "-h", "-x"].map(Raw::from).to_vec();
    assert_eq!(says(&df(""), &other_words), "ask");

    let mut other_service = good.clone();
    other_service.sudo.service = Raw::from("su");
    assert_eq!(says(&df(""), &other_service), "ask");

    let mut login_service = good;
    login_service.sudo.service = Raw::from("sudo-i");
    assert_eq!(says(&df(""), &login_service), "allow");
}

#[test]
fn a20_the_program_is_certain_or_it_is_not_allowed() {
    let with = |words: &[&str], path: Option<&str>, real: Option<&str>, found| {
        let mut request = request(words);
        request.program = Program {
            path: path.map(Raw::from),
            real: real.map(Raw::from),
            found,
        };
        says(&df(""), &request)
    };
    let merged = Some("/usr/bin/df");
    let word = &["df", "-h"][..];
    let path = &["/usr/bin/df", "-h"][..];
    assert_eq!(with(word, merged, merged, Found::Sudo), "allow");
    // Only found by a search like sudo's, which may be configured otherwise.
    assert_eq!(with(word, merged, merged, Found::Gate), "ask");
    assert_eq!(with(path, merged, merged, Found::Gate), "allow");
    assert_eq!(with(path, merged, merged, Found::Unknown), "ask");
    assert_eq!(with(word, None, None, Found::Unknown), "ask");
    // Merged directories: another path to the same file, under the same name.
    assert_eq!(
        with(&["/bin/df", "-h"], Some("/bin/df"), merged, Found::Gate),
        "allow"
    );
    assert_eq!(with(word, Some("/bin/df"), merged, Found::Sudo), "allow");
    // Another name: the program may do something else then.
    assert_eq!(with(word, Some("/usr/bin/rm"), merged, Found::Sudo), "ask");
    // Shadowed: the same name in an earlier directory of the path.
    let local = Some("/usr/local/bin/df");
    assert_eq!(with(word, local, local, Found::Sudo), "ask");
    // Who can make the rule's own path a link is root; for others it is an operand.
    assert_eq!(with(word, merged, Some("/bin/bash"), Found::Sudo), "allow");
}

#[test]
fn a20_a_program_that_the_requester_can_change_is_not_allowed() {
    let mut request = request_with(&["df", "-h"], "changeable = [\"/usr/bin/df\"]");
    assert_eq!(request.operands[0].role, Role::Program);
    assert_eq!(says(&df(""), &request), "ask");
    request.operands[0].role = Role::Interpreter;
    request.operands[0].path = Raw::from("/opt/python3");
    assert_eq!(says(&df(""), &request), "ask");
    request.operands[0].role = Role::Stdin;
    assert_eq!(says(&df(""), &request), "allow");
}

#[test]
fn a24_a_file_that_the_requester_can_swap_is_not_below_a_directory() {
    let tail = policy(
        "[[rule]]\nname = \"tail\"\neffect = \"allow\"\nprogram = \"/usr/bin/tail\"\nargs = [{ type = \"integer\", prefix = \"-n\" }, { under = \"/var/log\", rest = true }]\n",
    );
    let words = &["tail", "-n5", "/var/log/syslog", "/var/log/agent/own"];
    assert_eq!(says(&tail, &request(words)), "allow");
    for changeable in ["/var/log/syslog", "/var/log/agent/own"] {
        let request = request_with(words, &format!("changeable = [\"{changeable}\"]"));
        assert_eq!(says(&tail, &request), "ask", "{changeable}");
    }
    let prefixed = policy(
        "[[rule]]\nname = \"x\"\neffect = \"allow\"\nprogram = \"/usr/bin/x\"\nargs = [{ under = \"/srv\", prefix = \"--file=\" }]\n",
    );
    let words = &["x", "--file=/srv/a"];
    assert_eq!(says(&prefixed, &request(words)), "allow");
    let request = request_with(words, "changeable = [\"/srv/a\"]");
    assert_eq!(says(&prefixed, &request), "ask");
}

/// Each pattern with what it takes and what it leaves.
#[test]
fn a27_a_pattern_takes_one_word_and_nothing_that_looks_like_it() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (r#""x""#, &["x"], &["X", "x ", "", "xx", "x\n"]),
        (r#""""#, &[""], &[" ", "x"]),
        (r#"{ type = "word" }"#, &["", "-x", "a b", "\n"], &[]),
        (
            r#"{ type = "operand" }"#,
            &["x", "a b", "/x", "x-"],
            &["", "-", "-x", "--"],
        ),
        (
            r#"{ type = "integer", min = -1, max = 20 }"#,
            &["0", "-1", "7", "20"],
            &[
                "",
                "-",
                "-0",
                "+1",
                "01",
                "21",
                "-2",
                "1.0",
                "1e1",
                "0x1",
                " 1",
                "1 ",
                "1\n",
                "٣",
                "99999999999999999999",
            ],
        ),
        (
            r#"{ type = "integer" }"#,
            &["0", "9223372036854775807"],
            &["-1", "9223372036854775808"],
        ),
        (
            r#"{ type = "name" }"#,
            &[
                "nginx",
                "nginx.service",
                "user@1000.service",
                "_apt",
                "a:b",
                "a+b",
            ],
            &[
                "", "-nginx", "a/b", "/etc/x", "..", ".", "a b", "a*", "a=b", "a,b", "nginx\n",
                "ä", "+x", "@x",
            ],
        ),
        (
            r#"{ type = "package" }"#,
            &["nginx", "libc6-dev", "0ad"],
            &[
                "",
                "a",
                "-y",
                "nginx-",
                "nginx+",
                "nginx=1.0",
                "nginx/sid",
                "nginx:i386",
                "task^",
                "./x.deb",
                "/tmp/x.deb",
                "x.deb",
                "lib.*",
                "a.b",
                "g++",
                "Nginx",
                "a_b",
                "--reinstall",
                "?name",
                "~i",
            ],
        ),
        (
            r#"{ under = "/srv/www" }"#,
            &["/srv/www/a", "/srv/www/a/b", "/srv/www/..a", "/srv/www/a b"],
            &[
                "",
                "/srv/www",
                "/srv/www/",
                "/srv/wwwx",
                "/srv/wwwxyz",
                "/srv/www/../x",
                "/srv/www/..",
                "/srv/www/.",
                "/srv/www/./a",
                "/srv/www//a",
                "/srv//www/a",
                "//srv/www/a",
                "/srv/www/a/",
                "/srv/www/a/..",
                "srv/www/a",
                "./srv/www/a",
                "/SRV/www/a",
                "-/srv/www/a",
                " /srv/www/a",
            ],
        ),
        (
            r#"{ under = "/" }"#,
            &["/a", "/a/b"],
            &["/", "a", "//a", "/..", "/../a"],
        ),
        (
            r#"{ one_of = ["a", "-b"] }"#,
            &["a", "-b"],
            &["", "b", "ab", "a|b", "A"],
        ),
        (
            r#"{ type = "integer", prefix = "--lines=", max = 99 }"#,
            &["--lines=5"],
            &[
                "5",
                "--lines",
                "--lines=",
                "--lines=100",
                "--line=5",
                "--LINES=5",
                "--lines=5 ",
                "--lines==5",
                "--lines 5",
            ],
        ),
        (
            r#"{ under = "/srv", prefix = "--file=" }"#,
            &["--file=/srv/a"],
            &[
                "/srv/a",
                "--file",
                "--file=/srv/../etc/shadow",
                "--file=srv/a",
                "--file=/etc/shadow",
            ],
        ),
    ];
    for (pattern, takes, leaves) in cases {
        let args = format!("[{pattern}]");
        for word in *takes {
            assert!(
                allows("/usr/bin/x", &args, &["x", word]),
                "{pattern} {word:?}"
            );
            assert!(
                !allows("/usr/bin/x", &args, &["x", word, word]),
                "{pattern} {word:?} twice"
            );
        }
        for word in *leaves {
            assert!(
                !allows("/usr/bin/x", &args, &["x", word]),
                "{pattern} {word:?}"
            );
        }
        assert!(!allows("/usr/bin/x", &args, &["x"]), "{pattern}, no word");
    }
}

/// A blank, a star or a `$(…)` within a word is a part of one file's name, and no shell is there to
/// see more in it.
#[test]
fn a27_a_word_is_one_word_whatever_it_holds() {
    let args = r#"[{ under = "/var/log" }]"#;
    for path in [
        "/var/log/a /etc/shadow",
        "/var/log/*",
        "/var/log/$(id)",
        "/var/log/a;id",
        "/var/log/a\nid",
    ] {
        assert!(allows("/usr/bin/cat", args, &["cat", path]), "{path:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_only_a_word() {
    let mut request = request(&["x", "y"]);
    for words in [
        &mut request.call.as_mut().unwrap().argv,
        &mut request.sudo.argv,
    ] {
        *words.last_mut().unwrap() = Raw(b"\xff/\xc0\xaf".to_vec());
    }
    for (kind, expected) in [
        ("word", "allow"),
        ("operand", "allow"),
        ("name", "ask"),
        ("package", "ask"),
        ("integer", "ask"),
    ] {
        let rule = format!(
            "[[rule]]\nname = \"it\"\neffect = \"allow\"\nprogram = \"/usr/bin/x\"\nargs = [{{ type = \"{kind}\" }}]"
        );
        assert_eq!(says(&policy(&rule), &request), expected, "{kind}");
    }
}

#[test]
fn rest_is_any_number_of_words_of_its_kind() {
    let args = r#"["status", { type = "name", rest = true }]"#;
    for words in [
        &["x", "status"][..],
        &["x", "status", "a"],
        &["x", "status", "a", "b", "c"],
    ] {
        assert!(allows("/usr/bin/x", args, words), "{words:?}");
    }
    for words in [
        &["x"][..],
        &["x", "stop"],
        &["x", "status", "--help"],
        &["x", "status", "a", "-H", "host"],
        &["x", "status", "a", ""],
        &["x", "a", "status"],
    ] {
        assert!(!allows("/usr/bin/x", args, words), "{words:?}");
    }
}

/// Program, args, words that are meant, and words that are not.
type Meant<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a [&'a str]]);

/// From public advisories and lists of such tricks: what a wildcard in sudoers let through, against
/// the rule that was meant.
#[test]
fn a27_argument_injection_meets_a_list_of_words() {
    let cases: &[Meant<'_>] = &[
        (
            "/usr/bin/cat",
            r#"[{ under = "/var/log" }]"#,
            &["cat", "/var/log/syslog"],
            &[
                &["cat", "/var/log/syslog", "/etc/shadow"],
                &["cat", "/var/log/../../etc/shadow"],
                &["cat", "/var/log/syslog", "--", "/etc/shadow"],
                &["cat", "-n", "/var/log/syslog"],
            ],
        ),
        (
            "/usr/bin/apt-get",
            r#"["update"]"#,
            &["apt-get", "update"],
            &[
                &[
                    "apt-get",
                    "update",
                    "-o",
                    "APT::Update::Pre-Invoke::=/bin/sh",
                ],
                &["apt-get", "-oAPT::Update::Pre-Invoke::=/bin/sh", "update"],
                &["apt-get", "-c", "/tmp/apt.conf", "update"],
                &["apt-get", "changelog", "apt"],
            ],
        ),
        (
            "/usr/bin/apt-get",
            r#"["install", "-y", "--", { type = "package" }]"#,
            &["apt-get", "install", "-y", "--", "nginx"],
            &[
                &["apt-get", "install", "-y", "--", "./x.deb"],
                &["apt-get", "install", "-y", "--", "sudo-"],
                &["apt-get", "install", "-y", "--", "-oDpkg::Pre-Invoke::=id"],
                &["apt-get", "install", "-y", "nginx"],
            ],
        ),
        (
            "/usr/bin/systemctl",
            r#"["restart", { type = "name" }]"#,
            &["systemctl", "restart", "nginx.service"],
            &[
                &["systemctl", "status", "nginx.service"],
                &["systemctl", "restart", "/tmp/x.service"],
                &["systemctl", "restart", "--host=x"],
                &["systemctl", "-H", "x", "restart", "nginx"],
                &["systemctl", "restart", "*"],
                &["systemctl", "edit", "nginx.service"],
                &["systemctl", "link", "/tmp/x.service"],
                &["systemctl"],
            ],
        ),
        (
            "/usr/bin/tar",
            r#"["-czf", "/backup/srv.tgz", "/srv"]"#,
            &["tar", "-czf", "/backup/srv.tgz", "/srv"],
            &[
                &[
                    "tar",
                    "-czf",
                    "/backup/srv.tgz",
                    "/srv",
                    "--checkpoint=1",
                    "--checkpoint-action=exec=sh",
                ],
                &["tar", "-czf", "/backup/srv.tgz", "--to-command=sh", "/srv"],
                &["tar", "-c", "-z", "-f", "/backup/srv.tgz", "/srv"],
                &["tar", "-xf", "/backup/srv.tgz", "-I", "sh"],
            ],
        ),
        (
            "/usr/bin/rsync",
            r#"["-a", { under = "/srv" }, "/backup"]"#,
            &["rsync", "-a", "/srv/a", "/backup"],
            &[
                &["rsync", "-a", "-e", "sh -c id", "/backup"],
                &["rsync", "-a", "--rsh=sh", "/backup"],
                &["rsync", "-a", "/srv/a", "/backup", "-esh"],
                &["rsync", "-a", "host:/srv/a", "/backup"],
            ],
        ),
        (
            "/usr/bin/git",
            r#"["-C", "/srv/app", "status"]"#,
            &["git", "-C", "/srv/app", "status"],
            &[
                &["git", "-c", "core.pager=sh", "-C", "/srv/app", "status"],
                &["git", "-C", "/srv/app", "-c", "core.fsmonitor=sh", "status"],
                &["git", "-C", "/tmp/app", "status"],
                &["git", "--exec-path=/tmp", "-C", "/srv/app", "status"],
            ],
        ),
        (
            "/usr/bin/find",
            r#"["/var/log", "-name", { type = "name" }]"#,
            &["find", "/var/log", "-name", "syslog"],
            &[
                &["find", "/var/log", "-name", "x", "-exec", "sh", ";"],
                &["find", "/var/log", "-exec", "sh"],
                &["find", "/var/log", "-name", "x", "-delete"],
                &["find", "/var/log", "-name", "-exec"],
                &["find", "/var/log", "-name", "x", "-fprint", "/etc/passwd"],
            ],
        ),
        (
            "/usr/bin/tcpdump",
            r#"["-n", "-c", { type = "integer", min = 1, max = 1000 }, "-i", "eth0"]"#,
            &["tcpdump", "-n", "-c", "10", "-i", "eth0"],
            &[
                &[
                    "tcpdump", "-n", "-c", "10", "-i", "eth0", "-z", "/tmp/x", "-Z", "root",
                ],
                &[
                    "tcpdump",
                    "-n",
                    "-c",
                    "10",
                    "-i",
                    "eth0",
                    "-w",
                    "/etc/cron.d/x",
                ],
                &["tcpdump", "-n", "-c", "-z", "-i", "eth0"],
                &["tcpdump", "-n", "-c", "0", "-i", "eth0"],
            ],
        ),
        (
            "/usr/bin/vim",
            r#"["/etc/motd"]"#,
            &["vim", "/etc/motd"],
            &[
                &["vim", "-c", ":!sh", "/etc/motd"],
                &["vim", "/etc/motd", "-c", ":!sh"],
                &["vim", "+:!sh", "/etc/motd"],
                &["vim", "--cmd", ":!sh"],
                &["vi", "/etc/motd"],
            ],
        ),
        (
            "/usr/bin/less",
            r#"["/var/log/syslog"]"#,
            &["less", "/var/log/syslog"],
            &[
                &["less", "+!sh", "/var/log/syslog"],
                &["less", "-k", "/tmp/keys", "/var/log/syslog"],
                &["less", "/var/log/syslog", "/etc/shadow"],
            ],
        ),
        (
            "/usr/bin/journalctl",
            r#"["--no-pager", "-u", { type = "name" }, { type = "integer", prefix = "--lines=", max = 500 }]"#,
            &["journalctl", "--no-pager", "-u", "nginx", "--lines=50"],
            &[
                &["journalctl", "-u", "nginx", "--lines=50"],
                &["journalctl", "--no-pager", "-u", "nginx", "--lines", "50"],
                &["journalctl", "--no-pager", "-u", "nginx", "--lines=+50"],
                &[
                    "journalctl",
                    "--no-pager",
                    "-u",
                    "--file=/etc/shadow",
                    "--lines=50",
                ],
                &[
                    "journalctl",
                    "--no-pager",
                    "-u",
                    "nginx",
                    "--lines=50",
                    "--vacuum-size=1",
                ],
            ],
        ),
    ];
    for (program, args, good, bad) in cases {
        assert!(allows(program, args, good), "{good:?}");
        for words in *bad {
            assert!(!allows(program, args, words), "{words:?}");
        }
    }
}

/// CVE-2023-22809: the editor's words came from the requester's environment, with further files
/// behind a `--`. What sudo's own words say is compared as a whole; what the editor gets is not.
#[test]
fn files_to_edit_are_the_rules_and_no_more() {
    let edit = policy(
        "[[rule]]\nname = \"motd\"\neffect = \"allow\"\nmode = \"edit\"\nargs = [\"/etc/motd\"]\n",
    );
    assert_eq!(says(&edit, &request(&["-e", "/etc/motd"])), "allow");
    assert_eq!(says(&edit, &request(&["-e", "--", "/etc/motd"])), "allow");
    for words in [
        &["-e", "/etc/motd", "/etc/shadow"][..],
        &["-e", "--", "/etc/shadow", "/etc/motd"],
        &["-e", "/etc/motd", "--", "/etc/shadow"],
        &["-e", "/etc/../etc/motd"],
        &["-e", "motd"],
        &["/etc/motd"],
        &["-u", "agent", "-e", "/etc/motd"],
    ] {
        assert_eq!(says(&edit, &request(words)), "ask", "{words:?}");
    }
    let mut by_name = request(&["/etc/motd"]);
    by_name.sudo.argv = ["sudoedit", "/etc/motd"].map(Raw::from).to_vec();
    by_name.call.as_mut().unwrap().mode = crate::sudo_argv::Mode::Edit;
    by_name.program.path = None;
    assert_eq!(says(&edit, &by_name), "allow");
}

#[test]
fn each_condition_counts() {
    let cases = [
        ("user = \"agent\"", "user = \"eve\""),
        ("user = [\"eve\", \"agent\"]", "user = [\"Agent\"]"),
        ("group = \"agent\"", "group = \"staff\""),
        ("host = \"localhost\"", "host = \"LOCALHOST\""),
        ("target = \"root\"", "target = \"agent\""),
        ("mode = \"run\"", "mode = \"shell\""),
        ("cwd = \"/\"", "cwd = \"/srv\""),
        ("tty = false", "tty = true"),
        ("stdin = [\"pipe\", \"null\"]", "stdin = \"terminal\""),
        ("hours = \"12:00-12:01\"", "hours = \"12:01-12:00\""),
        ("days = \"mon\"", "days = [\"sat\", \"sun\"]"),
    ];
    for (yes, no) in cases {
        assert_eq!(says(&df(yes), &request(&["df", "-h"])), "allow", "{yes}");
        assert_eq!(says(&df(no), &request(&["df", "-h"])), "ask", "{no}");
    }
    let mut nameless = request(&["df", "-h"]);
    nameless.requester.name = Raw::default();
    nameless.requester.groups.clear();
    assert_eq!(says(&df("user = \"agent\""), &nameless), "ask");
    assert_eq!(says(&df("group = \"agent\""), &nameless), "ask");
    let below = |cwd: &str| request_with(&["df", "-h"], &format!("cwd = \"{cwd}\""));
    let rule = df("cwd = { under = \"/srv\" }");
    for (cwd, expected) in [
        ("/srv/a", "allow"),
        ("/srv", "ask"),
        ("/srvx", "ask"),
        ("/srv/../etc", "ask"),
    ] {
        assert_eq!(says(&rule, &below(cwd)), expected, "{cwd}");
    }
}
