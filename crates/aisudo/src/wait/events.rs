//! What happens next: something was typed, the daemon says something, or time is up.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use aisudo_core::{
    state::Tick,
    wire::{Row, ToControl},
};
use aisudo_sys::clock::boottime;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    daemon::{Control, out_of_place},
    failure::Failure,
    keys::Keys,
};

/// What came first.
#[derive(Debug)]
pub(crate) enum Event {
    Line(String),
    NoMoreKeys,
    /// A request came or changed.
    Changed(Option<Box<Row>>),
    Time,
}

/// When keys count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listen {
    Always,
    /// Only to see their end.
    InBetween,
    Never,
}

/// Where events come from, beside the daemon.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) keys: Keys,
}

struct Ready {
    feed: bool,
    keys: bool,
}

/// The next change that the daemon tells.
pub(crate) fn change(feed: &mut Control) -> Result<Event, Failure> {
    match feed.event()? {
        ToControl::Changed { row } => Ok(Event::Changed(row.map(Box::new))),
        // Such as: this screen fell behind.
        ToControl::Error { .. } => Err(Failure::Unreachable(
            "aisudo-daemon ended the watch".to_owned(),
        )),
        _ => Err(out_of_place()),
    }
}

impl Events {
    /// The next thing that happens. Without a feed nothing is heard from the daemon.
    pub(super) fn next(
        &mut self,
        feed: Option<&mut Control>,
        listen: Listen,
        until: Option<Tick>,
    ) -> Result<Event, Failure> {
        let mut feed = feed;
        loop {
            let has_line = matches!(listen, Listen::Always) && self.keys.has_line();
            let no_more = !matches!(listen, Listen::Never) && self.keys.are_over();
            let at_once = (has_line || no_more).then_some(Tick(0));
            let ready = self.wait(feed.as_deref(), listen, at_once.or(until))?;
            // A change goes first: an answer that comes together with it may not be for it.
            if let Some(feed) = feed.as_deref_mut().filter(|_| ready.feed) {
                return change(feed);
            }
            if has_line && let Some(line) = self.keys.line() {
                return Ok(Event::Line(line));
            }
            if no_more {
                return Ok(Event::NoMoreKeys);
            }
            if ready.keys {
                self.keys.read();
                // Between questions a person answers nothing; a script's lines are answers to come.
                if matches!(listen, Listen::InBetween) {
                    self.keys.forget();
                }
            } else if until.is_some_and(|until| boottime() >= until) {
                return Ok(Event::Time);
            }
        }
    }

    fn wait(
        &self,
        feed: Option<&Control>,
        listen: Listen,
        until: Option<Tick>,
    ) -> Result<Ready, Failure> {
        let with_keys = !matches!(listen, Listen::Never) && self.keys.may_come();
        let stdin = io::stdin();
        let feed = feed.map(|feed| feed.stream().as_fd());
        let keys = with_keys.then(|| stdin.as_fd());
        let [feed, keys] = ready([feed, keys], until)?;
        Ok(Ready { feed, keys })
    }
}

/// Which of these can be read, when one can or time is up. A signal ends it early.
pub(crate) fn ready<const N: usize>(
    sources: [Option<BorrowedFd<'_>>; N],
    until: Option<Tick>,
) -> Result<[bool; N], Failure> {
    let mut watched: Vec<PollFd<'_>> = sources
        .iter()
        .flatten()
        .map(|source| PollFd::from_borrowed_fd(*source, PollFlags::IN))
        .collect();
    let timeout = until.map(|until| timespec(until.0.saturating_sub(boottime().0)));
    match poll(&mut watched, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => {
            return Err(Failure::Refused(format!(
                "nothing can be waited for: {error}; start it again"
            )));
        }
    }
    let mut happened = watched.iter().map(|one| !one.revents().is_empty());
    Ok(sources.map(|source| source.is_some() && happened.next().unwrap_or(false)))
}

fn timespec(ms: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(ms / 1000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(ms % 1000 * 1_000_000).unwrap_or(0),
    }
}
