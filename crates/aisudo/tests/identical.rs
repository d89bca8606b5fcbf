//! The same question, asked several times, on the command line.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use aisudo_core::{evidence::Verdict, raw::Hex32, state::End};
use fake::{
    Fake,
    screen::{Screen, answers},
};

const QUESTION: &str = "Approve? [y]es / [n]o / [d]eny with words / [s]kip > ";

#[test]
fn a_list_shows_a_question_once() {
    let fake = Fake::start();
    let first = fake.ask(&["id"]);
    let other = fake.ask(&["true"]);
    let second = fake.ask(&["id"]);
    let third = fake.ask(&["id"]);
    let over = fake.ask(&["id"]);
    fake.end(&over, End::Expired);
    assert_eq!(
        fake.run(&["list"]).stdout,
        format!(
            "{}  pending   97 s left            ×3 (also {}, {}) agent (uid 1001) as root: id\n\
             {}  pending   97 s left            agent (uid 1001) as root: true\n",
            first.code, second.code, third.code, other.code
        )
    );
    let all = fake.run(&["list", "--all"]).stdout;
    assert!(
        all.ends_with(&format!(
            "{}  expired   2023-11-14 22:13:20  agent (uid 1001) as root: id\n",
            over.code
        )),
        "{all}"
    );
}

#[test]
fn one_answer_is_for_one_and_the_others_are_named() {
    let fake = Fake::start();
    let rows = [(); 3].map(|()| fake.ask(&["id"]));
    let ran = fake.run(&["approve", &rows[1].code]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        format!(
            "aisudo: 2 identical still waiting: {}, {} (--identical answers them too)\n",
            rows[0].code, rows[2].code
        )
    );
    assert_eq!(answers(&fake), [(1, Verdict::Approve, None)]);
}

#[test]
fn identical_ones_are_answered_together_when_that_is_asked_for() {
    let fake = Fake::start();
    let rows = [(); 3].map(|()| fake.ask(&["id"]));
    fake.ask(&["true"]);
    let ran = fake.run(&["deny", &rows[1].code, "--identical", "--reason", "once"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let note = Some("once".to_owned());
    assert_eq!(
        answers(&fake),
        [1, 0, 2].map(|number| (number, Verdict::Deny, note.clone()))
    );
    let said = format!(
        "The same is asked 3 times: also by {}, {}.\n\n",
        rows[0].code, rows[2].code
    );
    assert!(ran.stdout.contains(&said), "{}", ran.stdout);
    for row in &rows {
        let line = format!("denied {}; nothing is run\n", row.code);
        assert!(ran.stdout.contains(&line), "{}", ran.stdout);
    }
}

#[test]
fn i4_what_the_daemon_calls_identical_is_not_believed() {
    let fake = Fake::start();
    let harmless = fake.ask(&["id"]);
    fake.ask(&["rm", "-rf", "/"]);
    let fingerprint = Hex32([7; 32]);
    for (row, _) in &mut fake.state().requests {
        row.fingerprint = fingerprint;
    }
    assert_eq!(fake.run(&["list"]).stdout.lines().count(), 2);
    let ran = fake.run(&["approve", &harmless.code, "--identical"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(answers(&fake), [(0, Verdict::Approve, None)]);

    let ran = fake.run_with_input(&["wait-for-requests"], "n\n");
    assert_eq!(ran.code, Some(0));
    assert!(!ran.stdout.contains("times"), "{}", ran.stdout);
}

#[test]
fn a_question_is_asked_once_for_all_who_ask_it() {
    let fake = Fake::start();
    let rows = [(); 3].map(|()| fake.ask(&["id"]));
    let mut screen = Screen::new(fake.command(&["wait-for-requests", "--once"]), None);
    screen.shows(&format!(
        "The same is asked 3 times: also by {}, {}. One answer is for all of them.\n",
        rows[1].code, rows[2].code
    ));
    screen.shows(QUESTION);
    fake.end(&rows[1], End::Expired);
    screen.shows(&format!(
        "{}: it expired: nobody answered in time\nstill asked the same: {}, {}\n{QUESTION}",
        rows[1].code, rows[0].code, rows[2].code
    ));
    // It was not there when the question was asked.
    fake.ask(&["id"]);
    screen.types("y\n");
    assert!(screen.ends_well());
    assert_eq!(
        answers(&fake),
        [(0, Verdict::Approve, None), (2, Verdict::Approve, None)]
    );
}
