//! `aisudo audit tail`.

use std::collections::VecDeque;

use aisudo_core::paths::Paths;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Log,
    entry::{Entry, unreadable},
    filter::{Filter, LONGEST_REQUEST, time},
    follow::follow,
    stored,
};
use crate::{
    cli::{Filters, Tail},
    failure::Failure,
    output::Output,
};

/// With filters, so many of the newest entries are looked through first …
const FIRST_WIDTH: u64 = 1000;

/// … and so many times more each time when that did not do.
const WIDER: u64 = 4;

pub(super) fn run(paths: &Paths, arguments: &Tail, output: &mut Output) -> Result<(), Failure> {
    let mut log = Log::open(paths, 0)?;
    let mut printer = Printer {
        json: arguments.json,
        filter: Filter::new(&arguments.filters),
        output,
    };
    if arguments.filters.any() {
        let (newest, filter) = newest(&mut log, &arguments.filters, arguments.count)?;
        printer.filter = filter;
        for entry in newest {
            printer.print(&entry)?;
        }
    } else {
        let (_, head) = log.ends()?;
        log.after = head.sequence.saturating_sub(arguments.count.into());
        if arguments.count > 0 {
            log.each(|entry| printer.print(entry))?;
        }
    }
    if arguments.follow {
        follow(paths, log, &mut printer)?;
    }
    Ok(())
}

/// Shows entries.
pub(super) struct Printer<'a> {
    json: bool,
    filter: Filter,
    output: &'a mut Output,
}

impl Printer<'_> {
    /// Shows an entry if it was asked for.
    pub(super) fn take(&mut self, entry: &str) -> Result<(), Failure> {
        if self.filter.takes(entry) {
            self.print(entry)?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }

    fn print(&mut self, entry: &str) -> Result<(), Failure> {
        if self.json {
            return self.output.line(stored(entry)?);
        }
        let line = Entry::parse(entry).map(|entry| entry.line());
        self.output.line(&line.unwrap_or_else(|| unreadable(entry)))
    }
}

/// The newest entries that were asked for, and the filter that has seen them. The end of the log is
/// looked through, and more and more of it until there are enough.
fn newest(
    log: &mut Log,
    asked: &Filters,
    count: u32,
) -> Result<(VecDeque<String>, Filter), Failure> {
    log.seek_for(asked)?;
    let first = log.after;
    let (_, head) = log.ends()?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut width = FIRST_WIDTH;
    loop {
        log.after = first.max(head.sequence.saturating_sub(width));
        let is_all = log.after == first;
        let mut found = Found::new(asked, count);
        log.each(|entry| {
            found.take(entry);
            Ok(())
        })?;
        if is_all || found.is_certain() {
            return Ok((
                found.newest.into_iter().map(|(_, line)| line).collect(),
                found.filter,
            ));
        }
        width = width.saturating_mul(WIDER);
    }
}

/// What one look at the end of the log has found.
struct Found {
    filter: Filter,
    count: usize,
    /// Each with whether nothing can be missing from there on.
    newest: VecDeque<(bool, String)>,
    /// Requests from before the first entry can play a part until then.
    unclear_until: Option<Timestamp>,
    about_requests: bool,
}

impl Found {
    fn new(asked: &Filters, count: usize) -> Self {
        Self {
            filter: Filter::new(asked),
            count,
            newest: VecDeque::new(),
            unclear_until: None,
            about_requests: asked.about_requests(),
        }
    }

    fn take(&mut self, line: &str) {
        let is_clear = !self.about_requests || self.is_clear(line);
        if self.filter.takes(line) {
            self.newest.push_back((is_clear, line.to_owned()));
        }
        if self.newest.len() > self.count {
            self.newest.pop_front();
        }
    }

    fn is_clear(&mut self, line: &str) -> bool {
        let entry = serde_json::from_str::<Value>(line).unwrap_or_default();
        let Some(at) = time(&entry) else {
            return false;
        };
        let until = *self
            .unclear_until
            .get_or_insert_with(|| at.saturating_add(LONGEST_REQUEST).unwrap_or(at));
        at >= until
    }

    fn is_certain(&self) -> bool {
        self.newest.len() == self.count && self.newest.front().is_none_or(|(clear, _)| *clear)
    }
}
