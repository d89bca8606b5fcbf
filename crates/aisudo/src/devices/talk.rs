//! What happens while root pairs: a phone answers, something is typed, a signal comes, time is up.

use std::{collections::VecDeque, io, os::fd::AsFd as _};

use aisudo_core::{
    base64url::Base64,
    device::KeyId,
    paths::Paths,
    state::Tick,
    wire::{FromControl, ToControl},
};
use aisudo_sys::clock::boottime;

use crate::{
    daemon::{Control, out_of_place},
    failure::Failure,
    keys::Keys,
    signals::Signals,
    wait::events::ready,
};

/// Answers that are kept while something is sent.
const MAX_KEPT: usize = 16;

/// The daemon, which carries what is said, and root's keyboard.
#[derive(Debug)]
pub(super) struct Talk {
    control: Control,
    keys: Keys,
    signals: Signals,
    /// Those that came while something else was waited for.
    answers: VecDeque<Vec<u8>>,
}

/// What came first.
#[derive(Debug)]
pub(super) enum Event {
    /// A phone, or whoever says so.
    Answer(Vec<u8>),
    Line(String),
    NoMoreKeys,
    /// Ctrl-C, or another signal to end.
    Signal,
    Time,
}

impl Talk {
    /// From now on the daemon passes on what phones answer.
    pub(super) fn open(paths: &Paths) -> Result<Self, Failure> {
        let mut control = Control::open(paths)?;
        match control.ask(&FromControl::Pair) {
            Ok(ToControl::Pairing) => {}
            Ok(_) => return Err(out_of_place()),
            // It is in the file: that was looked at before.
            Err(Failure::Refused(why)) if why.contains("[channels.app]") => {
                return Err(Failure::Refused(
                    "aisudo-daemon does not know of [channels.app] yet; run: systemctl restart aisudo-daemon, and begin again".to_owned(),
                ));
            }
            Err(failure) => return Err(failure),
        }
        let signals = Signals::catch_ends().map_err(|error| {
            Failure::Refused(format!("signals cannot be caught: {error}; start it again"))
        })?;
        Ok(Self {
            control,
            keys: Keys::default(),
            signals,
            answers: VecDeque::new(),
        })
    }

    /// The next thing that happens.
    pub(super) fn next(&mut self, until: Tick) -> Result<Event, Failure> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Ok(Event::Answer(answer));
            }
            let (has_line, no_more) = (self.keys.has_line(), self.keys.are_over());
            let at_once = (has_line || no_more).then_some(Tick(0));
            let stdin = io::stdin();
            let sources = [
                Some(self.signals.stream().as_fd()),
                Some(self.control.stream().as_fd()),
                self.keys.may_come().then(|| stdin.as_fd()),
            ];
            let [signal, said, typed] = ready(sources, at_once.or(Some(until)))?;
            if signal && self.signals.next().is_some() {
                return Ok(Event::Signal);
            }
            if said {
                match self.control.answer()? {
                    ToControl::PairAnswer { message } => return Ok(Event::Answer(message.0)),
                    _ => return Err(out_of_place()),
                }
            }
            if has_line && let Some(line) = self.keys.line() {
                return Ok(Event::Line(line));
            }
            if no_more {
                return Ok(Event::NoMoreKeys);
            }
            if typed {
                self.keys.read();
            } else if boottime() >= until {
                return Ok(Event::Time);
            }
        }
    }

    /// Has a message carried to a phone that has answered.
    pub(super) fn send(&mut self, to: KeyId, message: Vec<u8>, last: bool) -> Result<(), Failure> {
        let message = Base64(message);
        self.control
            .send(&FromControl::PairSend { to, message, last })?;
        for _ in 0..=MAX_KEPT {
            match self.control.answer()? {
                ToControl::PairSent => return Ok(()),
                ToControl::PairAnswer { message } => self.answers.push_back(message.0),
                _ => return Err(out_of_place()),
            }
        }
        Err(out_of_place())
    }

    /// What was typed until now was not meant for the question that comes.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        self.keys.forget();
        while self.keys.may_come()
            && matches!(ready([Some(io::stdin().as_fd())], Some(Tick(0)))?, [true])
        {
            self.keys.read();
        }
        self.keys.clear();
        Ok(())
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.keys.is_terminal()
    }
}
