//! The way of a channel's work back into the daemon.

use std::path::Path;

use aisudo_core::{
    approvers::Approvers,
    evidence::EvidenceKind,
    paths::Paths,
    raw::Hex32,
    wire::{Head, Row},
};
use aisudo_sys::{socket, trusted, users};

use crate::{
    broker::{Answer, Command, Moment, Outcome},
    contents::Contents,
    ledger::{Ledger, Query, Unavailable, View, What},
    record::Record,
    store::Prompted,
};

/// What an audit entry is known by.
#[derive(serde::Deserialize)]
struct EntryNames {
    sequence: u64,
    entry_hash: String,
}

/// What it may ask of the daemon, and bring to it.
#[derive(Clone, Debug)]
pub struct Port {
    ledger: Ledger,
    paths: Paths,
    contents: Contents,
    clock: fn() -> Moment,
}

impl Port {
    /// The way to this ledger, for the channels of an installation.
    #[must_use]
    pub fn new(ledger: Ledger, paths: Paths, contents: Contents, clock: fn() -> Moment) -> Self {
        Self {
            ledger,
            paths,
            contents,
            clock,
        }
    }

    /// The clocks.
    #[must_use]
    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// The files of the installation.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// What changeable files hold.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Those who may approve from afar, as root has them now.
    ///
    /// # Errors
    /// One line, when the file is not trusted, or wrong.
    pub fn approvers(&self) -> Result<Approvers, String> {
        trusted::read_approvers(&self.paths)
    }

    /// Whether what this uid runs may be believed: it is not asked for by aisudo (I2).
    ///
    /// # Errors
    /// One line that says who it is, or that this cannot be known.
    pub fn not_gated(&self, uid: u32) -> Result<(), String> {
        if uid == 0 {
            return Ok(());
        }
        let name = users::user_name(uid)
            .and_then(|name| String::from_utf8(name).ok())
            .ok_or_else(|| format!("uid {uid} has no name in the user database"))?;
        let config = trusted::load_config(&self.paths)?;
        match config.gate.when(&name, &users::group_names(uid)) {
            Some(_) => Err(format!("{name} is asked for by aisudo")),
            None => Ok(()),
        }
    }

    /// Whether nobody who is asked for, nor everybody, can use this socket: whoever can may edit what is
    /// asked, and answer it.
    ///
    /// # Errors
    /// One line that says who can, or that this cannot be known.
    pub fn socket_is_closed(&self, path: &Path) -> Result<(), String> {
        socket::check(path, &trusted::load_config(&self.paths)?)
    }

    /// An approver's answer: taken and on disk, or one line that says why not.
    ///
    /// # Errors
    /// When storage fails: the answer did not count.
    pub async fn decide(&self, answer: Answer) -> Result<Result<(), String>, Unavailable> {
        match self
            .ledger
            .command(Command::Decide(Box::new(answer)))
            .await?
        {
            Outcome::NotTaken(why) => Ok(Err(why)),
            _ => Ok(Ok(())),
        }
    }

    /// This channel cannot ask about a request after all. See [`Command::Unreached`].
    pub async fn unreached(&self, id: uuid::Uuid, by: EvidenceKind, why: String, fallback: bool) {
        let command = Command::Unreached {
            id,
            by,
            why,
            fallback,
        };
        // When storage fails, the request ends later.
        let _ = self.ledger.command(command).await;
    }

    /// Something to be recorded that changes no request.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn note(&self, record: Record) -> Result<(), Unavailable> {
        let note = Command::Note(Box::new(record));
        self.ledger.command(note).await.map(|_| ())
    }

    /// The newest entry of the audit log.
    #[must_use]
    pub fn head(&self) -> Head {
        self.ledger.heads().borrow().clone()
    }

    /// The entry of the audit log with this number, if it is (still) in the database.
    pub async fn entry(&self, number: u64) -> Option<Head> {
        let what = What::Audit {
            after: number.checked_sub(1)?,
            limit: 1,
        };
        // Root's own view: nothing of it but a hash leaves this function.
        let query = Query::Approver { uid: 0, what };
        let Ok(View::Audit { entries, .. }) = self.ledger.look(query).await else {
            return None;
        };
        let entry: EntryNames = serde_json::from_str(entries.first()?).ok()?;
        (entry.sequence == number).then_some(Head {
            sequence: entry.sequence,
            hash: entry.entry_hash,
        })
    }

    /// The latest requests, newest first, and their nonces.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn latest(&self, limit: u32) -> Result<Vec<(Row, Hex32)>, Unavailable> {
        match self.ledger.look(Query::Latest { limit }).await? {
            View::Latest(latest) => Ok(latest),
            _ => Ok(Vec::new()),
        }
    }

    /// The newest messages of a channel, newest first, and where the requests stand.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn prompts(
        &self,
        channel: EvidenceKind,
    ) -> Result<Vec<(Prompted, Row)>, Unavailable> {
        match self.ledger.look(Query::Prompts { channel }).await? {
            View::Prompts(prompts) => Ok(prompts),
            _ => Ok(Vec::new()),
        }
    }
}
