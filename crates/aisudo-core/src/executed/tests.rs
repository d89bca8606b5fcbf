use uuid::Uuid;

use super::*;
use crate::raw::Hex32;

/// `sudo WORDS` in /home/agent, with a program at this path.
pub(crate) fn request(mode: &str, words: &[&str], program: &str) -> Request {
    serde_json::from_value(serde_json::json!({
        "version": 1, "id": Uuid::from_u128(1), "nonce": "07".repeat(32), "asked_at_ms": 1, "timeout_ms": 2,
        "host": {"name": "h", "machine_id": ""}, "requester": {"uid": 7001, "name": "agent"},
        "sudo": {"pid": 1, "start_time": 1, "argv": ["sudo"], "service": "sudo"},
        "call": {
            "mode": mode, "argv": words, "user": null, "group": null, "chdir": null, "chroot": null,
            "environment": {"preserve_all": false, "preserve": [], "set": []}, "background": false,
        },
        "unreadable": null, "program": {"path": program, "real": program, "found": "sudo"}, "cwd": "/home/agent",
        "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}], "tty": null,
        "parents": [], "agents": [], "operands": [], "reason": null,
    }))
    .unwrap()
}

pub(crate) fn file(path: &str, role: Role, content: u8) -> Operand {
    Operand {
        path: Raw::from(path),
        role,
        content: Content::Hashed {
            sha256: Hex32([content; 32]),
            size: 1,
        },
    }
}

fn paths(request: &Request) -> Vec<String> {
    executed(request)
        .into_iter()
        .map(|operand| operand.path.as_os().to_string_lossy().into_owned())
        .collect()
}

/// What of `./x` and of `./y`, both the agent's, would be executed.
fn of_words(mode: &str, words: &[&str], program: &str) -> Vec<String> {
    let mut request = request(mode, words, program);
    request.operands = vec![
        file("/home/agent/x", Role::Argument, 1),
        file("/home/agent/y", Role::Argument, 2),
    ];
    paths(&request)
}

#[test]
fn what_a_shell_or_interpreter_is_given_is_executed_and_what_others_are_given_is_data() {
    const X: &[&str] = &["/home/agent/x"];
    const BOTH: &[&str] = &["/home/agent/x", "/home/agent/y"];
    let cases: [(&str, &[&str], &str, &[&str]); 18] = [
        ("run", &["cp", "x", "y"], "/usr/bin/cp", &[]),
        ("run", &["bash", "x", "y"], "/usr/bin/bash", X),
        ("run", &["bash", "./x", "y"], "/usr/bin/bash", X),
        ("run", &["bash", "-x", "x", "y"], "/usr/bin/bash", BOTH),
        ("run", &["python3", "x", "y"], "/usr/bin/python3.11", X),
        ("run", &["busybox", "sh", "x"], "/usr/bin/busybox", BOTH),
        ("run", &["make", "-f", "x"], "/usr/bin/make", &[]),
        ("run", &["env", "x"], "/usr/bin/env", BOTH),
        ("run", &["timeout", "5", "x"], "/usr/bin/timeout", BOTH),
        ("run", &["ld.so", "x"], "/lib/ld-linux.so.2", BOTH),
        // The file behind the name counts, too, and so does the name that was said.
        ("run", &["tool", "x"], "/usr/bin/perl", BOTH),
        ("run", &["bash", "x"], "/usr/bin/tool", BOTH),
        ("run", &["aisudo", "show", "x"], "/usr/bin/aisudo", &[]),
        ("run", &["aisudo", "run", "x"], "/usr/bin/aisudo", BOTH),
        (
            "run",
            &["aisudo", "--root", "/", "run", "x"],
            "/usr/bin/aisudo",
            BOTH,
        ),
        ("shell", &["x"], "/bin/dash", BOTH),
        ("login_shell", &["x"], "/usr/bin/unknown", BOTH),
        ("edit", &["x"], "/usr/bin/bash", &[]),
    ];
    for (mode, words, program, expected) in cases {
        assert_eq!(of_words(mode, words, program), expected, "{mode} {words:?}");
    }
}

#[test]
fn the_program_and_its_interpreter_are_executed_and_so_is_what_cannot_be_read() {
    let mut own = request("run", &["./x", "y"], "/home/agent/x");
    own.operands = vec![
        file("/home/agent/x", Role::Program, 1),
        file("/home/agent/py", Role::Interpreter, 2),
        file("/home/agent/y", Role::Argument, 3),
    ];
    assert_eq!(paths(&own), ["/home/agent/x", "/home/agent/py"]);
    own.call = None;
    assert_eq!(executed(&own).len(), 3);
}

#[test]
fn standard_input_and_directories_count_for_what_runs_them() {
    let of = |words: &[&str], program: &str| {
        let mut request = request("run", words, program);
        request.operands = vec![
            file("/home/agent/in", Role::Stdin, 1),
            Operand {
                content: Content::Directory,
                ..file("/home/agent/dir", Role::Argument, 2)
            },
        ];
        paths(&request)
    };
    assert_eq!(
        of(&["bash"], "/bin/bash"),
        ["/home/agent/in", "/home/agent/dir"]
    );
    assert_eq!(
        of(&["xargs", "-a", "dir"], "/bin/xargs"),
        ["/home/agent/in"]
    );
    assert_eq!(of(&["tee", "dir"], "/bin/tee"), [""; 0]);
    assert_eq!(of(&["python3", "dir"], "/bin/python3"), ["/home/agent/dir"]);
    assert_eq!(of(&["bash", "/opt/script", "dir"], "/bin/bash"), [""; 0]);
}

#[test]
fn a_script_is_found_behind_options_that_bring_no_code() {
    let likely = |words: &[&str]| {
        let name = words.first().copied().unwrap_or_default();
        let request = request("run", words, &format!("/usr/bin/{name}"));
        Command::of(&request)
            .unwrap()
            .likely_script()
            .map(|word| word.as_os().to_string_lossy().into_owned())
    };
    assert_eq!(likely(&["bash", "later"]).as_deref(), Some("later"));
    assert_eq!(
        likely(&["python3", "-u", "later"]).as_deref(),
        Some("later")
    );
    assert_eq!(likely(&["bash", "-c", "echo hi"]), None);
    assert_eq!(likely(&["perl", "-ne", "print"]), None);
    assert_eq!(likely(&["cp", "a"]), None);
}

#[test]
fn roots_setting_says_what_becomes_of_it() {
    let mut script = request("run", &["bash", "x"], "/usr/bin/bash");
    script.operands = vec![file("/home/agent/x", Role::Argument, 1)];
    assert_eq!(refusal(&script, Changeable::Mark), None);
    assert_eq!(
        refusal(&script, Changeable::Refuse).unwrap(),
        "you can change /home/agent/x, and root allows only programs and scripts that you cannot change; install it as root first (ask the person)"
    );
    assert_eq!(
        refusal(&script, Changeable::Seal).unwrap(),
        "you can change /home/agent/x, so it runs only as a sealed copy; start it without sudo, as: aisudo run --sealed -- CMD ARGS"
    );
    let mut data = request("run", &["cp", "x", "/etc/x"], "/usr/bin/cp");
    data.operands = script.operands;
    for changeable in [Changeable::Mark, Changeable::Refuse, Changeable::Seal] {
        assert_eq!(refusal(&data, changeable), None);
    }
}

#[test]
fn what_another_program_than_sudo_would_run_must_be_certain() {
    let mut raw = request("run", &["x"], "/usr/bin/x");
    raw.call = None;
    raw.unreadable = Some("su with -m".to_owned());
    for (service, changeable, is_refused) in [
        ("sudo", Changeable::Seal, false),
        ("su", Changeable::Mark, false),
        ("su", Changeable::Refuse, true),
        ("su-l", Changeable::Seal, true),
        ("doas", Changeable::Refuse, true),
        ("polkit-1", Changeable::Refuse, true),
    ] {
        raw.sudo.service = Raw::from(service);
        assert_eq!(refusal(&raw, changeable).is_some(), is_refused, "{service}");
    }
}
