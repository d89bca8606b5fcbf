//! Each form of sudo: asked exactly once, runs once when approved, not at all when denied, and what
//! the command writes arrives as if we were not there.

use aisudo_e2e::{PATIENCE, agent, approved, denied, entries, latest_request, without_us};
use aisudo_testbed::{Run, World};

/// One form: the line of shell, and the mode that the request must show.
struct Form {
    line: &'static str,
    mode: &'static str,
}

const FORMS: &[Form] = &[
    Form {
        line: "sudo echo one two",
        mode: "run",
    },
    Form {
        line: "sudo -n echo x",
        mode: "run",
    },
    Form {
        line: "sudo -k -n echo x",
        mode: "run",
    },
    Form {
        line: "sudo -k echo x",
        mode: "run",
    },
    Form {
        line: "sudo -i echo x",
        mode: "login_shell",
    },
    Form {
        line: "sudo -s echo x",
        mode: "shell",
    },
    Form {
        line: "echo 'id -u' | sudo -s",
        mode: "shell",
    },
    Form {
        line: "sudo -u other id -un",
        mode: "run",
    },
    Form {
        line: "sudo -u agent id -un",
        mode: "run",
    },
    Form {
        line: "sudo -g aisudo id -gn",
        mode: "run",
    },
    Form {
        line: "FOO=bar sudo -E printenv FOO",
        mode: "run",
    },
    Form {
        line: "FOO=bar sudo --preserve-env=FOO printenv FOO",
        mode: "run",
    },
    Form {
        line: "sudo FOO=bar printenv FOO",
        mode: "run",
    },
    Form {
        line: "sudo -b echo x; sleep 0.5",
        mode: "run",
    },
    Form {
        line: "sudo -S echo x </dev/null",
        mode: "run",
    },
    Form {
        line: "SUDO_ASKPASS=/bin/false sudo -A echo x",
        mode: "run",
    },
    Form {
        line: "sudo -C 4 echo x",
        mode: "run",
    },
    Form {
        line: "sudo -l",
        mode: "list",
    },
    Form {
        line: "sudo -v",
        mode: "validate",
    },
    Form {
        line: "EDITOR=/bin/cat sudoedit /etc/hostname",
        mode: "edit",
    },
    Form {
        line: "EDITOR=/bin/cat sudo -e /etc/hostname",
        mode: "edit",
    },
    Form {
        line: "printf 'a\\nb\\n' | sudo cat -n",
        mode: "run",
    },
    Form {
        line: "sudo sh -c 'echo out; echo err >&2; exit 7'",
        mode: "run",
    },
];

/// sudoers for the forms that need a right of their own.
const SUDOERS: &str = "\
agent ALL=(ALL:ALL) ALL
Defaults:agent timestamp_timeout=0, passwd_tries=1, noninteractive_auth, closefrom_override
";

fn each_form(who: impl Fn(&World) -> Run) {
    let world = World::new();
    world.sudoers(SUDOERS);
    let _daemon = world.start_daemon();
    let mut asked = 0;
    for form in FORMS {
        let plain = without_us(&world, || who(&world).shell(form.line).wait(PATIENCE));

        let yes = approved(&world, who(&world).shell(form.line));
        assert_eq!(yes.stdout, plain.stdout, "{}: {yes}", form.line);
        assert_eq!(yes.code(), plain.code(), "{}: {yes}", form.line);
        asked += 1;
        assert_eq!(
            entries(&world, "requested").len(),
            asked,
            "{}: asked once",
            form.line
        );
        let request = latest_request(&world);
        assert_eq!(
            request["call"]["mode"], form.mode,
            "{}: {request}",
            form.line
        );
        assert_eq!(
            entries(&world, "released").len(),
            asked / 2 + 1,
            "{}",
            form.line
        );

        let no = denied(&world, who(&world).shell(form.line));
        asked += 1;
        assert_eq!(no.stdout, "", "{}: {no}", form.line);
        assert_eq!(
            entries(&world, "requested").len(),
            asked,
            "{}: a denial asks once",
            form.line
        );
        if !form.line.contains(';') && !form.line.contains('|') {
            assert_eq!(no.code(), Some(1), "{}: {no}", form.line);
        }
    }
}

#[test]
fn a05_each_form_without_a_terminal() {
    each_form(agent);
}

#[test]
fn a05_each_form_on_a_terminal() {
    each_form(|world| agent(world).with_tty().stdout_to_pipe().stderr_to_pipe());
}

#[test]
fn a01_ticket_cache() {
    let world = World::new();
    world.sudoers(
        "agent ALL=(ALL:ALL) ALL\nDefaults:agent timestamp_timeout=15, timestamp_type=global\n",
    );
    let _daemon = world.start_daemon();
    without_us(&world, || {
        agent(&world)
            .shell("sudo true")
            .wait(PATIENCE)
            .expect_success();
        let cached = "auth required pam_deny.so\naccount sufficient pam_permit.so";
        world.pam("sudo", &aisudo_testbed::pam_text(cached));
        agent(&world)
            .shell("sudo -n true")
            .wait(PATIENCE)
            .expect_success();
    });
    let no = denied(&world, agent(&world).shell("sudo -n echo ran"));
    assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
    let yes = approved(&world, agent(&world).shell("sudo -n echo ran"));
    assert_eq!(
        (yes.code(), yes.stdout.as_str()),
        (Some(0), "ran\n"),
        "{yes}"
    );
    assert_eq!(entries(&world, "requested").len(), 2);
}

#[test]
fn a02_nopasswd() {
    let world = World::new();
    world.sudoers("agent ALL=(ALL:ALL) NOPASSWD: ALL\n");
    let _daemon = world.start_daemon();
    for line in [
        "sudo echo ran",
        "sudo -i echo ran",
        "sudo -u other echo ran",
    ] {
        let no = denied(&world, agent(&world).shell(line));
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
        let yes = approved(&world, agent(&world).shell(line));
        assert_eq!(
            (yes.code(), yes.stdout.as_str()),
            (Some(0), "ran\n"),
            "{yes}"
        );
    }
    assert_eq!(entries(&world, "requested").len(), 6);
}

#[test]
fn a03_non_interactive_without_noninteractive_auth_is_refused_by_sudo_itself() {
    let world = World::new();
    world.sudoers("agent ALL=(ALL:ALL) ALL\nDefaults:agent timestamp_timeout=0\n");
    let _daemon = world.start_daemon();
    for line in ["sudo -n echo ran", "sudo -k -n echo ran"] {
        let no = agent(&world).shell(line).wait(PATIENCE);
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
    }
    assert_eq!(entries(&world, "requested").len(), 0);
}

#[test]
fn a04_login_shell_is_a_service_of_its_own() {
    let (world, _daemon) = aisudo_e2e::world();
    let yes = approved(&world, agent(&world).stdin("id -u\n").shell("sudo -i"));
    assert_eq!(yes.stdout, "0\n", "{yes}");
    let request = latest_request(&world);
    assert_eq!(request["sudo"]["service"], "sudo-i");
    assert_eq!(request["program"]["path"], "/bin/bash");
    assert_eq!(request["program"]["found"], "sudo");
    assert_eq!(request["stdio"][0]["kind"], "pipe");
}

#[test]
fn a_person_at_the_keyboard_keeps_the_password_and_an_unattended_agent_is_asked() {
    let world = World::new();
    world.config(
        &aisudo_testbed::DEFAULT_CONFIG.replace("when = \"always\"", "when = \"unattended\""),
    );
    let _daemon = world.start_daemon();
    let mut person = agent(&world).with_tty().shell("sudo echo ran");
    person.wait_for_tty("password", PATIENCE);
    person.type_in(format!("{}\n", aisudo_testbed::AGENT_PASSWORD));
    let person = person.wait(PATIENCE);
    assert!(person.tty.contains("ran"), "{person}");
    assert_eq!(entries(&world, "requested").len(), 0);

    let yes = approved(&world, agent(&world).shell("sudo echo ran"));
    assert_eq!(yes.stdout, "ran\n", "{yes}");
    let half = agent(&world).with_tty().stdin_null().shell("sudo echo ran");
    denied(&world, half);
    assert_eq!(entries(&world, "requested").len(), 2);
}
