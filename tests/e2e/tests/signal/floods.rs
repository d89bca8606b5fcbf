//! Many requests are few messages (a21).

use std::time::Duration;

use aisudo_e2e::{agent, entries};
use aisudo_signal_sim::Message;
use aisudo_testbed::{AGENT_PASSWORD, Running};

use crate::phone::{Phone, end};

/// So many different commands at once.
fn flood(phone: &Phone, count: usize) -> Vec<Running> {
    (0..count)
        .map(|n| agent(&phone.world).spawn(["sudo", "echo", &n.to_string()]))
        .collect()
}

#[test]
fn a21_a_flood_of_requests_is_few_messages() {
    let phone = Phone::plan().signal("messages_per_minute = 12").start();
    let sudos = flood(&phone, 30);
    phone.world.wait_for_requests(5);
    phone.sim.wait_for_messages(1);
    std::thread::sleep(Duration::from_secs(2));
    let sent = phone.sim.sent().len();
    assert!(sent <= 13, "{sent} messages in the first seconds");
    drop(sudos);
}

#[test]
fn a21_the_same_again_and_again_is_one_message() {
    let phone = Phone::new();
    // As it takes in life: what comes meanwhile goes together.
    phone
        .sim
        .faults(|faults| faults.latency = Duration::from_millis(600));
    let first = phone.ask("sudo echo ran");
    phone.question();
    let more: Vec<Running> = (0..4).map(|_| phone.ask("sudo echo ran")).collect();
    phone.world.wait_for_requests(5);
    phone.sim.wait_for_messages(2);
    std::thread::sleep(Duration::from_millis(800));
    let sent = phone.sim.sent();
    assert_eq!(phone.questions(), 2, "{sent:?}");
    for code in phone.world.pending() {
        let named = |message: &&Message| message.text.contains(&code);
        assert_eq!(sent.iter().filter(named).count(), 1, "{code}");
    }
    drop((first, more));
}

#[test]
fn a21_after_a_flood_there_is_room_for_a_question() {
    let phone = Phone::plan().signal("messages_per_minute = 12").start();
    // Wrong answers and their help do not use up what questions need.
    for n in 0..40 {
        phone.sim.reply(&phone.owner, &format!("yes {n:05}"));
    }
    phone.sim.flush();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    assert_eq!(end(sudo).stdout, "ran\n");
}

/// What the budget of messages does not let through in time is not left to expire unseen.
#[test]
fn a21_more_than_may_be_sent_meets_the_fallback() {
    let phone = Phone::plan()
        .only_signal()
        .signal("messages_per_minute = 1")
        .start();
    let (first, question) = phone.asked("sudo echo one");
    let second = agent(&phone.world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo two")
        .wait(Duration::from_secs(12));
    assert_eq!(second.stdout, "two\n", "{second}");
    assert!(second.stderr.contains("messages_per_minute"), "{second}");
    assert_eq!(phone.questions(), 1);
    phone.approve(&question);
    assert_eq!(end(first).stdout, "one\n");
}

#[test]
fn a21_strangers_cause_no_messages_and_few_lines_in_the_log() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    for n in 0..200_u128 {
        let mut stranger = aisudo_signal_sim::Person::new(2);
        stranger.aci = serde_json::from_value(uuid(n).into()).expect("a uuid");
        phone
            .sim
            .reply(&stranger, &format!("yes {}", question.code));
    }
    phone.settle();
    phone.undecided(&question);
    let owner = [phone.owner.aci.to_string()];
    assert!(
        phone
            .sim
            .sent()
            .iter()
            .all(|message| message.recipients == owner)
    );
    assert!(entries(&phone.world, "decision_refused").len() <= 60);
    drop(sudo);
}

fn uuid(n: u128) -> String {
    format!("22222222-2222-4222-8222-{n:012x}")
}
