//! The rows of the list of attacks that come by Signal, each by its number.

use std::fs;

use aisudo_e2e::{agent, latest_request};
use aisudo_signal_sim::Person;
use aisudo_testbed::Signal;

use crate::phone::{OWN, Phone, end, nothing_ran, ran};

#[test]
fn a13_yes_without_a_code_is_asked_back_even_when_one_waits() {
    let phone = Phone::new();
    let (first, one) = phone.asked("sudo echo one");
    phone.sim.reply(&phone.owner, "yes");
    let help = phone.help("Which one?");
    assert!(help.text.contains(&one.code), "{}", help.text);
    let second = phone.ask("sudo echo two");
    phone.world.wait_for_requests(2);
    phone.sim.reply(&phone.owner, "yes");
    phone.settle();
    assert_eq!(phone.world.pending().len(), 2);
    drop((first, second));
}

#[test]
fn a13_the_code_of_another_request_decides_that_one() {
    let phone = Phone::new();
    let (first, one) = phone.asked("sudo echo one");
    let second = phone.ask("sudo echo ran");
    let codes = phone.world.wait_for_requests(2);
    let other = codes
        .iter()
        .find(|code| **code != one.code)
        .expect("two")
        .clone();
    let two = phone.question_about(&other);
    // A quote of one with the code of the other names none.
    phone
        .sim
        .quote(&phone.owner, one.timestamp, &format!("yes {other}"));
    phone.help("quoted one question");
    phone.undecided(&one);
    phone.undecided(&two);
    phone.sim.reply(&phone.owner, &format!("yes {other}"));
    ran(second);
    phone.undecided(&one);
    drop(first);
}

#[test]
fn a13_a_thumb_on_another_message_is_none_on_the_question() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    let sim = &phone.sim;
    sim.react(&phone.owner, question.timestamp - 1, "👍", false);
    sim.react(&phone.owner, question.timestamp + 1, "👍", false);
    // At the same moment, but a message of theirs, or of somebody else's.
    let own = phone.owner.clone();
    sim.from(&phone.owner)
        .of(&own)
        .react(question.timestamp, "👍", false);
    sim.from(&phone.owner)
        .of(&Person::new(4))
        .react(question.timestamp, "👍", false);
    sim.from(&phone.owner)
        .of(&own)
        .quote(question.timestamp, "yes");
    phone.settle();
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn a13_a_removed_thumb_approves_nothing_and_takes_nothing_back() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .react(&phone.owner, question.timestamp, "👍", true);
    phone.settle();
    phone.undecided(&question);
    phone.approve(&question);
    phone
        .sim
        .react(&phone.owner, question.timestamp, "👍", true);
    ran(sudo);
}

#[test]
fn a13_an_edited_message_approves_nothing() {
    let phone = Phone::new();
    let first = phone.sim.reply(&phone.owner, "hello");
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .edit(&phone.owner, first, &format!("yes {}", question.code));
    phone.help("edited message does not count");
    phone.undecided(&question);
    drop(sudo);
}

#[test]
fn a13_an_answer_after_the_deadline_is_late() {
    let phone = Phone::plan().replace("timeout = 20", "timeout = 5").start();
    let (sudo, question) = phone.asked("exec sudo touch /tmp/ran");
    // A stopped sudo does not end by itself.
    let pid = latest_request(&phone.world)["sudo"]["pid"].to_string();
    agent(&phone.world)
        .shell(&format!("kill -STOP {pid}"))
        .wait(aisudo_e2e::PATIENCE)
        .expect_success();
    phone.becomes(&question, "EXPIRED");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    phone.help("EXPIRED");
    agent(&phone.world)
        .shell(&format!("kill -CONT {pid}"))
        .wait(aisudo_e2e::PATIENCE)
        .expect_success();
    assert_ne!(end(sudo).code(), Some(0));
    assert!(!std::path::Path::new("/tmp/ran").exists());
}

#[test]
fn a16_who_asks_is_the_kernels_word_on_the_phone_too() {
    let phone = Phone::new();
    let sudo = agent(&phone.world)
        .env("USER", "root")
        .env("LOGNAME", "owner")
        .env("SUDO_USER", "owner")
        .env("HOSTNAME", "bank")
        .shell("sudo echo ran");
    let text = phone.question().message.text;
    assert!(text.contains("agent on testbed"), "{text}");
    assert!(!text.contains("bank"), "{text}");
    drop(sudo);
}

#[test]
fn a17_i4_no_character_of_the_requesters_shapes_the_message() {
    let phone = Phone::new();
    let nasty = "a\u{1b}[2J\u{202e}b\u{200b}c\u{3164}d\u{2028}e\nf`x`*y*\u{1f44d}";
    fs::create_dir_all(format!("/home/agent/{nasty}")).unwrap();
    let sudo = agent(&phone.world)
        .cwd(format!("/home/agent/{nasty}"))
        .env("AISUDO_REASON", format!("{nasty}\n■ Request AAAAA: fine"))
        .spawn(["sudo", "echo", nasty, "\u{430}pt"]);
    let question = phone.question();
    let text = &question.message.text;
    let bad: Vec<char> = text
        .chars()
        .filter(|c| {
            (c.is_control() && *c != '\n') || "\u{202e}\u{200b}\u{3164}\u{2028}\u{430}".contains(*c)
        })
        .collect();
    assert!(bad.is_empty(), "{bad:?} in {text}");
    assert_eq!(text.matches("\n■").count(), 0, "no second heading: {text}");
    let command = question.message.styled("MONOSPACE").concat();
    assert!(
        command.starts_with("echo ") && command.contains(r"\u{430}pt"),
        "{command}"
    );
    assert!(
        command.contains(r"a\x1b[2J\u{202e}b\u{200b}c\u{3164}d\u{2028}e\nf"),
        "{command}"
    );
    phone.approve(&question);
    assert_eq!(
        end(sudo).stdout,
        format!("{nasty} \u{430}pt\n"),
        "and what was approved is what ran"
    );
}

#[test]
fn a18_a_long_command_is_not_cut_and_not_approved_unseen() {
    let phone = Phone::new();
    let long = format!("{}END", "x".repeat(20_000));
    let sudo = agent(&phone.world).spawn(["sudo", "echo", &long]);
    let question = phone.question();
    let text = &question.message.text;
    assert!(!text.contains("xxxxxxxxxx"), "no part of it: {text}");
    let show = format!("aisudo show {}", question.code);
    assert!(text.contains(&show), "where to see it: {text}");
    for approve in [
        phone
            .sim
            .reply(&phone.owner, &format!("yes {}", question.code)),
        phone
            .sim
            .react(&phone.owner, question.timestamp, "👍", false),
    ] {
        assert!(approve > question.timestamp);
    }
    phone.help("cannot be approved from here");
    phone.undecided(&question);
    let shown = phone.world.approver(["show", &question.code]).stdout;
    assert!(shown.replace(['\n', ' '], "").contains(&long));
    phone
        .world
        .approver(["approve", &question.code])
        .expect_success();
    assert_eq!(end(sudo).stdout, format!("{long}\n"));
    phone.becomes(&question, "RAN");
}

#[test]
fn a18_where_only_signal_counts_what_is_too_long_is_refused_at_once() {
    let phone = Phone::plan().only_signal().start();
    let long = "x".repeat(20_000);
    let done = end(agent(&phone.world).spawn(["sudo", "-n", "echo", &long]));
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
    assert!(
        done.stderr.contains("too long to be shown on Signal"),
        "{done}"
    );
    assert_eq!(phone.questions(), 0);
}

#[test]
fn a18_a_command_that_fits_is_there_to_its_last_character() {
    let phone = Phone::new();
    let words: Vec<String> = (0..150).map(|n| format!("word{n}")).collect();
    let mut command = vec!["sudo", "echo"];
    command.extend(words.iter().map(String::as_str));
    let sudo = agent(&phone.world).spawn(&command);
    let question = phone.question();
    assert_eq!(
        question.message.styled("MONOSPACE").concat(),
        format!("echo {}", words.join(" "))
    );
    drop(sudo);
}

#[test]
fn a22_a_thumb_that_comes_down_late_lands_on_the_question_it_was_meant_for() {
    let phone = Phone::new();
    let (first, one) = phone.asked("exec sudo echo one");
    first.signal(Signal::TERM);
    let second = phone.ask("sudo echo two");
    phone.becomes(&one, "CANCELLED");
    let two = phone.question();
    assert_ne!(one.code, two.code);
    phone.sim.react(&phone.owner, one.timestamp, "👍", false);
    phone.sim.quote(&phone.owner, one.timestamp, "yes");
    phone.sim.reply(&phone.owner, &format!("yes {}", one.code));
    phone.help(&one.code);
    phone.undecided(&two);
    drop(second);
}

#[test]
fn a37_the_daemons_log_has_no_command_no_name_and_no_number() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo Tr0ub4dor");
    phone.sim.reply(
        &phone.owner,
        &format!("no {} because of Cl4ssified", question.code),
    );
    nothing_ran(sudo);
    phone.becomes(&question, "DENIED");
    phone.sim.reply(&Person::new(2), "yes Sp4m");
    phone.sim.raw_line(b"no JSON Sp4m");
    phone.sim.flush();
    let log = phone.daemon.log();
    for word in [
        "Tr0ub4dor",
        "Cl4ssified",
        "Sp4m",
        OWN,
        &phone.owner.aci.to_string(),
        &phone.owner.fingerprint(),
    ] {
        assert!(!log.contains(word), "{word}: {log}");
    }
}
