//! A decision counts once (a29, I1, I3), and is not lost over a restart of either side.

use aisudo_e2e::{audit, entries};

use crate::phone::{Phone, end, nothing_ran, ran};

/// How often something of this kind is in the audit log.
fn count(phone: &Phone, event: &str) -> usize {
    entries(&phone.world, event).len()
}

#[test]
fn a29_an_answer_that_is_delivered_twice_counts_once() {
    let phone = Phone::new();
    phone.sim.faults(|faults| faults.twice = true);
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
    phone.becomes(&question, "RAN");
    phone.sim.flush();
    let sent = phone.sim.sent();
    assert!(
        !sent.iter().any(|message| message.text.contains("is over")),
        "the owner is not told that their answer came late: {sent:?}"
    );
    assert_eq!(
        (count(&phone, "approved"), count(&phone, "released")),
        (1, 1)
    );
}

#[test]
fn a29_yes_in_every_way_at_once_is_one_yes() {
    let phone = Phone::plan()
        .signal("accept = { reply = true, reaction = true, poll = true }")
        .start();
    let (sudo, question) = phone.asked("sudo echo ran");
    let poll = phone.sim.wait_for_message(|message| message.poll.is_some());
    phone.approve(&question);
    phone.sim.vote(&phone.owner, poll.timestamp, 0);
    phone.sim.quote(&phone.owner, question.timestamp, "yes");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
    phone.becomes(&question, "RAN");
    assert_eq!(
        (count(&phone, "approved"), count(&phone, "released")),
        (1, 1)
    );
}

#[test]
fn a29_yes_here_and_no_at_the_terminal_have_one_outcome() {
    let phone = Phone::new();
    for round in 0..6 {
        let (sudo, question) = phone.asked(&format!("sudo echo {round}"));
        phone.approve(&question);
        if round % 2 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(round));
        }
        let terminal = phone.world.aisudo("owner", ["deny", &question.code]);
        let done = end(sudo);
        if terminal.code() == Some(0) {
            assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
            phone.becomes(&question, "DENIED");
        } else {
            assert_eq!(done.stdout, format!("{round}\n"), "{done}");
            phone.becomes(&question, "RAN");
        }
    }
    assert_eq!(count(&phone, "approved") + count(&phone, "denied"), 6);
    assert_eq!(count(&phone, "approved"), count(&phone, "released"));
}

#[test]
fn a29_the_first_of_two_answers_is_final() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .reply(&phone.owner, &format!("no {} first", question.code));
    phone.approve(&question);
    assert!(nothing_ran(sudo).stderr.contains("first"));
    phone.becomes(&question, "DENIED by owner: first");
    assert_eq!(count(&phone, "approved"), 0);
}

#[test]
fn a29_old_answers_after_a_restart_decide_nothing() {
    let mut phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let yes = format!("yes {}", question.code);
    let answered = phone.sim.reply(&phone.owner, &yes);
    ran(sudo);
    phone.becomes(&question, "RAN");
    phone.daemon.terminate();
    phone.restart_daemon();
    let (sudo, next) = phone.asked("sudo echo more");
    // As it was, and anew.
    phone.sim.from(&phone.owner).at(answered).text(&yes);
    phone.sim.reply(&phone.owner, &yes);
    phone.approve(&question);
    phone.help(&question.code);
    phone.undecided(&next);
    assert_eq!(
        (count(&phone, "approved"), count(&phone, "released")),
        (1, 1)
    );
    phone.world.approver(["deny", &next.code]).expect_success();
    nothing_ran(sudo);
}

#[test]
fn a_question_of_before_a_restart_is_answered_after_it() {
    let mut phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.is_remembered(&question);
    phone.daemon.kill9();
    phone.restart_daemon();
    assert_eq!(phone.world.wait_for_request(), question.code);
    phone.approve(&question);
    ran(sudo);
    phone.becomes(&question, "RAN");
    assert_eq!(phone.questions(), 1, "and not asked again");
}

#[test]
fn an_answer_while_the_daemon_is_away_waits_and_counts() {
    let mut phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.is_remembered(&question);
    phone.sim.flush();
    phone.daemon.terminate();
    phone.sim.wait_until_alone();
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    assert_eq!(phone.sim.undelivered(), 1);
    phone.restart_daemon();
    ran(sudo);
    phone.becomes(&question, "RAN");
    assert_eq!(
        (count(&phone, "approved"), count(&phone, "released")),
        (1, 1)
    );
}

#[test]
fn a_question_whose_sudo_is_gone_when_the_daemon_comes_back_is_closed() {
    let plan = Phone::plan().replace("timeout = 20", "timeout = 5");
    let mut phone = plan.start();
    let (sudo, question) = phone.asked("exec sudo touch /tmp/ran");
    phone.is_remembered(&question);
    phone.daemon.kill9();
    sudo.signal(aisudo_testbed::Signal::KILL);
    assert_ne!(end(sudo).code(), Some(0));
    phone.restart_daemon();
    phone.becomes(&question, "nothing was run");
}

#[test]
fn each_message_that_asked_is_in_the_log_with_its_timestamp() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    ran(sudo);
    phone.becomes(&question, "RAN");
    let prompted = entries(&phone.world, "prompted").remove(0);
    assert_eq!(prompted["reference"], question.timestamp);
    assert_eq!(prompted["address"], phone.owner.aci.to_string());
    assert_eq!(prompted["approver"], "owner");
    let events: Vec<String> = audit(&phone.world)
        .iter()
        .filter(|entry| entry["id"] == prompted["id"])
        .map(|entry| entry["event"].as_str().unwrap_or_default().to_owned())
        .collect();
    let order: Vec<&str> = events.iter().map(String::as_str).collect();
    assert!(
        order.starts_with(&["requested", "prompted", "approved", "released"]),
        "{order:?}"
    );
    phone.world.approver(["audit", "verify"]).expect_success();
}
