//! Each way to reach signal-cli, and each way of having an account.

use aisudo_e2e::entries;
use aisudo_signal_sim::{Endpoint, Person, ReceiveMode, Sim};

use crate::phone::{OWN, Phone, Question, nothing_ran, ran};

/// Asks and answers in both ways, and sees what becomes of it.
fn works(phone: &Phone) {
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    ran(sudo);
    phone.becomes(&question, "RAN");
    let (sudo, question) = phone.asked("sudo printf 'ran\\n'");
    phone
        .sim
        .reply(&phone.owner, &format!("no {} thanks", question.code));
    assert!(nothing_ran(sudo).stderr.contains("thanks"));
    phone.becomes(&question, "DENIED");
}

#[test]
fn over_tcp() {
    works(
        &Phone::plan()
            .endpoint(Endpoint::Tcp)
            .signal("port_is_closed_to_others = true")
            .start(),
    );
}

#[test]
fn over_http() {
    works(
        &Phone::plan()
            .endpoint(Endpoint::Http)
            .signal("port_is_closed_to_others = true")
            .start(),
    );
}

#[test]
fn over_http_the_stream_comes_back() {
    let phone = Phone::plan()
        .endpoint(Endpoint::Http)
        .signal("port_is_closed_to_others = true")
        .start();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.close_connections();
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
}

#[test]
fn where_messages_must_be_subscribed_to() {
    works(
        &Phone::plan()
            .sim(|sim| sim.receive(ReceiveMode::Manual))
            .signal("receive = \"manual\"")
            .start(),
    );
}

#[test]
fn where_everything_comes_in_both_shapes() {
    // Subscribed although signal-cli receives by itself.
    works(&Phone::plan().signal("receive = \"manual\"").start());
}

#[test]
fn where_signal_cli_receives_from_its_start() {
    works(
        &Phone::plan()
            .sim(|sim| sim.receive(ReceiveMode::OnStart))
            .signal("receive = \"on-start\"")
            .start(),
    );
}

#[test]
fn where_signal_cli_serves_several_accounts() {
    let phone = Phone::plan().sim(|sim| sim.account("+15550001112")).start();
    works(&phone);
    assert!(
        phone
            .sim
            .sent()
            .iter()
            .all(|message| message.account == OWN)
    );
    // What is written to the other account is not for us.
    let (sudo, question) = phone.asked("sudo echo more");
    phone
        .sim
        .from(&phone.owner)
        .to_account("+15550001112")
        .text(&format!("yes {}", question.code));
    phone.settle();
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn an_account_that_signal_cli_does_not_have_is_named() {
    let phone = Phone::plan()
        .sim(|_| {
            Sim::builder()
                .account("+15550001113")
                .account("+15550001112")
                .person(&Person::new(1))
        })
        .unconnected()
        .start();
    phone.wait_for_status(OWN);
}

/// The owner answers in their own notes.
fn note(phone: &Phone, question: &Question) {
    phone.sim.note_to_self(&format!("yes {}", question.code));
}

#[test]
fn note_to_self_asks_and_hears_in_the_owners_own_notes() {
    let phone = Phone::plan().note_to_self().start();
    let (sudo, question) = phone.asked("sudo echo ran");
    assert!(question.message.note_to_self);
    note(&phone, &question);
    ran(sudo);
    phone.becomes(&question, "RAN");
    let evidence = entries(&phone.world, "approved").remove(0)["decision"]["evidence"].clone();
    assert_eq!(evidence["sender"], phone.owner.aci.to_string());
    let (sudo, question) = phone.asked("sudo printf 'ran\\n'");
    phone
        .sim
        .from_owner()
        .react(question.timestamp, "👍", false);
    ran(sudo);
    let (sudo, question) = phone.asked("sudo -n echo ran");
    phone
        .sim
        .from_owner()
        .quote(question.timestamp, "no thanks");
    assert!(nothing_ran(sudo).stderr.contains("thanks"));
}

#[test]
fn note_to_self_has_polls() {
    let phone = Phone::plan()
        .note_to_self()
        .signal("accept = { reply = true, reaction = true, poll = true }")
        .start();
    let (sudo, _) = phone.asked("sudo echo ran");
    let poll = phone.sim.wait_for_message(|message| message.poll.is_some());
    phone.sim.from_owner().vote(poll.timestamp, &[0]);
    ran(sudo);
}

#[test]
fn a12_in_note_to_self_only_the_owners_own_notes_count() {
    let phone = Phone::plan().note_to_self().start();
    let stranger = Person::new(2);
    let (sudo, question) = phone.asked("sudo echo ran");
    let yes = format!("yes {}", question.code);
    let sim = &phone.sim;
    // Written by the owner, but to somebody else, or in a group: perhaps by mistake.
    sim.from_owner().to(&stranger).text(&yes);
    sim.from_owner().in_group("R1JPVVA=").text(&yes);
    sim.from_owner().edit(7, &yes);
    // Not by the owner; not even by another approver, as only the owner was asked.
    phone.pin_also(&stranger);
    sim.reply(&stranger, &yes);
    sim.react(&stranger, question.timestamp, "👍", false);
    // From the account's number, but not from one of its devices.
    sim.reply(&phone.sim.owner(), &yes);
    sim.flush();
    std::thread::sleep(std::time::Duration::from_millis(300));
    phone.undecided(&question);
    note(&phone, &question);
    ran(sudo);
}
