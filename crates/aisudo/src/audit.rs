//! `aisudo audit`: the log of all that happened.

mod entry;
mod export;
mod look;
mod verify;

use aisudo_core::{
    paths::Paths,
    wire::{FromControl, Head, ToControl},
};
use serde_json::Value;

use crate::{
    cli::Audit,
    daemon::{Control, out_of_place},
    failure::Failure,
    output::Output,
};

pub(crate) use verify::Checkpoint;

/// Entries asked for at once; the daemon sends fewer when they are long.
const PAGE: u32 = 1000;

pub(crate) fn run(paths: &Paths, command: &Audit, output: &mut Output) -> Result<(), Failure> {
    match command {
        Audit::Tail { count, json } => look::tail(paths, *count, *json, output),
        Audit::Show { which, json } => look::show(paths, which, *json, output),
        Audit::Verify {
            file,
            checkpoint,
            json,
        } => verify::run(paths, file.as_deref(), checkpoint.as_ref(), *json, output),
        Audit::Export { file, force } => export::run(paths, file, *force, output),
    }
}

/// The log as the daemon gives it, page by page.
struct Log {
    control: Control,
    after: u64,
}

impl Log {
    /// From the entry after this sequence number.
    fn open(paths: &Paths, after: u64) -> Result<Self, Failure> {
        let control = Control::open(paths)?;
        Ok(Self { control, after })
    }

    /// The next entries, none at the end, and the newest entry as the running daemon remembers it.
    fn page(&mut self, limit: u32) -> Result<(Vec<String>, Head), Failure> {
        let question = FromControl::Audit {
            after: self.after,
            limit,
            wait: false,
        };
        let (entries, head) = match self.control.ask(&question)? {
            ToControl::Audit { entries, head, .. } => (entries, head),
            _ => return Err(out_of_place()),
        };
        if let Some(last) = entries.last() {
            // An entry that was edited may name any number: it must at least get on.
            let next = sequence(last).unwrap_or_default();
            self.after = next.max(self.after.saturating_add(1));
        }
        Ok((entries, head))
    }

    /// Hands over each entry to the end.
    fn each(&mut self, mut take: impl FnMut(&str) -> Result<(), Failure>) -> Result<u64, Failure> {
        let mut count = 0;
        loop {
            let (entries, _) = self.page(PAGE)?;
            if entries.is_empty() {
                return Ok(count);
            }
            for entry in &entries {
                take(entry)?;
                count += 1;
            }
        }
    }
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
