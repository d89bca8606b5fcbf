//! The rows of the list of attacks that come by Signal, each by its number.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aisudo_e2e::{agent, entries, eventually, latest_request};
use aisudo_signal_sim::Person;
use aisudo_testbed::Signal;

use crate::phone::{OWN, Phone, Question, end, nothing_ran, ran};

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
    phone.wait_for_state("suspended");
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
    phone.wait_for_state("suspended");
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
    phone.wait_for_state("suspended");
    assert!(phone.sim.sent().is_empty(), "{:?}", phone.sim.sent());
    phone.world.approver(["deny", &code]).expect_success();
    nothing_ran(sudo);
}

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
fn a10_signal_cli_of_a_gated_user_is_not_believed() {
    // uid 7001 is the agent.
    let phone = Phone::plan()
        .sim(|sim| sim.socket_uid(7001))
        .unconnected()
        .start();
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
    phone.wait_for_status("every user of this host can use /run/signal/socket");
    assert_eq!(phone.sim.calls().len(), 0);
    fs::set_permissions("/run/signal/socket", fs::Permissions::from_mode(0o660)).unwrap();
    phone.wait_for_status("connected to signal-cli");
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
