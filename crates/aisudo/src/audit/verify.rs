//! `aisudo audit verify`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    str::FromStr,
};

use aisudo_core::{
    audit::{Broken, GENESIS, Verifier},
    display,
    paths::Paths,
    raw::Hex32,
    wire::{Head, MAX_FRAME_BYTES},
};
use serde::Serialize;

use super::{Log, PAGE, Page};
use crate::{failure::Failure, output::Output};

/// What an earlier verification printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    sequence: u64,
    hash: String,
}

impl FromStr for Checkpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "expected SEQ:HASH, as aisudo audit verify prints it".to_owned();
        let (sequence, hash) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self {
            sequence: sequence.parse().map_err(|_| wrong())?,
            hash: hash.parse::<Hex32>().map_err(|_| wrong())?.to_string(),
        })
    }
}

pub(super) fn run(
    paths: &Paths,
    file: Option<&Path>,
    checkpoint: Option<&Checkpoint>,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut chain = Chain::new(checkpoint);
    let read = match file {
        Some(file) => of_file(file, &mut chain),
        None => of_daemon(paths, &mut chain),
    };
    let checked = match read {
        Ok(()) => chain.end(),
        Err(Stopped::Bad(broken)) => Err(broken),
        Err(Stopped::Failed(failure)) => return Err(failure),
    };
    let report = Report::new(&checked, &chain);
    if json {
        output.json(&report)?;
        output.flush()?;
    }
    match (checked, json) {
        (Ok(()), true) => Ok(()),
        (Ok(()), false) => output.line(&format!(
            "{} entries, chain intact, checkpoint {}",
            chain.verifier.count(),
            chain.checkpoint()
        )),
        (Err(broken), _) => Err(Failure::Refused(message(&broken))),
    }
}

enum Stopped {
    /// The log is not what was written.
    Bad(Broken),
    /// It could not be read.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Bad(broken)
    }
}

/// The entries so far, and the hashes that must occur among them.
struct Chain<'a> {
    verifier: Verifier,
    checkpoint: Option<&'a Checkpoint>,
}

impl<'a> Chain<'a> {
    fn new(checkpoint: Option<&'a Checkpoint>) -> Self {
        Self {
            verifier: Verifier::default(),
            checkpoint,
        }
    }

    fn next(&mut self, line: &str) -> Result<(), Broken> {
        self.verifier.next(line)?;
        match self.checkpoint {
            Some(Checkpoint { sequence, hash }) => self.must_have(*sequence, hash),
            None => Ok(()),
        }
    }

    /// When the chain is just there.
    fn must_have(&self, sequence: u64, hash: &str) -> Result<(), Broken> {
        if self.verifier.count() == sequence && self.verifier.hash() != hash {
            return Err(rolled_back(sequence));
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Broken> {
        match self.checkpoint {
            Some(Checkpoint { sequence: 0, hash }) if hash != GENESIS => Err(rolled_back(0)),
            Some(Checkpoint { sequence, .. }) if *sequence > self.verifier.count() => {
                Err(rolled_back(*sequence))
            }
            _ => Ok(()),
        }
    }

    fn checkpoint(&self) -> String {
        format!("{}:{}", self.verifier.count(), self.verifier.hash())
    }
}

fn rolled_back(sequence: u64) -> Broken {
    Broken {
        entry: sequence,
        why: "the log was rolled back or rewritten before it".to_owned(),
    }
}

fn of_daemon(paths: &Paths, chain: &mut Chain<'_>) -> Result<(), Stopped> {
    let mut log = Log::open(paths, 0)?;
    loop {
        let Page { entries, head, .. } = log.page(PAGE)?;
        if entries.is_empty() {
            return Ok(compare_end(chain, &head)?);
        }
        for entry in &entries {
            chain.next(entry)?;
        }
    }
}

/// What the running daemon remembers is the end, or else somebody wrote behind its back. The log
/// may have grown since it was asked, but then this page would not have been empty.
fn compare_end(chain: &Chain<'_>, head: &Head) -> Result<(), Broken> {
    let count = chain.verifier.count();
    if head.sequence > count {
        return Err(rolled_back(head.sequence));
    }
    if head.sequence < count {
        return Err(Broken {
            entry: head.sequence + 1,
            why: "it was not written by the running daemon".to_owned(),
        });
    }
    chain.must_have(head.sequence, &head.hash)
}

fn of_file(file: &Path, chain: &mut Chain<'_>) -> Result<(), Stopped> {
    let shown = || display::word(file.as_os_str().as_encoded_bytes()).text;
    let cannot_read =
        |error: std::io::Error| Failure::Refused(format!("{} cannot be read: {error}", shown()));
    let mut reader = BufReader::new(File::open(file).map_err(cannot_read)?);
    let mut line = Vec::new();
    let longest = u64::try_from(MAX_FRAME_BYTES).unwrap_or(u64::MAX);
    loop {
        line.clear();
        let length = (&mut reader)
            .take(longest)
            .read_until(b'\n', &mut line)
            .map_err(cannot_read)?;
        if length == 0 {
            return Ok(());
        }
        let entry = line.strip_suffix(b"\n").unwrap_or(&line);
        // What is not UTF-8 is no JSON either, and is named so.
        chain.next(std::str::from_utf8(entry).unwrap_or_default())?;
    }
}

fn message(broken: &Broken) -> String {
    if broken.why.starts_with("the log was rolled back") {
        format!(
            "the log was rolled back or rewritten before entry {}",
            broken.entry
        )
    } else {
        format!("entry {} is bad: {}", broken.entry, broken.why)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Intact {
        intact: bool,
        entries: u64,
        checkpoint: String,
    },
    Broken {
        intact: bool,
        entry: u64,
        why: String,
    },
}

impl Report {
    fn new(checked: &Result<(), Broken>, chain: &Chain<'_>) -> Self {
        match checked {
            Ok(()) => Self::Intact {
                intact: true,
                entries: chain.verifier.count(),
                checkpoint: chain.checkpoint(),
            },
            Err(broken) => Self::Broken {
                intact: false,
                entry: broken.entry,
                why: message(broken),
            },
        }
    }
}
