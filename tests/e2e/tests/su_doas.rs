//! Other programs that call PAM before they run a command as root: su and doas, each with the same two
//! lines in its service.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use aisudo_core::config::Config;
use aisudo_e2e::{PATIENCE, agent, approved, denied, entries, eventually, latest_request, ungated};
use aisudo_testbed::{
    AGENT_PASSWORD, BUILD, DEFAULT_CONFIG, Daemon, OWNER_PASSWORD, Output, Running, Signal, World,
    pam_text,
};
use serde_json::Value;

/// The two lines, as setup writes them.
fn our_lines() -> String {
    let module = format!("{BUILD}/pam_aisudo.so");
    format!(
        "auth    [success=done ignore=ignore module_unknown=ignore default=die] {module}\n\
         account [success=ok ignore=ignore module_unknown=ignore default=die] {module}"
    )
}

/// A world in which su and doas are gated, too, and doas has this rule for the agent.
fn world(rule: &str) -> (World, Daemon) {
    let world = without_daemon(rule);
    let daemon = world.start_daemon();
    (world, daemon)
}

fn without_daemon(rule: &str) -> World {
    let world = World::new();
    let rootok = format!("{}\nauth sufficient pam_rootok.so", our_lines());
    for service in ["su", "su-l"] {
        world.pam(service, &pam_text(&rootok));
    }
    world.pam("doas", &pam_text(&our_lines()));
    fs::write("/etc/doas.conf", format!("{rule}\n")).unwrap();
    fs::set_permissions("/etc/doas.conf", fs::Permissions::from_mode(0o400)).unwrap();
    world
}

const PERMIT: &str = "permit agent";
const NOPASS: &str = "permit nopass agent";

/// Ways to print `0` by running `id -u` as root.
const AS_ROOT: [&str; 5] = [
    "su -c 'id -u'",
    "su - root -c 'id -u'",
    "su root -c 'id -u'",
    "doas /usr/bin/id -u",
    "doas -u root -- /usr/bin/id -u",
];

#[track_caller]
fn ran_clean(done: &Output) {
    assert_eq!(
        (done.code(), done.stdout.as_str()),
        (Some(0), "0\n"),
        "{done}"
    );
    for line in done.stderr.lines() {
        assert!(line.starts_with("aisudo: "), "{done}");
    }
}

#[track_caller]
fn nothing_ran(done: &Output) {
    assert_ne!(done.code(), Some(0), "{done}");
    assert_eq!(done.stdout, "", "{done}");
}

#[test]
fn a08_su_and_doas_ask_once_and_run_after_a_yes() {
    let (world, _daemon) = world(PERMIT);
    for (count, line) in AS_ROOT.iter().enumerate() {
        let done = approved(&world, agent(&world).shell(line));
        ran_clean(&done);
        assert!(done.stderr.contains("approved by root"), "{done}");
        assert_eq!(entries(&world, "requested").len(), count + 1, "{line}");
        assert_eq!(entries(&world, "released").len(), count + 1, "{line}");
        let requester = &latest_request(&world)["requester"];
        assert_eq!(requester["uid"], 7001, "{line}");
    }
}

#[test]
fn a08_su_and_doas_run_nothing_after_a_no() {
    let (world, _daemon) = world(PERMIT);
    for (count, line) in AS_ROOT.iter().enumerate() {
        // A password at hand changes nothing.
        let run = agent(&world).with_tty().stderr_to_pipe().stdout_to_pipe();
        let mut asking = run.shell(line);
        let code = world.wait_for_request();
        asking.type_in(format!("{AGENT_PASSWORD}\n"));
        world.approver(["deny", &code]).expect_success();
        let no = asking.wait(PATIENCE);
        nothing_ran(&no);
        assert_eq!(no.code(), Some(1), "{no}");
        assert!(no.stderr.contains("aisudo: denied by root"), "{no}");
        assert_eq!(entries(&world, "requested").len(), count + 1, "{line}");
        assert_eq!(entries(&world, "released").len(), 0);
    }
}

/// doas asks for no password here, and PAM is called for the account alone.
#[test]
fn a02_a_doas_rule_without_a_password_is_asked_about() {
    let (world, _daemon) = world(NOPASS);
    let line = "doas /usr/bin/id -u";
    ran_clean(&approved(&world, agent(&world).shell(line)));
    nothing_ran(&denied(&world, agent(&world).shell(line)));
    ran_clean(&approved(
        &world,
        agent(&world).shell("doas -n /usr/bin/id -u"),
    ));
    assert_eq!(entries(&world, "requested").len(), 3);
    assert_eq!(entries(&world, "released").len(), 2);
}

#[test]
fn a02_where_no_password_was_asked_for_a_daemon_that_is_away_lets_nothing_through() {
    let world = without_daemon(NOPASS);
    let no = agent(&world).shell("doas /usr/bin/id -u").wait(PATIENCE);
    nothing_ran(&no);
    assert!(no.stderr.contains("aisudo: unreachable: "), "{no}");
}

/// doas remembers a password for a while; aisudo is asked each time.
#[test]
fn a01_a_doas_that_remembers_is_asked_about_each_time() {
    let (world, daemon) = world("permit persist agent");
    let mut terminal = agent(&world).with_tty().shell("/bin/bash --norc");
    daemon.signal(Signal::STOP);
    terminal.type_in("doas /bin/echo fi''rst\n");
    terminal.wait_for_tty("password: ", PATIENCE);
    terminal.type_in(format!("{AGENT_PASSWORD}\n"));
    terminal.wait_for_tty("first", PATIENCE);
    daemon.signal(Signal::CONT);
    // The password is remembered: none is asked for, with and without a yes.
    for (verdict, word) in [("approve", "second"), ("deny", "third")] {
        terminal.type_in(format!("doas /bin/echo {word} | tr a-z A-Z; echo en''d\n"));
        let code = world.wait_for_request();
        world.approver([verdict, &code]).expect_success();
        let upper = word.to_uppercase();
        if verdict == "approve" {
            terminal.wait_for_tty(&upper, PATIENCE);
        } else {
            terminal.wait_for_tty("denied by root", PATIENCE);
            std::thread::sleep(Duration::from_millis(300));
            assert!(!terminal.tty().contains(&upper), "{}", terminal.tty());
        }
    }
    // Nor is one asked for where it could take the place of an answer.
    daemon.signal(Signal::STOP);
    terminal.type_in("doas /bin/echo fou''rth\n");
    terminal.wait_for_tty("nothing was run (do not retry", PATIENCE);
    daemon.signal(Signal::CONT);
    let shown = terminal.tty();
    assert!(!shown.contains("fourth"), "{shown}");
    assert_eq!(shown.matches("password: ").count(), 1, "{shown}");
}

/// Types a password when it is wanted.
fn with_password(world: &World, line: &str, password: &str) -> Output {
    let run = agent(world).with_tty();
    let mut asking: Running = run.shell(line);
    eventually("a password is wanted", || {
        asking.tty().to_lowercase().contains("password:")
    });
    asking.type_in(format!("{password}\n"));
    asking.wait(PATIENCE)
}

#[test]
fn a06_with_the_daemon_away_the_password_is_asked_for() {
    let world = without_daemon(PERMIT);
    for (line, right) in [
        // su wants the target's, doas the requester's.
        ("su owner -c 'echo ran'", OWNER_PASSWORD),
        ("doas /bin/echo ran", AGENT_PASSWORD),
    ] {
        let done = with_password(&world, line, right);
        assert!(
            done.tty.contains("a password is asked for instead"),
            "{done}"
        );
        assert!(done.tty.contains("ran\r\n"), "{done}");
        let no = with_password(&world, line, "wrong");
        assert!(!no.tty.contains("ran\r\n"), "{no}");
        assert_eq!(no.code(), Some(1), "{no}");
    }
}

#[test]
fn i9_a_missing_module_leaves_the_password() {
    let world = without_daemon(PERMIT);
    fs::remove_file(format!("{BUILD}/pam_aisudo.so")).unwrap();
    for (line, right) in [
        ("su owner -c 'echo ran'", OWNER_PASSWORD),
        ("doas /bin/echo ran", AGENT_PASSWORD),
    ] {
        let done = with_password(&world, line, right);
        assert!(done.tty.contains("ran\r\n"), "{done}");
    }
}

#[test]
fn root_and_users_who_are_not_gated_are_left_alone() {
    let world = without_daemon("permit owner");
    let root = world
        .run_as("root")
        .shell("su agent -c 'id -u'")
        .wait(PATIENCE);
    assert_eq!(
        (root.code(), root.stdout.as_str()),
        (Some(0), "7001\n"),
        "{root}"
    );
    let mut owner = world.run_as("owner").with_tty().shell("doas /bin/echo ran");
    eventually("a password is wanted", || owner.tty().contains("assword:"));
    owner.type_in(format!("{OWNER_PASSWORD}\n"));
    let done = owner.wait(PATIENCE);
    assert!(
        done.tty.contains("ran\r\n") && !done.tty.contains("aisudo:"),
        "{done}"
    );
}

/// What a request says, for each of the forms that are read.
#[test]
fn i4_what_is_shown_is_what_runs() {
    let (world, _daemon) = world(PERMIT);
    let cases: [(&str, &str, &str, &str); 7] = [
        ("su", "shell", "[]", "/bin/bash"),
        ("su -", "login_shell", "[]", "/bin/bash"),
        ("su other -c 'id -u'", "shell", r#"["id -u"]"#, "/bin/bash"),
        (
            "su --login --command id other",
            "login_shell",
            r#"["id"]"#,
            "/bin/bash",
        ),
        (
            "doas /usr/bin/id -u",
            "run",
            r#"["/usr/bin/id","-u"]"#,
            "/usr/bin/id",
        ),
        ("PATH=/usr/bin doas id", "run", r#"["id"]"#, "/usr/bin/id"),
        ("SHELL=/bin/sh doas -u other -s", "shell", "[]", "/bin/sh"),
    ];
    for (line, mode, argv, program) in cases {
        nothing_ran(&denied(&world, agent(&world).shell(line)));
        let request = latest_request(&world);
        let call = &request["call"];
        assert_eq!(call["mode"], mode, "{line}");
        let argv: Value = serde_json::from_str(argv).unwrap();
        assert_eq!(call["argv"], argv, "{line}");
        let target = if line.contains("other") {
            "other".into()
        } else {
            Value::Null
        };
        assert_eq!(call["user"], target, "{line}");
        assert_eq!(request["program"]["path"], program, "{line}");
        assert_eq!(request["program"]["found"], "gate", "{line}");
    }
    let mut shown = agent(&world)
        .env("BASH_ENV", "/tmp/x")
        .shell("su -c 'id -u'");
    let code = world.wait_for_request();
    let text = world.approver(["show", &code]).stdout;
    for part in [
        "asks to run a command in a shell as root\n",
        "  ! It was asked for with su, not with sudo.\n",
        "  ! All of the requester's environment is kept: it can change what programs do.\n",
        "  ! The variable BASH_ENV can make programs run other code.\n",
        "      (in a shell) \"id -u\"\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(shown.is_running());
    world.approver(["deny", &code]).expect_success();
    nothing_ran(&shown.wait(PATIENCE));
}

#[test]
fn what_cannot_be_read_with_certainty_is_shown_raw() {
    let (world, _daemon) = world(PERMIT);
    for (line, why) in [
        ("su -m -c id", "su with -m"),
        ("su root -s /bin/sh -c id", "su with -s"),
        ("su root /home/agent/script", "su with words for the shell"),
        ("su root -- -c id", "su with --"),
        ("doas -uroot /usr/bin/id", "doas with -uroot"),
        (
            "PATH=/home/agent/bin:/usr/bin doas id",
            "doas looks for id in the requester's own PATH, where they could put another; give its path",
        ),
    ] {
        let asking = agent(&world).shell(line);
        let code = world.wait_for_request();
        let text = world.approver(["show", &code]).stdout;
        let tool = line.split("doas").count();
        let tool = if tool > 1 { "doas" } else { "su" };
        let raw =
            format!("  ! RAW: {tool}'s command line could not be read ({why}): shown as it is.\n");
        assert!(text.contains(&raw), "{line}: {text}");
        world.approver(["deny", &code]).expect_success();
        nothing_ran(&asking.wait(PATIENCE));
    }
}

#[test]
fn a23_a_script_of_the_agents_is_looked_at_and_refused_here_too() {
    let (world, _daemon) = world(PERMIT);
    fs::write("/home/agent/script", "#!/bin/sh\necho good\n").unwrap();
    fs::set_permissions("/home/agent/script", fs::Permissions::from_mode(0o755)).unwrap();
    for line in ["su -c /home/agent/script", "doas ./script"] {
        let asking = agent(&world).shell(line);
        let code = world.wait_for_request();
        fs::write(
            "/home/agent/script",
            format!("#!/bin/sh\necho evil # {line}\n"),
        )
        .unwrap();
        world.approver(["approve", &code]).expect_success();
        let no = asking.wait(PATIENCE);
        nothing_ran(&no);
        assert!(
            no.stderr.contains("changed after it was asked about"),
            "{no}"
        );
    }
    let asked = entries(&world, "requested").len();
    for changeable in ["refuse", "seal"] {
        let gate = format!("[gate]\nchangeable = \"{changeable}\"\n");
        let text = DEFAULT_CONFIG.replace("[gate]\n", &gate);
        Config::parse(&text).unwrap();
        world.config(&text);
        for line in [
            "su -c /home/agent/script",
            "su -m -c id",
            "doas ./script",
            "doas sh script",
            "doas /home/agent/later",
            "SHELL=/home/agent/script doas -s",
            "PATH=/home/agent:/usr/bin doas id",
        ] {
            let no = agent(&world).shell(line).wait(PATIENCE);
            nothing_ran(&no);
            assert!(no.stderr.contains("aisudo: refused: "), "{no}");
        }
    }
    assert_eq!(entries(&world, "requested").len(), asked);
}

#[test]
fn a07_an_end_of_the_wait_withdraws_the_question() {
    for (tool, line) in [
        ("su", "su -c 'touch /tmp/ran'"),
        ("doas", "doas /usr/bin/touch /tmp/ran"),
    ] {
        let (world, _daemon) = world(PERMIT);
        let asking = agent(&world).shell(&format!("{line}; true"));
        let code = world.wait_for_request();
        asking.signal(Signal::KILL);
        eventually("the prompt is withdrawn", || world.pending().is_empty());
        let late = world.approver(["approve", &code]);
        assert_ne!(late.code(), Some(0), "{late}");
        std::thread::sleep(Duration::from_millis(300));
        assert!(!fs::exists("/tmp/ran").unwrap(), "{tool}");
    }
}

/// The same runs without the two lines: what the tests above see is ours.
#[test]
fn without_the_lines_nobody_is_asked() {
    let (world, _daemon) = world(NOPASS);
    world.pam("doas", &ungated());
    world.pam("su", &ungated());
    for line in ["doas /usr/bin/id -u", "su -c 'id -u'"] {
        ran_clean(&agent(&world).shell(line).wait(PATIENCE));
    }
    assert_eq!(entries(&world, "requested").len(), 0);
}
