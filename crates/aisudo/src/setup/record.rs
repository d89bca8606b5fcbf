//! What setup has done, or is about to do: on disk before it does it, so that it can be undone
//! whatever happens.
//!
//! Two files in one directory of root's: `run.json` while a run is on trial, `manifest.json` for
//! what was kept. Contents before and after lie beside them, named by their SHA-256.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use aisudo_core::{digest::sha256, raw::Hex32};
use serde::{Deserialize, Serialize};

use crate::{
    host::below,
    root::file::{self, Owned},
};

/// The form of both files.
const VERSION: u32 = 1;

/// Where they are.
pub(super) const DIRECTORY: &str = "/var/backups/aisudo";

/// There, what a daemon says that setup has started itself.
pub(super) const LOG: &str = "daemon.log";

/// What was done, in the order in which it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) version: u32,
    /// Groups and users that were not there before.
    pub(super) groups: Vec<String>,
    pub(super) users: Vec<String>,
    /// Those of them whose home was not there before, either.
    pub(super) homes: Vec<String>,
    /// Directories that were not there before, each after the one that it is in.
    pub(super) directories: Vec<PathBuf>,
    /// How the daemon was started, if it was.
    pub(super) service: Option<Service>,
    pub(super) files: Vec<FileRecord>,
}

/// How the daemon was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Service {
    /// By systemd, and with each boot.
    Systemd,
    /// By launchd, and with each boot.
    Launchd,
    /// By setup, in the background, because nothing else was there.
    Process,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRecord {
    /// Its path on the machine.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Nothing: it was not there.
    pub(super) before: Option<Before>,
    /// The hash of what was written.
    pub(super) after: Hex32,
}

/// A file as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    pub(super) sha256: Hex32,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// What a file is, and so what of it is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A service of PAM: our block.
    Pam,
    /// `sudo.conf`: our block.
    SudoConf,
    /// Our drop-in of sudoers: all of it.
    Sudoers,
    /// A unit of the daemon: all of it.
    Unit,
    /// The configuration: root's, and it stays until it is purged.
    Config,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            version: VERSION,
            groups: Vec::new(),
            users: Vec::new(),
            homes: Vec::new(),
            directories: Vec::new(),
            service: None,
            files: Vec::new(),
        }
    }

    /// This, and then that: what has to be undone to be where this began.
    fn with(mut self, later: Self) -> Self {
        join(&mut self.groups, later.groups);
        join(&mut self.users, later.users);
        join(&mut self.homes, later.homes);
        join(&mut self.directories, later.directories);
        self.service = later.service.or(self.service);
        for file in later.files {
            match self.files.iter_mut().find(|own| own.path == file.path) {
                Some(own) => {
                    // Somebody wrote it in between: theirs is what it goes back to.
                    let unchanged = file.before.is_some_and(|before| before.sha256 == own.after);
                    if !unchanged {
                        own.before = file.before;
                    }
                    own.after = file.after;
                }
                None => self.files.push(file),
            }
        }
        self
    }
}

/// Adds those that are not there.
fn join<T: PartialEq>(own: &mut Vec<T>, later: Vec<T>) {
    for one in later {
        if !own.contains(&one) {
            own.push(one);
        }
    }
}

/// The directory of the records.
#[derive(Clone, Debug)]
pub(super) struct Store {
    root: PathBuf,
    directory: PathBuf,
}

impl Store {
    pub(super) fn below(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            directory: below(root, DIRECTORY),
        }
    }

    /// The directory that stands for `/`.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn run(&self) -> PathBuf {
        self.directory.join("run.json")
    }

    fn manifest(&self) -> PathBuf {
        self.directory.join("manifest.json")
    }

    /// What the daemon says that setup has started itself; it is there once that was tried.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.join(LOG)
    }

    fn content_path(&self, sha256: &Hex32) -> PathBuf {
        self.directory.join(sha256.to_string())
    }

    /// Makes it, for root alone.
    pub(super) fn make(&self) -> Result<(), String> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory);
        made.map_err(|error| self.failed(&error))?;
        let meta = self
            .directory
            .symlink_metadata()
            .map_err(|error| self.failed(&error))?;
        let own = rustix::process::geteuid().as_raw();
        if !meta.is_dir() || meta.uid() != own || meta.mode() & 0o022 != 0 {
            return Err(format!(
                "{} is not a directory of root's alone; move it away",
                self.directory.display()
            ));
        }
        Ok(())
    }

    /// Takes the lock that each setup holds, or says that there is another. It ends with the process.
    pub(super) fn lock(&self) -> Result<fs::File, String> {
        let path = self.directory.join("lock");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| self.failed(&error))?;
        let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        match rustix::fs::flock(&file, exclusive) {
            Ok(()) => Ok(file),
            Err(_) => Err("another aisudo setup runs; wait for its end".to_owned()),
        }
    }

    /// Keeps a content; gives its hash.
    pub(super) fn keep_content(&self, content: &[u8]) -> Result<Hex32, String> {
        let hash = sha256(content);
        file::place(&self.content_path(&hash), content, Owned::roots(0o600))?;
        Ok(hash)
    }

    /// A content that was kept, if it still is what it was.
    pub(super) fn content(&self, sha: &Hex32) -> Result<Vec<u8>, String> {
        let path = self.content_path(sha);
        let content = fs::read(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        if sha256(&content) != *sha {
            return Err(format!("{} is not what was kept there", path.display()));
        }
        Ok(content)
    }

    /// Writes down what is about to be done.
    pub(super) fn begin(&self, record: &Record) -> Result<(), String> {
        remove(&self.log())?;
        self.write(&self.run(), record)
    }

    /// What is on trial.
    pub(super) fn on_trial(&self) -> Result<Option<Record>, String> {
        self.read(&self.run())
    }

    /// What was kept.
    pub(super) fn kept(&self) -> Result<Option<Record>, String> {
        self.read(&self.manifest())
    }

    /// What is on trial counts from now on.
    pub(super) fn keep(&self) -> Result<(), String> {
        let Some(run) = self.on_trial()? else {
            return Err("nothing is on trial any more; it was rolled back".to_owned());
        };
        let kept = match self.kept()? {
            Some(kept) => kept.with(run),
            None => run,
        };
        self.write(&self.manifest(), &kept)?;
        self.end()
    }

    /// Nothing is on trial any more; contents that nobody needs go.
    pub(super) fn end(&self) -> Result<(), String> {
        remove(&self.run())?;
        let kept = self.kept()?;
        let needed: Vec<String> = kept
            .iter()
            .flat_map(|record| &record.files)
            .flat_map(|file| [file.before.map(|before| before.sha256), Some(file.after)])
            .flatten()
            .map(|hash| hash.to_string())
            .collect();
        let entries = fs::read_dir(&self.directory).map_err(|error| self.failed(&error))?;
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.parse::<Hex32>().is_ok() && !needed.contains(&name) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Everything was undone: no record is left.
    pub(super) fn forget(&self) -> Result<(), String> {
        remove(&self.manifest())?;
        self.end()?;
        remove(&self.directory.join("lock"))?;
        remove(&self.log())?;
        match fs::remove_dir(&self.directory) {
            // What others have put there stays.
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty
                ) =>
            {
                Err(self.failed(&error))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, path: &Path, record: &Record) -> Result<(), String> {
        let mut json = serde_json::to_vec_pretty(record)
            .map_err(|error| format!("the record cannot be written as JSON: {error}"))?;
        json.push(b'\n');
        file::place(path, &json, Owned::roots(0o600))
    }

    fn read(&self, path: &Path) -> Result<Option<Record>, String> {
        let text = file::read(path)?;
        if text.is_empty() {
            return Ok(None);
        }
        let record: Record = serde_json::from_str(&text)
            .map_err(|error| format!("{}: {error}; move it away", path.display()))?;
        if record.version != VERSION {
            return Err(format!(
                "{} is of another version of aisudo; use that one",
                path.display()
            ));
        }
        Ok(Some(record))
    }

    fn failed(&self, error: &std::io::Error) -> String {
        format!(
            "{}: {error}; make room, or check its owner",
            self.directory.display()
        )
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!(
            "{} cannot be removed: {error}; remove it",
            path.display()
        )),
        _ => Ok(()),
    }
}
