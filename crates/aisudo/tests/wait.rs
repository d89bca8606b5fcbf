//! `aisudo wait-for-requests`, by a script and at a terminal.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{io::Write, process::Stdio};

use aisudo_core::{evidence::Verdict, state::End};
use fake::{
    Fake,
    screen::{Screen, answers, pty},
};

const QUESTION: &str = "Approve? [y]es / [n]o / [d]eny with words / [s]kip > ";

#[test]
fn a_script_answers_line_by_line() {
    let fake = Fake::start();
    for words in [&["one"], &["two"], &["three"], &["four"], &["five"]] {
        fake.ask(words);
    }
    let ran = fake.run_with_input(
        &["wait-for-requests"],
        "yes\nN\nwhat?\ns\nd\nask the owner\nd not today\n",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        answers(&fake),
        [
            (0, Verdict::Approve, None),
            (1, Verdict::Deny, None),
            (3, Verdict::Deny, Some("ask the owner".to_owned())),
            (4, Verdict::Deny, Some("not today".to_owned())),
        ]
    );
    insta::assert_snapshot!("wait", ran.stdout);
}

#[test]
fn the_end_of_input_decides_nothing() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let ran = fake.run(&["wait-for-requests"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        format!(
            "aisudo: waiting for requests; Ctrl-C ends\naisudo: end of input; {} was not answered\n",
            row.code
        )
    );
    assert_eq!(answers(&fake), []);
}

#[test]
fn once_ends_after_one_that_comes_later() {
    let fake = Fake::start();
    let mut child = fake
        .command(&["wait-for-requests", "--once"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // The end of input is no reason to leave while there is an answer to give.
    child.stdin.take().unwrap().write_all(b"y\n").unwrap();
    fake.wait_for_watcher();
    let row = fake.ask(&["id"]);
    let ran = fake.ran(child);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .ends_with(&format!("approved {}; sudo goes on\n", row.code)),
        "{}",
        ran.stdout
    );
    assert_eq!(answers(&fake), [(0, Verdict::Approve, None)]);
}

#[test]
fn what_is_over_is_not_asked_about_any_more() {
    let fake = Fake::start();
    let first = fake.ask(&["first"]);
    let mut screen = Screen::new(fake.command(&["wait-for-requests", "--once"]), None);
    screen.shows(QUESTION);
    fake.end(
        &first,
        End::Cancelled {
            why: "sudo ended".to_owned(),
        },
    );
    screen.shows(&format!("{}: it was cancelled: sudo ended\n", first.code));
    assert!(screen.ends_well());
    assert_eq!(answers(&fake), []);
}

#[test]
fn a_restart_of_the_daemon_is_survived() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let mut screen = Screen::new(fake.command(&["wait-for-requests"]), None);
    screen.shows(QUESTION);
    fake.stop();
    screen.shows("aisudo-daemon closed the connection; waiting for it to come back");
    fake.listen();
    screen.shows("aisudo-daemon is back");
    screen.shows(QUESTION);
    screen.types("y\n");
    screen.shows(&format!("approved {}", row.code));
    screen.leave();
    assert_eq!(answers(&fake), [(0, Verdict::Approve, None)]);
}

#[test]
fn a22_a_key_meant_for_something_else_decides_nothing() {
    let fake = Fake::start();
    let (keyboard, terminal) = pty();
    let mut screen = Screen::new(
        fake.command(&["wait-for-requests"]),
        Some((keyboard, terminal)),
    );
    screen.shows("waiting for requests");
    screen.types("y\ny\n");
    let first = fake.ask(&["first"]);
    screen.shows(&format!("Request {}", first.code));
    // The thumb comes down as the request appears.
    screen.types("y\ny\n");
    screen.shows(QUESTION);
    assert_eq!(answers(&fake), []);
    let second = fake.ask(&["second"]);
    screen.types("n\n");
    screen.shows(&format!("denied {}", first.code));
    screen.types("y\n");
    screen.shows(&format!("Request {}", second.code));
    screen.types("y\n");
    screen.shows(QUESTION);
    assert_eq!(answers(&fake), [(0, Verdict::Deny, None)]);
    screen.types("y\n");
    screen.shows(&format!("approved {}", second.code));
    // Ctrl-D.
    screen.types("\x04");
    assert!(screen.ends_well());
    assert_eq!(
        answers(&fake),
        [(0, Verdict::Deny, None), (1, Verdict::Approve, None)]
    );
}
