//! The ways to say yes and no.

use aisudo_e2e::{agent, entries};

use crate::phone::{OWN, Phone, nothing_ran, ran};

#[test]
fn the_owner_is_shown_what_would_run_and_approves_by_code() {
    let phone = Phone::new();
    let sudo = agent(&phone.world)
        .cwd("/tmp")
        .env("AISUDO_REASON", "to see whether it works")
        .shell("sudo echo ran");
    let question = phone.question();
    let message = &question.message;
    assert_eq!(message.recipients, [phone.owner.aci.to_string()]);
    assert!(!message.no_urgent, "the phone rings");
    for word in [
        "agent",
        "testbed",
        "root",
        "/tmp",
        "to see whether it works",
        "/usr/bin/echo",
        &question.code,
    ] {
        assert!(message.text.contains(word), "{word}: {}", message.text);
    }
    assert_eq!(message.styled("MONOSPACE"), ["echo ran"]);
    let answered = phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
    phone.becomes(&question, "RAN, approved by owner");
    let approved = entries(&phone.world, "approved").remove(0);
    let evidence = &approved["decision"]["evidence"];
    assert_eq!(approved["decision"]["approver"], "owner");
    assert_eq!(evidence["kind"], "signal");
    assert_eq!(evidence["form"], "code");
    assert_eq!(evidence["account"], OWN);
    assert_eq!(evidence["sender"], phone.owner.aci.to_string());
    assert_eq!(evidence["device"], 1);
    assert_eq!(evidence["asked_at_ms"], question.timestamp);
    assert_eq!(evidence["answered_at_ms"], answered);
    assert_eq!(
        evidence["identity"],
        phone.owner.fingerprint().replace(' ', "")
    );
    // By two clocks: the phone's, and the server's.
    let received = evidence["received_at_ms"].as_u64().expect("a time");
    assert!(received.abs_diff(answered) < 60_000, "{evidence}");
}

#[test]
fn the_code_may_be_written_as_people_write() {
    for form in [
        "Yes {}",
        "{} yes",
        "yes, {} please",
        "YES\u{a0}{lower}",
        "ok {}",
        "👍 {}",
    ] {
        let phone = Phone::new();
        let (sudo, question) = phone.asked("sudo echo ran");
        let text = form
            .replace("{lower}", &question.code.to_lowercase())
            .replace("{}", &question.code);
        phone.sim.reply(&phone.owner, &text);
        ran(sudo);
    }
}

#[test]
fn a_quote_needs_no_code() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.quote(&phone.owner, question.timestamp, "yes");
    ran(sudo);
    let approved = entries(&phone.world, "approved").remove(0);
    assert_eq!(approved["decision"]["evidence"]["form"], "quote");
}

#[test]
fn a_thumb_of_any_skin_approves() {
    let phone = Phone::new();
    for (thumb, line) in [("👍", "sudo echo ran"), ("👍🏽", "sudo -n echo ran")] {
        let (sudo, question) = phone.asked(line);
        phone
            .sim
            .react(&phone.owner, question.timestamp, thumb, false);
        ran(sudo);
    }
    let forms: Vec<_> = entries(&phone.world, "approved")
        .iter()
        .map(|entry| entry["decision"]["evidence"]["form"].clone())
        .collect();
    assert_eq!(forms, ["reaction", "reaction"]);
}

#[test]
fn a_thumb_down_denies() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .react(&phone.owner, question.timestamp, "👎", false);
    let done = nothing_ran(sudo);
    assert!(done.stderr.contains("denied"), "{done}");
    phone.becomes(&question, "DENIED by owner");
}

#[test]
fn other_reactions_mean_nothing() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    for emoji in ["❤️", "😂", "✅", ""] {
        phone
            .sim
            .react(&phone.owner, question.timestamp, emoji, false);
    }
    phone.settle();
    phone.undecided(&question);
    phone.approve(&question);
    ran(sudo);
}

#[test]
fn a_poll_has_approve_and_deny() {
    let phone = Phone::plan()
        .signal("accept = { reply = true, reaction = true, poll = true }")
        .start();
    for (option, decided, line) in [
        (0, "approved", "sudo echo ran"),
        (1, "denied", "sudo echo more"),
    ] {
        let (sudo, question) = phone.asked(line);
        let poll = phone.sim.wait_for_message(|message| {
            message.poll.is_some() && message.text.contains(&question.code)
        });
        let about = poll.poll.expect("a poll");
        assert_eq!(about.options, ["Approve", "Deny"]);
        assert!(about.no_multi, "one answer");
        phone.sim.vote(&phone.owner, poll.timestamp, option);
        if option == 0 {
            ran(sudo);
        } else {
            nothing_ran(sudo);
        }
        let decision = entries(&phone.world, decided).remove(0)["decision"].clone();
        assert_eq!(decision["evidence"]["form"], "poll");
        assert_eq!(decision["evidence"]["asked_at_ms"], poll.timestamp);
        phone
            .sim
            .wait_for_message(|message| message.ends_poll == Some(poll.timestamp));
    }
}

#[test]
fn without_polls_in_signal_cli_the_question_stands_alone() {
    let phone = Phone::plan()
        .sim(|sim| sim.version("0.13.22"))
        .signal("accept = { reply = true, reaction = true, poll = true }")
        .start();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
    phone.becomes(&question, "RAN");
    assert!(
        phone
            .sim
            .calls()
            .iter()
            .all(|call| call.method != "sendPollCreate")
    );
}

#[test]
fn no_and_why_reaches_whoever_asked() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.reply(
        &phone.owner,
        &format!("no {} not on a Friday, ask me on Monday", question.code),
    );
    let done = nothing_ran(sudo);
    assert!(
        done.stderr.contains("not on a Friday, ask me on Monday"),
        "{done}"
    );
    phone.becomes(&question, "DENIED by owner: not on a Friday");
}

#[test]
fn the_words_of_a_denial_cannot_drive_the_terminal() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.reply(
        &phone.owner,
        &format!("no {} \u{1b}[2J\u{202e}why", question.code),
    );
    let done = nothing_ran(sudo);
    assert!(done.stderr.contains("why"), "{done}");
    assert!(!done.stderr.contains(['\u{1b}', '\u{202e}']), "{done}");
}

#[test]
fn the_owners_language_is_understood_and_used() {
    let phone = Phone::plan().signal("languages = [\"de\", \"en\"]").start();
    let (sudo, question) = phone.asked("sudo echo ran");
    let suggested = format!("ja {}", question.code);
    assert!(
        question.message.text.contains(&suggested),
        "{}",
        question.message.text
    );
    phone.sim.reply(&phone.owner, &suggested);
    ran(sudo);
    let (sudo, question) = phone.asked("sudo echo again");
    phone
        .sim
        .reply(&phone.owner, &format!("{} nein, später", question.code));
    assert!(nothing_ran(sudo).stderr.contains("später"));
}

#[test]
fn each_way_can_be_switched_off() {
    let off = |form: &str| {
        let all = "accept = { reply = true, reaction = true, poll = false }";
        Phone::plan()
            .signal(&all.replace(&format!("{form} = true"), &format!("{form} = false")))
            .start()
    };
    let phone = off("reply");
    let (sudo, question) = phone.asked("sudo echo ran");
    assert!(!question.message.text.contains("yes"), "not suggested");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    phone.help("switched off");
    phone.undecided(&question);
    phone.approve(&question);
    ran(sudo);

    let phone = off("reaction");
    let (sudo, question) = phone.asked("sudo echo ran");
    assert!(!question.message.text.contains('👍'), "not suggested");
    phone.approve(&question);
    phone.help("switched off");
    phone.undecided(&question);
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
}

#[test]
fn another_device_of_the_owner_counts_as_well() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone
        .sim
        .from(&phone.owner)
        .device(3)
        .text(&format!("yes {}", question.code));
    ran(sudo);
    let approved = entries(&phone.world, "approved").remove(0);
    assert_eq!(approved["decision"]["evidence"]["device"], 3);
}
