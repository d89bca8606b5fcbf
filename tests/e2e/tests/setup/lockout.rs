//! After setup, whatever breaks: the owner's sudo works with their password, and the agent gets
//! nothing that nobody approved (I9).

use std::fs;

use aisudo_e2e::{PATIENCE, agent, denied};
use aisudo_testbed::Signal;
use rustix::process::{Pid, kill_process};

use crate::host::{Host, PAM, put};

fn set_up() -> Host {
    let host = Host::new();
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    denied(&host.world, agent(&host.world).shell("sudo id -u"));
    host
}

/// It is broken now, in this way.
#[track_caller]
fn nobody_is_locked_out(host: &Host) {
    host.owner_is_let_in();
    for line in ["sudo -n id -u", "sudo id -u"] {
        let ran = agent(&host.world).shell(line).wait(PATIENCE);
        assert_eq!((ran.code(), ran.stdout.as_str()), (Some(1), ""), "{ran}");
    }
    // And the way back is open.
    host.setup(&["--yes", "--uninstall"]).expect_success();
    assert_eq!(fs::read_to_string("/etc/pam.d/sudo").unwrap(), PAM);
    host.owner_is_let_in();
}

fn signal_daemon(signal: Signal) {
    let pid = Host::daemon_pid().and_then(Pid::from_raw).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn i9_lockout_missing_module() {
    let host = set_up();
    fs::remove_file(Host::module()).unwrap();
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_module_of_another_machine() {
    let host = set_up();
    let mut module = fs::read(Host::module()).unwrap();
    module[18] = 183;
    // As a package manager does it: beside it, and then in its place.
    let beside = Host::module().with_extension("so.new");
    fs::write(&beside, module).unwrap();
    fs::rename(beside, Host::module()).unwrap();
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_module_that_nobody_may_read() {
    let host = set_up();
    fs::remove_file(Host::module()).unwrap();
    fs::create_dir(Host::module()).unwrap();
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_bad_config() {
    for bad in ["version = 1\n[gate]\ntimout = 3\n", "\0", "version = 7\n"] {
        let host = set_up();
        put("/etc/aisudo/aisudo.toml", 0o644, bad);
        nobody_is_locked_out(&host);
    }
    let host = set_up();
    fs::remove_dir_all("/etc/aisudo").unwrap();
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_dead_daemon() {
    let host = set_up();
    signal_daemon(Signal::KILL);
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_hanging_daemon() {
    let host = set_up();
    signal_daemon(Signal::STOP);
    host.owner_is_let_in();
    signal_daemon(Signal::CONT);
    nobody_is_locked_out(&host);
}

#[test]
fn i9_lockout_full_disk() {
    let host = Host::new();
    host.root("mkdir /var/lib/aisudo && mount -t tmpfs -o size=1m none /var/lib/aisudo && chown aisudo: /var/lib/aisudo && chmod 0700 /var/lib/aisudo");
    host.setup(&["--yes", "--agent-user", "agent"])
        .expect_success();
    host.root("cat /dev/zero > /var/lib/aisudo/filler || true; df /var/lib/aisudo");
    nobody_is_locked_out(&host);
}

/// Nothing can be written where setup keeps its records: then nothing is changed, either.
#[test]
fn i9_lockout_full_disk_before_setup() {
    let host = Host::new();
    host.root("mkdir -p /var/backups/aisudo && mount -t tmpfs -o size=64k none /var/backups/aisudo && chmod 0700 /var/backups/aisudo && (cat /dev/zero > /var/backups/aisudo/filler || true)");
    let failed = host.setup(&["--yes", "--agent-user", "agent"]);
    assert_eq!(failed.code(), Some(1), "{failed}");
    assert!(failed.stderr.contains("nothing was changed"), "{failed}");
    assert_eq!(fs::read_to_string("/etc/pam.d/sudo").unwrap(), PAM);
    assert!(!fs::exists("/etc/aisudo").unwrap());
    host.owner_is_let_in();
}

/// In the middle of an upgrade: the next module has its temporary name, the daemon is gone, and the
/// configuration is the next version's.
#[test]
fn i9_lockout_half_upgraded() {
    let host = set_up();
    fs::rename(Host::module(), Host::module().with_extension("so.dpkg-new")).unwrap();
    signal_daemon(Signal::TERM);
    let config = fs::read_to_string("/etc/aisudo/aisudo.toml").unwrap();
    put(
        "/etc/aisudo/aisudo.toml",
        0o644,
        &format!("{config}\n[next]\nx = 1\n"),
    );
    nobody_is_locked_out(&host);

    // The files are new, and the daemon is still the old one, or there is none.
    let host = set_up();
    host.install_module();
    host.owner_is_let_in();
    put(
        "/etc/aisudo/aisudo.toml",
        0o644,
        &format!("{config}\n[next]\nx = 1\n"),
    );
    nobody_is_locked_out(&host);
}
