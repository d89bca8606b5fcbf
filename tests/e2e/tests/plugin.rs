//! The approval plugin: what PAM does not see, or was told not to look at.

use std::{fs, os::unix::fs::PermissionsExt};

use aisudo_e2e::{PATIENCE, agent, approved, denied, entries, latest_request, ungated};
use aisudo_testbed::{
    AGENT_PASSWORD, DEFAULT_CONFIG, Daemon, OWNER_PASSWORD, Output, Run, Sudo, World, pam_text,
};

/// A world with the plugin, and the daemon running in it.
fn world() -> (World, Daemon) {
    let world = World::with_sudo(Sudo::Plugin);
    let daemon = world.start_daemon();
    (world, daemon)
}

/// Somebody took our module out of PAM.
fn without_the_module(world: &World) {
    for service in ["sudo", "sudo-i"] {
        world.pam(service, &ungated());
    }
}

/// One that can run, as root's.
fn program(path: &str, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Files of the agent's, who may change them.
fn agents_program(path: &str, text: &str) {
    program(path, text);
    std::os::unix::fs::chown(path, Some(7001), Some(7001)).unwrap();
}

#[track_caller]
fn ran(output: &Output) {
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(0), "ran\n"),
        "{output}"
    );
}

/// Nothing ran, standard output is clean, and one line says why.
#[track_caller]
fn refused(output: &Output, why: &str) {
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
    let ours: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("aisudo: ") && !line.contains("waiting for a person"))
        .collect();
    assert!(ours.iter().any(|line| line.contains(why)), "{output}");
}

/// What PAM was made to let through is asked about all the same, once for each run.
#[track_caller]
fn asked_by_the_plugin(world: &World, line: &str) {
    let before = entries(world, "requested").len();
    let no = denied(world, agent(world).shell(line));
    refused(&no, "denied by root");
    ran(&approved(world, agent(world).shell(line)));
    assert_eq!(entries(world, "requested").len(), before + 2, "{line}");
}

#[test]
fn a_pam_stack_without_the_module_is_no_way_round() {
    let (world, _daemon) = world();
    without_the_module(&world);
    for line in [
        "sudo echo ran",
        "sudo -n echo ran",
        "sudo -u agent echo ran",
    ] {
        asked_by_the_plugin(&world, line);
    }
}

#[test]
fn a01_a02_nor_are_nopasswd_and_a_live_ticket_where_sudoers_skips_the_account_phase() {
    let (world, _daemon) = world();
    world.sudoers("agent ALL=(ALL:ALL) NOPASSWD: ALL\nDefaults:agent !pam_acct_mgmt\n");
    asked_by_the_plugin(&world, "sudo echo ran");
    asked_by_the_plugin(&world, "sudo -i echo ran");

    world.sudoers(
        "agent ALL=(ALL:ALL) ALL\nDefaults:agent !pam_acct_mgmt, timestamp_timeout=15, timestamp_type=global\n",
    );
    aisudo_e2e::without_us(&world, || {
        agent(&world)
            .shell("sudo true")
            .wait(PATIENCE)
            .expect_success();
    });
    asked_by_the_plugin(&world, "sudo -n echo ran");
}

#[test]
fn a_no_that_a_pam_stack_ignores_is_still_a_no() {
    let (world, _daemon) = world();
    world.pam(
        "sudo",
        &pam_text(
            "auth optional /run/aisudo-build/pam_aisudo.so\nauth sufficient pam_permit.so\naccount sufficient pam_permit.so",
        ),
    );
    let no = denied(&world, agent(&world).shell("sudo echo ran"));
    refused(&no, "other PAM modules let it through");
    assert_eq!(entries(&world, "requested").len(), 1);
}

/// Each form is asked about once by the plugin alone, and shown as what it is.
#[test]
fn a05_each_form_is_known_to_the_plugin() {
    let (world, _daemon) = world();
    world.sudoers(
        "agent ALL=(ALL:ALL) NOPASSWD:SETENV: ALL\nDefaults:agent runcwd=*, runchroot=*\n",
    );
    without_the_module(&world);
    agents_program("/home/agent/x", "#!/bin/sh\npwd\n");
    let forms = [
        (
            "sudo -b echo 'a b'; sleep 0.5",
            "run",
            "/usr/bin/echo",
            "a b\n",
        ),
        ("sudo ./x", "run", "/home/agent/./x", "/home/agent\n"),
        ("sudo -D /etc pwd", "run", "/usr/bin/pwd", "/etc\n"),
        ("sudo -R / pwd", "run", "/usr/bin/pwd", "/\n"),
        (
            "sudo -s echo 'a  $x' '' ';'",
            "shell",
            "/bin/bash",
            "a   ;\n",
        ),
        ("sudo -s echo", "shell", "/bin/bash", "\n"),
        ("echo 'echo in' | sudo -s", "shell", "/bin/bash", "in\n"),
        ("sudo -i pwd", "login_shell", "/bin/bash", "/root\n"),
        ("echo 'id -u' | sudo -i", "login_shell", "/bin/bash", "0\n"),
        (
            "sudo -u other -i id -un",
            "login_shell",
            "/bin/bash",
            "other\n",
        ),
        ("sudo -g aisudo id -gn", "run", "/usr/bin/id", "aisudo\n"),
        ("sudo -u '#7002' id -un", "run", "/usr/bin/id", "other\n"),
        ("sudo A=b printenv A", "run", "/usr/bin/printenv", "b\n"),
        (
            "EDITOR='cat -n' sudoedit /etc/hostname",
            "edit",
            "",
            "     1\ttestbed\n",
        ),
        ("sudo -e /etc/hostname", "edit", "", "testbed\n"),
    ];
    for (index, (line, mode, program, stdout)) in forms.into_iter().enumerate() {
        let who = agent(&world).env("EDITOR", "/bin/cat");
        let yes = approved(&world, who.shell(line));
        assert_eq!(yes.stdout, stdout, "{line}: {yes}");
        assert_eq!(entries(&world, "requested").len(), index + 1, "{line}");
        let request = latest_request(&world);
        assert_eq!(request["call"]["mode"], mode, "{line}: {request}");
        assert_eq!(
            request["program"]["path"].as_str().unwrap_or(""),
            program,
            "{line}"
        );
    }
}

/// The yes of the PAM phases holds for every form, too: nothing that sudo makes of it looks like another command.
#[test]
fn a_yes_to_the_module_is_taken_by_the_plugin() {
    let (world, _daemon) = world();
    world.sudoers(
        "agent ALL=(ALL:ALL) ALL\nDefaults:agent timestamp_timeout=0, passwd_tries=1, noninteractive_auth, runcwd=*, runchroot=*\n",
    );
    // What sudo's own quoting makes of an empty word and of a newline is the same with and without us.
    // Another name of the same file than the search path finds.
    fs::create_dir("/run/bin").unwrap();
    std::os::unix::fs::symlink("/usr/bin/id", "/run/bin/id").unwrap();
    let lines = [
        ("sudo -D /etc pwd", "/etc\n"),
        ("sudo -R / -D /etc pwd", "/etc\n"),
        ("sudo -i -D /etc pwd", "/etc\n"),
        ("sudo -s -D /etc pwd", "/etc\n"),
        ("cd /etc; sudo -s pwd", "/etc\n"),
        ("sudo -P -H -u root -g root id -gn", "root\n"),
        ("sudo -nbk -u other -- id -un; sleep 0.5", "other\n"),
        ("sudo -u root sudo -u other id -un", "other\n"),
        ("cd /etc; sudo ../usr/bin/id -u", "0\n"),
        (
            "sudo -i -- printf %s, 'a b' '$HOME' '' '\\'",
            "a b,/root,\\,",
        ),
        ("sudo -s -- printf %s, $'a\\nb' '*' \"'\" é", "ab,*,',é,"),
        ("sudo -u other -i pwd", "/home/other\n"),
        ("sudo -u '#1' -g '#1' id -u", "1\n"),
        ("sudo /run/bin/id -u", "0\n"),
    ];
    for (index, (line, stdout)) in lines.into_iter().enumerate() {
        let yes = approved(&world, agent(&world).shell(line));
        assert_eq!(yes.stdout, stdout, "{line}: {yes}");
        assert_eq!(entries(&world, "requested").len(), index + 1, "{line}");
    }
    // sudoers names the file differently than the search path, by a pattern, too.
    for rule in ["/bin/id", "/bin/i?"] {
        world.sudoers(&format!(
            "agent ALL=(ALL:ALL) {rule}\nDefaults:agent timestamp_timeout=0, noninteractive_auth\n"
        ));
        let yes = approved(&world, agent(&world).shell("sudo id -u"));
        assert_eq!(yes.stdout, "0\n", "{rule}: {yes}");
    }
}

/// The plugin's question has sudo's own word, whatever has become of the command line.
#[test]
fn a18_a_comma_in_preserve_env_does_not_hide_the_command() {
    let (world, _daemon) = world();
    without_the_module(&world);
    let line = "A=1 B=2 sudo --preserve-env=A,B printenv A B";
    let yes = approved(&world, agent(&world).shell(line));
    assert_eq!(yes.stdout, "1\n2\n", "{yes}");
    let request = latest_request(&world);
    assert_eq!(request["call"]["argv"][0], "printenv", "{request}");
    assert_eq!(request["program"]["path"], "/usr/bin/printenv", "{request}");
}

/// Rules are narrow; what sudoers lets through beside them is seen here first.
#[test]
fn a26_a_rule_does_not_allow_what_sudoers_keeps_of_the_environment() {
    let (world, _daemon) = world();
    world.policy(
        "version = 1\n[[rule]]\nname = \"echo\"\neffect = \"allow\"\nuser = \"agent\"\nprogram = \"/usr/bin/echo\"\nargs = [\"ran\"]\n",
    );
    world.sudoers(&format!(
        "{}Defaults:agent env_keep+=PERL5LIB\n",
        aisudo_testbed::DEFAULT_SUDOERS
    ));
    ran(&agent(&world).shell("sudo echo ran").wait(PATIENCE));
    let line = "PERL5LIB=/tmp sudo echo ran";
    let no = agent(&world).shell(line).wait(PATIENCE);
    refused(&no, "sudoers keeps PERL5LIB");
    without_the_module(&world);
    ran(&agent(&world).shell("sudo echo ran").wait(PATIENCE));
    let no = agent(&world).shell(line).wait(PATIENCE);
    refused(&no, "sudoers keeps PERL5LIB");
    assert_eq!(entries(&world, "requested").len(), 0);
}

/// PAM's `account` has passed; then something that runs before the command changes it. (Without the plugin
/// the changed one runs: `account` is the module's last look.)
#[track_caller]
fn swapped_after_account(world: &World, swap: &str, line: &str, why: &str) {
    program("/run/swap", &format!("#!/bin/sh\n{swap}\n"));
    world.pam(
        "sudo",
        &pam_text(
            "auth [success=done ignore=ignore default=die] /run/aisudo-build/pam_aisudo.so
account required /run/aisudo-build/pam_aisudo.so
account required pam_exec.so /run/swap",
        ),
    );
    let no = approved(world, agent(world).shell(line));
    refused(&no, why);
    assert_eq!(
        entries(world, "released").len(),
        1,
        "PAM had let it through"
    );
}

#[test]
fn a23_a_script_swapped_between_pam_and_the_command_does_not_run() {
    let (world, _daemon) = world();
    agents_program("/home/agent/x", "#!/bin/sh\necho good\n");
    agents_program("/home/agent/evil", "#!/bin/sh\necho evil\n");
    let swap = "cp /home/agent/evil /home/agent/x";
    swapped_after_account(&world, swap, "sudo ./x", "/home/agent/./x changed");
}

#[test]
fn a24_a_directory_swapped_between_pam_and_the_command_does_not_run() {
    let (world, _daemon) = world();
    for name in ["good", "evil"] {
        fs::create_dir(format!("/home/agent/{name}")).unwrap();
        agents_program(
            &format!("/home/agent/{name}/x"),
            &format!("#!/bin/sh\necho {name}\n"),
        );
    }
    std::os::unix::fs::symlink("good", "/home/agent/link").unwrap();
    let swap = "ln -sfn evil /home/agent/link";
    swapped_after_account(&world, swap, "sudo link/x", "/home/agent/link/x changed");
}

#[test]
fn what_sudoers_makes_of_a_command_is_what_was_approved_or_does_not_run() {
    let (world, _daemon) = world();
    let defaults = "Defaults:agent timestamp_timeout=0, noninteractive_auth";
    for (rule, why) in [
        ("agent ALL=(ALL:ALL) CWD=/etc ALL\n", "it would run in /etc"),
        (
            "agent ALL=(ALL:ALL) CHROOT=/ ALL\n",
            "its root directory would be /",
        ),
        (
            "agent ALL=(ALL:ALL) ALL\nDefaults:agent runas_default=other\n",
            "it would run as other (-u other says so)",
        ),
    ] {
        world.sudoers(&format!("{rule}{defaults}\n"));
        let no = approved(&world, agent(&world).shell("sudo echo ran"));
        refused(&no, why);
    }
    let yes = approved(&world, agent(&world).shell("sudo -u other echo ran"));
    ran(&yes);
}

#[test]
fn root_and_an_owner_with_a_password_notice_nothing() {
    let (world, _daemon) = world();
    ran(&world.run_as("root").shell("sudo echo ran").wait(PATIENCE));
    let owner = world
        .run_as("owner")
        .stdin(format!("{OWNER_PASSWORD}\n"))
        .shell("sudo -S echo ran")
        .wait(PATIENCE);
    ran(&owner);
    // Also where PAM does not call the module: root gates the agent alone.
    without_the_module(&world);
    ran(&world.run_as("owner").shell("sudo echo ran").wait(PATIENCE));
    assert_eq!(entries(&world, "requested").len(), 0);
}

/// The line of whoever knows the password, to both of the sudos.
fn with_password(run: &Run, password: &str) -> Output {
    run.clone()
        .stdin(format!("{password}\n"))
        .shell("sudo -S echo ran")
        .wait(PATIENCE)
}

#[test]
fn a06_without_the_daemon_a_password_counts_where_pam_asked_for_it() {
    let world = World::with_sudo(Sudo::Plugin);
    ran(&with_password(&agent(&world), AGENT_PASSWORD));
    without_the_module(&world);
    let no = agent(&world).shell("sudo echo ran").wait(PATIENCE);
    refused(&no, "no password counts");
    refused(&no, "unreachable: ");
}

#[test]
fn a09_i9_a_broken_configuration_leaves_the_owner_their_password() {
    let world = World::with_sudo(Sudo::Plugin);
    world.config("version = 1\nbroken");
    ran(&with_password(&world.run_as("owner"), OWNER_PASSWORD));
    ran(&world.run_as("root").shell("sudo echo ran").wait(PATIENCE));
    // Nobody was asked for a password, and who is gated is not known.
    without_the_module(&world);
    for user in ["owner", "agent"] {
        let no = world.run_as(user).shell("sudo echo ran").wait(PATIENCE);
        refused(&no, "no password counts");
    }
}

/// The reason why the plugin's line is root's choice: without its file there is no sudo at all.
#[test]
fn i9_a_missing_plugin_locks_everybody_out() {
    let world = World::with_sudo(Sudo::Plugin);
    fs::remove_file("/run/aisudo-build/pam_aisudo.so").unwrap();
    for user in ["root", "owner", "agent"] {
        let no = with_password(&world.run_as(user), OWNER_PASSWORD);
        assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""), "{no}");
        assert!(no.stderr.contains("pam_aisudo.so"), "{no}");
    }
    // Root takes out the line; a module that is missing is no such thing, with the PAM lines of setup.
    world.sudo_conf("");
    without_the_module(&world);
    ran(&world.run_as("root").shell("sudo echo ran").wait(PATIENCE));
}

#[test]
fn the_plugins_options_are_the_modules() {
    let (world, _daemon) = world();
    world.plugin(&["debug"]);
    let no = approved(&world, agent(&world).shell("sudo echo ran"));
    refused(
        &no,
        "the plugin's line in sudo.conf has an option that is not root=DIR",
    );
}

#[test]
fn sudo_names_the_plugin_among_its_versions() {
    let (world, _daemon) = world();
    let version = world
        .run_as("agent")
        .shell("sudo -V")
        .wait(PATIENCE)
        .expect_success();
    let line = format!(
        "aisudo approval plugin version {}\n",
        env!("CARGO_PKG_VERSION")
    );
    assert!(version.stdout.contains(&line), "{version}");
}

/// sudoers under which sudo asks its plugins about what a command starts, too.
fn intercepting(options: &str) -> String {
    let usual = aisudo_testbed::DEFAULT_SUDOERS;
    format!("{usual}Defaults:agent intercept, intercept_type=dso{options}\n")
}

/// Under `intercept`, what an approved command starts is a question of its own: one yes is good for one command.
#[test]
fn each_command_that_an_intercepted_one_starts_is_a_question_of_its_own() {
    let (world, _daemon) = world();
    world.sudoers(&intercepting(""));
    let sudo = agent(&world).shell("sudo sh -c '/bin/echo one; /bin/echo two; :'");
    for (words, verdict) in [
        (
            vec!["sh", "-c", "/bin/echo one; /bin/echo two; :"],
            "approve",
        ),
        (vec!["/bin/echo", "one"], "approve"),
        (vec!["/bin/echo", "two"], "deny"),
    ] {
        let code = world.wait_for_request();
        let request = latest_request(&world);
        assert_eq!(
            request["call"]["argv"],
            serde_json::json!(words),
            "{request}"
        );
        world.approver([verdict, &code]).expect_success();
    }
    let output = sudo.wait(PATIENCE);
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(0), "one\n"),
        "{output}"
    );
    assert_eq!(entries(&world, "requested").len(), 3);
}

/// PAM is called for it as well, and knows the yes to the first command: it counts for nothing else. (sudo 1.9.13
/// gets as far as the plugin's question, which nobody answers here; 1.9.16 stops before.)
#[test]
fn nor_does_what_an_intercepted_command_starts_run_on_the_yes_that_pam_remembers() {
    let (world, _daemon) = world();
    world.config(&DEFAULT_CONFIG.replace("timeout = 20", "timeout = 5"));
    world.sudoers(&intercepting(", intercept_authenticate"));
    let line = "sudo sh -c '/bin/echo one; :'";
    let output = approved(&world, agent(&world).shell(line));
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(0), ""),
        "{output}"
    );
    assert_eq!(entries(&world, "approved").len(), 1);
}

/// The configuration is not ours: the plugin reads it where its line says.
#[test]
fn the_plugin_reads_what_lies_below_its_root() {
    let (world, _daemon) = world();
    without_the_module(&world);
    world.plugin(&["root=/run/elsewhere"]);
    fs::create_dir_all("/run/elsewhere/etc/aisudo").unwrap();
    fs::write(
        "/run/elsewhere/etc/aisudo/aisudo.toml",
        DEFAULT_CONFIG.replace("\"agent\"", "\"other\""),
    )
    .unwrap();
    ran(&agent(&world).shell("sudo echo ran").wait(PATIENCE));
    assert_eq!(entries(&world, "requested").len(), 0);
}
