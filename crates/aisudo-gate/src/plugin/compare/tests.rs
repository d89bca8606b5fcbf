//! Each form of sudo as Debian 12's passes it on (seen), and what must not pass for it.

use aisudo_core::request::Found;

use super::*;
use crate::plugin::exact::Said;

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn raw(list: &[&str]) -> Vec<Raw> {
    list.iter().map(|word| Raw::from(*word)).collect()
}

/// What sudo says: `info` comes before root as the target, so that it can say something else.
fn exact(info: &[&str], argv: &[&str]) -> Exact {
    let mut command_info = words(info);
    command_info.extend(words(&["runas_user=root", "runas_uid=0", "runas_gid=0"]));
    Exact::read(&Said {
        command_info,
        run_argv: words(argv),
        ..Said::default()
    })
    .unwrap()
}

/// A request for this command line, as the PAM module makes it.
fn asked(line: &[&str], program: &str) -> Request {
    let call = aisudo_core::sudo_argv::parse_c_sudo(&words(line)).ok();
    serde_json::from_value(serde_json::json!({
        "version": 1, "id": "00000000-0000-0000-0000-000000000000", "nonce": "07".repeat(32),
        "asked_at_ms": 1, "timeout_ms": 2, "host": {"name": "h", "machine_id": ""},
        "requester": {"uid": 7001, "name": "agent"},
        "sudo": {"pid": 1, "start_time": 1, "argv": raw(line), "service": "sudo"},
        "call": call.map(Call::from), "unreadable": null,
        "program": {"path": program, "found": Found::Sudo}, "cwd": "/srv",
        "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}], "tty": null,
        "parents": [], "agents": [], "operands": [], "reason": null,
    }))
    .unwrap()
}

#[test]
fn what_sudo_makes_of_each_form_is_what_was_asked_about() {
    let same_as = |line: &[&str], program: &str, info: &[&str], argv: &[&str]| {
        assert_eq!(
            same(&asked(line, program), &exact(info, argv)),
            Ok(()),
            "{line:?}"
        );
    };
    let bash = "/bin/bash";
    same_as(
        &["sudo", "-b", "echo", "a b", ""],
        "/usr/bin/echo",
        &["command=/usr/bin/echo"],
        &["echo", "a b", ""],
    );
    same_as(&["sudo", "./x"], "/srv/./x", &["command=./x"], &["./x"]);
    same_as(
        &["sudo", "-D", "/d", "./x"],
        "/d/./x",
        &["command=./x", "cwd=/d"],
        &["./x"],
    );
    same_as(
        &["sudo", "-R", "/r", "pwd"],
        "/bin/pwd",
        &["command=/bin/pwd", "chroot=/r"],
        &["pwd"],
    );
    same_as(
        &["sudo", "-s"],
        bash,
        &["command=/bin/bash"],
        &["/bin/bash"],
    );
    same_as(
        &["sudo", "-s", ""],
        bash,
        &["command=/bin/bash"],
        &["/bin/bash", "-c", ""],
    );
    same_as(
        &["sudo", "-s", "a b", "$x;\\", ""],
        bash,
        &["command=/bin/bash"],
        &["/bin/bash", "-c", "a\\ b $x\\;\\\\ "],
    );
    same_as(
        &["sudo", "-i"],
        bash,
        &["command=/bin/bash", "cwd=/root"],
        &["-bash"],
    );
    same_as(
        &["sudo", "-i", "id", "-u"],
        bash,
        &["command=/bin/bash", "cwd=/root"],
        &["-bash", "--login", "-c", "id -u"],
    );
    same_as(
        &["sudo", "-i", "id"],
        "/bin/sh",
        &["command=/bin/sh", "cwd=/root"],
        &["-sh", "-c", "id"],
    );
    let edit = ["command=/bin/cat", "sudoedit=true", "sudoedit_nfiles=2"];
    same_as(
        &["sudoedit", "/etc/hosts", "x"],
        "",
        &edit,
        &["/bin/cat", "-n", "--", "/etc/hosts", "x"],
    );
    same_as(
        &["sudo", "-e", "x"],
        "",
        &edit[..2],
        &["/bin/cat", "--", "x"],
    );
    same_as(
        &["sudo", "-u", "#1", "-g", "#2", "id"],
        "/bin/id",
        &[
            "command=/bin/id",
            "runas_uid=1",
            "runas_gid=2",
            "runas_group=x",
        ],
        &["id"],
    );
    same_as(
        &["sudo", "-u", "nobody", "id"],
        "/bin/id",
        &["command=/bin/id", "runas_uid=65534"],
        &["id"],
    );
    same_as(
        &["sudo", "-g", "#2", "id"],
        "/bin/id",
        &[
            "command=/bin/id",
            "runas_uid=7001",
            "runas_gid=2",
            "runas_group=x",
        ],
        &["id"],
    );
    // A line that cannot be read, of which sudo's own words were shown.
    same_as(
        &["sudo", "sudoedit", "x"],
        "",
        &edit[..2],
        &["/bin/cat", "--", "x"],
    );
}

#[test]
fn each_difference_is_named() {
    let differs = |line: &[&str], program: &str, info: &[&str], argv: &[&str], expected: &str| {
        assert_eq!(
            same(&asked(line, program), &exact(info, argv)),
            Err(expected.to_owned()),
            "{line:?}"
        );
    };
    let id = ["command=/bin/id"];
    differs(
        &["sudo", "id"],
        "/bin/id",
        &["command=/opt/id"],
        &["id"],
        "the program would be /opt/id",
    );
    differs(
        &["sudo", "./x"],
        "/srv/./x",
        &["command=./x", "cwd=/tmp"],
        &["./x"],
        "it would run in /tmp",
    );
    differs(
        &["sudo", "-D", "/d", "id"],
        "/bin/id",
        &id,
        &["id"],
        "it would run where sudo was started",
    );
    differs(
        &["sudo", "id"],
        "/bin/id",
        &["command=/bin/id", "chroot=/r"],
        &["id"],
        "its root directory would be /r",
    );
    differs(
        &["sudo", "-R", "/r", "id"],
        "/bin/id",
        &id,
        &["id"],
        "it would keep the root directory",
    );
    differs(
        &["sudo", "id", "-u"],
        "/bin/id",
        &id,
        &["id", "-g"],
        "sudo would run id -g",
    );
    differs(
        &["sudo", "id", "a", "b"],
        "/bin/id",
        &id,
        &["id", "a b"],
        "sudo would run id a b",
    );
    differs(
        &["sudo", "id"],
        "/bin/id",
        &id,
        &["id", ""],
        "sudo would run id ",
    );
    differs(
        &["sudo", "id"],
        "/bin/id",
        &id,
        &["-id"],
        "sudo would run -id",
    );
    differs(
        &["sudo", "-s", "a", "b"],
        "/bin/sh",
        &["command=/bin/sh"],
        &["/bin/sh", "-c", "a\\ b"],
        r"sudo would run /bin/sh -c a\ b",
    );
    differs(
        &["sudo", "-s"],
        "/bin/sh",
        &["command=/bin/sh"],
        &["/bin/sh", "-c", "id"],
        "sudo would run /bin/sh -c id",
    );
    differs(
        &["sudo", "-i", "id"],
        "/bin/sh",
        &["command=/bin/sh"],
        &["-sh", "-x", "-c", "id"],
        "sudo would run -sh -x -c id",
    );
    let edit = ["command=/bin/cat", "sudoedit=true"];
    // CVE-2023-22809: an editor that brings a file along.
    differs(
        &["sudoedit", "x"],
        "",
        &edit,
        &["/bin/cat", "--", "/etc/shadow", "--", "x"],
        "sudo would edit /etc/shadow -- x",
    );
    differs(
        &["sudo", "cat", "--", "x"],
        "/bin/cat",
        &edit,
        &["/bin/cat", "--", "x"],
        "sudo would edit x",
    );
    differs(
        &["sudoedit", "x"],
        "",
        &["command=/bin/cat"],
        &["/bin/cat", "--", "x"],
        "sudo would run /bin/cat -- x",
    );
    differs(
        &["sudo", "id"],
        "/bin/id",
        &["command=/bin/id", "runas_uid=65534", "runas_user=nobody"],
        &["id"],
        "it would run as nobody (-u nobody says so)",
    );
    differs(
        &["sudo", "-u", "nobody", "id"],
        "/bin/id",
        &id,
        &["id"],
        "it would run as root (-u root says so)",
    );
    differs(
        &["sudo", "-u", "nosuchuser", "id"],
        "/bin/id",
        &id,
        &["id"],
        "it would run as root (-u root says so)",
    );
    differs(
        &["sudo", "-g", "#2", "id"],
        "/bin/id",
        &[
            "command=/bin/id",
            "runas_uid=7001",
            "runas_gid=3",
            "runas_group=x",
        ],
        &["id"],
        "its group would be #3",
    );
    differs(
        &["sudo", "id"],
        "/bin/id",
        &["command=/bin/id", "runas_group=root"],
        &["id"],
        "its group would be #0",
    );
    differs(
        &["sudo", "sudoedit", "x"],
        "",
        &id,
        &["id"],
        "sudo would run id",
    );
    differs(
        &["sudo", "-l", "id"],
        "/bin/id",
        &id,
        &["id"],
        "sudo would run id",
    );
}

#[test]
fn another_name_of_the_same_file_is_the_same_program() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let link = |to: &str| {
        std::fs::remove_file(path("link")).ok();
        std::os::unix::fs::symlink(to, path("link")).unwrap();
    };
    std::fs::write(path("one"), "").unwrap();
    std::fs::write(path("other"), "").unwrap();
    link("one");
    let mut request = asked(&["sudo", "x"], path("link").to_str().unwrap());
    request.program.real = Some(Raw::from(path("one").as_os_str()));
    let by_name = |name: &str| exact(&[&format!("command={}", path(name).display())], &["x"]);
    assert_eq!(same(&request, &by_name("one")), Ok(()));
    assert!(same(&request, &by_name("other")).is_err());
    // What was asked about leads elsewhere by now.
    link("other");
    assert!(same(&request, &by_name("one")).is_err());
    assert!(same(&request, &by_name("other")).is_err());
}
