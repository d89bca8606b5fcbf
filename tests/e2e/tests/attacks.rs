//! The rows of the list of attacks that need the whole system, each by its number.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use aisudo_e2e::{
    PATIENCE, agent, approved, audit, denied, entries, eventually, latest_request, world,
};
use aisudo_testbed::{
    AGENT_PASSWORD, BUILD, DEFAULT_CONFIG, DEFAULT_SUDOERS, Signal, Sudo, World, pam_text,
};

/// With the daemon away, sudo falls to the password: right lets in, wrong or none does not.
fn falls_back_to_the_password(world: &World) {
    let right = agent(world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo ran")
        .wait(PATIENCE);
    assert_eq!(right.stdout, "ran\n", "{right}");
    let wrong = agent(world)
        .stdin("wrong\n")
        .shell("sudo -S echo ran")
        .wait(PATIENCE);
    assert_eq!(
        (wrong.code(), wrong.stdout.as_str()),
        (Some(1), ""),
        "{wrong}"
    );
    let none = agent(world).shell("sudo -n echo ran").wait(PATIENCE);
    assert_eq!((none.code(), none.stdout.as_str()), (Some(1), ""), "{none}");
}

#[test]
fn a06_daemon_down() {
    let world = World::new();
    falls_back_to_the_password(&world);
    let said = agent(&world).shell("sudo -n true").wait(PATIENCE).stderr;
    assert!(said.contains("aisudo: unreachable: "), "{said}");
    assert!(said.contains("a password is asked for instead"), "{said}");
}

#[test]
fn a06_daemon_down_with_fallback_deny() {
    let world = World::new();
    world.config(&DEFAULT_CONFIG.replace("\"password\"", "\"deny\""));
    let no = agent(&world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo ran")
        .wait(PATIENCE);
    assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
    assert!(no.stderr.contains("nothing was run"), "{no}");
}

#[test]
fn a06_daemon_hangs() {
    let (world, daemon) = world();
    daemon.signal(Signal::STOP);
    falls_back_to_the_password(&world);
}

#[test]
fn a06_daemon_restarts_while_a_request_waits() {
    let (world, mut daemon) = world();
    let sudo = agent(&world).shell("sudo echo ran");
    let code = world.wait_for_request();
    daemon.terminate();
    let _again = world.start_daemon();
    assert_eq!(world.wait_for_request(), code, "the same request");
    world.approver(["approve", &code]).expect_success();
    let done = sudo.wait(PATIENCE);
    assert_eq!(done.stdout, "ran\n", "{done}");
    assert_eq!(
        done.stderr.matches("waiting for a person").count(),
        1,
        "{done}"
    );
    assert_eq!(entries(&world, "requested").len(), 1);
}

/// Something ends the wait; nothing runs, not even after a late yes, and the prompt is withdrawn.
fn withdrawn(end: impl FnOnce(&World, &mut aisudo_testbed::Running), line: &str) {
    let (world, _daemon) = world();
    let mark = Path::new("/tmp/ran");
    let mut sudo = agent(&world).shell(line);
    let code = world.wait_for_request();
    end(&world, &mut sudo);
    eventually("the prompt is withdrawn", || world.pending().is_empty());
    let late = world.approver(["approve", &code]);
    assert_ne!(late.code(), Some(0), "{late}");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!mark.exists());
    assert_eq!(entries(&world, "cancelled").len(), 1);
    assert_eq!(entries(&world, "released").len(), 0);
}

/// The pid of the waiting sudo.
fn sudo_pid(world: &World) -> String {
    latest_request(world)["sudo"]["pid"].to_string()
}

#[test]
fn a07_signals_to_sudo_withdraw_the_request() {
    for signal in ["TERM", "HUP", "INT", "QUIT", "KILL"] {
        withdrawn(
            |world, _| {
                let pid = sudo_pid(world);
                // The agent may: sudo's real uid is its own.
                agent(world)
                    .shell(&format!("kill -{signal} {pid}"))
                    .wait(PATIENCE)
                    .expect_success();
            },
            "sudo touch /tmp/ran; true",
        );
    }
}

#[test]
fn a07_a_killed_parent_withdraws_the_request() {
    withdrawn(
        |_, shell| shell.signal(Signal::KILL),
        "sudo touch /tmp/ran; true",
    );
}

#[test]
fn a07_a_closed_reader_withdraws_the_request() {
    withdrawn(|_, sudo| sudo.close_stdout(), "exec sudo touch /tmp/ran");
}

#[test]
fn a07_ctrl_c_and_a_closed_terminal_withdraw_the_request() {
    for hang_up in [false, true] {
        let (world, _daemon) = world();
        let mut sudo = agent(&world).with_tty().shell("sudo touch /tmp/ran; true");
        let code = world.wait_for_request();
        if hang_up {
            sudo.hang_up();
        } else {
            sudo.type_in("\x03");
        }
        eventually("the prompt is withdrawn", || world.pending().is_empty());
        assert_ne!(world.approver(["approve", &code]).code(), Some(0));
        assert!(!Path::new("/tmp/ran").exists());
    }
}

#[test]
fn a07_a_stopped_sudo_does_not_run_after_its_deadline() {
    let world = World::new();
    world.config(&DEFAULT_CONFIG.replace("timeout = 20", "timeout = 5"));
    let _daemon = world.start_daemon();
    let sudo = agent(&world).shell("exec sudo touch /tmp/ran");
    let code = world.wait_for_request();
    let pid = sudo_pid(&world);
    agent(&world)
        .shell(&format!("kill -STOP {pid}"))
        .wait(PATIENCE)
        .expect_success();
    world.approver(["approve", &code]).expect_success();
    std::thread::sleep(Duration::from_secs(6));
    agent(&world)
        .shell(&format!("kill -CONT {pid}"))
        .wait(PATIENCE)
        .expect_success();
    let done = sudo.wait(PATIENCE);
    assert_eq!(done.code(), Some(1), "{done}");
    assert!(!Path::new("/tmp/ran").exists());
    assert_eq!(entries(&world, "released").len(), 0);
}

#[test]
fn a09_i9_a_missing_module_or_broken_configuration_leaves_the_owner_their_password() {
    let broken: [fn(&World); 4] = [
        |world| {
            let lines = "auth [success=done ignore=ignore default=die module_unknown=ignore] /no/such/pam_aisudo.so";
            world.pam("sudo", &pam_text(lines));
        },
        |world| world.config("version = 1\nnonsense"),
        |_| fs::remove_file("/etc/aisudo/aisudo.toml").unwrap(),
        |_| {
            fs::set_permissions("/etc/aisudo/aisudo.toml", fs::Permissions::from_mode(0o666))
                .unwrap()
        },
    ];
    for break_it in broken {
        let world = World::new();
        break_it(&world);
        let owner = world
            .run_as("owner")
            .stdin(format!("{}\n", aisudo_testbed::OWNER_PASSWORD));
        let done = owner.shell("sudo -S echo ran").wait(PATIENCE);
        assert_eq!(done.stdout, "ran\n", "{done}");
        let wrong = world
            .run_as("owner")
            .stdin("wrong\n")
            // Without -k, sudo-rs would remember the right one: by whose child it is, not by what.
            .shell("sudo -k -S echo ran")
            .wait(PATIENCE);
        assert_eq!(wrong.stdout, "", "{wrong}");
    }
}

#[test]
fn a10_i2_the_requester_cannot_decide() {
    let (world, _daemon) = world();
    let sudo = agent(&world).shell("sudo echo ran");
    let code = world.wait_for_request();
    for user in ["agent", "other"] {
        for verb in ["approve", "deny"] {
            let refused = world.aisudo(user, [verb, &code]);
            assert_ne!(refused.code(), Some(0), "{user}: {refused}");
        }
    }
    assert_eq!(
        world.pending(),
        std::slice::from_ref(&code),
        "still waiting"
    );
    world.aisudo("owner", ["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "ran\n");
    let evidence = &entries(&world, "approved")[0]["decision"]["evidence"];
    assert_eq!(
        (&evidence["kind"], &evidence["uid"]),
        (&"terminal".into(), &7000.into())
    );
}

#[test]
fn a10_a_gated_user_in_the_approvers_group_is_refused_all_the_same() {
    let world = World::new();
    let group = fs::read_to_string("/etc/group").unwrap();
    let with_agent: String = group
        .lines()
        .map(|line| {
            if line.starts_with("aisudo-approvers:") {
                format!("{},agent,other\n", line.trim_end_matches(','))
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    fs::write("/etc/group", with_agent).unwrap();
    let _daemon = world.start_daemon();
    let sudo = agent(&world).shell("sudo echo ran");
    let code = world.wait_for_request();
    let own = agent(&world)
        .shell(&format!(
            "sg aisudo-approvers '{BUILD}/aisudo approve {code}'"
        ))
        .wait(PATIENCE);
    assert_ne!(own.code(), Some(0), "{own}");
    assert!(
        own.stderr.contains("may not approve"),
        "the daemon refused: {own}"
    );
    assert_eq!(world.pending(), std::slice::from_ref(&code));
    // The same way, somebody of the group who is not gated comes through.
    world
        .run_as("other")
        .shell(&format!(
            "sg aisudo-approvers '{BUILD}/aisudo approve {code}'"
        ))
        .wait(PATIENCE)
        .expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "ran\n");
}

#[test]
fn a23_a_command_line_that_cannot_be_read_has_its_files_pinned_too() {
    let (world, _daemon) = world();
    agent(&world)
        .shell("echo echo good > script")
        .wait(PATIENCE)
        .expect_success();
    // By such a name some sudos edit and others run: the gate does not guess.
    let sudo = agent(&world).spawn_as("xedit", ["sudo", "bash", "script"]);
    let code = world.wait_for_request();
    assert!(
        world.approver(["show", &code]).stdout.contains("RAW"),
        "shown raw"
    );
    fs::write("/home/agent/script", "echo evil\n").unwrap();
    world.approver(["approve", &code]).expect_success();
    let done = sudo.wait(PATIENCE);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
    assert!(
        done.stderr.contains("changed after it was asked about"),
        "{done}"
    );
}

#[test]
fn a16_who_asks_is_the_kernels_word() {
    let (world, _daemon) = world();
    let lying = agent(&world)
        .env("USER", "root")
        .env("LOGNAME", "root")
        .env("SUDO_USER", "root")
        .env("SUDO_UID", "0");
    denied(&world, lying.shell("sudo true"));
    let request = latest_request(&world);
    assert_eq!(
        (&request["requester"]["uid"], &request["requester"]["name"]),
        (&7001.into(), &"agent".into())
    );
    let parents = request["parents"].as_array().unwrap();
    assert!(!parents.is_empty());
}

#[test]
fn a17_i4_nothing_that_is_shown_drives_the_terminal() {
    let (world, _daemon) = world();
    let nasty = "a\u{1b}[2J\u{202e}b\u{200b}c\u{3164}d\u{2028}e\nf";
    fs::create_dir_all(format!("/home/agent/{nasty}")).unwrap();
    let sudo = agent(&world)
        .cwd(format!("/home/agent/{nasty}"))
        .env("AISUDO_REASON", nasty)
        .spawn(["sudo", "echo", nasty, "\u{430}pt"]);
    let code = world.wait_for_request();
    for view in [vec!["show", &code], vec!["list"], vec!["approve", &code]] {
        let shown = world.approver(&view).stdout;
        let bad: Vec<char> = shown
            .chars()
            .filter(|c| {
                (c.is_control() && *c != '\n')
                    || "\u{202e}\u{200b}\u{3164}\u{2028}\u{430}".contains(*c)
            })
            .collect();
        assert!(bad.is_empty(), "{view:?} shows {bad:?}");
        if view[0] != "list" {
            assert!(
                shown.contains(r"a\x1b[2J\u{202e}b\u{200b}c\u{3164}d\u{2028}e\nf"),
                "{shown}"
            );
            assert!(shown.contains(r"\u{430}pt"), "{shown}");
        }
    }
    let done = sudo.wait(PATIENCE);
    assert_eq!(
        done.stdout,
        format!("{nasty} \u{430}pt\n"),
        "and what was approved is what ran: {done}"
    );
}

#[test]
fn a18_a_long_command_is_shown_whole_or_refused() {
    let (world, _daemon) = world();
    let long = format!("{}END", "x".repeat(20_000));
    let sudo = agent(&world).spawn(["sudo", "echo", &long]);
    let code = world.wait_for_request();
    let shown = world.approver(["show", &code]).stdout;
    assert!(
        shown.replace(['\n', ' '], "").contains(&long),
        "all of it is on the screen"
    );
    world.approver(["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, format!("{long}\n"));
    assert_eq!(
        latest_request(&world)["program"]["path"],
        "/usr/bin/echo",
        "although sudo cuts its own word for it"
    );

    let too_long: Vec<String> = (0..30).map(|_| "y".repeat(10_000)).collect();
    let words = ["sudo", "echo"]
        .into_iter()
        .chain(too_long.iter().map(String::as_str));
    let refused = agent(&world).spawn(words).wait(PATIENCE);
    assert_eq!((refused.code(), refused.stdout.as_str()), (Some(1), ""));
    assert!(
        refused
            .stderr
            .contains("aisudo: refused: the command is too long to be shown whole"),
        "{}",
        refused.stderr
    );
    assert_eq!(entries(&world, "requested").len(), 1);
}

#[test]
fn a19_the_first_word_is_the_callers_and_is_not_the_command() {
    let (world, _daemon) = world();
    let sudo = agent(&world).spawn_as("sudo|apt|update", ["sudo", "id", "-u"]);
    let code = world.wait_for_request();
    let shown = world.approver(["show", &code]).stdout;
    assert!(shown.contains("id -u"), "{shown}");
    world.approver(["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "0\n");
    let request = latest_request(&world);
    assert_eq!(request["sudo"]["argv"][0], "sudo|apt|update");
    assert_eq!(request["program"]["path"], "/usr/bin/id");
}

#[test]
fn a20_the_resolved_program_is_shown_and_one_that_can_be_changed_is_marked() {
    let (world, _daemon) = world();
    fs::create_dir_all("/home/agent/bin").unwrap();
    fs::write("/home/agent/bin/id", "#!/bin/sh\necho fake\n").unwrap();
    fs::set_permissions("/home/agent/bin/id", fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("/home/agent/bin/id", "/home/agent/link").unwrap();
    let shadowed = agent(&world)
        .env("PATH", "/home/agent/bin:/usr/bin:/bin")
        // What sudo itself would say of its command, said by the agent.
        .env("SUDO_COMMAND", "/usr/bin/true -u");
    let yes = approved(&world, shadowed.shell("sudo id -u"));
    assert_eq!(yes.stdout, "0\n", "{yes}");
    let request = latest_request(&world);
    // sudo-rs does not tell: the gate searches as it does, and says so.
    let found = match world.sudo_kind() {
        Sudo::Rs => "gate",
        Sudo::C | Sudo::Plugin => "sudo",
    };
    assert_eq!(
        request["program"],
        serde_json::json!({"path": "/usr/bin/id", "real": "/usr/bin/id", "found": found})
    );
    assert_eq!(request["operands"], serde_json::json!([]));

    let sudo = agent(&world).shell("sudo ./link");
    let code = world.wait_for_request();
    let shown = world.approver(["show", &code]).stdout;
    assert!(
        shown.contains("/home/agent/link") || shown.contains("/home/agent/./link"),
        "{shown}"
    );
    world.approver(["deny", &code]).expect_success();
    sudo.wait(PATIENCE);
    let operand = latest_request(&world)["operands"][0].clone();
    assert_eq!(
        (&operand["role"], &operand["content"]["kind"]),
        (&"program".into(), &"hashed".into()),
        "{operand}"
    );
}

#[test]
fn a22_a_decision_names_one_request_and_a_stale_code_decides_nothing() {
    let (world, _daemon) = world();
    let first = agent(&world).shell("sudo echo first");
    let old = world.wait_for_request();
    world.approver(["deny", &old]).expect_success();
    first.wait(PATIENCE);
    let second = agent(&world).shell("sudo echo second");
    let new = world.wait_for_request();
    assert_ne!(old, new);
    assert_ne!(world.approver(["approve", &old]).code(), Some(0));
    assert_eq!(world.pending(), std::slice::from_ref(&new));
    world.approver(["deny", &new]).expect_success();
    assert_eq!(second.wait(PATIENCE).stdout, "");
}

#[test]
fn a23_a_script_changed_while_the_prompt_waits_does_not_run() {
    let changes: [(&str, fn()); 4] = [
        ("sudo bash script", || {
            fs::write("/home/agent/script", "echo evil\n").unwrap()
        }),
        ("sudo bash < script", || {
            fs::write("/home/agent/script", "echo evil\n").unwrap()
        }),
        ("sudo bash script", || {
            fs::rename("/home/agent/script", "/home/agent/away").unwrap();
            fs::write("/home/agent/script", "echo evil\n").unwrap();
        }),
        ("sudo bash later", || {
            fs::write("/home/agent/later", "echo evil\n").unwrap()
        }),
    ];
    for (line, change) in changes {
        let (world, _daemon) = world();
        agent(&world)
            .shell("echo echo good > script")
            .wait(PATIENCE)
            .expect_success();
        let sudo = agent(&world).shell(line);
        let code = world.wait_for_request();
        change();
        world.approver(["approve", &code]).expect_success();
        let done = sudo.wait(PATIENCE);
        assert_eq!(
            (done.code(), done.stdout.as_str()),
            (Some(1), ""),
            "{line}: {done}"
        );
        assert!(
            done.stderr.contains("changed after it was asked about"),
            "{line}: {done}"
        );
        assert_eq!(entries(&world, "released").len(), 0);
        assert_eq!(entries(&world, "unused").len(), 1);
    }
    let (world, _daemon) = world();
    agent(&world)
        .shell("echo echo good > script")
        .wait(PATIENCE)
        .expect_success();
    assert_eq!(
        approved(&world, agent(&world).shell("sudo bash script")).stdout,
        "good\n"
    );
}

/// Relative names are opened from the directory itself, not from the path that it had.
#[test]
fn a24_a_working_directory_that_is_moved_while_the_prompt_waits_runs_nothing() {
    let (world, _daemon) = world();
    let shell = |line: &str| agent(&world).shell(line).wait(PATIENCE).expect_success();
    shell("mkdir a; printf '#!/bin/sh\\necho good\\n' > a/x; chmod +x a/x");
    let sudo = agent(&world).shell("cd a; sudo ./x");
    let code = world.wait_for_request();
    shell("mv a b; cp -a b a; printf '#!/bin/sh\\necho evil\\n' > b/x");
    world.approver(["approve", &code]).expect_success();
    let no = sudo.wait(PATIENCE);
    assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
    assert!(no.stderr.contains("the directory was moved"), "{no}");
}

/// sudo puts a home in the place of `~`: what the gate would pin by a relative name is another file.
#[test]
fn a23_a_directory_that_only_sudo_knows_is_refused() {
    let (world, _daemon) = world();
    world.sudoers(&format!("{DEFAULT_SUDOERS}Defaults:agent runcwd=*\n"));
    for line in ["sudo -D '~' echo ran", "sudo --chdir=~agent/x ./x"] {
        let no = agent(&world).shell(line).wait(PATIENCE);
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
        let says = match world.sudo_kind() {
            // Nothing in sudoers lets anybody choose a directory there.
            Sudo::Rs => "you are not allowed to use '--chdir",
            Sudo::C | Sudo::Plugin => "write the one after -D in full",
        };
        assert!(no.stderr.contains(says), "{no}");
    }
    assert_eq!(entries(&world, "requested").len(), 0);
}

/// C sudo overwrites the commas in its own words, so that /proc shows another command than it runs; sudo-rs does
/// not.
#[test]
fn a18_a_comma_in_preserve_env_does_not_hide_the_command() {
    let (world, _daemon) = world();
    let long_words = vec!["env"; 2000];
    let long = |sudo: &str| format!("{sudo} {}", long_words.join(" "));
    for (line, words) in [
        ("sudo --preserve-env=FOO,echo id -u", vec!["id", "-u"]),
        (
            "sudo --preserve-env=FOO,/usr/bin/echo id -u",
            vec!["id", "-u"],
        ),
        ("sudo -s --preserve-env=FOO,echo id -u", vec!["id", "-u"]),
        ("sudo -i --preserve-env=FOO,echo", vec![]),
        ("sudo --preserve-env=FOO, id", vec!["id"]),
        // Longer than what sudo tells of, and the same wherever it is cut.
        (&long("sudo --preserve-env=,echo"), long_words.clone()),
        (&long("sudo --preserve-e=,echo"), long_words.clone()),
    ] {
        let sudo = agent(&world).shell(line);
        let no = if world.sudo_kind() == Sudo::Rs {
            let no = denied(&world, sudo);
            let argv = &latest_request(&world)["call"]["argv"];
            assert_eq!(*argv, serde_json::json!(words), "{line}");
            no
        } else {
            let no = sudo.wait(PATIENCE);
            assert!(no.stderr.contains("once for each variable"), "{no}");
            assert_eq!(entries(&world, "requested").len(), 0, "{line}");
            no
        };
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
    }
    let line = "sudo --preserve-env=A --preserve-env=B echo ran";
    let yes = approved(&world, agent(&world).shell(line));
    assert_eq!(yes.stdout, "ran\n", "{yes}");
}

#[test]
fn a29_i3_a_decision_counts_once_also_after_a_restart() {
    let (world, mut daemon) = world();
    let sudo = agent(&world).shell("sudo echo ran");
    let code = world.wait_for_request();
    world.approver(["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "ran\n");
    assert_ne!(world.approver(["approve", &code]).code(), Some(0));
    daemon.terminate();
    let _again = world.start_daemon();
    assert_ne!(world.approver(["approve", &code]).code(), Some(0));
    assert_eq!(
        (
            entries(&world, "approved").len(),
            entries(&world, "released").len()
        ),
        (1, 1)
    );
}

#[test]
fn a30_approve_and_deny_at_once_have_one_outcome() {
    let (world, _daemon) = world();
    for _ in 0..10 {
        let sudo = agent(&world).shell("sudo echo ran");
        let code = world.wait_for_request();
        let both = world
            .run_as("root")
            .shell(&format!("{BUILD}/aisudo approve {code} >/dev/null 2>&1 & a=$!; {BUILD}/aisudo deny {code} >/dev/null 2>&1 & d=$!; wait $a; echo -n $?; wait $d; echo $?"))
            .wait(PATIENCE);
        let codes = both.stdout.trim();
        let done = sudo.wait(PATIENCE);
        match codes {
            "01" => assert_eq!(done.stdout, "ran\n", "{done}"),
            "10" => assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}"),
            other => panic!("both or neither: {other}"),
        }
    }
    assert_eq!(
        entries(&world, "approved").len() + entries(&world, "denied").len(),
        10
    );
}

#[test]
fn a33_i6_a_full_disk_approves_nothing_and_falls_back() {
    let world = World::new();
    let root = |line: &str| world.run_as("root").shell(line).wait(PATIENCE);
    root("mount -t tmpfs -o size=2m,mode=0700,uid=7099,gid=7099 none /var/lib/aisudo")
        .expect_success();
    let _daemon = world.start_daemon();
    approved(&world, agent(&world).shell("sudo true")).expect_success();
    root("head -c 8m /dev/zero > /var/lib/aisudo/filler");
    falls_back_to_the_password(&world);
    let said = agent(&world).shell("sudo -n true").wait(PATIENCE).stderr;
    assert!(said.contains("a password is asked for instead"), "{said}");
    fs::remove_file("/var/lib/aisudo/filler").unwrap();
    assert_eq!(
        approved(&world, agent(&world).shell("sudo echo ran")).stdout,
        "ran\n",
        "and recovers"
    );
    world.approver(["audit", "verify"]).expect_success();
}

#[test]
fn a36_what_others_can_write_is_not_believed() {
    let world = World::new();
    let daemon = format!("{BUILD}/aisudo-daemon");
    for path in ["/etc/aisudo/aisudo.toml", "/etc/aisudo"] {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = world.run_as("root").spawn([&daemon]).wait(PATIENCE);
        assert_eq!(refused.code(), Some(1), "{path}: {refused}");
        assert!(refused.stderr.contains(path), "{path}: {refused}");
        falls_back_to_the_password(&world);
        fs::set_permissions(path, before).unwrap();
    }
}

#[test]
fn a37_logs_hold_no_command_and_no_nonce() {
    let (world, daemon) = world();
    approved(&world, agent(&world).shell("sudo echo Tr0ub4dor")).expect_success();
    denied(
        &world,
        agent(&world)
            .env("AISUDO_REASON", "Tr0ub4dor")
            .shell("sudo echo Tr0ub4dor"),
    );
    let nonce = latest_request(&world)["nonce"].as_str().unwrap().to_owned();
    let log = daemon.log();
    assert!(!log.is_empty());
    assert!(!log.contains("Tr0ub4dor"), "{log}");
    assert!(!log.contains(&nonce), "{log}");
}

#[test]
fn a39_an_edited_log_is_found_out() {
    let (world, _daemon) = world();
    for _ in 0..2 {
        denied(&world, agent(&world).shell("sudo true"));
    }
    world.approver(["audit", "verify"]).expect_success();
    let database = rusqlite::Connection::open("/var/lib/aisudo/state.db").unwrap();
    let count = audit(&world).len();
    // What an intruder with the daemon's rights would do first.
    let triggers: Vec<String> = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        database
            .execute(&format!("DROP TRIGGER \"{trigger}\""), [])
            .unwrap();
    }
    database
        .execute(
            "UPDATE audit SET entry = replace(entry, 'true', 'false') WHERE sequence = 4",
            [],
        )
        .unwrap();
    let verdict = world.approver(["audit", "verify"]);
    assert_eq!(verdict.code(), Some(1), "{verdict}");
    assert!(
        format!("{}{}", verdict.stdout, verdict.stderr).contains("entry 4"),
        "{verdict}"
    );
    database
        .execute("DELETE FROM audit WHERE sequence >= 4", [])
        .unwrap();
    let cut = world.approver(["audit", "verify"]);
    assert_eq!(
        cut.code(),
        Some(1),
        "a cut tail is known to the running daemon, {count} entries: {cut}"
    );
}

/// `agent-sudo verify-audit`, another project's program, installed by `cargo xtask setup`.
#[test]
fn a39_an_independent_verifier_accepts_the_log_and_refuses_an_edited_one() {
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/agent-sudo-mcp/bin/agent-sudo"
    );
    let (world, _daemon) = world();
    denied(
        &world,
        agent(&world).shell("sudo echo 'ä\u{1f600}\u{7f}' \"$(printf '\\377')\""),
    );
    approved(&world, agent(&world).shell("sudo true")).expect_success();
    let log = "/tmp/audit.jsonl";
    world.approver(["audit", "export", log]).expect_success();
    let verify = || {
        world
            .run_as("root")
            .spawn([program, "verify-audit", log])
            .wait(PATIENCE)
    };
    verify().expect_success();
    let edited = fs::read_to_string(log)
        .unwrap()
        .replace("\"denied\"", "\"approved\"");
    fs::write(log, edited).unwrap();
    assert_ne!(verify().code(), Some(0));
}
