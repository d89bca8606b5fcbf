//! `aisudo watch` on a real terminal, against a daemon that does what the test wants.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{os::unix::process::ExitStatusExt, process::Stdio};

use aisudo_core::{
    evidence::Verdict,
    state::End,
    wire::{FromControl, Row},
};
use aisudo_sys::clock::boottime;
use fake::{
    Fake,
    full_screen::FullScreen,
    screen::{Screen, answers, pty},
    until,
};
use rustix::process::Signal;

const ARMED: &str = "ARMED: a approves, d denies, D denies with words";

fn watch(fake: &Fake) -> FullScreen {
    FullScreen::of_size(fake.command(&["watch"]), 40, 100)
}

/// Nothing has been decided, and nothing is on its way.
fn has_decided_nothing(fake: &Fake, screen: &mut FullScreen) {
    // The help page comes when all before it was read.
    screen.types("?");
    screen.shows("END OF HELP");
    assert_eq!(answers(fake), []);
    screen.types("?");
    screen.until("the queue", |text| !text.contains("END OF HELP"));
}

#[test]
fn i4_an_approval_is_for_what_was_on_the_screen() {
    let fake = Fake::start();
    let mut screen = watch(&fake);
    screen.shows("No request waits");
    let row = fake.ask(&["apt-get", "install", "-y", "nginx"]);
    screen.shows(&format!("Request {}: agent on web1 asks", row.code));
    screen.shows("    apt-get install -y nginx");
    screen.shows("! Look closely at the reason: control character.");
    screen.shows(&format!("digest       {}", row.digest));
    screen.shows(ARMED);
    screen.types("a");
    screen.shows(&format!("OVER: approved {}; sudo goes on", row.code));
    assert_eq!(
        fake.state().decided,
        [FromControl::Decide {
            id: row.id,
            digest: row.digest,
            verdict: Verdict::Approve,
            note: None
        }]
    );
    screen.types("q");
    assert_eq!(screen.ends().code(), Some(0));
}

#[test]
fn a_denial_carries_its_words() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    screen.types("Dno");
    screen.shows("> no_");
    screen.types("\x1b");
    screen.shows("nothing was denied");
    screen.shows(ARMED);
    screen.types("D");
    screen.shows(&format!(
        "Deny {}. Words for whoever asked, 0 of 500",
        row.code
    ));
    // Neither what is pasted nor a letter is a command here.
    screen.types("\x1b[200~use\nthe\x1b[201~ dä\x7fa");
    screen.shows("> use the da_");
    screen.types("\r");
    screen.shows(&format!("OVER: denied {}; nothing is run", row.code));
    assert_eq!(
        answers(&fake),
        [(0, Verdict::Deny, Some("use the da".to_owned()))]
    );
}

#[test]
fn a22_a_key_on_its_way_decides_nothing() {
    let fake = Fake::start();
    let mut screen = watch(&fake);
    screen.shows("No request waits");
    screen.types("ad");
    let first = fake.ask(&["first"]);
    screen.shows(&format!("Request {}", first.code));
    // The thumb comes down as the request appears, and again, and again.
    screen.types("a");
    screen.shows("too early: nothing was decided");
    screen.types("aad");
    has_decided_nothing(&fake, &mut screen);
    let second = fake.ask(&["second"]);
    screen.shows(&second.code);
    screen.shows(ARMED);
    // Two thumbs: the second one is for nothing, also when the next request is there.
    screen.types("dd");
    screen.shows(&format!("OVER: denied {}; nothing is run", first.code));
    screen.types("a");
    screen.shows("nothing is selected: nothing was decided");
    screen.types("n");
    screen.shows(&format!("Request {}", second.code));
    screen.types("a");
    screen.shows("too early: nothing was decided");
    screen.shows(ARMED);
    assert_eq!(answers(&fake), [(0, Verdict::Deny, None)]);
    screen.presses("a", &format!("OVER: approved {}", second.code));
    assert_eq!(
        answers(&fake),
        [(0, Verdict::Deny, None), (1, Verdict::Approve, None)]
    );
}

#[test]
fn a22_what_ends_does_not_make_room_for_a_key() {
    let fake = Fake::start();
    let first = fake.ask(&["first"]);
    let second = fake.ask(&["second"]);
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    fake.end(&first, End::Expired);
    screen.shows(&format!(
        "OVER: {}: it expired: nobody answered",
        first.code
    ));
    screen.types("a");
    screen.shows("nothing is selected: nothing was decided");
    // By itself, after a while.
    screen.shows(&format!("Request {}", second.code));
    screen.types("a");
    screen.shows("too early");
    screen.shows(ARMED);
    assert_eq!(answers(&fake), []);
}

/// A key that came before the guard's end does not count because it is read after it.
#[test]
fn a22_a_key_that_is_read_late_came_early_all_the_same() {
    let fake = Fake::start();
    let mut screen = watch(&fake);
    screen.shows("No request waits");
    let first = fake.ask(&["first"]);
    screen.shows(&format!("Request {}", first.code));
    let (second, hangs) = fake.ask_and_hang(&["second"]);
    screen.types("a");
    let since = boottime();
    until(|| boottime().0 - since.0 > 1_000);
    drop(hangs);
    screen.shows(&second.code);
    screen.shows(ARMED);
    has_decided_nothing(&fake, &mut screen);
}

#[test]
fn a22_another_size_begins_the_guard_anew() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    screen.resize(9, 39);
    screen.shows("Too small");
    screen.types("a");
    screen.resize(40, 90);
    screen.shows(&format!("Request {}", row.code));
    screen.shows(ARMED);
    assert_eq!(answers(&fake), []);
    screen.types("q");
    assert!(screen.ends().success());
}

#[test]
fn a18_what_was_not_seen_to_its_end_takes_a_second_key() {
    let fake = Fake::start();
    let words: Vec<String> = (1..=100).map(|n| format!("word{n}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let row = fake.ask(&words);
    let mut screen = FullScreen::new(fake.command(&["watch"]));
    screen.shows("ARMED: read on to approve; d denies");
    screen.shows("MORE BELOW: ");
    screen.types("a");
    screen.shows("lines you have not seen: read on, or press a again");
    screen.types("a");
    screen.shows("too early");
    // The end alone is not all of it.
    screen.types("\x1b[F");
    screen.shows("END OF REQUEST");
    screen.shows("ARMED: read on to approve");
    assert_eq!(answers(&fake), []);
    screen.types("\x1b[H");
    screen.shows("MORE BELOW: ");
    let mut above = screen.above();
    while !screen.text().contains("END OF REQUEST") {
        screen.types("\x1b[6~");
        until(|| screen.above() > above);
        above = screen.above();
    }
    screen.shows(ARMED);
    screen.types("a");
    screen.shows(&format!("OVER: approved {}", row.code));
    assert_eq!(answers(&fake), [(0, Verdict::Approve, None)]);
}

#[test]
fn a18_a_person_may_insist() {
    let fake = Fake::start();
    fake.ask(&["echo", &"x".repeat(3000)]);
    let mut screen = FullScreen::new(fake.command(&["watch"]));
    screen.shows("ARMED: read on to approve");
    screen.types("a");
    screen.shows("lines UNSEEN");
    assert_eq!(answers(&fake), []);
    screen.presses("a", "OVER: approved");
    assert_eq!(answers(&fake), [(0, Verdict::Approve, None)]);
}

#[test]
fn a21_one_answer_is_for_all_that_were_shown_and_for_no_other() {
    let fake = Fake::start();
    let rows: Vec<Row> = (0..3).map(|_| fake.ask(&["id"])).collect();
    let mut screen = FullScreen::of_size(fake.command(&["watch"]), 50, 100);
    screen.shows("ARMED for all 3: a approves");
    screen.shows("×3: the same is asked 3 times");
    screen.shows("1 question waits");
    let fourth = fake.ask(&["id"]);
    screen.shows("a further identical one came: now 4 ask this");
    screen.types("a");
    screen.shows("too early");
    screen.shows("ARMED for all 4");
    fake.end(&rows[1], End::Expired);
    screen.shows("ARMED for all 3");
    screen.types("a");
    screen.shows(&format!(
        "approved {}, {}, {}; sudo goes on",
        rows[0].code, rows[2].code, fourth.code
    ));
    assert_eq!(
        answers(&fake),
        [0, 2, 3].map(|number| (number, Verdict::Approve, None))
    );
}

#[test]
fn without_its_daemon_it_waits_and_decides_nothing() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    fake.stop();
    screen.shows("NOT CONNECTED: nothing can be decided");
    screen.types("a");
    screen.shows("not connected: nothing can be decided");
    fake.listen();
    screen.shows("aisudo-daemon is back");
    screen.shows(ARMED);
    assert_eq!(answers(&fake), []);
    screen.types("d");
    screen.shows(&format!("OVER: denied {}", row.code));
    assert_eq!(answers(&fake), [(0, Verdict::Deny, None)]);
}

#[test]
fn a_screen_that_fell_behind_looks_again() {
    let fake = Fake::start();
    let mut screen = watch(&fake);
    screen.shows("No request waits");
    fake.wait_for_watcher();
    fake.fall_behind();
    // Nobody is told of it.
    let row = fake.ask(&["id"]);
    screen.shows(&format!("Request {}", row.code));
    screen.shows(ARMED);
    screen.types("q");
    assert!(screen.ends().success());
}

#[test]
fn what_is_over_can_be_read() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    fake.end(&row, End::Expired);
    let waits = fake.ask(&["true"]);
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    screen.types("h");
    screen.shows("it expired: nobody answered in time");
    screen.shows(&format!("> {}", row.code));
    screen.types("a");
    screen.types("\x1b");
    screen.shows(&format!("Request {}", waits.code));
    screen.shows(ARMED);
    assert_eq!(answers(&fake), []);
}

#[test]
fn however_it_ends_the_terminal_is_given_back() {
    let fake = Fake::start();
    fake.ask(&["id"]);
    for leave in ["q", "\x03"] {
        let mut screen = watch(&fake);
        screen.shows(ARMED);
        assert!(!screen.is_given_back());
        screen.types(leave);
        assert_eq!(screen.ends().code(), Some(0));
    }
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut screen = watch(&fake);
        screen.shows(ARMED);
        screen.signal(signal);
        assert_eq!(screen.ends().signal(), Some(signal.as_raw()));
    }
    // The daemon does not want this user any more.
    let mut screen = watch(&fake);
    screen.shows(ARMED);
    fake.state().refuses = Some("only root may approve; use root".to_owned());
    fake.stop();
    fake.listen();
    assert_eq!(screen.ends().code(), Some(4));
    screen.shows("aisudo: only root may approve; use root");
    assert_eq!(answers(&fake), []);
}

#[test]
fn a_stopped_program_gives_the_terminal_back_and_takes_it_again() {
    let fake = Fake::start();
    fake.ask(&["id"]);
    let mut screen = watch(&fake);
    for suspend in 0..2 {
        screen.shows(ARMED);
        if suspend == 0 {
            screen.signal(Signal::TSTP);
        } else {
            screen.types("\x1a");
        }
        until(|| screen.process_state() == "T");
        until(|| screen.is_given_back());
        screen.types("a\n");
        screen.signal(Signal::CONT);
        screen.shows("armed in");
        assert!(!screen.is_given_back());
    }
    screen.shows(ARMED);
    assert_eq!(answers(&fake), []);
}

#[test]
fn without_a_terminal_the_other_command_is_named() {
    let fake = Fake::start();
    let ran = fake.run(&["watch"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        ran.stderr,
        "aisudo: aisudo watch needs a terminal for input and output; without one use: aisudo wait-for-requests\n"
    );
}

#[test]
fn plain_is_line_by_line_and_moves_no_cursor() {
    let fake = Fake::start();
    let row = fake.ask(&["id"]);
    let plain: [(&[&str], &str); 2] = [(&["watch", "--plain"], "xterm"), (&["watch"], "dumb")];
    for (arguments, term) in plain {
        let mut command = fake.command(arguments);
        command.env("TERM", term).stdout(Stdio::piped());
        let mut screen = Screen::new(command, Some(pty()));
        screen.shows(&format!("Request {}", row.code));
        screen.shows("Approve? [y]es / [n]o / [d]eny with words / [s]kip > ");
        screen.types("s\n");
        screen.shows(&format!("skipped {}", row.code));
        // Ctrl-D.
        screen.types("\x04");
        assert!(screen.ends_well());
    }
    let ran = fake.run_with_input(&["watch", "--plain"], "s\n");
    assert!(!ran.stdout.contains('\x1b'), "{}", ran.stdout);
    assert_eq!(answers(&fake), []);
}
