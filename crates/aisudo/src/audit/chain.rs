//! The chain of entries, what must occur in it, and what can be wrong with it.

use std::str::FromStr;

use aisudo_core::{
    audit::{Broken, Verifier},
    raw::Hex32,
    wire::Head,
};
use serde_json::Value;

use super::filter::text;

/// An entry's number and hash, as a verification prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint(pub(super) Head);

impl FromStr for Checkpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "expected SEQ:HASH, as aisudo audit verify prints it".to_owned();
        let (sequence, hash) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self(Head {
            sequence: sequence.parse().map_err(|_| wrong())?,
            hash: hash.parse::<Hex32>().map_err(|_| wrong())?.to_string(),
        }))
    }
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Bad {
    /// An entry is not the one that was written there.
    Entry(Broken),
    /// The log does not hold, or no longer ends with, what it should.
    RolledBack(u64),
    /// It does not begin with the first entry, and no entry says why.
    Gone {
        /// What it begins with.
        first: u64,
    },
    /// What it must hold is older than what was read.
    Pruned(u64),
    /// A file is not the archive of which an entry tells.
    Archive {
        /// Its name, safe to show.
        file: String,
        /// The entry.
        entry: u64,
    },
}

impl From<Broken> for Bad {
    fn from(broken: Broken) -> Self {
        Self::Entry(broken)
    }
}

impl Bad {
    /// The entry that is to be looked at first.
    pub(super) fn entry(&self) -> u64 {
        match self {
            Self::Entry(broken) => broken.entry,
            Self::RolledBack(entry) | Self::Pruned(entry) | Self::Archive { entry, .. } => *entry,
            Self::Gone { first } => *first,
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Entry(broken) => format!("entry {} is bad: {}", broken.entry, broken.why),
            Self::RolledBack(entry) => {
                format!("the log was rolled back or rewritten before entry {entry}")
            }
            Self::Gone { first } => format!(
                "entries before {first} are gone without a record; give the archives before it too, or --from SEQ:HASH of an earlier verification"
            ),
            Self::Pruned(entry) => format!(
                "entry {entry} is older than what was read; give its archive too, before an export of the rest"
            ),
            Self::Archive { file, entry } => format!(
                "{file} is not the archive of which entry {entry} tells: its SHA-256 is another"
            ),
        }
    }
}

/// A file that was read whole.
#[derive(Debug)]
pub(super) struct Archive {
    /// Its name, safe to show.
    pub(super) name: String,
    pub(super) last: u64,
    pub(super) entries: u64,
    pub(super) sha256: String,
}

/// The entries so far.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    start: Head,
    verifier: Verifier,
    checkpoint: Option<&'a Head>,
    /// Why it may begin where it does; nothing when nobody said so yet.
    told: Option<Told>,
    archives: Vec<Archive>,
}

/// Why a log may begin where it does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// With its first entry.
    First,
    /// Whoever verifies said so.
    ByHand,
    /// This entry says so.
    ByEntry(u64),
}

impl<'a> Chain<'a> {
    /// One that begins after this entry.
    pub(super) fn after(
        start: Head,
        by_hand: bool,
        checkpoint: Option<&'a Checkpoint>,
    ) -> Result<Self, Bad> {
        let told = match start.sequence {
            0 => Some(Told::First),
            _ => by_hand.then_some(Told::ByHand),
        };
        let chain = Self {
            verifier: Verifier::after(start.clone()),
            start,
            checkpoint: checkpoint.map(|checkpoint| &checkpoint.0),
            told,
            archives: Vec::new(),
        };
        chain.check_checkpoint()?;
        Ok(chain)
    }

    pub(super) fn next(&mut self, line: &str) -> Result<(), Bad> {
        self.verifier.next(line)?;
        self.check_checkpoint()?;
        // Few are: all others need not be read once more.
        if line.contains("\"pruned\"") {
            self.note_pruned(line)?;
        }
        Ok(())
    }

    /// A file ends here.
    pub(super) fn end_of(&mut self, archive: Archive) {
        self.archives.push(archive);
    }

    pub(super) fn end(&self) -> Result<Told, Bad> {
        let first = self.start.sequence + 1;
        match self.checkpoint {
            Some(Head { sequence, .. }) if *sequence > self.last() => {
                return Err(Bad::RolledBack(*sequence));
            }
            Some(Head { sequence, .. }) if *sequence < self.start.sequence => {
                return Err(Bad::Pruned(*sequence));
            }
            _ => {}
        }
        self.told.ok_or(Bad::Gone { first })
    }

    /// The entry before the first.
    pub(super) fn start(&self) -> &Head {
        &self.start
    }

    /// The number of the last.
    pub(super) fn last(&self) -> u64 {
        self.verifier.count()
    }

    pub(super) fn hash(&self) -> &str {
        self.verifier.hash()
    }

    /// How many there were.
    pub(super) fn entries(&self) -> u64 {
        self.last() - self.start.sequence
    }

    pub(super) fn checkpoint(&self) -> String {
        format!("{}:{}", self.last(), self.hash())
    }

    /// When the chain is just there.
    fn check_checkpoint(&self) -> Result<(), Bad> {
        match self.checkpoint {
            Some(Head { sequence, hash })
                if *sequence == self.last() && hash != self.verifier.hash() =>
            {
                Err(Bad::RolledBack(*sequence))
            }
            _ => Ok(()),
        }
    }

    /// Of which entries does this one tell, if it does?
    fn note_pruned(&mut self, line: &str) -> Result<(), Bad> {
        let entry: Value = serde_json::from_str(line).unwrap_or_default();
        if text(&entry, "event") != "pruned" {
            return Ok(());
        }
        let number = |field| entry.get(field).and_then(Value::as_u64);
        let through = number("through");
        if through == Some(self.start.sequence)
            && text(&entry, "hash") == self.start.hash
            && self.told.is_none()
        {
            self.told = Some(Told::ByEntry(self.last()));
        }
        let given = self
            .archives
            .iter()
            .find(|given| Some(given.last) == through && Some(given.entries) == number("entries"));
        match (given, text(&entry, "sha256")) {
            (Some(given), sha256) if !sha256.is_empty() && sha256 != given.sha256 => {
                Err(Bad::Archive {
                    file: given.name.clone(),
                    entry: self.last(),
                })
            }
            _ => Ok(()),
        }
    }
}
