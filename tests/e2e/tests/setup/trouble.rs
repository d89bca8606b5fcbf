//! What setup refuses, and what it undoes by itself.

use std::{fs, path::PathBuf, time::Duration};

use aisudo_e2e::{PATIENCE, agent, denied, eventually_within};
use aisudo_testbed::{BUILD, Output};
use rustix::process::{Pid, Signal, kill_process};

use crate::host::{Host, SETUP, changed, put, tree};

const SET_UP: [&str; 3] = ["--yes", "--agent-user", "agent"];

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Refused with this in its one line, and nothing was touched.
#[track_caller]
fn is_refused(host: &Host, arguments: &[&str], why: &str) -> Output {
    let before = [tree("/etc"), tree("/var")];
    let refused = host.setup(arguments);
    assert_eq!(refused.code(), Some(1), "{refused}");
    let said = refused.stderr.trim();
    assert!(
        said.contains(why) && said.contains("nothing was changed"),
        "{refused}"
    );
    assert!(!said.contains('\n'), "{refused}");
    let after = [tree("/etc"), tree("/var")];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(changed(before, after), [""; 0]);
    }
    refused
}

#[test]
fn a_module_that_sudo_could_not_load_or_others_could_change_is_refused() {
    let host = Host::new();
    let module = Host::module();
    let whole = fs::read(&module).unwrap();
    let mut other = whole.clone();
    // AArch64.
    other[18] = 183;
    fs::write(&module, &other).unwrap();
    is_refused(&host, &SET_UP, "is not for the machine that sudo is for");
    fs::write(&module, "").unwrap();
    is_refused(&host, &SET_UP, "is not for the machine that sudo is for");
    fs::write(&module, &whole).unwrap();
    host.root(&format!("chmod g+w {}", module.display()));
    is_refused(&host, &SET_UP, "can be written by others; run: chmod go-w");
    fs::remove_file(&module).unwrap();
    is_refused(&host, &SET_UP, "is not there; install aisudo's package");
}

#[test]
fn sudoers_that_is_broken_or_does_not_look_at_ours_is_refused() {
    let host = Host::new();
    let sudoers = fs::read_to_string("/etc/sudoers").unwrap();
    put("/etc/sudoers.d/broken", 0o440, "agent ALL=(ALL\n");
    is_refused(&host, &SET_UP, "sudoers: ");
    fs::remove_file("/etc/sudoers.d/broken").unwrap();
    put("/etc/sudoers", 0o440, &sudoers.replace("@includedir", "# "));
    is_refused(
        &host,
        &SET_UP,
        "/etc/sudoers does not include /etc/sudoers.d",
    );
    put("/etc/sudoers", 0o440, &sudoers);
    put("/etc/sudoers.d/aisudo", 0o440, "# by hand\n");
    is_refused(&host, &SET_UP, "is not of aisudo setup");
}

#[test]
fn users_that_cannot_be_gated_are_refused() {
    let host = Host::new();
    is_refused(
        &host,
        &["--yes", "--user", "nosuch"],
        "there is no user nosuch",
    );
    is_refused(
        &host,
        &["--yes", "--agent-user", "a b"],
        "cannot be written into sudoers",
    );
    let root = host.setup(&["--yes", "--user", "root"]);
    assert_eq!(root.code(), Some(1), "{root}");
    let program = format!("{BUILD}/aisudo");
    let other = host
        .world
        .run_as("other")
        .spawn([&program, "setup", "--yes"]);
    assert_eq!(other.wait(PATIENCE).code(), Some(4));
}

#[test]
fn a_configuration_that_the_daemon_could_not_read_is_refused() {
    let host = Host::new();
    fs::create_dir("/etc/aisudo").unwrap();
    put(
        "/etc/aisudo/aisudo.toml",
        0o644,
        "version = 1\n[gate]\ntimout = 5\n",
    );
    is_refused(&host, &SET_UP, "/etc/aisudo/aisudo.toml: line 3");
}

/// Everything as before, in /etc and in what runs.
#[track_caller]
fn is_rolled_back(host: &Host, why: &str) {
    let before = tree("/etc");
    let failed = host.setup(&SET_UP);
    assert_eq!(failed.code(), Some(1), "{failed}");
    let last = failed.stderr.lines().last().unwrap_or_default();
    assert!(last.contains(why), "{failed}");
    assert!(last.ends_with("; everything was rolled back"), "{failed}");
    assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
    assert_eq!(Host::daemon_pid(), None);
    host.owner_is_let_in();
}

#[test]
fn a_gate_that_sudo_goes_around_is_rolled_back() {
    let host = Host::new();
    put(
        "/etc/sudoers.d/zz",
        0o440,
        "Defaults:agent !authenticate, !pam_acct_mgmt\n",
    );
    is_rolled_back(&host, "a sudo of agent ran, and nobody was asked");
}

#[test]
fn a_module_that_is_none_is_rolled_back() {
    let host = Host::new();
    let libm = "/usr/lib/x86_64-linux-gnu/libm.so.6";
    host.root(&format!(
        "install -m 0644 {libm} {}",
        Host::module().display()
    ));
    is_rolled_back(&host, "a sudo of agent did not reach aisudo-daemon");
}

#[test]
fn a_daemon_that_does_not_start_is_rolled_back() {
    let host = Host::new();
    fs::create_dir("/etc/aisudo").unwrap();
    let config = "version = 1\n[channels.terminal]\ngroup = \"nosuch\"\n";
    put("/etc/aisudo/aisudo.toml", 0o644, config);
    is_rolled_back(&host, "aisudo-daemon does not answer");
}

/// The tree is as before, soon.
#[track_caller]
fn comes_back(before: &std::collections::BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>) {
    eventually_within(Duration::from_secs(30), "all is undone", || {
        !fs::exists("/var/backups/aisudo/run.json").unwrap()
            && changed(before, &tree("/etc")).is_empty()
    });
}

#[test]
fn a_setup_that_is_killed_while_it_waits_is_undone() {
    let host = Host::new();
    let before = tree("/etc");
    let setup = host.setup_typing(&SET_UP[1..]);
    let mut setup = setup;
    setup.type_in("y\n");
    setup.wait_for_stdout("unless you type: keep", SETUP);
    assert_ne!(changed(&before, &tree("/etc")), [""; 0]);
    kill(setup.pid());
    comes_back(&before);
    host.owner_is_let_in();
}

#[test]
fn a_setup_whose_terminal_goes_away_is_undone() {
    let host = Host::new();
    let before = tree("/etc");
    let program = format!("{BUILD}/aisudo");
    let words = [&program, "setup", "--agent-user", "agent"];
    let mut setup = host.world.run_as("root").cwd("/").with_tty().spawn(words);
    setup.wait_for_tty("Do this?", SETUP);
    setup.type_in("y\n");
    setup.wait_for_tty("unless you type: keep", SETUP);
    setup.hang_up();
    comes_back(&before);
    host.owner_is_let_in();
}

#[test]
fn what_nobody_keeps_is_undone() {
    let host = Host::new();
    let before = tree("/etc");
    let mut setup = host.setup_typing(&SET_UP[1..]);
    setup.type_in("y\n");
    setup.wait_for_stdout("unless you type: keep", SETUP);
    setup.type_in("kept\n");
    setup.close_stdin();
    let ended = setup.wait(SETUP);
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(
        ended.stderr.contains("everything was rolled back"),
        "{ended}"
    );
    assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
}

#[test]
fn when_time_is_up_all_is_undone() {
    let host = Host::new();
    let before = tree("/etc");
    let mut setup = host.setup_typing(&["--agent-user", "agent", "--keep-within", "5"]);
    setup.type_in("y\n");
    let ended = setup.wait(SETUP);
    assert_eq!(ended.code(), Some(1), "{ended}");
    assert!(
        ended
            .stderr
            .contains("time was up; everything was rolled back"),
        "{ended}"
    );
    assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
}

/// Its word is not needed: setup is stopped, and time goes on.
#[test]
fn a_setup_that_hangs_is_undone_when_time_is_up() {
    let host = Host::new();
    let before = tree("/etc");
    let mut setup = host.setup_typing(&["--agent-user", "agent", "--keep-within", "5"]);
    setup.type_in("y\n");
    setup.wait_for_stdout("unless you type: keep", SETUP);
    host.root(&format!("kill -STOP {}", setup.pid()));
    comes_back(&before);
    host.owner_is_let_in();
}

/// Sudo refuses everything if it cannot load a plugin.
#[test]
fn a_plugin_that_sudo_cannot_load_is_rolled_back() {
    let host = Host::new();
    let libm = "/usr/lib/x86_64-linux-gnu/libm.so.6";
    host.root(&format!(
        "install -m 0644 {libm} {}",
        Host::module().display()
    ));
    let before = tree("/etc");
    let failed = host.setup(&["--yes", "--agent-user", "agent", "--plugin"]);
    assert_eq!(failed.code(), Some(1), "{failed}");
    assert!(
        failed.stderr.contains("everything was rolled back"),
        "{failed}"
    );
    assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
    host.owner_is_let_in();
}

/// Wherever it is killed, the watchdog finds what was done.
#[test]
fn a_setup_that_is_killed_at_any_moment_is_undone() {
    let host = Host::new();
    let before = tree("/etc");
    for round in 0..24_u64 {
        let setup = host.setup_typing(&SET_UP);
        std::thread::sleep(Duration::from_millis(40 * round));
        kill(setup.pid());
        drop(setup);
        // Killed late, it was kept: then it is complete.
        let kept = || fs::exists("/var/backups/aisudo/manifest.json").unwrap();
        let undone = || {
            !fs::exists("/var/backups/aisudo/run.json").unwrap()
                && changed(&before, &tree("/etc")).is_empty()
        };
        eventually_within(Duration::from_secs(30), "kept or undone", || {
            kept() || undone()
        });
        if kept() {
            denied(&host.world, agent(&host.world).shell("sudo id -u"));
            host.setup(&["--yes", "--uninstall", "--purge"])
                .expect_success();
        }
        comes_back(&before);
        eventually_within(PATIENCE, "no daemon is left", || {
            Host::daemon_pid().is_none()
        });
    }
    host.owner_is_let_in();
}

/// The machine goes down: nobody is left to undo it.
#[test]
fn what_a_crash_cut_short_is_undone_by_the_next_run() {
    for next in [&["--yes", "--uninstall"][..], &SET_UP] {
        let host = Host::new();
        let before = tree("/etc");
        let mut setup = host.setup_typing(&SET_UP[1..]);
        setup.type_in("y\n");
        setup.wait_for_stdout("unless you type: keep", SETUP);
        // The watchdog first.
        host.root(&format!(
            "kill -9 $(pgrep -P {} -f -- 'setup --watchdog')",
            setup.pid()
        ));
        kill(setup.pid());
        drop(setup);
        assert_ne!(changed(&before, &tree("/etc")), [""; 0]);
        host.owner_is_let_in();
        host.setup(next).expect_success();
        if next == SET_UP {
            host.setup(&["--yes", "--uninstall", "--purge"])
                .expect_success();
        }
        assert_eq!(changed(&before, &tree("/etc")), [""; 0]);
    }
}
