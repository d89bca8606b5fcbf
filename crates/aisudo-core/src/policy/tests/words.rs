//! What a word of `args` takes, and the tricks that a wildcard would let through.

use super::*;
use crate::raw::Raw;

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
            "/usr/bin/rm",
            r#"[{ under = "/usr/lib/lxc/templates" }]"#,
            &["rm", "/usr/lib/lxc/templates/old"],
            &[
                &["rm", "/usr/lib/lxc/templates/old", "/etc/passwd"],
                &["rm", "-r", "/usr/lib/lxc/templates/old"],
                &["rm", "/usr/lib/lxc/templates/"],
                &["rm", "/usr/lib/lxc/templates/.."],
            ],
        ),
        (
            "/usr/sbin/iptables",
            r#"["-L", { type = "name" }, "-n"]"#,
            &["/usr/sbin/iptables", "-L", "INPUT", "-n"],
            &[
                &[
                    "/usr/sbin/iptables",
                    "-L",
                    "INPUT",
                    "-n",
                    "--modprobe=/tmp/x",
                ],
                &["/usr/sbin/iptables", "-L", "--modprobe=/tmp/x", "-n"],
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
