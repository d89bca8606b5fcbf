//! `aisudo wait-for-requests`: shows each request as it comes, and asks.
//!
//! The daemon is the only memory: after each event the waiting requests are listed again, so that
//! nothing here can be out of date for longer than one event.

pub(crate) mod events;

use std::collections::HashSet;

use aisudo_core::{
    display,
    evidence::Verdict,
    paths::Paths,
    state::Tick,
    wire::{FromControl, Row, ToControl},
};
use aisudo_sys::clock::boottime;
use uuid::Uuid;

use self::events::{Event, Events, Listen};
use crate::{
    cli::Wait,
    daemon::{Control, out_of_place},
    decide::{decide, note, outcome},
    failure::Failure,
    fetch::{Fetched, is_pending, standing},
    group::{Group, asked_times, codes, groups, waiting},
    output::{Output, remark},
};

/// Keys within so many milliseconds after a request is shown were meant for something else (a22).
const DEAF_MS: u64 = 500;

/// Between attempts to reach a daemon that went away, in milliseconds.
const RETRY_MS: u64 = 500;

/// How long after its deadline a request is still waited for, in milliseconds: the daemon should
/// say itself that it is over.
const GRACE_MS: u64 = 2_000;

const QUESTION: &str = "Approve? [y]es / [n]o / [d]eny with words / [s]kip > ";

pub(crate) fn run(paths: &Paths, arguments: &Wait, output: &mut Output) -> Result<(), Failure> {
    let mut screen = Screen {
        paths,
        once: arguments.once,
        output,
        events: Events::default(),
        skipped: HashSet::new(),
    };
    let mut feed = watch(paths)?;
    remark("waiting for requests; Ctrl-C ends");
    loop {
        match screen.serve(&mut feed) {
            Ok(()) => return Ok(()),
            Err(Failure::Unreachable(why)) => {
                remark(&format!("{why}; waiting for it to come back"));
                match screen.reach_again()? {
                    Some(again) => feed = again,
                    None => return Ok(()),
                }
                remark("aisudo-daemon is back");
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// A connection on which the daemon says what changes.
pub(crate) fn watch(paths: &Paths) -> Result<Control, Failure> {
    let mut control = Control::open(paths)?;
    match control.ask(&FromControl::Watch)? {
        ToControl::Changed { .. } => Ok(control),
        _ => Err(out_of_place()),
    }
}

struct Screen<'a> {
    paths: &'a Paths,
    once: bool,
    output: &'a mut Output,
    events: Events,
    /// Not to be asked about again.
    skipped: HashSet<Uuid>,
}

/// What one request led to.
enum Next {
    /// On to the next.
    Another,
    /// The person has gone.
    End,
}

/// A person's answer.
enum Answer {
    Decide(Verdict, Option<String>),
    Words,
    Skip,
    Unclear,
}

impl Screen<'_> {
    /// One request after the other, until the end.
    fn serve(&mut self, feed: &mut Control) -> Result<(), Failure> {
        loop {
            let next = match self.first_waiting()? {
                Some(mut group) => self.one(feed, &mut group)?,
                None => {
                    self.output.flush()?;
                    match self.events.next(Some(feed), Listen::InBetween, None)? {
                        Event::NoMoreKeys => return Ok(()),
                        Event::Line(_) | Event::Changed(_) | Event::Time => {}
                    }
                    continue;
                }
            };
            if self.once || matches!(next, Next::End) {
                return Ok(());
            }
        }
    }

    fn first_waiting(&mut self) -> Result<Option<Group>, Failure> {
        let mut waiting = waiting(&mut Control::open(self.paths)?, &[])?;
        for (row, why) in waiting.unshown {
            if self.skipped.insert(row.id) {
                remark(&format!("a request cannot be shown, and is skipped: {why}"));
            }
        }
        let skipped = &self.skipped;
        waiting
            .requests
            .retain(|fetched| !skipped.contains(&fetched.row.id));
        Ok(groups(waiting.requests).into_iter().next())
    }

    /// Shows one request and asks until there is an answer, or it is over. Those that ask the same
    /// are asked about with it; one that comes later is not.
    fn one(&mut self, feed: &mut Control, group: &mut Group) -> Result<Next, Failure> {
        let over_at = later(latest_ms(group).saturating_add(GRACE_MS));
        let Some(view) = group.first().map(Fetched::view) else {
            return Ok(Next::Another);
        };
        self.output.text(&format!("\n{view}\n"))?;
        if let Some(times) = asked_times(group) {
            self.output
                .line(&format!("{times} One answer is for all of them.\n"))?;
        }
        self.output.flush()?;
        if let Some(next) = self.stay_deaf(feed, group)? {
            return Ok(next);
        }
        if !view.warnings.is_empty() {
            let count = view.warnings.len();
            let plural = if count == 1 { "" } else { "s" };
            self.output
                .line(&format!("{count} warning{plural} above."))?;
        }
        loop {
            let answer = match self.ask(feed, group, QUESTION, over_at)? {
                Asked::Line(line) => read_answer(&line),
                Asked::Over(next) => return Ok(next),
            };
            let answer = match answer {
                Answer::Words => {
                    match self.ask(feed, group, "Words for whoever asked > ", over_at)? {
                        Asked::Line(line) => with_words(&line),
                        Asked::Over(next) => return Ok(next),
                    }
                }
                answer => answer,
            };
            match answer {
                Answer::Decide(verdict, note) => {
                    return self.decide(group, verdict, note.as_deref());
                }
                Answer::Skip => {
                    self.skip(group);
                    let goes = if group.members.len() == 1 {
                        "it goes"
                    } else {
                        "they go"
                    };
                    let codes = codes(&group.members);
                    self.output
                        .line(&format!("skipped {codes}; {goes} on waiting"))?;
                    return Ok(Next::Another);
                }
                Answer::Words | Answer::Unclear => {
                    self.output
                        .line("Please answer y, n, d or s; words have at most 500 bytes.")?;
                }
            }
        }
    }

    /// Lets the first moments pass, and with them every key.
    fn stay_deaf(
        &mut self,
        feed: &mut Control,
        group: &mut Group,
    ) -> Result<Option<Next>, Failure> {
        if !self.events.keys.is_terminal() {
            return Ok(None);
        }
        let until = later(DEAF_MS);
        loop {
            match self.events.next(Some(feed), Listen::Never, Some(until))? {
                Event::Time => {
                    self.events.keys.forget();
                    return Ok(None);
                }
                Event::Changed(row) => {
                    if let Some(next) = self.is_over(group, row)? {
                        return Ok(Some(next));
                    }
                }
                Event::Line(_) | Event::NoMoreKeys => {}
            }
        }
    }

    fn ask(
        &mut self,
        feed: &mut Control,
        group: &mut Group,
        question: &str,
        over_at: Tick,
    ) -> Result<Asked, Failure> {
        self.output.text(question)?;
        self.output.flush()?;
        loop {
            let event = self.events.next(Some(feed), Listen::Always, Some(over_at));
            if event.is_err() {
                // What is said next does not belong behind the question.
                self.output.line("")?;
                self.output.flush()?;
            }
            match event? {
                Event::Line(line) => {
                    if !self.events.keys.is_terminal() {
                        // Nobody's Enter has ended the line of the question.
                        self.output.line("")?;
                    }
                    return Ok(Asked::Line(line));
                }
                Event::NoMoreKeys => {
                    self.output.line("")?;
                    let codes = codes(&group.members);
                    let were = if group.members.len() == 1 {
                        "was"
                    } else {
                        "were"
                    };
                    remark(&format!("end of input; {codes} {were} not answered"));
                    return Ok(Asked::Over(Next::End));
                }
                Event::Changed(row) => {
                    let before = group.members.len();
                    if let Some(next) = self.is_over(group, row)? {
                        return Ok(Asked::Over(next));
                    }
                    if group.members.len() != before {
                        self.output.text(question)?;
                        self.output.flush()?;
                    }
                }
                Event::Time => {
                    self.skip(group);
                    let codes = codes(&group.members);
                    self.output
                        .line(&format!("\n{codes}: the deadline has passed"))?;
                    return Ok(Asked::Over(Next::Another));
                }
            }
        }
    }

    /// Says so, when a request that is shown does not wait any more.
    fn is_over(
        &mut self,
        group: &mut Group,
        row: Option<Box<Row>>,
    ) -> Result<Option<Next>, Failure> {
        let Some(row) = row.filter(|row| group.has(row.id) && !is_pending(row)) else {
            return Ok(None);
        };
        let code = display::word(row.code.as_bytes()).text;
        group.remove(row.id);
        self.output
            .line(&format!("\n{code}: it {}", standing(&row.state)))?;
        let left = group.members.len();
        if left > 0 {
            self.output
                .line(&format!("still asked the same: {}", codes(&group.members)))?;
        }
        self.output.flush()?;
        Ok((left == 0).then_some(Next::Another))
    }

    fn skip(&mut self, group: &Group) {
        let ids = group.members.iter().map(|member| member.row.id);
        self.skipped.extend(ids);
    }

    fn decide(
        &mut self,
        group: &Group,
        verdict: Verdict,
        note: Option<&str>,
    ) -> Result<Next, Failure> {
        let mut control = Control::open(self.paths)?;
        for fetched in &group.members {
            match decide(&mut control, fetched, verdict, note.map(str::to_owned)) {
                Ok(()) => self.output.line(&outcome(verdict, fetched))?,
                Err(Failure::Refused(why)) => {
                    self.output
                        .line(&format!("{} was not decided: {why}", fetched.row.code))?;
                }
                Err(failure) => return Err(failure),
            }
        }
        self.output.flush()?;
        Ok(Next::Another)
    }

    /// Tries until the daemon is there again; nothing when the person leaves.
    fn reach_again(&mut self) -> Result<Option<Control>, Failure> {
        loop {
            let until = Some(later(RETRY_MS));
            if let Event::NoMoreKeys = self.events.next(None, Listen::InBetween, until)? {
                return Ok(None);
            }
            match watch(self.paths) {
                Ok(control) => return Ok(Some(control)),
                Err(Failure::Unreachable(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}

enum Asked {
    Line(String),
    Over(Next),
}

/// Until the last of them is over.
fn latest_ms(group: &Group) -> u64 {
    let remaining = group
        .members
        .iter()
        .filter_map(|member| member.row.remaining_ms);
    remaining.max().unwrap_or(0)
}

fn read_answer(line: &str) -> Answer {
    let (first, rest) = line
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((line.trim(), ""));
    match (first.to_ascii_lowercase().as_str(), rest.trim()) {
        ("y" | "yes", "") => Answer::Decide(Verdict::Approve, None),
        ("n" | "no", "") => Answer::Decide(Verdict::Deny, None),
        ("d" | "deny", "") => Answer::Words,
        ("d" | "deny", words) => with_words(words),
        ("s" | "skip", "") => Answer::Skip,
        _ => Answer::Unclear,
    }
}

fn with_words(line: &str) -> Answer {
    match line.trim() {
        "" => Answer::Decide(Verdict::Deny, None),
        words => match note(words) {
            Ok(note) => Answer::Decide(Verdict::Deny, Some(note)),
            Err(_) => Answer::Unclear,
        },
    }
}

fn later(ms: u64) -> Tick {
    Tick(boottime().0.saturating_add(ms))
}
