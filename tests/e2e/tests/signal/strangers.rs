//! Those who are not the owner (a10, a12): strangers, look-alikes, the account itself, another key.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aisudo_e2e::{entries, eventually};
use aisudo_signal_sim::Person;

use crate::phone::{Phone, Question, nothing_ran, ran};

/// Somebody who is not the owner says yes in each way there is.
fn says_yes(phone: &Phone, person: &Person, question: &Question) {
    let sim = &phone.sim;
    sim.reply(person, &format!("yes {}", question.code));
    sim.quote(person, question.timestamp, "yes");
    sim.react(person, question.timestamp, "👍", false);
    sim.vote(person, question.timestamp, 0);
}

#[test]
fn a12_a_stranger_is_not_heard_and_hears_nothing() {
    let phone = Phone::new();
    let stranger = Person::new(2);
    let (sudo, question) = phone.asked("sudo echo ran");
    says_yes(&phone, &stranger, &question);
    phone.settle();
    phone.undecided(&question);
    let to_stranger = |message: &aisudo_signal_sim::Message| {
        message.recipients.contains(&stranger.aci.to_string())
    };
    assert!(
        !phone.sim.sent().iter().any(to_stranger),
        "nothing is said to strangers"
    );
    let refusals = phone.refusals();
    let (who, why) = refusals.first().expect("the attempt is in the log");
    assert!(who.contains(&stranger.aci.to_string()), "{who}");
    assert!(why.contains("no approver"), "{why}");
    phone.approve(&question);
    ran(sudo);
}

#[test]
fn a12_a_look_alike_with_the_owners_number_and_name_is_a_stranger() {
    let phone = Phone::new();
    let mut double = Person::new(3);
    double.number.clone_from(&phone.owner.number);
    double.name.clone_from(&phone.owner.name);
    double.username.clone_from(&phone.owner.username);
    double.shows_number = true;
    let (sudo, question) = phone.asked("sudo echo ran");
    says_yes(&phone, &double, &question);
    phone.settle();
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn a12_the_account_that_asks_does_not_answer() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    says_yes(&phone, &phone.sim.owner(), &question);
    // As from another device of that account: to itself, and to the owner.
    let yes = format!("yes {}", question.code);
    phone.sim.from_owner().text(&yes);
    phone.sim.from_owner().to(&phone.owner).text(&yes);
    phone
        .sim
        .from_owner()
        .to(&phone.owner)
        .react(question.timestamp, "👍", false);
    phone.settle();
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn a12_the_account_that_asks_does_not_answer_even_if_it_is_listed() {
    let phone = Phone::new();
    phone.pin_also(&phone.sim.owner());
    let (sudo, question) = phone.asked("sudo echo ran");
    let yes = format!("yes {}", question.code);
    // Perhaps it was asked, too.
    std::thread::sleep(std::time::Duration::from_millis(200));
    says_yes(&phone, &phone.sim.owner(), &question);
    phone.sim.from_owner().text(&yes);
    for message in phone.sim.sent() {
        phone.sim.from_owner().react(message.timestamp, "👍", false);
        phone.sim.from_owner().quote(message.timestamp, "yes");
    }
    phone.settle();
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn a12_what_is_said_in_a_group_does_not_count() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let group = || phone.sim.from(&phone.owner).in_group("R1JPVVA=");
    group().text(&format!("yes {}", question.code));
    group().quote(question.timestamp, "yes");
    group().react(question.timestamp, "👍", false);
    phone.settle();
    phone.undecided(&question);
    assert!(
        phone
            .refusals()
            .iter()
            .any(|(_, why)| why.contains("group")),
        "{:?}",
        phone.refusals()
    );
    drop(sudo);
}

#[test]
fn a12_a_changed_key_suspends_the_approver_until_root_trusts_it_again() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let new = phone.sim.change_key(&phone.owner);
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    phone.wait_for_state("suspended: untrusted");
    assert!(
        phone.status().contains("owner is suspended"),
        "{}",
        phone.status()
    );
    phone.undecided(&question);
    // signal-cli trusts it: what was withheld arrives, and is not believed.
    phone.sim.trust(&phone.owner);
    phone.sim.flush();
    std::thread::sleep(std::time::Duration::from_millis(300));
    phone.undecided(&question);
    phone
        .world
        .approver(["deny", &question.code])
        .expect_success();
    nothing_ran(sudo);
    // Root trusts it, too, from now on.
    let now = phone.sim.reply(&phone.owner, "hello");
    let trust = ["signal", "trust", "owner", "--yes"];
    let trusted = phone.world.approver(trust).expect_success();
    assert!(
        trusted
            .stdout
            .replace(' ', "")
            .contains(&new.replace(' ', "")),
        "{trusted}"
    );
    eventually("the approver is back", || {
        !phone.status().contains("suspended")
    });
    let (sudo, question) = phone.asked("sudo -n echo ran");
    phone
        .sim
        .from(&phone.owner)
        .received_at(now - 1)
        .text(&format!("yes {}", question.code));
    phone.sim.flush();
    std::thread::sleep(std::time::Duration::from_millis(300));
    phone.undecided(&question);
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
}

#[test]
fn a12_a_key_that_signal_cli_was_told_to_trust_always_is_not_trusted_here() {
    let phone = Phone::plan().sim(|sim| sim.trusts_new_keys()).start();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.change_key(&phone.owner);
    says_yes(&phone, &phone.owner, &question);
    phone.wait_for_state("suspended: untrusted");
    phone.undecided(&question);
    assert_eq!(entries(&phone.world, "approved").len(), 0);
    drop(sudo);
}

#[test]
fn a12_what_is_asked_is_not_told_to_a_changed_key() {
    let phone = Phone::plan().sim(|sim| sim.trusts_new_keys()).start();
    phone.sim.change_key(&phone.owner);
    let sudo = phone.ask("sudo echo secret");
    let code = phone.world.wait_for_request();
    phone.wait_for_state("suspended: untrusted");
    assert!(phone.sim.sent().is_empty(), "{:?}", phone.sim.sent());
    phone.world.approver(["deny", &code]).expect_success();
    nothing_ran(sudo);
}

/// The outcome holds the request, too.
#[test]
fn a12_what_became_of_it_is_not_told_to_a_changed_key() {
    let phone = Phone::plan().sim(|sim| sim.trusts_new_keys()).start();
    let (sudo, question) = phone.asked("sudo echo secret");
    phone.is_remembered(&question);
    phone.sim.change_key(&phone.owner);
    phone
        .world
        .approver(["deny", &question.code])
        .expect_success();
    nothing_ran(sudo);
    phone.wait_for_state("suspended: untrusted");
    assert_eq!(phone.sim.sent().len(), 1, "{:?}", phone.sim.sent());
}

/// Not only everybody: one gated user in the socket's group is enough to edit what is asked.
#[test]
fn a10_a_socket_that_a_gated_user_can_use_is_refused() {
    let phone = Phone::new();
    std::os::unix::fs::chown("/run/signal/socket", None, Some(7001)).expect("give it to agent");
    phone.sim.close_connections();
    phone.wait_for_status("agent can connect to /run/signal/socket");
    std::os::unix::fs::chown("/run/signal/socket", Some(7001), Some(7099)).expect("and wholly");
    phone.wait_for_status("agent can connect to /run/signal/socket");
    std::os::unix::fs::chown("/run/signal/socket", Some(0), Some(7099)).expect("take it back");
    phone.wait_for_status("connected to signal-cli");
}

#[test]
fn a10_a_socket_that_a_gated_group_can_use_is_refused() {
    let phone = Phone::plan()
        .replace("user = \"agent\"", "group = \"agent\"")
        .start();
    std::os::unix::fs::chown("/run/signal/socket", None, Some(7001)).expect("give it to agent");
    phone.sim.close_connections();
    phone.wait_for_status("a member of agent can connect to /run/signal/socket");
}

#[test]
fn a10_signal_cli_of_a_gated_user_is_not_believed() {
    // uid 7001 is the agent.
    let phone = Phone::plan()
        .sim(|sim| sim.socket_uid(7001))
        .unconnected()
        .start();
    phone.wait_for_status("agent can connect to /run/signal/socket");
    // The file looks innocent; the kernel knows who listens.
    std::os::unix::fs::chown("/run/signal/socket", Some(0), None).expect("hide it");
    phone.wait_for_status("agent is asked for by aisudo");
    let sudo = phone.ask("sudo echo ran");
    let code = phone.world.wait_for_request();
    assert_eq!(phone.sim.sent().len(), 0, "and it is told nothing");
    phone.world.approver(["approve", &code]).expect_success();
    ran(sudo);
}

#[test]
fn a10_a_socket_that_everybody_can_use_is_not_used() {
    let phone = Phone::plan().mode(0o666).unconnected().start();
    phone.wait_for_status("any user of this host can connect to /run/signal/socket");
    assert_eq!(phone.sim.calls().len(), 0);
    fs::set_permissions("/run/signal/socket", fs::Permissions::from_mode(0o660)).unwrap();
    phone.wait_for_status("connected to signal-cli");
}
