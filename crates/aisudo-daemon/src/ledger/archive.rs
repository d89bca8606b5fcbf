//! Files of audit entries that leave the database. A file is there whole or not at all, and is
//! never written again.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aisudo_core::digest::sha256;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{record::Archived, store::Oldest};

/// What is being written; one that a crash left is worth nothing.
const UNFINISHED: &str = "unfinished";

/// The directory of the files.
#[derive(Debug)]
pub(super) struct Archive {
    directory: PathBuf,
}

impl Archive {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The last entry of the file that begins with this one: it was written by a daemon that did not
    /// get to delete the entries from the database.
    pub(super) fn last_of(&self, first: u64) -> Result<Option<u64>, String> {
        let files = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            files => files.map_err(|error| self.failed(&error))?,
        };
        for file in files {
            let name = file.map_err(|error| self.failed(&error))?.file_name();
            match name.to_str().and_then(numbers) {
                Some((begins, last)) if begins == first => return Ok(Some(last)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Brings the entries to disk; those that are there already stay as they are.
    pub(super) fn keep(&self, oldest: &Oldest) -> Result<Archived, String> {
        let name = format!(
            "audit-{:010}-{:010}.jsonl",
            oldest.first, oldest.through.sequence
        );
        let text = oldest.entries.join("\n") + "\n";
        let path = self.directory.join(&name);
        if !self.has(&path, &text)? {
            self.write(&path, &text)
                .map_err(|error| self.failed(&error))?;
        }
        Ok(Archived {
            name,
            sha256: sha256(text.as_bytes()),
        })
    }

    fn has(&self, path: &Path, text: &str) -> Result<bool, String> {
        let there = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file.map_err(|error| self.failed(&error))?,
        };
        let same = fs::read(path).map_err(|error| self.failed(&error))? == text.as_bytes();
        if !same {
            return Err(format!(
                "{} is there with other content; move it away",
                path.display()
            ));
        }
        // Whoever wrote it may not have got to this.
        there
            .sync_all()
            .and_then(|()| sync(&self.directory))
            .map_err(|error| self.failed(&error))?;
        Ok(true)
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.directory) {
            Ok(()) => sync(self.directory.parent().unwrap_or(&self.directory))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let unfinished = self.directory.join(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        renameat_with(CWD, &unfinished, CWD, path, RenameFlags::NOREPLACE)?;
        sync(&self.directory)
    }

    fn failed(&self, error: &io::Error) -> String {
        format!(
            "{}: {error}; make room, or mend the directory",
            self.directory.display()
        )
    }
}

/// First and last of a file's name.
fn numbers(name: &str) -> Option<(u64, u64)> {
    let middle = name.strip_prefix("audit-")?.strip_suffix(".jsonl")?;
    let (first, last) = middle.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
