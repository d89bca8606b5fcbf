//! End to end: Debian's setuid sudo, real PAM, the real module, daemon and command, in a private
//! world. Each attack test is named after its row; each invariant has its own.
//!
//! Here is what the stories share.

use std::fs;
use std::time::{Duration, Instant};

use aisudo_testbed::{Daemon, Output, Run, Running, World};
use serde_json::Value;

/// How long one sudo may take, with the answer to it.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A world with the daemon running in it.
#[must_use]
pub fn world() -> (World, Daemon) {
    let world = World::new();
    let daemon = world.start_daemon();
    (world, daemon)
}

/// `sudo` as the agent, without a terminal.
#[must_use]
pub fn agent(world: &World) -> Run {
    world.run_as("agent")
}

/// Approves the one request that waits, and waits for sudo's end.
#[track_caller]
pub fn approved(world: &World, sudo: Running) -> Output {
    let code = world.wait_for_request();
    world.approver(["approve", &code]).expect_success();
    sudo.wait(PATIENCE)
}

/// Denies the one request that waits, and waits for sudo's end.
#[track_caller]
pub fn denied(world: &World, sudo: Running) -> Output {
    let code = world.wait_for_request();
    world.approver(["deny", &code]).expect_success();
    sudo.wait(PATIENCE)
}

/// The audit log, oldest first.
#[track_caller]
pub fn audit(world: &World) -> Vec<Value> {
    let export = world.approver(["audit", "export", "-"]).expect_success();
    export
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// The entries of one kind.
#[track_caller]
pub fn entries(world: &World, event: &str) -> Vec<Value> {
    audit(world)
        .into_iter()
        .filter(|entry| entry["event"] == event)
        .collect()
}

/// The facts of the latest request.
#[track_caller]
pub fn latest_request(world: &World) -> Value {
    entries(world, "requested")
        .pop()
        .expect("something was requested")["request"]
        .clone()
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    eventually_within(PATIENCE, what, condition);
}

/// The same, for what takes longer.
#[track_caller]
pub fn eventually_within(patience: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < patience,
            "{what}: not within {patience:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A PAM stack that lets everybody in, and does not call us.
#[must_use]
pub fn ungated() -> String {
    aisudo_testbed::pam_text("auth sufficient pam_permit.so\naccount sufficient pam_permit.so")
}

/// Runs `story` with a sudo as it is without us: neither its PAM services nor its plugins are ours. Then all is
/// put back.
pub fn without_us<T>(world: &World, story: impl FnOnce() -> T) -> T {
    let read = |path| fs::read_to_string(path).expect("a file of the world");
    let services = ["sudo", "sudo-i"];
    let ours = services.map(|service| read(format!("/etc/pam.d/{service}")));
    let conf = read("/etc/sudo.conf".to_owned());
    for service in services {
        world.pam(service, &ungated());
    }
    world.sudo_conf("");
    let told = story();
    for (service, text) in services.iter().zip(ours) {
        world.pam(service, &text);
    }
    world.sudo_conf(&conf);
    told
}
