//! From a host without Signal to an approved command, in root's words.

use std::time::Duration;

use aisudo_e2e::PATIENCE;
use aisudo_testbed::{BUILD, DEFAULT_CONFIG};

use crate::phone::{Phone, nothing_ran, ran};

#[test]
fn root_pairs_with_the_owners_phone_and_the_owner_approves() {
    let mut phone = Phone::plan().unconnected().start();
    phone.daemon.terminate();
    phone.world.config(DEFAULT_CONFIG);
    std::fs::remove_file("/etc/aisudo/approvers.toml").unwrap();

    let aisudo = format!("{BUILD}/aisudo");
    let setup = [
        aisudo.as_str(),
        "signal",
        "setup",
        "--yes",
        "--connect",
        "unix:/run/signal/socket",
        "--account",
        "+15550001111",
        "--own-number",
        "--name",
        "owner",
        "--to",
        &phone.owner.number,
        "--languages",
        "en",
    ];
    let setup = phone.world.run_as("root").spawn(setup);
    setup.wait_for_stdout("with this code:", PATIENCE);
    phone.sim.wait_for_messages(1);
    let shown = || {
        let said = setup.stdout();
        let after = said
            .split("with this code:")
            .nth(1)?
            .trim_start()
            .to_owned();
        let line = after.lines().next().filter(|_| after.contains('\n'))?;
        Some(line.trim().to_owned())
    };
    aisudo_e2e::eventually("the code stands on the terminal", || shown().is_some());
    let code = shown().expect("a code");
    phone.sim.reply(&phone.owner, &code);
    setup.wait(PATIENCE).expect_success();

    phone.restart_daemon();
    phone.wait_for_status("1 approver");
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    ran(sudo);
    phone.becomes(&question, "RAN, approved by owner");
}

#[test]
fn who_was_removed_is_not_heard_any_more() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .world
        .approver(["signal", "remove", "owner", "--yes"])
        .expect_success();
    phone.approve(&question);
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    phone.sim.flush();
    std::thread::sleep(Duration::from_millis(300));
    phone.undecided(&question);
    phone
        .world
        .approver(["deny", &question.code])
        .expect_success();
    nothing_ran(sudo);
}
