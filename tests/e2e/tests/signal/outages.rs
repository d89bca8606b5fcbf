//! signal-cli on bad days (a38): the state is visible, another channel serves or the fallback applies,
//! and nothing is approved twice.

use std::time::Duration;

use aisudo_e2e::{agent, entries};
use aisudo_signal_sim::SendFailure;
use aisudo_testbed::AGENT_PASSWORD;

use crate::phone::{Phone, Plan, end, nothing_ran, ran};

/// The terminal serves: whoever asks waits for a person there.
fn the_terminal_serves(phone: &Phone) {
    let sudo = phone.ask("sudo echo ran");
    let code = phone.world.wait_for_request();
    phone.world.approver(["approve", &code]).expect_success();
    ran(sudo);
}

/// Where only Signal counts, the password is asked for at once, and sudo says why.
fn the_fallback_applies(phone: &Phone, why: &str) {
    let done = agent(&phone.world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo ran")
        .wait(Duration::from_secs(5));
    assert_eq!(done.stdout, "ran\n", "{done}");
    assert!(done.stderr.contains(why), "{done}");
}

#[test]
fn a38_not_running() {
    for only_signal in [false, true] {
        let plan = Phone::plan().unconnected();
        let plan = if only_signal {
            plan.only_signal()
        } else {
            plan
        };
        let mut phone = plan.start();
        phone.daemon.terminate();
        phone.sim.stop();
        phone.daemon = phone.world.start_daemon();
        phone.wait_for_status("not connected");
        phone.wait_for_state("down: unreachable");
        if only_signal {
            the_fallback_applies(&phone, "signal-cli cannot be reached");
        } else {
            the_terminal_serves(&phone);
        }
        phone.sim.start_again();
        phone.wait_for_status("connected to signal-cli");
        phone.wait_for_state("up");
    }
}

#[test]
fn a38_restarts_while_a_question_waits() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.is_remembered(&question);
    phone.sim.stop();
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    phone.wait_for_status("not connected");
    phone.sim.start_again();
    ran(sudo);
    phone.becomes(&question, "RAN");
    assert_eq!(phone.questions(), 1);
    assert_eq!(entries(&phone.world, "approved").len(), 1);
}

#[test]
fn a38_a_request_while_it_restarts_is_asked_when_it_is_back() {
    let phone = Phone::plan().only_signal().start();
    phone.sim.stop();
    phone.wait_for_status("not connected");
    let sudo = phone.ask("sudo echo ran");
    phone.world.wait_for_request();
    phone.sim.start_again();
    let question = phone.question();
    phone.approve(&question);
    ran(sudo);
}

#[test]
fn a38_hangs() {
    let phone = Phone::new();
    phone.sim.faults(|faults| faults.hang = true);
    the_terminal_serves(&phone);
    phone.sim.no_faults();
    let (sudo, question) = phone.asked("sudo echo again");
    phone.approve(&question);
    assert_eq!(end(sudo).stdout, "again\n");
    assert_eq!(entries(&phone.world, "released").len(), 2);
}

#[test]
fn a38_answers_late() {
    let phone = Phone::new();
    phone
        .sim
        .faults(|faults| faults.latency = Duration::from_millis(400));
    let sudo = phone.ask("sudo echo ran");
    let question = phone.question();
    // The thumb is there before signal-cli says under which timestamp it has sent the question.
    phone.approve(&question);
    ran(sudo);
    phone.becomes(&question, "RAN");
    let (sudo, question) = phone.asked("sudo -n echo ran");
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
    assert_eq!(phone.questions(), 2);
}

#[test]
fn a38_loses_an_answer_of_the_owners() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.sim.flush();
    phone.sim.faults(|faults| faults.notifications_lost = 1);
    phone.approve(&question);
    phone.sim.flush();
    phone.undecided(&question);
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    ran(sudo);
}

#[test]
fn a38_doubles_and_reorders() {
    let phone = Phone::new();
    phone.sim.faults(|faults| {
        faults.twice = true;
        faults.reordered = true;
        faults.phones_are_off = true;
        faults.torn = Duration::from_millis(20);
    });
    let (first, one) = phone.asked("sudo echo one");
    let second = phone.ask("sudo echo two");
    let codes = phone.world.wait_for_requests(2);
    let other = codes.iter().find(|code| **code != one.code).expect("two");
    phone.question_about(other);
    phone.sim.reply(&phone.owner, &format!("yes {}", one.code));
    phone.sim.reply(&phone.owner, &format!("no {other}"));
    assert_eq!(end(first).stdout, "one\n");
    nothing_ran(second);
    assert_eq!(entries(&phone.world, "approved").len(), 1);
    assert_eq!(entries(&phone.world, "denied").len(), 1);
}

#[test]
fn a38_rate_limited_and_the_terminal_serves() {
    let phone = rate_limited(Phone::plan());
    the_terminal_serves(&phone);
    phone.wait_for_state("paused: rate_limited");
    phone.wait_for_status("send nothing for 2 s");
    works_again(&phone);
}

#[test]
fn a38_rate_limited_and_the_fallback_applies() {
    let phone = rate_limited(Phone::plan().only_signal());
    // The first finds out, and later ones are told at once.
    the_fallback_applies(&phone, "nobody can be asked");
    let tried = sends(&phone);
    the_fallback_applies(&phone, "lets this account send nothing");
    assert_eq!(sends(&phone), tried, "nothing is sent in the pause");
    works_again(&phone);
}

/// Signal wants two seconds of silence.
fn rate_limited(plan: Plan) -> Phone {
    let phone = plan.start();
    phone
        .sim
        .faults(|faults| faults.every_send_fails = Some(SendFailure::RateLimit(Some(2))));
    phone
}

/// Nothing fails any more, and the channel finds out by itself.
fn works_again(phone: &Phone) {
    phone.sim.no_faults();
    phone.wait_for_state("up");
    let (sudo, question) = phone.asked("sudo echo again");
    phone.approve(&question);
    assert_eq!(end(sudo).stdout, "again\n");
}

fn sends(phone: &Phone) -> usize {
    let calls = phone.sim.calls();
    calls.iter().filter(|call| call.method == "send").count()
}

#[test]
fn a38_a_captcha_is_wanted() {
    let token = "2fc05128-5b5f-4f0f-8e0e-3f3b3e0c0f0a";
    let phone = Phone::plan().only_signal().start();
    phone.sim.faults(|faults| {
        faults.every_send_fails = Some(SendFailure::Captcha(token.to_owned(), 86_400));
    });
    the_fallback_applies(&phone, "captcha");
    let status = phone.wait_for_status("captcha");
    assert!(status.contains(token), "what root needs: {status}");
    assert!(status.contains("submitRateLimitChallenge"), "{status}");
    phone.wait_for_state("paused: captcha");
    let told = phone.world.aisudo("agent", ["status"]);
    assert!(
        !format!("{told}").contains(token),
        "not to everybody: {told}"
    );
    let audit = format!("{:?}", entries(&phone.world, "channel"));
    assert!(!audit.contains(token), "{audit}");
}

#[test]
fn a38_the_approver_is_not_registered_any_more() {
    let phone = Phone::plan().only_signal().start();
    phone
        .sim
        .faults(|faults| faults.sends_fail.push_back(SendFailure::Unregistered));
    the_fallback_applies(&phone, "nobody can be asked");
    phone.wait_for_status("has no account at Signal any more");
    phone.wait_for_state("suspended: unregistered");
}

#[test]
fn a38_the_approvers_key_is_not_trusted_by_signal_cli() {
    let phone = Phone::plan().only_signal().start();
    phone.sim.change_key(&phone.owner);
    the_fallback_applies(&phone, "nobody can be asked");
    phone.wait_for_status("owner is suspended");
    phone.wait_for_state("suspended: untrusted");
    assert!(phone.sim.sent().is_empty());
}

/// Each question fails, so the terminal serves; and when it goes again, what still waits is asked.
fn keeps_failing(failure: SendFailure, kind: &str) {
    let phone = Phone::new();
    phone
        .sim
        .faults(|faults| faults.every_send_fails = Some(failure));
    the_terminal_serves(&phone);
    let sudo = phone.ask("sudo echo later");
    let code = phone.world.wait_for_request();
    phone.wait_for_state(&format!("paused: {kind}"));
    phone.sim.no_faults();
    phone.approve(&phone.question_about(&code));
    assert_eq!(end(sudo).stdout, "later\n");
    phone.wait_for_state("up");
}

#[test]
fn a38_signals_network_is_away() {
    keeps_failing(SendFailure::Network, "network");
}

#[test]
fn a38_this_hosts_network_is_away() {
    keeps_failing(SendFailure::Offline, "network");
}

#[test]
fn a38_signal_breaks_off() {
    keeps_failing(SendFailure::Io("Connection closed!".to_owned()), "network");
}

#[test]
fn a38_something_unknown_fails() {
    keeps_failing(SendFailure::User("something new".to_owned()), "refused");
}

#[test]
fn a38_a_failure_that_passes_is_tried_again() {
    let phone = Phone::new();
    phone
        .sim
        .faults(|faults| faults.sends_fail.push_back(SendFailure::Network));
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    ran(sudo);
    assert!(
        !phone
            .states()
            .iter()
            .any(|state| state.starts_with("paused"))
    );
}

#[test]
fn a38_speaks_garbage() {
    let phone = Phone::new();
    for line in [
        &b"no JSON"[..],
        b"7",
        b"[]",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"receive\"}",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"receive\",\"params\":{\"envelope\":7}}",
        b"{\"jsonrpc\":\"2.0\",\"result\":7,\"id\":99999}",
    ] {
        phone.sim.raw_line(line);
    }
    phone
        .sim
        .raw(serde_json::json!({"envelope": {"sourceUuid": 7, "dataMessage": []}}));
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.approve(&question);
    ran(sudo);
    phone.sim.raw_line(&[0xff, 0xfe]);
    phone.sim.raw_line(&vec![b'x'; 4 << 20]);
    let (sudo, question) = phone.asked("sudo echo again");
    phone.approve(&question);
    assert_eq!(end(sudo).stdout, "again\n");
}

#[test]
fn a38_nobody_is_paired() {
    let mut phone = Phone::plan().only_signal().start();
    phone.daemon.terminate();
    phone.world.approvers("version = 1\n");
    phone.restart_daemon();
    phone.wait_for_status("aisudo signal setup");
    the_fallback_applies(&phone, "nobody is paired");
}

#[test]
fn a38_an_answer_whose_check_is_cut_off_counts_over_the_next_connection() {
    let phone = Phone::new();
    let (sudo, question) = phone.asked("sudo echo ran");
    phone.is_remembered(&question);
    let looks = |phone: &Phone| {
        let calls = phone.sim.calls();
        let looks = calls.iter().filter(|call| call.method == "listIdentities");
        looks.count()
    };
    let before = looks(&phone);
    phone
        .sim
        .faults(|faults| faults.latency = Duration::from_secs(5));
    phone
        .sim
        .reply(&phone.owner, &format!("yes {}", question.code));
    aisudo_e2e::eventually("the key is looked at", || looks(&phone) > before);
    phone.sim.no_faults();
    phone.sim.close_connections();
    ran(sudo);
    assert_eq!(entries(&phone.world, "approved").len(), 1);
}

/// 15 s of silence and a connection that is made anew.
#[test]
#[ignore = "slow"]
fn a38_loses_its_own_answer() {
    let phone = Phone::plan()
        .replace("timeout = 20", "timeout = 60")
        .start();
    phone.sim.faults(|faults| faults.sends_unanswered = 1);
    let sudo = phone.ask("sudo echo ran");
    let code = phone.world.wait_for_request();
    // It was sent, and nobody knows; it is sent once more.
    aisudo_e2e::eventually_within(
        Duration::from_secs(40),
        "the question is sent again",
        || phone.questions() == 2,
    );
    phone.sim.reply(&phone.owner, &format!("yes {code}"));
    ran(sudo);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(phone.questions(), 2);
    assert_eq!(entries(&phone.world, "approved").len(), 1);
}

/// Nobody can be asked where signal-cli does not answer, and those who wait are told.
#[test]
#[ignore = "slow"]
fn a38_hangs_for_good() {
    let phone = Phone::plan()
        .only_signal()
        .replace("timeout = 20", "timeout = 120")
        .start();
    phone.sim.faults(|faults| faults.hang = true);
    let sudo = agent(&phone.world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo ran");
    let done = sudo.wait(Duration::from_secs(100));
    assert_eq!(done.stdout, "ran\n", "by the password: {done}");
    the_fallback_applies(&phone, "signal-cli cannot be reached");
    phone.wait_for_state("down: timeout");
    phone.sim.no_faults();
    aisudo_e2e::eventually_within(Duration::from_secs(60), "it is back", || {
        phone.status().contains("connected to signal-cli")
    });
    assert_eq!(entries(&phone.world, "approved").len(), 0);
}
