//! `aisudo audit`: the log of all that happened.

mod chain;
mod entry;
mod export;
mod filter;
mod follow;
mod show;
mod stats;
mod tail;
mod verify;

use aisudo_core::{
    paths::Paths,
    wire::{FromControl, Head, ToControl},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::filter::{LONGEST_REQUEST, time};
use crate::{
    cli::{Audit, Filters},
    daemon::{Control, out_of_place},
    failure::Failure,
    output::Output,
};

pub(crate) use chain::Checkpoint;

/// Entries asked for at once; the daemon sends fewer when they are long.
const PAGE: u32 = 1000;

pub(crate) fn run(paths: &Paths, command: &Audit, output: &mut Output) -> Result<(), Failure> {
    match command {
        Audit::Tail(arguments) => tail::run(paths, arguments, output),
        Audit::Show { which, json } => show::run(paths, which, *json, output),
        Audit::Verify(arguments) => verify::run(paths, arguments, output),
        Audit::Stats(arguments) => stats::run(paths, arguments, output),
        Audit::Export(arguments) => export::run(paths, arguments, output),
    }
}

/// The log as the daemon gives it, page by page.
struct Log {
    control: Control,
    after: u64,
}

/// A part of it.
struct Page {
    /// None at the end.
    entries: Vec<String>,
    /// The newest entry as the running daemon remembers it.
    head: Head,
    /// The entry before the oldest that the daemon has.
    start: Head,
}

impl Log {
    /// From the entry after this sequence number.
    fn open(paths: &Paths, after: u64) -> Result<Self, Failure> {
        let control = Control::open(paths)?;
        Ok(Self { control, after })
    }

    /// The next entries.
    fn page(&mut self, limit: u32) -> Result<Page, Failure> {
        self.ask(limit, false)?;
        self.answer()
    }

    /// Asks for the next entries; with `wait`, the answer comes when there are some.
    fn ask(&mut self, limit: u32, wait: bool) -> Result<(), Failure> {
        self.control.send(&FromControl::Audit {
            after: self.after,
            limit,
            wait,
        })
    }

    fn answer(&mut self) -> Result<Page, Failure> {
        let page = match self.control.answer()? {
            ToControl::Audit {
                entries,
                head,
                start,
            } => Page {
                entries,
                head,
                start,
            },
            _ => return Err(out_of_place()),
        };
        if let Some(last) = page.entries.last() {
            // An entry that was edited may name any number: it must at least get on.
            let next = sequence(last).unwrap_or_default();
            self.after = next.max(self.after.saturating_add(1));
        }
        Ok(page)
    }

    /// Where the log begins and ends.
    fn ends(&mut self) -> Result<(Head, Head), Failure> {
        let Page { head, start, .. } = self.page(0)?;
        Ok((start, head))
    }

    /// Hands over each entry to the end.
    fn each(&mut self, mut take: impl FnMut(&str) -> Result<(), Failure>) -> Result<u64, Failure> {
        let mut count = 0;
        loop {
            let Page { entries, .. } = self.page(PAGE)?;
            if entries.is_empty() {
                return Ok(count);
            }
            for entry in &entries {
                take(entry)?;
                count += 1;
            }
        }
    }

    /// Goes to the first entry that is not older than this. The times of a log follow each other,
    /// unless the clock was set back: so it is found by halves, and a long log is not read whole.
    fn seek(&mut self, since: Timestamp) -> Result<(), Failure> {
        let (start, head) = self.ends()?;
        let (mut older, mut newest) = (start.sequence, head.sequence);
        while older < newest {
            let middle = older + (newest - older).div_ceil(2);
            self.after = middle - 1;
            let entries = self.page(1)?.entries;
            if entries.first().is_some_and(|entry| is_before(entry, since)) {
                older = middle;
            } else {
                newest = middle - 1;
            }
        }
        self.after = older;
        Ok(())
    }

    /// Goes to where the first entry that can be asked for is.
    fn seek_for(&mut self, asked: &Filters) -> Result<(), Failure> {
        let Some(since) = asked.since else {
            self.after = self.ends()?.0.sequence;
            return Ok(());
        };
        let context = if asked.about_requests() {
            LONGEST_REQUEST
        } else {
            SignedDuration::ZERO
        };
        self.seek(since.saturating_sub(context).unwrap_or(since))
    }
}

fn is_before(entry: &str, since: Timestamp) -> bool {
    let entry = serde_json::from_str::<Value>(entry).unwrap_or_default();
    time(&entry).is_some_and(|at| at < since)
}

fn sequence(entry: &str) -> Option<u64> {
    serde_json::from_str::<Value>(entry)
        .ok()?
        .get("sequence")?
        .as_u64()
}

/// An entry as it is stored. The daemon writes printable ASCII only; anything else could drive a
/// terminal, or be two lines.
fn stored(entry: &str) -> Result<&str, Failure> {
    if entry.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(entry);
    }
    let which =
        sequence(entry).map_or_else(|| "an entry".to_owned(), |number| format!("entry {number}"));
    Err(Failure::Refused(format!(
        "{which} is not as aisudo-daemon writes it; run: aisudo audit verify"
    )))
}
