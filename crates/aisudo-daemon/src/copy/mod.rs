//! Each audit entry once more, elsewhere: in systemd's journal, or in a file.
//!
//! A thread of its own reads what is on disk, so nobody waits for the copy, and what cannot be copied
//! now is copied later. How far it got is kept in a small file: after a crash the last entries may be
//! copied twice (their numbers tell), none is left out.

mod file;
mod journal;
#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, params};
use tracing::{info, warn};

pub use self::{file::CopyFile, journal::Journal};

/// Entries that are read at once.
const PAGE: u32 = 100;

/// How long the end of the daemon waits for the last entries to be copied.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the copy waits for the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Where entries are copied to.
pub trait Target: Send + std::fmt::Debug {
    /// What it is, for people.
    fn name(&self) -> String;

    /// Takes the next entry, whole or not at all.
    ///
    /// # Errors
    /// When it cannot: it is given again later.
    fn put(&mut self, entry: &str) -> io::Result<()>;

    /// What is wrong although entries are taken.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// What a copier starts with.
#[derive(Debug)]
pub struct Copying {
    /// Where to.
    pub target: Box<dyn Target>,
    /// The database.
    pub database: PathBuf,
    /// Where it is kept how far it got.
    pub copied: PathBuf,
    /// The last entry that is not copied, if nothing was ever copied.
    pub after: u64,
}

/// The way to the thread that copies.
#[derive(Debug)]
pub struct Copier {
    wake: SyncSender<()>,
    health: Arc<Mutex<String>>,
    ended: Receiver<()>,
}

impl Copier {
    /// Starts to copy.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(copying: Copying) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (ends, ended) = channel();
        let health = Arc::new(Mutex::new(format!("to {}", copying.target.name())));
        let thread = Thread {
            health: Arc::clone(&health),
            copying,
            position: None,
            trouble: None,
        };
        thread::Builder::new()
            .name("copy".to_owned())
            .spawn(move || thread.run(&woken, &ends))?;
        Ok(Self {
            wake,
            health,
            ended,
        })
    }

    /// There are new entries on disk.
    pub fn wake(&self) {
        // Full: it will look anyway.
        let _ = self.wake.try_send(());
    }

    /// How it is, in one short phrase.
    #[must_use]
    pub fn health(&self) -> String {
        let health = self.health.lock();
        health.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Copies what is left, unless that takes long.
    pub fn finish(self) {
        drop(self.wake);
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

struct Thread {
    copying: Copying,
    health: Arc<Mutex<String>>,
    position: Option<Position>,
    trouble: Option<String>,
}

impl Thread {
    fn run(mut self, woken: &Receiver<()>, ends: &Sender<()>) {
        self.copy();
        while woken.recv().is_ok() {
            self.copy();
        }
        // What was written between the last look and the end.
        self.copy();
        let _ = ends.send(());
    }

    /// Copies all that is there.
    fn copy(&mut self) {
        let done = self.all();
        let name = self.copying.target.name();
        let trouble = done.err().or_else(|| self.copying.target.trouble());
        let health = match (&trouble, &self.position) {
            (Some(why), _) => format!("to {name}: {why}"),
            (None, Some(position)) => format!("to {name}, up to entry {}", position.last),
            (None, None) => format!("to {name}"),
        };
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
        if trouble != self.trouble {
            match &trouble {
                Some(why) => warn!("the audit log is not copied to {name}: {why}"),
                None => info!("the audit log is copied to {name} again"),
            }
            self.trouble = trouble;
        }
    }

    fn all(&mut self) -> Result<(), String> {
        let database = self
            .open()
            .map_err(|error| format!("the database: {error}"))?;
        if self.position.is_none() {
            let position = Position::open(&self.copying, &database)?;
            self.position = Some(position);
        }
        let Some(position) = &mut self.position else {
            return Ok(());
        };
        loop {
            let page = page(&database, position.last)
                .map_err(|error| format!("the database cannot be read: {error}"))?;
            if page.is_empty() {
                return Ok(());
            }
            for (sequence, entry) in &page {
                if *sequence > position.last + 1 {
                    warn!(
                        "audit entries {} to {} were pruned before they could be copied",
                        position.last + 1,
                        sequence - 1
                    );
                }
                let put = self.copying.target.put(entry);
                if let Err(error) = put {
                    position.keep()?;
                    return Err(format!("entry {sequence} failed: {error}"));
                }
                position.last = *sequence;
            }
            position.keep()?;
        }
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(&self.copying.database, flags)?;
        database.busy_timeout(BUSY_TIMEOUT)?;
        Ok(database)
    }
}

fn page(database: &Connection, after: u64) -> rusqlite::Result<Vec<(u64, String)>> {
    database
        .prepare(
            "SELECT sequence, entry FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )?
        .query_map(params![after, PAGE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The last entry that was copied, kept in a file. It is not synchronised with the disk each time: a
/// host that crashes has entries copied again.
#[derive(Debug)]
struct Position {
    file: File,
    path: PathBuf,
    last: u64,
}

impl Position {
    fn open(copying: &Copying, database: &Connection) -> Result<Self, String> {
        let path = copying.copied.clone();
        let failed = |error: io::Error| format!("{}: {error}; mend it", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)
            .map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let newest: u64 = database
            .query_row("SELECT coalesce(max(sequence), 0) FROM audit", [], |row| {
                row.get(0)
            })
            .map_err(|error| format!("the database cannot be read: {error}"))?;
        let last = match text.trim().parse() {
            Ok(last) if last <= newest => last,
            Ok(last) => {
                warn!(
                    "{last} audit entries were copied, there are {newest}; the copy goes on there"
                );
                newest
            }
            Err(_) => copying.after,
        };
        let position = Self { file, path, last };
        position.keep()?;
        Ok(position)
    }

    fn keep(&self) -> Result<(), String> {
        // Always of one length: what was there is written over.
        let text = format!("{:020}\n", self.last);
        self.file
            .write_all_at(text.as_bytes(), 0)
            .map_err(|error| format!("{}: {error}; make room", self.path.display()))
    }
}
