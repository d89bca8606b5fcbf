//! What setup does when all goes well.

use std::fs;

use aisudo_e2e::{PATIENCE, agent, approved, denied};
use aisudo_testbed::BUILD;

use crate::host::{Host, PAM, SETUP, changed, put, tree};

/// The two agree on what is good.
#[test]
fn doctor_finds_nothing_to_mend_in_what_setup_leaves() {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    let doctor = |arguments: &[&str]| {
        let program = format!("{BUILD}/aisudo");
        let words = [&[program.as_str(), "doctor"], arguments].concat();
        host.world.run_as("root").spawn(words).wait(PATIENCE)
    };
    let done = doctor(&[]);
    assert!(done.stdout.starts_with("all 101 checks passed"), "{done}");
    assert_eq!(done.code(), Some(0), "{done}");

    host.setup(&["--yes", "--uninstall"]).expect_success();
    let done = doctor(&["--json"]);
    assert_eq!(done.code(), Some(1), "{done}");
    assert!(done.stdout.contains("\"pam.auth_missing\""), "{done}");
}

#[test]
fn from_nothing_to_a_gated_sudo_and_back() {
    let host = Host::new();
    let before = tree("/etc");
    host.owner_is_let_in();

    let done = host.setup(&["--yes", "--agent-user", "agent"]);
    let done = done.expect_success();
    for line in [
        "--- /etc/pam.d/sudo\n+++ /etc/pam.d/sudo\n@@ -3,6 +3,10 @@\n",
        ": stops agent, and aisudo-daemon is asked\n",
        "  sudo of owner is as it was\n",
    ] {
        assert!(done.stdout.contains(line), "{line}{done}");
    }
    assert_eq!(
        changed(&before, &tree("/etc")),
        [
            "/etc/aisudo",
            "/etc/aisudo/aisudo.toml",
            "/etc/pam.d/sudo",
            "/etc/pam.d/sudo-i",
            "/etc/sudoers.d/aisudo",
        ]
    );
    let yes = approved(&host.world, agent(&host.world).shell("sudo id -u"));
    assert_eq!(yes.expect_success().stdout, "0\n");
    let no = denied(&host.world, agent(&host.world).shell("sudo id -g"));
    assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""));
    let interactive = approved(&host.world, agent(&host.world).shell("sudo -i id -u"));
    assert_eq!(interactive.expect_success().stdout, "0\n");
    host.owner_is_let_in();

    host.setup(&["--yes", "--uninstall"]).expect_success();
    let left = ["/etc/aisudo", "/etc/aisudo/aisudo.toml"];
    assert_eq!(changed(&before, &tree("/etc")), left);
    host.setup(&["--yes", "--uninstall", "--purge"])
        .expect_success();
    assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
    for gone in ["/var/lib/aisudo", "/var/backups/aisudo", "/run/aisudo"] {
        assert!(!fs::exists(gone).unwrap(), "{gone}");
    }
    assert_eq!(Host::daemon_pid(), None);
    host.owner_is_let_in();
}

#[test]
fn a_dry_run_shows_all_and_changes_nothing() {
    let host = Host::new();
    let before = [tree("/etc"), tree("/var"), tree("/run/aisudo")];
    for arguments in [
        &["--dry-run", "--yes", "--agent-user", "robot", "--plugin"][..],
        &["--dry-run", "--yes"],
        &["--dry-run", "--uninstall"],
    ] {
        let shown = host.setup(arguments).expect_success();
        assert!(shown.stdout.contains("nothing was changed"), "{shown}");
    }
    let shown = host.setup(&["--dry-run", "--agent-user", "robot"]);
    assert!(
        shown.stdout.contains("+robot ALL=(ALL:ALL) ALL\n"),
        "{shown}"
    );
    assert!(shown.stdout.contains("  make the user robot"), "{shown}");
    let after = [tree("/etc"), tree("/var"), tree("/run/aisudo")];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(changed(before, after), [""; 0]);
    }
}

#[test]
fn a_second_setup_changes_nothing_and_another_user_joins() {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    let once = [tree("/etc"), tree("/var/backups")];
    let again = host.setup(&["--yes", "--agent-user", "agent"]);
    assert!(
        again
            .expect_success()
            .stdout
            .contains("nothing was changed")
    );
    assert_eq!(changed(&once[0], &tree("/etc")), [""; 0]);
    assert_eq!(changed(&once[1], &tree("/var/backups")), [""; 0]);

    host.setup(&["--yes", "--user", "owner", "--unattended"])
        .expect_success();
    let drop_in = fs::read_to_string("/etc/sudoers.d/aisudo").unwrap();
    for line in ["Defaults:agent ", "agent ALL=", "Defaults:owner "] {
        assert!(drop_in.contains(line), "{drop_in}");
    }
    host.setup(&["--yes", "--uninstall", "--purge"])
        .expect_success();
    assert_eq!(fs::read_to_string("/etc/pam.d/sudo").unwrap(), PAM);
    assert!(!fs::exists("/etc/sudoers.d/aisudo").unwrap());
}

/// The owner sets it up by their own sudo, for an agent that works as them.
#[test]
fn an_owner_is_asked_for_without_a_terminal_and_gives_a_password_at_one() {
    let host = Host::new();
    host.owners_sudo(&format!("{BUILD}/aisudo setup --yes --unattended"))
        .expect_success();
    let yes = approved(
        &host.world,
        host.world.run_as("owner").shell("sudo -n id -u"),
    );
    assert_eq!(yes.expect_success().stdout, "0\n");
    let no = denied(&host.world, host.world.run_as("owner").shell("sudo id -u"));
    assert_eq!(no.code(), Some(1), "{no}");

    let mut sudo = host.world.run_as("owner").with_tty().shell("sudo id -u");
    sudo.wait_for_tty("password for owner", PATIENCE);
    sudo.type_in("owner-password\n");
    sudo.wait_for_tty("\n0", PATIENCE);
    assert_eq!(sudo.wait(PATIENCE).code(), Some(0));
    assert!(host.world.pending().is_empty());
}

#[test]
fn an_agent_that_is_not_there_is_made_without_a_password() {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "robot"])
        .expect_success();
    let shadow = fs::read_to_string("/etc/shadow").unwrap();
    let robot = shadow.lines().find(|line| line.starts_with("robot:"));
    assert!(robot.unwrap().starts_with("robot:!:"), "{shadow}");
    let line = "setsid --wait setpriv --reuid robot --regid robot --init-groups sudo id -u";
    let sudo = host.world.run_as("root").cwd("/").shell(line);
    assert_eq!(approved(&host.world, sudo).expect_success().stdout, "0\n");
    let undone = host.setup(&["--yes", "--uninstall", "--purge"]);
    assert!(undone.expect_success().stdout.contains("userdel -r robot"));
    host.root("id robot && ls -d /home/robot");
}

#[test]
fn a_person_is_told_what_the_modes_mean_and_keeps_what_works() {
    let host = Host::new();
    let mut setup = host.setup_typing(&[]);
    setup.wait_for_stdout("It stops an honest agent, not a cunning one.", SETUP);
    setup.type_in("agent\n");
    setup.wait_for_stdout("What is the agent's user called?", SETUP);
    setup.type_in("agent\n");
    setup.wait_for_stdout("Do this? [Y/n]", SETUP);
    setup.type_in("y\n");
    setup.wait_for_stdout("unless you type: keep", SETUP);
    let yes = approved(&host.world, agent(&host.world).shell("sudo id -u"));
    yes.expect_success();
    setup.type_in("keep\n");
    let done = setup.wait(SETUP).expect_success();
    assert!(done.stdout.contains("Kept."), "{done}");
    denied(&host.world, agent(&host.world).shell("sudo id -u"));
}

#[test]
fn what_was_edited_since_keeps_its_edits() {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    for path in ["/etc/pam.d/sudo", "/etc/sudoers.d/aisudo"] {
        let text = fs::read_to_string(path).unwrap();
        let mode = if path.contains("sudoers") {
            0o440
        } else {
            0o644
        };
        put(path, mode, &format!("{text}# mine\n"));
    }
    let undone = host.setup(&["--yes", "--uninstall"]).expect_success();
    assert!(undone.stdout.contains("only aisudo's lines"), "{undone}");
    assert_eq!(
        fs::read_to_string("/etc/pam.d/sudo").unwrap(),
        format!("{PAM}# mine\n")
    );
    assert_eq!(fs::read_to_string("/etc/pam.d/sudo-i").unwrap(), PAM);
    assert_eq!(
        fs::read_to_string("/etc/sudoers.d/aisudo").unwrap(),
        "# mine\n"
    );
    host.root("/usr/sbin/visudo -c");
    host.owner_is_let_in();
}

/// As a package's removal finds it when its record is gone.
#[test]
fn without_a_record_all_that_is_in_sudos_way_goes() {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    fs::remove_dir_all("/var/backups/aisudo").unwrap();
    host.setup(&["--yes", "--uninstall"]).expect_success();
    for service in ["sudo", "sudo-i"] {
        let text = fs::read_to_string(format!("/etc/pam.d/{service}")).unwrap();
        assert_eq!(text, PAM);
    }
    assert!(!fs::exists("/etc/sudoers.d/aisudo").unwrap());
    host.owner_is_let_in();
}

/// The plugin holds where PAM's files were changed after setup.
#[test]
fn with_the_plugin_an_edited_pam_file_lets_nothing_by() {
    let host = Host::new();
    let before = fs::read_to_string("/etc/sudo.conf").unwrap();
    host.setup(&["--yes", "--agent-user", "agent", "--plugin"])
        .expect_success();
    let conf = fs::read_to_string("/etc/sudo.conf").unwrap();
    let line = format!("\nPlugin aisudo_approval {}\n", Host::module().display());
    assert!(conf.starts_with(&before) && conf.contains(&line), "{conf}");
    host.owner_is_let_in();
    approved(&host.world, agent(&host.world).shell("sudo id -u")).expect_success();

    for service in ["sudo", "sudo-i"] {
        host.world.pam(service, &aisudo_e2e::ungated());
    }
    let ran = denied(&host.world, agent(&host.world).shell("sudo id -u"));
    assert_eq!((ran.code(), ran.stdout.as_str()), (Some(1), ""), "{ran}");
    host.setup(&["--yes", "--uninstall"]).expect_success();
    assert_eq!(fs::read_to_string("/etc/sudo.conf").unwrap(), before);
}
