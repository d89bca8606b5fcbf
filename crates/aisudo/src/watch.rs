//! `aisudo watch`: the queue on the whole screen.
//!
//! [`model`] knows what is on the screen and what a key does, [`ui`] draws it, and what is here
//! waits: for keys, the daemon, signals and time, in one thread. A change goes before a key that
//! came together with it.

mod areas;
mod keys;
mod layout;
mod model;
mod page;
mod terminal;
mod ui;

#[cfg(test)]
mod sample;

use std::{
    env,
    io::{self, IsTerminal, Stdin},
    os::fd::AsFd,
};

use aisudo_core::{
    paths::Paths,
    state::Tick,
    wire::{FromControl, LiveState, Standing, ToControl},
};
use aisudo_sys::clock::boottime;

use self::{
    keys::{Keys, Read},
    model::{Action, Answer, Arming, Model, Outcome},
    terminal::Screen,
    ui::Look,
};
use crate::{
    cli::{Wait, Watch},
    daemon::{Control, out_of_place},
    decide::decide,
    failure::Failure,
    fetch::{Fetched, fetch},
    group::waiting,
    output::{Output, remark},
    signals::{self, Signal, Signals},
    wait::{
        self,
        events::{Event, change, ready},
    },
};

/// Between attempts to reach a daemon that went away, in milliseconds.
const RETRY_MS: u64 = 500;

/// How long the rest of an escape sequence may take, in milliseconds.
const SEQUENCE_MS: u64 = 50;

/// How many requests the history has.
const HISTORY: usize = 30;

pub(crate) fn run(paths: &Paths, arguments: &Watch, output: &mut Output) -> Result<(), Failure> {
    if arguments.plain || is_dumb() {
        if !arguments.plain {
            remark("this terminal cannot show a whole screen; going on line by line (--plain)");
        }
        return wait::run(paths, &Wait { once: false }, output);
    }
    let (input, shown) = (io::stdin(), io::stdout());
    if !input.is_terminal() || !shown.is_terminal() {
        return Err(Failure::Refused(
            "aisudo watch needs a terminal for input and output; without one use: aisudo wait-for-requests".to_owned(),
        ));
    }
    // Before the screen is taken: what is wrong from the beginning is said as usual.
    let feed = wait::watch(paths)?;
    let signals = Signals::catch().map_err(|error| no_terminal(&error))?;
    let screen = Screen::take(&input, &shown).map_err(|error| no_terminal(&error))?;
    let mut app = App {
        paths,
        model: Model::new(screen.size(), boottime()),
        screen,
        signals,
        feed: Some(feed),
        retry_at: Tick(0),
        input,
        keys: Keys::default(),
        keys_at: Tick(0),
        pictured: Tick(0),
        armed: false,
        look: Look {
            colour: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        },
    };
    let end = app.run();
    // Gives the terminal back.
    drop(app);
    match end? {
        End::Quit => Ok(()),
        End::Signal(signal) => signals::end_by(signal).map_err(|error| no_terminal(&error)),
    }
}

/// Whether the terminal cannot move its cursor, or is not known.
fn is_dumb() -> bool {
    env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

fn no_terminal(error: &io::Error) -> Failure {
    Failure::Refused(format!("the terminal cannot be used: {error}"))
}

#[derive(Clone, Copy, Debug)]
enum End {
    Quit,
    Signal(i32),
}

struct App<'a> {
    paths: &'a Paths,
    model: Model,
    screen: Screen,
    signals: Signals,
    /// Nothing while the daemon is away.
    feed: Option<Control>,
    /// When it may be looked for again.
    retry_at: Tick,
    input: Stdin,
    keys: Keys,
    /// When something was typed last.
    keys_at: Tick,
    /// The time of the last picture: keys are judged by what it said, however late they are read.
    pictured: Tick,
    /// Whether it said that keys decide.
    armed: bool,
    look: Look,
}

impl App<'_> {
    fn run(&mut self) -> Result<End, Failure> {
        self.with_daemon(Self::list)?;
        loop {
            self.draw().map_err(|error| no_terminal(&error))?;
            let [signal, feed, keys] = self.wait()?;
            if signal && let Some(end) = self.signals()? {
                return Ok(end);
            }
            if feed {
                self.with_daemon(Self::events)?;
            } else if self.feed.is_none() && boottime() >= self.retry_at {
                self.with_daemon(Self::reach)?;
            }
            let end = if keys {
                self.read_keys()?
            } else if boottime() >= later(self.keys_at, SEQUENCE_MS) {
                let settled = self.keys.settle();
                self.press(settled.into_iter().collect())?
            } else {
                None
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.model.fit(self.screen.size());
        let now = boottime();
        self.model.tick(now);
        let (model, look) = (&self.model, self.look);
        self.screen
            .draw(|frame| ui::draw(frame, model, now, look))?;
        // Only now it is on the screen, however long the terminal took.
        self.model.drawn(boottime());
        self.pictured = now;
        let armed = self.model.arming(now) == Arming::Armed;
        if armed && !self.armed {
            // What was typed before the picture said so was on its way before (a22).
            self.keys.forget(&self.input);
        }
        self.armed = armed;
        Ok(())
    }

    /// Which of signals, daemon and keyboard have something, when one has or time changes the screen.
    fn wait(&self) -> Result<[bool; 3], Failure> {
        let now = boottime();
        let sequence = self.keys.is_open();
        let sequence = sequence.then(|| later(self.keys_at, SEQUENCE_MS));
        let retry = self.feed.is_none().then_some(self.retry_at);
        let until = [self.model.next_change(now), sequence, retry];
        let feed = self.feed.as_ref().map(|feed| feed.stream().as_fd());
        ready(
            [
                Some(self.signals.stream().as_fd()),
                feed,
                Some(self.input.as_fd()),
            ],
            until.into_iter().flatten().min(),
        )
    }

    fn signals(&mut self) -> Result<Option<End>, Failure> {
        while let Some(signal) = self.signals.next() {
            match signal {
                Signal::End(signal) => return Ok(Some(End::Signal(signal))),
                Signal::Suspend => self.suspend()?,
                Signal::Redraw => self.redraw()?,
            }
        }
        Ok(None)
    }

    /// Also when somebody has changed the terminal's modes while this was stopped.
    fn redraw(&mut self) -> Result<(), Failure> {
        self.model.woke();
        self.keys.forget(&self.input);
        self.screen
            .take_again()
            .map_err(|error| no_terminal(&error))
    }

    fn suspend(&mut self) -> Result<(), Failure> {
        self.screen.give_back();
        signals::stop().map_err(|error| no_terminal(&error))?;
        self.redraw()
    }

    fn read_keys(&mut self) -> Result<Option<End>, Failure> {
        self.keys_at = boottime();
        match self.keys.read(&self.input) {
            Read::Keys(keys) => self.press(keys),
            // Its terminal was taken away: nobody can answer on it any more.
            Read::Gone => Ok(Some(End::Quit)),
        }
    }

    fn press(&mut self, keys: Vec<keys::Key>) -> Result<Option<End>, Failure> {
        for key in keys {
            let Some(action) = self.model.key(self.pictured, key) else {
                continue;
            };
            match action {
                Action::Quit => return Ok(Some(End::Quit)),
                Action::Suspend => self.suspend()?,
                Action::Redraw => self.redraw()?,
                Action::ReadHistory => self.with_daemon(Self::history)?,
                Action::Decide(answer) => {
                    self.decide(&answer)?;
                    // What was typed behind it was typed for what was there before.
                    self.keys.forget(&self.input);
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Does something for which the daemon must be there. That it is not is on the screen.
    fn with_daemon(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match work(self) {
            Err(Failure::Unreachable(why) | Failure::Refused(why)) => {
                self.feed = None;
                self.retry_at = later(boottime(), RETRY_MS);
                self.model.lost(why);
                Ok(())
            }
            done => done,
        }
    }

    fn reach(&mut self) -> Result<(), Failure> {
        self.retry_at = later(boottime(), RETRY_MS);
        let feed = wait::watch(self.paths)?;
        self.list()?;
        self.feed = Some(feed);
        Ok(())
    }

    /// All events that are there, then one list.
    fn events(&mut self) -> Result<(), Failure> {
        while let Some(feed) = &mut self.feed {
            match change(feed) {
                Ok(Event::Changed(Some(row))) => self.model.heard(&row),
                Ok(_) => {}
                // Such as: this screen fell behind. Then all is looked at again, at once.
                Err(_) if boottime() >= self.retry_at => return self.reach(),
                Err(failure) => return Err(failure),
            }
            let stream = self.feed.as_ref().map(|feed| feed.stream().as_fd());
            let [more] = ready([stream], Some(Tick(0)))?;
            if !more {
                break;
            }
        }
        self.list()
    }

    fn list(&mut self) -> Result<(), Failure> {
        let groups = self.model.queue.iter();
        let known: Vec<Fetched> = groups.flat_map(|group| group.members.clone()).collect();
        let waiting = waiting(&mut Control::open(self.paths)?, &known)?;
        self.model.listed(boottime(), waiting);
        Ok(())
    }

    fn history(&mut self) -> Result<(), Failure> {
        let mut control = Control::open(self.paths)?;
        let ToControl::Requests { requests, .. } = control.ask(&FromControl::List { all: true })?
        else {
            return Err(out_of_place());
        };
        let over = |state: &Standing| !matches!(state, Standing::Live(LiveState::Pending));
        let rows = requests.into_iter().filter(|row| over(&row.state));
        let mut requests = Vec::new();
        for row in rows.take(HISTORY) {
            match fetch(&mut control, &row.id.to_string()) {
                Ok(fetched) => requests.push(fetched),
                // One that cannot be shown; the others can.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        self.model.show_history(requests);
        Ok(())
    }

    /// Sends one answer for each request that was shown, with the digest that was shown.
    fn decide(&mut self, answer: &Answer) -> Result<(), Failure> {
        let mut outcomes = Vec::new();
        let mut failed = None;
        let mut control = Control::open(self.paths);
        for fetched in &answer.targets {
            let done = match (&mut control, &failed) {
                (Ok(control), None) => {
                    decide(control, fetched, answer.verdict, answer.note.clone())
                }
                (Err(failure), _) => Err(Failure::Refused(
                    failure.message().unwrap_or_default().to_owned(),
                )),
                (Ok(_), Some(_)) => Err(Failure::Refused("the daemon is away".to_owned())),
            };
            let why = done.as_ref().err().and_then(Failure::message);
            outcomes.push(Outcome {
                fetched: fetched.clone(),
                done: why.map_or(Ok(()), |why| Err(why.to_owned())),
            });
            if let Err(failure @ (Failure::Unreachable(_) | Failure::NotPermitted(_))) = done {
                failed = Some(failure);
            }
        }
        self.model.decided(boottime(), answer.verdict, &outcomes);
        let failed = failed.or(control.err());
        self.with_daemon(|app| match failed {
            Some(failure) => Err(failure),
            None => app.list(),
        })
    }
}

fn later(now: Tick, ms: u64) -> Tick {
    Tick(now.0.saturating_add(ms))
}
