//! The question's place says what became of it, and answers that do not count get one helpful line.

use std::time::Duration;

use aisudo_e2e::{entries, eventually};
use aisudo_testbed::Signal;

use crate::phone::{Phone, end, nothing_ran, ran};

#[test]
fn silence_is_no_and_the_message_says_so() {
    let phone = Phone::plan().replace("timeout = 20", "timeout = 5").start();
    let (sudo, question) = phone.asked("sudo echo ran");
    nothing_ran(sudo);
    let text = phone.becomes(&question, "EXPIRED");
    assert!(text.contains("nothing was run"), "{text}");
    assert!(
        text.contains("echo ran"),
        "the question can still be read: {text}"
    );
    phone.approve(&question);
    let help = phone.help(&question.code);
    assert!(help.text.contains("EXPIRED"), "{}", help.text);
    assert_eq!(entries(&phone.world, "approved").len(), 0);
}

#[test]
fn a_killed_sudo_withdraws_the_question() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("exec sudo touch /tmp/ran");
    sudo.signal(Signal::TERM);
    phone.becomes(&question, "CANCELLED, nothing was run");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    let help = phone.help(&question.code);
    assert!(help.text.contains("CANCELLED"), "{}", help.text);
    assert_ne!(end(sudo).code(), Some(0));
    assert!(!std::path::Path::new("/tmp/ran").exists());
}

#[test]
fn a_question_that_is_over_before_signal_cli_has_confirmed_it_says_so_too() {
    let phone = Phone::new();
    phone
        .sim
        .faults(|faults| faults.latency = Duration::from_millis(800));
    let sudo = phone.ask("exec sudo echo ran");
    phone.world.wait_for_request();
    let sent = phone.sim.wait_for_message(|_| true);
    sudo.signal(Signal::TERM);
    phone
        .sim
        .wait_for_text(sent.timestamp, |text| text.contains("CANCELLED"));
    drop(sudo);
}

#[test]
fn what_was_decided_elsewhere_is_said_here() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .world
        .aisudo("owner", ["approve", &question.code])
        .expect_success();
    ran(sudo);
    phone.becomes(&question, "RAN, approved by owner");
    let (sudo, question) = phone.asked("sudo echo again");
    phone
        .world
        .aisudo("owner", ["deny", &question.code, "--reason", "not now"])
        .expect_success();
    nothing_ran(sudo);
    phone.becomes(&question, "DENIED by owner");
}

#[test]
fn help_is_one_line_and_rare() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let before = phone.sim.sent().len();
    for _ in 0..10 {
        phone.sim.reply(&phone.owner, "yes 9ZZZZ");
    }
    let help = phone.help("9ZZZZ");
    assert!(
        help.text.contains(&question.code),
        "says what waits: {}",
        help.text
    );
    assert_eq!(help.text.lines().count(), 1);
    assert_eq!(help.recipients, [phone.owner.aci.to_string()]);
    phone
        .sim
        .reply(&phone.owner, &format!("no {}", question.code));
    nothing_ran(sudo);
    phone.becomes(&question, "DENIED");
    std::thread::sleep(Duration::from_millis(200));
    let helps = phone.sim.sent().len() - before - 1;
    assert_eq!(helps, 1, "ten wrong answers, one line");
}

#[test]
fn what_is_no_clear_answer_decides_nothing() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let code = &question.code;
    for text in [
        format!("{code}?"),
        format!("yes and no {code}"),
        format!("don't approve {code}"),
        format!("no problem {code}"),
        format!("yes if it is really needed {code}"),
        "hello".to_owned(),
        String::new(),
    ] {
        phone.sim.reply(&phone.owner, &text);
    }
    phone.settle();
    // A no may be among them, for whoever reads it so; a yes never.
    let approved = entries(&phone.world, "approved");
    assert!(
        approved.iter().all(|entry| entry["code"] != question.code),
        "{approved:?}"
    );
    drop(sudo);
}

#[test]
fn identical_requests_are_one_question_and_each_has_its_code() {
    let phone = Phone::new();
    let (first, question) = phone.asked("sudo echo ran");
    let more: Vec<_> = (0..3).map(|_| phone.ask("sudo echo ran")).collect();
    let mut codes = phone.world.wait_for_requests(4);
    codes.retain(|code| *code != question.code);
    let gathered = phone.question_about(&codes[0]);
    assert!(
        codes
            .iter()
            .all(|code| gathered.message.text.contains(code)),
        "{}",
        gathered.message.text
    );
    assert_eq!(phone.questions(), 2);
    // A code is one of them, a thumb is all that the message asks about.
    phone.sim.reply(&phone.owner, &format!("yes {}", codes[1]));
    eventually("one is decided", || phone.world.pending().len() == 3);
    assert!(!phone.world.pending().contains(&codes[1]));
    phone.approve(&gathered);
    for sudo in more {
        ran(sudo);
    }
    phone.undecided(&question);
    phone.becomes(&gathered, "RAN, approved by owner");
    drop(first);
}
