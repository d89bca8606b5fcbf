//! Each form of sudo: asked exactly once, runs once when approved, not at all when denied, and what
//! the command writes arrives as if we were not there.

use aisudo_e2e::{PATIENCE, agent, approved, denied, entries, latest_request, without_us};
use aisudo_testbed::{Run, Sudo, World};

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

/// What sudo-rs 0.2.5 (Debian 13) has no option for, or says is not implemented: it never comes to PAM.
const NOT_IN_SUDO_RS: [&str; 4] = [
    "sudo -b echo x; sleep 0.5",
    "SUDO_ASKPASS=/bin/false sudo -A echo x",
    "sudo -C 4 echo x",
    "EDITOR=/bin/cat sudo -e /etc/hostname",
];

/// Edited by the C sudo and by sudo-rs from 0.2.8 on; before, sudo-rs takes the file for a command. Who
/// cannot know which it is in cannot show what would be done.
const DOUBTFUL_IN_SUDO_RS: &str = "EDITOR=/bin/cat sudoedit /etc/hostname";

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
    let mut released = 0;
    for form in FORMS {
        if world.sudo_kind() == Sudo::Rs && is_told_apart_from_sudo_rs(&world, &who, form.line) {
            asked += usize::from(form.line == DOUBTFUL_IN_SUDO_RS);
            assert_eq!(entries(&world, "requested").len(), asked, "{}", form.line);
            continue;
        }
        let line = match (world.sudo_kind(), form.line) {
            // It takes any ticket of its parent's for enough there, of whatever age. A ticket that is no
            // good for a command is all that is gained by it (a01).
            (Sudo::Rs, "sudo -v") => "sudo -k -v",
            (_, line) => line,
        };
        let form = &Form { line, ..*form };
        let plain = without_us(&world, || who(&world).shell(form.line).wait(PATIENCE));

        let yes = approved(&world, who(&world).shell(form.line));
        assert_eq!(yes.stdout, plain.stdout, "{}: {yes}", form.line);
        assert_eq!(yes.code(), plain.code(), "{}: {yes}", form.line);
        asked += 1;
        released += 1;
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
        assert_eq!(entries(&world, "released").len(), released, "{}", form.line);

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

/// Whether it is one of the forms that sudo-rs does not have, or that nobody can read for it; they are tried.
fn is_told_apart_from_sudo_rs(world: &World, who: impl Fn(&World) -> Run, line: &str) -> bool {
    let run = || who(world).shell(line).wait(PATIENCE);
    if NOT_IN_SUDO_RS.contains(&line) {
        for ran in [run(), without_us(world, run)] {
            assert_eq!(ran.stdout, "", "{line}: {ran}");
            let says = ["invalid option provided", "not yet been implemented"];
            assert!(says.iter().any(|text| ran.stderr.contains(text)), "{ran}");
        }
        return true;
    }
    if line == DOUBTFUL_IN_SUDO_RS {
        let ran = without_us(world, run);
        let executed = ["not found", "cannot execute"];
        assert!(
            executed.iter().any(|text| ran.stderr.contains(text)),
            "run, not edited: {ran}"
        );
        let ran = denied(world, who(world).shell(line));
        assert_eq!((ran.code(), ran.stdout.as_str()), (Some(1), ""), "{ran}");
        // A person sees the bare words, and that they could not be read.
        let request = latest_request(world);
        assert!(request["call"].is_null(), "{request}");
        assert!(request["unreadable"].is_string(), "{request}");
        return true;
    }
    false
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

/// Who has just been approved has a ticket, and could make it new.
#[test]
fn a01_a_ticket_that_was_made_new_is_none_for_a_command() {
    let (world, _daemon) = aisudo_e2e::world();
    let first = "sudo true";
    let then = "sudo -v; sudo -n echo ran; true";
    let sudo = agent(&world).shell(&format!("{first}; {then}"));
    let code = world.wait_for_request();
    world.approver(["approve", &code]).expect_success();
    // sudo-rs 0.2.5 does not ask about -v itself when there is any ticket.
    if world.sudo_kind() != Sudo::Rs {
        let code = world.wait_for_request();
        world.approver(["approve", &code]).expect_success();
    }
    let code = world.wait_for_request();
    assert_eq!(latest_request(&world)["call"]["mode"], "run");
    world.approver(["deny", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "");
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
    if world.sudo_kind() == Sudo::Rs {
        // 0.2.5 knows no such setting, and asks PAM all the same.
        let no = denied(&world, agent(&world).shell("sudo -n echo ran"));
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
        let yes = approved(&world, agent(&world).shell("sudo -n echo ran"));
        assert_eq!(yes.stdout, "ran\n", "{yes}");
        return;
    }
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
    // sudo-rs 0.2.5 has one service for all.
    let service = match world.sudo_kind() {
        Sudo::Rs => "sudo",
        Sudo::C | Sudo::Plugin => "sudo-i",
    };
    assert_eq!(request["sudo"]["service"], service);
    if world.sudo_kind() == Sudo::Rs {
        // It does not tell which shell it starts.
        assert_eq!(request["program"]["found"], "unknown");
    } else {
        assert_eq!(request["program"]["path"], "/bin/bash");
        assert_eq!(request["program"]["found"], "sudo");
    }
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
    person.wait_for_tty("assword", PATIENCE);
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
