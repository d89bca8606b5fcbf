//! The real module under OpenPAM's rules, as macOS has them: `auth` alone, no brackets, other numbers.
//!
//! OpenPAM itself is in no registry. `tests/openpam/` stands in for it: what its manual pages and its
//! behaviour say, in C of our own, with a process that does what macOS's sudo does.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use aisudo_e2e::{PATIENCE, audit, latest_request};
use aisudo_testbed::{Output, Running, World};

/// Where the world has all of it.
const PLACE: &str = "/run/openpam";

/// As docs/macos.md tells a Mac's owner to write it.
const SUDO_LOCAL: &str = "\
auth binding   /run/openpam/pam_aisudo.so
auth requisite /run/openpam/pam_aisudo.so
";

/// As macOS has it, with one module in place of two that ask for a password.
const SUDO: &str = "\
# sudo: auth account password session
auth     include  sudo_local
auth     required /run/openpam/password.so
account  required /run/openpam/password.so
password required /run/openpam/password.so
session  required /run/openpam/password.so
";

/// A world whose sudo is OpenPAM's.
fn world() -> World {
    let world = World::new();
    fs::create_dir(PLACE).unwrap();
    fs::set_permissions(PLACE, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(
        "/run/aisudo-build/pam_aisudo.so",
        in_place("pam_aisudo.so.2"),
    )
    .unwrap();
    let map = source("openpam.map");
    let map = format!("-Wl,-soname,libpam.so.0,--version-script={map}");
    compile(&["-shared", "-fPIC", &map], "openpam.c", "libpam.so.0");
    symlink("libpam.so.0", in_place("libpam.so")).unwrap();
    compile(&["-shared", "-fPIC"], "password.c", "password.so.2");
    let run_path = format!("-Wl,-rpath,{PLACE}");
    compile(&["-L", PLACE, &run_path, "-lpam"], "sudo.c", "sudo");
    world.pam("sudo", SUDO);
    world.pam("sudo_local", SUDO_LOCAL);
    world.pam(
        "other",
        "auth required /run/openpam/password.so 9\naccount required /run/openpam/password.so\nsession required /run/openpam/password.so\npassword required /run/openpam/password.so\n",
    );
    world
}

fn in_place(name: &str) -> String {
    format!("{PLACE}/{name}")
}

fn source(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../openpam")
        .join(name)
        .to_str()
        .unwrap()
        .to_owned()
}

fn compile(flags: &[&str], from: &str, to: &str) {
    let output = Command::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-o"])
        .args([in_place(to), source(from)])
        .args(flags)
        .output()
        .expect("a C compiler; cargo xtask test installs it");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `sudo id -u`, as the agent.
fn sudo(world: &World) -> Running {
    world
        .run_as("root")
        .spawn_as("sudo", [&in_place("sudo"), "id", "-u"])
}

#[track_caller]
fn lines(output: &Output, expected: &[&str]) {
    let said: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(said, expected, "{output}");
}

#[test]
fn a_yes_lets_the_command_run_and_no_password_is_asked_for() {
    let world = world();
    let _daemon = world.start_daemon();
    let sudo = sudo(&world);
    let code = world.wait_for_request();
    world.approver(["approve", &code]).expect_success();
    let output = sudo.wait(PATIENCE).expect_success();
    lines(
        &output,
        &["start 0", "auth 0", "the command runs", "given back 1"],
    );
    assert!(output.stderr.contains("approved by root"), "{output}");
    let request = latest_request(&world);
    assert_eq!(request["call"]["argv"], serde_json::json!(["id", "-u"]));
    assert_eq!(request["requester"]["name"], "agent");
    assert_eq!(request["sudo"]["service"], "sudo");
}

#[test]
fn a_no_ends_the_chain_at_once_and_nothing_is_asked_twice() {
    let world = world();
    let _daemon = world.start_daemon();
    let sudo = sudo(&world);
    let code = world.wait_for_request();
    world
        .approver(["deny", &code, "--reason", "not today"])
        .expect_success();
    let output = sudo.wait(PATIENCE).expect_code(1);
    // Two values: the second line looks at the verdict of the first, and leaves it anew.
    lines(&output, &["start 0", "auth 26", "given back 2"]);
    assert_eq!(output.stderr.matches("not today").count(), 1, "{output}");
    let asked = audit(&world);
    let asked = asked.iter().filter(|entry| entry["event"] == "requested");
    assert_eq!(asked.count(), 1);
}

/// Why docs/macos.md has two lines: after `binding` alone a no stays a no, but the rest of the chain runs.
#[test]
fn a_no_under_binding_alone_cannot_be_made_good_by_a_password() {
    let world = world();
    world.pam("sudo_local", "auth binding /run/openpam/pam_aisudo.so\n");
    let _daemon = world.start_daemon();
    let sudo = sudo(&world);
    let code = world.wait_for_request();
    world.approver(["deny", &code]).expect_success();
    let output = sudo.wait(PATIENCE).expect_code(1);
    lines(&output, &["start 0", "password", "auth 26", "given back 1"]);
}

/// Why it does not say `sufficient`.
#[test]
fn sufficient_would_let_a_password_overrule_a_no() {
    let world = world();
    world.pam("sudo_local", "auth sufficient /run/openpam/pam_aisudo.so\n");
    let _daemon = world.start_daemon();
    let sudo = sudo(&world);
    let code = world.wait_for_request();
    world.approver(["deny", &code]).expect_success();
    let output = sudo.wait(PATIENCE);
    assert!(output.stdout.contains("password\nauth 0\nthe command runs"));
}

#[test]
fn i9_without_a_daemon_the_password_is_asked_for() {
    let world = world();
    let output = sudo(&world).wait(PATIENCE).expect_success();
    lines(
        &output,
        &[
            "start 0",
            "password",
            "auth 0",
            "the command runs",
            "given back 2",
        ],
    );
    world.pam("sudo", &SUDO.replace("password.so\na", "password.so 9\na"));
    let output = sudo(&world).wait(PATIENCE).expect_code(1);
    assert!(output.stdout.contains("password\nauth 9\n"), "{output}");
}

#[test]
fn i9_a_broken_configuration_and_one_who_is_not_gated_meet_the_password() {
    let world = world();
    world.config("version = 7");
    let output = sudo(&world).wait(PATIENCE).expect_success();
    assert!(output.stdout.contains("password\nauth 0\n"), "{output}");
    world.config("version = 1");
    let output = sudo(&world).wait(PATIENCE).expect_success();
    assert!(output.stdout.contains("password\nauth 0\n"), "{output}");
    assert_eq!(output.stderr, "");
}

#[test]
fn a_mistake_in_the_policy_file_lets_nothing_through() {
    let world = world();
    let _daemon = world.start_daemon();
    world.pam(
        "sudo_local",
        "auth binding /run/openpam/pam_aisudo.so debug\n",
    );
    let output = sudo(&world).wait(PATIENCE).expect_code(1);
    assert!(output.stdout.contains("auth 26\n"), "{output}");
    // Linux's way to write it is none here: sudo does not start.
    world.pam(
        "sudo_local",
        "auth [success=done default=die] /run/openpam/pam_aisudo.so\n",
    );
    let output = sudo(&world).wait(PATIENCE).expect_code(1);
    assert!(output.stdout.starts_with("start 4\n"), "{output}");
}

/// The approval is looked at again in `auth` itself, since there is no `account` to do it.
#[test]
fn auth_alone_sees_a_file_that_was_changed_after_the_question() {
    let world = world();
    let _daemon = world.start_daemon();
    let script = "/home/agent/script.sh";
    fs::write(script, "#!/bin/sh\necho good\n").unwrap();
    std::os::unix::fs::chown(script, Some(7001), Some(7001)).unwrap();
    let sudo = world
        .run_as("root")
        .spawn_as("sudo", [&in_place("sudo"), "/bin/sh", script]);
    let code = world.wait_for_request();
    fs::write(script, "#!/bin/sh\necho evil\n").unwrap();
    world.approver(["approve", &code]).expect_success();
    let output = sudo.wait(PATIENCE).expect_code(1);
    assert!(output.stdout.contains("auth 26\n"), "{output}");
    assert!(!output.stdout.contains("the command runs"), "{output}");
}

#[test]
fn where_there_is_account_it_agrees_and_does_not_ask_again() {
    let world = world();
    let _daemon = world.start_daemon();
    world.pam(
        "sudo",
        &SUDO.replace(
            "account  required",
            "account  required /run/openpam/pam_aisudo.so\naccount required",
        ),
    );
    let sudo = world
        .run_as("root")
        .env("STUB_ACCOUNT", "1")
        .spawn_as("sudo", [&in_place("sudo"), "id"]);
    let code = world.wait_for_request();
    world.approver(["approve", &code]).expect_success();
    let output = sudo.wait(PATIENCE).expect_success();
    lines(
        &output,
        &[
            "start 0",
            "auth 0",
            "account 0",
            "the command runs",
            "given back 2",
        ],
    );
}

#[test]
fn a_module_that_others_can_write_is_not_loaded() {
    let world = world();
    fs::set_permissions(PLACE, fs::Permissions::from_mode(0o775)).unwrap();
    let output = sudo(&world).wait(PATIENCE).expect_code(1);
    assert!(output.stdout.starts_with("start 4\n"), "{output}");
    assert!(
        output
            .stderr
            .contains("/run/openpam can be written by others"),
        "{output}"
    );
}
