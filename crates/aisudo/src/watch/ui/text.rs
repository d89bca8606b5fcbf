//! The words on the screen.

use aisudo_core::{state::Tick, wire::MAX_NOTE_BYTES};

use crate::{
    group::codes,
    watch::{
        layout::columns,
        model::{Arming, Link, Mode, Model, Pane},
    },
};

pub(super) const NOTHING: &str = "No request waits. The next one is shown here by itself.";

pub(super) const HISTORY: &str = "History: nothing can be decided here";

pub(super) const TOO_SMALL: &[&str] = &[
    "Too small: aisudo watch needs 40 columns and 10 rows.",
    "Nothing can be decided here. Make it larger, or q quits.",
];

/// What `?` shows.
pub(in super::super) const HELP: &[&str] = &[
    "Each request that waits is a line in the list; the one with > is shown below it, whole.",
    "",
    "a                     approve what is shown; it runs once",
    "d                     deny it",
    "D, r                  deny with words for whoever asked",
    "n, Right, Tab         next request",
    "p, Left               previous request",
    "Up, Down, k, j        scroll by a line",
    "PgUp, PgDn, b, Space  scroll by a page",
    "Home, End, g, G       to the beginning, to the end",
    "h                     history: the latest that are over",
    "Ctrl-L                draw the screen again",
    "Ctrl-Z                suspend",
    "q, Ctrl-C             quit; what was not answered goes on waiting",
    "",
    "ARMED: a key decides only what has been on the screen, selected and unchanged, for 0.7 s. A key that comes too early decides nothing, and starts that time again. Pasted text is no command.",
    "",
    "MORE BELOW: approving what you have not seen to its end takes a second a.",
    "",
    "×3: the same question, asked three times. One answer is for the three that are shown. When a further one comes, it says so and is armed again.",
    "",
    "» continues the row above; a word or field never begins there. A long command has one word a row, with its number.",
];

/// How urgent a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Calm,
    Go,
    Wait,
    Stop,
}

/// Whether a key decides, and what.
pub(super) fn state(model: &Model, now: Tick) -> (String, Mood) {
    if let Mode::Words { targets, text } = &model.mode {
        if let Pane::Over { how, .. } = &model.pane {
            return (format!("OVER meanwhile: {how}"), Mood::Stop);
        }
        let (codes, used) = (codes(targets), text.len());
        return (
            format!("Deny {codes}. Words for whoever asked, {used} of {MAX_NOTE_BYTES} bytes:"),
            Mood::Calm,
        );
    }
    if let Link::Down(_) = model.link {
        let state = "NOT CONNECTED: nothing can be decided; trying again";
        return (state.to_owned(), Mood::Stop);
    }
    match (&model.pane, model.arming(now)) {
        (Pane::Nothing, _) => (String::new(), Mood::Calm),
        (Pane::Over { how, .. }, _) => {
            let next = match model.queue.len() {
                0 => "",
                _ => " (n: next)",
            };
            (format!("OVER: {how}{next}"), Mood::Stop)
        }
        (Pane::Question(_), Arming::In(ms)) => (
            format!(
                "armed in {}.{} s: keys decide nothing yet",
                ms / 1000,
                ms % 1000 / 100
            ),
            Mood::Wait,
        ),
        (Pane::Question(_), Arming::Armed) => (armed(model), Mood::Go),
        (Pane::Question(_), Arming::Nothing) => (String::new(), Mood::Calm),
    }
}

fn armed(model: &Model) -> String {
    let all = match model.question().map_or(0, |group| group.members.len()) {
        count @ 2.. => format!("ARMED for all {count}"),
        _ => "ARMED".to_owned(),
    };
    let deny = "d denies, D denies with words";
    match model.page.unseen() {
        0 => format!("{all}: a approves, {deny}"),
        unseen if model.insists() => {
            format!("{all}: a approves, {unseen} lines UNSEEN; {deny}")
        }
        _ => format!("{all}: read on to approve; {deny}"),
    }
}

/// As many as there is room for, the most needed first.
pub(super) fn keys(mode: &Mode, width: usize) -> String {
    let keys: &[&str] = match mode {
        Mode::Queue => &[
            "? help",
            "q quit",
            "a approve",
            "d deny",
            "D words",
            "n/p choose",
            "h history",
            "PgDn scroll",
        ],
        Mode::Words { .. } => &["Enter deny", "Esc cancel", "Ctrl-U clear"],
        Mode::Help(_) => &["Esc back", "PgDn scroll"],
        Mode::History { .. } => &["Esc back", "n/p choose", "PgDn scroll"],
    };
    let mut line = String::new();
    for key in keys {
        if columns(&line) + columns(key) + 4 > width {
            break;
        }
        if !line.is_empty() {
            line.push_str("   ");
        }
        line.push_str(key);
    }
    line
}

/// A text of a list, which the pane shows whole.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += columns(c.encode_utf8(&mut [0; 4]));
        // Two for what says that it is cut.
        if used + 2 > width {
            break;
        }
        out.push(c);
    }
    out.push_str(" …");
    out
}
