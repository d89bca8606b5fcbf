//! Signals, as something that can be waited on.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH},
    flag,
    low_level::{emulate_default_handler, pipe},
};

/// What signals there were.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Has a byte for each.
    woken: UnixStream,
    /// The number of the one that ends the program; 0 while there is none.
    end: Arc<AtomicUsize>,
    suspend: Arc<AtomicUsize>,
    /// Another size, or back after a stop.
    redraw: Arc<AtomicUsize>,
}

/// What a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    End(i32),
    Suspend,
    Redraw,
}

impl Signals {
    /// All that matter to a whole screen.
    pub(crate) fn catch() -> io::Result<Self> {
        Self::catch_all(&[SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])
    }

    /// Those that end a program which has something to say before.
    pub(crate) fn catch_ends() -> io::Result<Self> {
        Self::catch_all(&[SIGTERM, SIGHUP, SIGINT, SIGQUIT])
    }

    fn catch_all(caught: &[i32]) -> io::Result<Self> {
        let (woken, wakes) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        wakes.set_nonblocking(true)?;
        let signals = Self {
            woken,
            end: Arc::default(),
            suspend: Arc::default(),
            redraw: Arc::default(),
        };
        for signal in caught {
            let flag = match *signal {
                SIGTSTP => &signals.suspend,
                SIGCONT | SIGWINCH => &signals.redraw,
                _ => &signals.end,
            };
            let value = usize::try_from(*signal).unwrap_or(1);
            // The flag first: it is set when the pipe wakes.
            flag::register_usize(*signal, Arc::clone(flag), value)?;
            pipe::register(*signal, wakes.try_clone()?)?;
        }
        Ok(signals)
    }

    /// To wait on.
    pub(crate) fn stream(&self) -> &UnixStream {
        &self.woken
    }

    /// What is wanted most, if anything is.
    pub(crate) fn next(&mut self) -> Option<Signal> {
        while matches!(self.woken.read(&mut [0; 64]), Ok(1..)) {}
        let take = |flag: &AtomicUsize| flag.swap(0, Ordering::SeqCst);
        match take(&self.end) {
            0 => {}
            signal => return Some(Signal::End(i32::try_from(signal).unwrap_or(SIGTERM))),
        }
        if take(&self.suspend) != 0 {
            return Some(Signal::Suspend);
        }
        (take(&self.redraw) != 0).then_some(Signal::Redraw)
    }
}

/// What this signal would have done to a program that knows nothing of signals: end it.
pub(crate) fn end_by(signal: i32) -> io::Result<()> {
    emulate_default_handler(signal)
}

/// Stops, until somebody lets it go on.
pub(crate) fn stop() -> io::Result<()> {
    emulate_default_handler(SIGTSTP)
}
