//! What is on the screen, and what a key does. Time is given; nothing here draws or talks.
//!
//! The guard (a22): a key decides only what has been on the screen, selected and unchanged, for
//! [`GUARD_MS`]. Whatever changes what would be decided takes the guard back to its beginning, and
//! so does a key that came too early: who hammers decides nothing. What ended, or was decided, stays
//! for [`LINGER_MS`] before the next one takes its place, unless the person asks for it.
//!
//! The end (a18): what has rows that were never on the screen is approved only when the person
//! insists, with a second key after a second guard.

mod keys;
mod queue;

use aisudo_core::{evidence::Verdict, raw::Hex32, state::Tick};

use super::{
    areas::{Areas, Size},
    layout,
    page::Page,
};
use crate::{fetch::Fetched, group::Group};

/// How long something must have been on the screen before a key decides it, in milliseconds.
pub(super) const GUARD_MS: u64 = 700;

/// How long what is over stays where it was, in milliseconds.
pub(super) const LINGER_MS: u64 = 3_000;

/// How often a countdown is drawn, in milliseconds.
const COUNTDOWN_MS: u64 = 1_000;

/// How often the guard's countdown is drawn, in milliseconds.
const ARMING_MS: u64 = 100;

/// What the key wants done.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Decide(Answer),
    ReadHistory,
    Redraw,
    Suspend,
    Quit,
}

/// One answer to all requests that were on the screen as one.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// With the digests that were shown.
    pub(super) targets: Vec<Fetched>,
    pub(super) verdict: Verdict,
    pub(super) note: Option<String>,
}

/// What came of an answer to one request.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) fetched: Fetched,
    /// Or why not.
    pub(super) done: Result<(), String>,
}

/// The daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Up,
    /// And why.
    Down(String),
}

/// What the large part of the screen shows.
#[derive(Clone, Debug)]
pub(super) enum Pane {
    Nothing,
    /// A question that waits.
    Question(Hex32),
    /// One that does not wait any more, with how it ended and where it stood.
    Over {
        group: Group,
        how: String,
        place: usize,
        since: Tick,
    },
}

/// What the keys mean.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    Queue,
    /// Words for whoever asked are being typed; the denial is for these.
    Words {
        targets: Vec<Fetched>,
        text: String,
    },
    Help(Page),
    History {
        requests: Vec<Fetched>,
        at: usize,
        page: Page,
    },
}

/// How far the selected question is from being decidable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arming {
    Armed,
    /// In so many milliseconds.
    In(u64),
    /// Nothing is there to decide.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) queue: Vec<Group>,
    pub(super) link: Link,
    pub(super) pane: Pane,
    pub(super) mode: Mode,
    /// The pane's rows.
    pub(super) page: Page,
    /// The last remark.
    pub(super) said: Option<String>,
    /// What the daemon has beside the queue, in one phrase.
    pub(super) beside: Option<String>,
    pub(super) size: Size,
    /// When the remaining times of the queue were true.
    listed_at: Tick,
    /// Since when the question has been on the screen as it is.
    shown_since: Option<Tick>,
    /// The person was told that there is more to see, and may decide all the same.
    insists: bool,
    /// How the question on the screen ended, as the daemon said.
    heard: Vec<String>,
}

impl Model {
    pub(super) fn new(size: Size, now: Tick) -> Self {
        Self {
            queue: Vec::new(),
            link: Link::Up,
            pane: Pane::Nothing,
            mode: Mode::Queue,
            page: Page::default(),
            said: None,
            beside: None,
            size,
            listed_at: now,
            shown_since: None,
            insists: false,
            heard: Vec::new(),
        }
    }

    /// The screen has this size now.
    pub(super) fn fit(&mut self, size: Size) {
        if self.size != size {
            self.size = size;
            self.lay_out();
            self.lay_out_mode();
        }
        let height = self.areas().pane.height;
        self.page.fit(height.into());
    }

    pub(super) fn areas(&self) -> Areas {
        Areas::of(self.size, self.prompt_rows())
    }

    /// The daemon went away.
    pub(super) fn lost(&mut self, why: String) {
        self.link = Link::Down(why);
        self.disarm();
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Tick) {
        if let (Pane::Over { since, place, .. }, Mode::Queue) = (&self.pane, &self.mode)
            && now.0 >= since.0.saturating_add(LINGER_MS)
        {
            self.select(*place);
        }
    }

    /// The screen shows what this model says.
    pub(super) fn drawn(&mut self, now: Tick) {
        if self.is_readable() && matches!(self.mode, Mode::Queue) {
            self.page.shown();
            if self.shown_since.is_none() && matches!(self.pane, Pane::Question(_)) {
                self.shown_since = Some(now);
            }
        }
    }

    /// The program was stopped, or the screen was lost.
    pub(super) fn woke(&mut self) {
        self.disarm();
    }

    pub(super) fn arming(&self, now: Tick) -> Arming {
        let decidable = self.link == Link::Up
            && self.is_readable()
            && matches!(self.mode, Mode::Queue)
            && self.question().is_some();
        match self.shown_since {
            _ if !decidable => Arming::Nothing,
            None => Arming::In(GUARD_MS),
            Some(since) => match since.0.saturating_add(GUARD_MS).saturating_sub(now.0) {
                0 => Arming::Armed,
                ms => Arming::In(ms),
            },
        }
    }

    /// When something on the screen changes by time alone.
    pub(super) fn next_change(&self, now: Tick) -> Option<Tick> {
        let after = |ms: u64| Tick(now.0.saturating_add(ms));
        let countdown = (!self.queue.is_empty()).then(|| after(COUNTDOWN_MS));
        let arming = match self.arming(now) {
            Arming::In(ms) => Some(after(ms.min(ARMING_MS))),
            Arming::Armed | Arming::Nothing => None,
        };
        let over = match (&self.pane, &self.mode) {
            (Pane::Over { since, .. }, Mode::Queue) => {
                Some(Tick(since.0.saturating_add(LINGER_MS)))
            }
            _ => None,
        };
        [countdown, arming, over].into_iter().flatten().min()
    }

    /// How long there is to answer one, in milliseconds.
    pub(super) fn remaining_ms(&self, fetched: &Fetched, now: Tick) -> u64 {
        let remaining = fetched.row.remaining_ms.unwrap_or(0);
        remaining.saturating_sub(now.0.saturating_sub(self.listed_at.0))
    }

    /// The question on the screen.
    pub(super) fn question(&self) -> Option<&Group> {
        let Pane::Question(fingerprint) = self.pane else {
            return None;
        };
        let mut queue = self.queue.iter();
        queue.find(|group| group.fingerprint == fingerprint)
    }

    /// Where it stands in the queue.
    pub(super) fn selected(&self) -> Option<usize> {
        let Pane::Question(fingerprint) = self.pane else {
            return None;
        };
        let mut queue = self.queue.iter();
        queue.position(|group| group.fingerprint == fingerprint)
    }

    /// Whether the next key approves although not all was seen.
    pub(super) fn insists(&self) -> bool {
        self.insists
    }

    pub(super) fn is_readable(&self) -> bool {
        self.areas().is_readable
    }

    /// The latest that are over.
    pub(super) fn show_history(&mut self, requests: Vec<Fetched>) {
        if requests.is_empty() {
            self.said = Some("nothing is over yet".to_owned());
            return;
        }
        self.leave_question();
        self.mode = Mode::History {
            requests,
            at: 0,
            page: Page::default(),
        };
        self.lay_out_mode();
    }

    fn back(&mut self) {
        self.mode = Mode::Queue;
        self.disarm();
    }

    /// The question will not be on the screen.
    fn leave_question(&mut self) {
        self.said = None;
        self.disarm();
    }

    /// What the pane shows has changed: it has not been on the screen.
    fn lay_out(&mut self) {
        let width = self.areas().text_width();
        let rows = match (&self.pane, self.question()) {
            (Pane::Over { group, how, .. }, _) => layout::question(group, Some(how), width),
            (_, Some(group)) => layout::question(group, None, width),
            (_, None) => Vec::new(),
        };
        self.page = Page::new(rows, self.areas().pane.height.into());
        self.disarm();
    }

    fn lay_out_mode(&mut self) {
        let areas = self.areas();
        let width = areas.text_width();
        match &mut self.mode {
            Mode::Help(page) => {
                let rows = layout::plain(super::ui::HELP, width);
                *page = Page::new(rows, areas.whole.height.into());
            }
            Mode::History { requests, at, page } => {
                let rows = requests.get(*at).map(|one| layout::over(one, width));
                *page = Page::new(rows.unwrap_or_default(), areas.pane.height.into());
            }
            Mode::Queue | Mode::Words { .. } => {}
        }
    }

    fn disarm(&mut self) {
        self.shown_since = None;
        self.insists = false;
    }

    fn prompt_rows(&self) -> usize {
        match &self.mode {
            Mode::Words { text, .. } => layout::prompt(text, self.size).len(),
            Mode::Queue | Mode::Help(_) | Mode::History { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests;
