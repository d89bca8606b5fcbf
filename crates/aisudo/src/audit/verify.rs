//! `aisudo audit verify`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use aisudo_core::{
    audit::Broken,
    display,
    paths::Paths,
    raw::Hex32,
    wire::{Head, MAX_FRAME_BYTES},
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Log, PAGE, Page,
    chain::{Archive, Bad, Chain, Checkpoint, Told},
    filter::text,
    sequence,
};
use crate::{cli::Verify, failure::Failure, output::Output};

/// How often a log may get shorter at its beginning while it is read.
const MAX_ATTEMPTS: usize = 5;

pub(super) fn run(paths: &Paths, arguments: &Verify, output: &mut Output) -> Result<(), Failure> {
    let checkpoint = arguments.checkpoint.as_ref();
    let read = if arguments.files.is_empty() {
        of_daemon(paths, checkpoint)
    } else {
        of_files(&arguments.files, arguments.from.as_ref(), checkpoint)
    };
    let checked = match read {
        Ok(chain) => chain.end().map(|told| (chain, told)),
        Err(Stopped::Bad(bad)) => Err(bad),
        Err(Stopped::Failed(failure)) => return Err(failure),
        Err(Stopped::Moved) => {
            let why = "the log was pruned while it was read; run it again";
            return Err(Failure::Refused(why.to_owned()));
        }
    };
    if arguments.json {
        output.json(&Report::new(&checked))?;
        output.flush()?;
    }
    match checked {
        Ok(_) if arguments.json => Ok(()),
        Ok((chain, told)) => output.line(&sentence(&chain, told)),
        Err(bad) => Err(Failure::Refused(bad.message())),
    }
}

fn sentence(chain: &Chain<'_>, told: Told) -> String {
    let (entries, checkpoint) = (chain.entries(), chain.checkpoint());
    let first = chain.start().sequence + 1;
    match told {
        Told::First => format!("{entries} entries, chain intact, checkpoint {checkpoint}"),
        Told::ByHand => {
            format!("{entries} entries from {first} on, chain intact, checkpoint {checkpoint}")
        }
        Told::ByEntry(number) => format!(
            "{entries} entries from {first} on, chain intact, checkpoint {checkpoint}; those before were pruned, as entry {number} says"
        ),
    }
}

enum Stopped {
    /// The log is not what was written.
    Bad(Bad),
    /// It could not be read.
    Failed(Failure),
    /// It begins later than when it was begun to be read.
    Moved,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<B: Into<Bad>> From<B> for Stopped {
    fn from(bad: B) -> Self {
        Self::Bad(bad.into())
    }
}

fn of_daemon<'a>(paths: &Paths, checkpoint: Option<&'a Checkpoint>) -> Result<Chain<'a>, Stopped> {
    let mut last = Err(Stopped::Moved);
    for _ in 0..MAX_ATTEMPTS {
        last = of_daemon_once(paths, checkpoint);
        if !matches!(last, Err(Stopped::Moved)) {
            break;
        }
    }
    last
}

fn of_daemon_once<'a>(
    paths: &Paths,
    checkpoint: Option<&'a Checkpoint>,
) -> Result<Chain<'a>, Stopped> {
    let mut log = Log::open(paths, 0)?;
    let (start, _) = log.ends()?;
    log.after = start.sequence;
    let mut chain = Chain::after(start, false, checkpoint)?;
    loop {
        let Page {
            entries,
            head,
            start,
        } = log.page(PAGE)?;
        if start != *chain.start() {
            return Err(Stopped::Moved);
        }
        if entries.is_empty() {
            compare_end(&chain, &head)?;
            return Ok(chain);
        }
        for entry in &entries {
            chain.next(entry)?;
        }
    }
}

/// What the running daemon remembers is the end, or else somebody wrote behind its back. The log
/// may have grown since it was asked, but then this page would not have been empty.
fn compare_end(chain: &Chain<'_>, head: &Head) -> Result<(), Bad> {
    if head.sequence > chain.last() {
        return Err(Bad::RolledBack(head.sequence));
    }
    if head.sequence < chain.last() {
        return Err(Bad::Entry(Broken {
            entry: head.sequence + 1,
            why: "it was not written by the running daemon".to_owned(),
        }));
    }
    if head.hash != chain.hash() {
        return Err(Bad::RolledBack(head.sequence));
    }
    Ok(())
}

fn of_files<'a>(
    files: &[PathBuf],
    from: Option<&Checkpoint>,
    checkpoint: Option<&'a Checkpoint>,
) -> Result<Chain<'a>, Stopped> {
    let mut chain: Option<Chain<'a>> = None;
    for file in files {
        let mut lines = Lines::open(file)?;
        let before = chain.as_ref().map(Chain::last);
        while let Some(line) = lines.next()? {
            let chain = match &mut chain {
                Some(chain) => chain,
                None => {
                    let start = from.map_or_else(|| before_first(line), |from| from.0.clone());
                    chain.insert(Chain::after(start, from.is_some(), checkpoint)?)
                }
            };
            chain.next(line).map_err(|bad| in_file(bad, file, files))?;
        }
        if let Some(chain) = &mut chain {
            let before = before.unwrap_or(chain.start().sequence);
            chain.end_of(Archive {
                name: shown(file),
                last: chain.last(),
                entries: chain.last() - before,
                sha256: lines.sha256(),
            });
        }
    }
    match chain {
        Some(chain) => Ok(chain),
        // Empty files: no entry is a chain, too.
        None => Ok(Chain::after(
            from.map(|from| from.0.clone()).unwrap_or_default(),
            from.is_some(),
            checkpoint,
        )?),
    }
}

/// What a log's first entry says of the one before it. It is believed only if a later entry says
/// the same.
fn before_first(line: &str) -> Head {
    let entry: Value = serde_json::from_str(line).unwrap_or_default();
    let hash: Option<Hex32> = text(&entry, "previous_hash").parse().ok();
    match (sequence(line), hash) {
        (Some(sequence @ 2..), Some(hash)) => Head {
            sequence: sequence - 1,
            hash: hash.to_string(),
        },
        _ => Head::default(),
    }
}

/// Among several, it is said which file it is.
fn in_file(bad: Bad, file: &Path, files: &[PathBuf]) -> Bad {
    match bad {
        Bad::Entry(Broken { entry, why }) if files.len() > 1 => Bad::Entry(Broken {
            entry,
            why: format!("{why} (in {})", shown(file)),
        }),
        bad => bad,
    }
}

/// The lines of a file, and the hash of all of it.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    sha256: Sha256,
    name: String,
}

impl Lines {
    fn open(file: &Path) -> Result<Self, Failure> {
        let name = shown(file);
        let opened = File::open(file).map_err(|error| cannot_read(&name, &error))?;
        Ok(Self {
            reader: BufReader::new(opened),
            line: Vec::new(),
            sha256: Sha256::new(),
            name,
        })
    }

    fn next(&mut self) -> Result<Option<&str>, Failure> {
        self.line.clear();
        let longest = u64::try_from(MAX_FRAME_BYTES).unwrap_or(u64::MAX);
        let read = (&mut self.reader)
            .take(longest)
            .read_until(b'\n', &mut self.line);
        if read.map_err(|error| cannot_read(&self.name, &error))? == 0 {
            return Ok(None);
        }
        self.sha256.update(&self.line);
        let entry = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        // What is not UTF-8 is no JSON either, and is named so.
        Ok(Some(std::str::from_utf8(entry).unwrap_or_default()))
    }

    fn sha256(self) -> String {
        Hex32(self.sha256.finalize().into()).to_string()
    }
}

fn cannot_read(name: &str, error: &std::io::Error) -> Failure {
    Failure::Refused(format!(
        "{name} cannot be read: {error}; check its name and its owner"
    ))
}

fn shown(file: &Path) -> String {
    display::word(file.as_os_str().as_encoded_bytes()).text
}

#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Intact {
        intact: bool,
        first: u64,
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
    fn new(checked: &Result<(Chain<'_>, Told), Bad>) -> Self {
        match checked {
            Ok((chain, _)) => Self::Intact {
                intact: true,
                first: chain.start().sequence + 1,
                entries: chain.entries(),
                checkpoint: chain.checkpoint(),
            },
            Err(bad) => Self::Broken {
                intact: false,
                entry: bad.entry(),
                why: bad.message(),
            },
        }
    }
}
