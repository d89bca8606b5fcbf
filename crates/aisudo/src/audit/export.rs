//! `aisudo audit export`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use aisudo_core::{display, paths::Paths};

use super::{Log, PAGE, Page, filter::Filter, stored};
use crate::{
    cli::{Export, Filters},
    failure::Failure,
    output::{Output, remark},
};

pub(super) fn run(paths: &Paths, arguments: &Export, output: &mut Output) -> Result<(), Failure> {
    let Export {
        file,
        force,
        filters,
    } = arguments;
    // Before the file: without a daemon nothing is replaced.
    let mut source = Source::open(paths, filters)?;
    if file == Path::new("-") {
        source.each(|entry| output.line(stored(entry)?))?;
        source.say_what_it_is();
        return Ok(());
    }
    let written = create(file, *force).map_err(|error| cannot_write(file, &error))?;
    match to_file(&mut source, file, written) {
        Ok(()) => {
            remark(&format!(
                "{} entries written to {}",
                source.taken,
                shown(file)
            ));
            source.say_what_it_is();
            Ok(())
        }
        Err(failure) => {
            // Half a log would be taken for a log that was cut.
            let _ = fs::remove_file(file);
            Err(failure)
        }
    }
}

/// What is exported: the log, or what filters leave of it.
struct Source {
    log: Log,
    filter: Option<Filter>,
    /// The last entry that the daemon does not have any more.
    start: u64,
    taken: u64,
    read: u64,
}

impl Source {
    fn open(paths: &Paths, filters: &Filters) -> Result<Self, Failure> {
        let mut log = Log::open(paths, 0)?;
        let start = log.ends()?.0.sequence;
        log.seek_for(filters)?;
        Ok(Self {
            log,
            filter: filters.any().then(|| Filter::new(filters)),
            start,
            taken: 0,
            read: 0,
        })
    }

    fn each(&mut self, mut take: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
        loop {
            let before = self.log.after;
            let Page { entries, start, .. } = self.log.page(PAGE)?;
            if self.filter.is_none() && start.sequence > before {
                return Err(Failure::Refused(
                    "entries were moved to the archive meanwhile; run it again".to_owned(),
                ));
            }
            if entries.is_empty() {
                return Ok(());
            }
            for entry in &entries {
                self.read += 1;
                let filter = self.filter.as_mut();
                if filter.is_none_or(|filter| filter.takes(entry)) {
                    take(entry)?;
                    self.taken += 1;
                }
            }
        }
    }

    /// For whoever would take it for something else.
    fn say_what_it_is(&self) {
        if self.filter.is_some() {
            remark(&format!(
                "this is a selection, {} of the {} entries that were read; it is no chain, and cannot be verified",
                self.taken, self.read
            ));
        } else if self.start > 0 {
            remark(&format!(
                "it begins at entry {}; those before were pruned, see the archive",
                self.start + 1
            ));
        }
    }
}

/// A new file that only its owner may read: the log holds command lines. It is never opened
/// through a link that somebody put there.
fn create(file: &Path, force: bool) -> io::Result<File> {
    if force {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

fn to_file(source: &mut Source, name: &Path, file: File) -> Result<(), Failure> {
    let cannot_write = |error: io::Error| cannot_write(name, &error);
    let mut writer = BufWriter::new(file);
    source.each(|entry| writeln!(writer, "{}", stored(entry)?).map_err(cannot_write))?;
    let file = writer
        .into_inner()
        .map_err(|error| cannot_write(error.into_error()))?;
    file.sync_all().map_err(cannot_write)
}

fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    let file = shown(file);
    Failure::Refused(if error.kind() == ErrorKind::AlreadyExists {
        format!("{file} exists; give another name, or --force to replace it")
    } else {
        format!("{file} cannot be written: {error}; give another name, or make room")
    })
}

fn shown(file: &Path) -> String {
    display::word(file.as_os_str().as_encoded_bytes()).text
}
