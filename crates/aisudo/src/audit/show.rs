//! `aisudo audit show`.

use aisudo_core::{digest::normalize_code, display, paths::Paths};
use uuid::Uuid;

use super::{
    Log, Page,
    entry::{Entry, unreadable},
    stored,
};
use crate::{failure::Failure, output::Output};

pub(super) fn run(
    paths: &Paths,
    which: &str,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut shown = 0_u32;
    let mut print = |entry: &str, output: &mut Output| {
        shown += 1;
        if json {
            return output.line(stored(entry)?);
        }
        if shown > 1 {
            output.line("")?;
        }
        let text = Entry::parse(entry).map(|entry| entry.whole());
        output.text(&text.unwrap_or_else(|| unreadable(entry) + "\n"))
    };
    match Which::from(which) {
        Which::Sequence(number) => {
            let mut log = Log::open(paths, number.saturating_sub(1))?;
            let Page {
                entries,
                head,
                start,
            } = log.page(1)?;
            if (1..=start.sequence).contains(&number) {
                return Err(Failure::Refused(format!(
                    "entry {number} was pruned; see the archive, {}",
                    paths.archive_dir().display()
                )));
            }
            let is_there = (1..=head.sequence).contains(&number);
            if let Some(entry) = entries.first().filter(|_| is_there) {
                print(entry, output)?;
            }
        }
        Which::Request(name) => {
            Log::open(paths, 0)?.each(|entry| match Entry::parse(entry) {
                Some(parsed) if parsed.is_about(&name) => print(entry, output),
                _ => Ok(()),
            })?;
        }
    }
    if shown == 0 {
        let which = display::word(which.as_bytes()).text;
        return Err(Failure::Refused(format!(
            "the audit log has no entry {which}; see: aisudo audit tail"
        )));
    }
    Ok(())
}

enum Which {
    Sequence(u64),
    Request(String),
}

impl From<&str> for Which {
    fn from(text: &str) -> Self {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Self::Sequence(number);
        }
        match text.parse::<Uuid>() {
            Ok(id) => Self::Request(id.to_string()),
            Err(_) => Self::Request(normalize_code(text)),
        }
    }
}
