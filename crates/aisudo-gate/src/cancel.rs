//! What ends a wait from this side.
//!
//! sudo itself does not end when its parent is killed, its terminal hangs up or the reader of its
//! output goes away: a late approval would run an orphan that nobody waits for.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, getppid},
    stdio::stdout,
};

use crate::signals::Held;

/// How often signals and the parent are looked at, in nanoseconds: neither can be polled for
/// portably.
const TICK_NS: i64 = 100_000_000;

/// Watches for the end of whoever started sudo. Ending signals are held back while it lives.
#[derive(Debug)]
pub(crate) struct Watch {
    held: Held,
    parent: Option<Pid>,
}

/// What a pause was ended by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The descriptor is ready, or has failed.
    Ready,
    /// One tick is over.
    Tick,
    /// The wait is to end, because …
    Cancelled(&'static str),
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn begin() -> Self {
        Self {
            held: Held::hold(),
            parent: getppid(),
        }
    }

    /// Waits for `descriptor`, if one is given, but no longer than one tick.
    pub(crate) fn pause(&self, descriptor: Option<PollFd<'_>>) -> Woken {
        // No events asked for: poll(2) reports an error or hang-up anyway, which for a pipe means
        // that its reader is gone.
        let stdout = stdout();
        let mut watched = vec![PollFd::from_borrowed_fd(stdout, PollFlags::empty())];
        watched.extend(descriptor);
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: TICK_NS,
        };
        // An error (a signal that is not held back) counts as a tick.
        let polled = poll(&mut watched, Some(&timeout)).is_ok();
        if self.held.arrived() {
            return Woken::Cancelled("a signal came");
        }
        if getppid() != self.parent {
            return Woken::Cancelled("the process that started sudo has ended");
        }
        let mut events = watched.iter().map(PollFd::revents);
        let output = events.next().unwrap_or(PollFlags::empty());
        if polled && output.intersects(PollFlags::ERR | PollFlags::HUP) {
            return Woken::Cancelled("the reader of standard output has gone");
        }
        if polled && events.any(|event| !event.is_empty()) {
            return Woken::Ready;
        }
        Woken::Tick
    }
}
