//! The one writer: a thread that owns the broker and the database. The rest of the daemon sends
//! it jobs and waits for answers, and hears nothing that is not on disk (I6).

mod archive;
mod look;
mod prune;
#[cfg(test)]
mod tests;
mod writer;

use std::{io, path::PathBuf, sync::mpsc, thread};

use aisudo_core::wire::{Head, Row};
use tokio::sync::{mpsc as events, oneshot, watch};
use uuid::Uuid;

pub use self::look::{Query, View, What};
use self::writer::Writer;
use crate::{
    broker::{Ask, Caps, Command, ConnectionId, Moment, News, Outcome},
    channels::Channels,
    copy::Copier,
    record::Record,
    store::{Store, StoreError},
};

/// The way to the writer.
#[derive(Clone, Debug)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
    heads: watch::Receiver<Head>,
}

/// What the writer starts with.
#[derive(Debug)]
pub struct Setup {
    /// The database.
    pub store: Store,
    /// What the broker never exceeds.
    pub caps: Caps,
    /// The ways to approvers.
    pub channels: Channels,
    /// This run of the host.
    pub boot_id: String,
    /// What must be recorded before anything else is.
    pub first: Vec<Record>,
    /// The clocks.
    pub clock: fn() -> Moment,
}

/// How the audit log is kept.
#[derive(Debug, Default)]
pub struct Keep {
    /// Whole days (UTC) for which entries stay in the database, at least. 0: for ever.
    pub days: u32,
    /// Where those that leave it are written to; nothing when root wants no archive.
    pub archive: Option<PathBuf>,
    /// Who copies each entry elsewhere, if root wants that.
    pub copy: Option<Copier>,
}

/// Storage failed: nothing of what was asked for has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(pub String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the audit log cannot be written: {}", self.0)
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// One thing for the writer to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Something that may change requests.
    Carry {
        command: Command,
        /// Where the gate that asks listens for news.
        gate: Option<watch::Sender<News>>,
        reply: oneshot::Sender<Result<Outcome, Unavailable>>,
    },
    /// Something that only looks.
    Look {
        query: Query,
        reply: oneshot::Sender<Result<View, Unavailable>>,
    },
    /// An approver's screen.
    Watch {
        uid: u32,
        events: events::Sender<Row>,
        reply: oneshot::Sender<bool>,
    },
    /// The end.
    Stop { reply: oneshot::Sender<()> },
}

impl Ledger {
    /// Starts the writer. The receiver hears when it has ended, for whatever reason: the daemon is
    /// of no use then.
    ///
    /// # Errors
    /// When the live requests cannot be read, or the system gives no thread.
    pub fn start(setup: Setup) -> io::Result<(Self, oneshot::Receiver<()>)> {
        Self::start_keeping(setup, Keep::default())
    }

    /// The same, with an audit log that is not kept for ever in the database.
    ///
    /// # Errors
    /// As above.
    pub fn start_keeping(setup: Setup, keep: Keep) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (jobs, received) = mpsc::channel();
        let (running, ended) = oneshot::channel();
        let (told, heads) = watch::channel(setup.store.head().clone());
        let writer = Writer::new(setup, keep, told).map_err(io::Error::other)?;
        thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                let _dropped_at_the_end: oneshot::Sender<()> = running;
                writer.run(&received);
            })?;
        Ok((Self { jobs, heads }, ended))
    }

    /// The newest audit entry on disk, now and whenever there is a newer one.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Head> {
        self.heads.clone()
    }

    /// A gate asks; it hears what follows on `gate`.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn ask(&self, ask: Ask, gate: watch::Sender<News>) -> Result<Outcome, Unavailable> {
        self.carry(Command::Ask(Box::new(ask)), Some(gate)).await
    }

    /// A gate went away.
    ///
    /// # Errors
    /// When storage fails: the request then ends later.
    pub async fn leave(
        &self,
        id: Uuid,
        connection: ConnectionId,
        why: String,
    ) -> Result<Outcome, Unavailable> {
        self.command(Command::Leave {
            id,
            connection,
            why,
        })
        .await
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn command(&self, command: Command) -> Result<Outcome, Unavailable> {
        self.carry(command, None).await
    }

    /// Looks something up.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn look(&self, query: Query) -> Result<View, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Look { query, reply })?;
        answer.await.map_err(|_| stopped())?
    }

    /// Sends `events` each change from now on; `false` when this uid may not watch. A receiver
    /// that falls behind is dropped.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub async fn watch(&self, uid: u32, events: events::Sender<Row>) -> Result<bool, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Watch { uid, events, reply })?;
        answer.await.map_err(|_| stopped())
    }

    /// Records the stop and ends the writer. Live requests stay live in the database.
    pub async fn stop(&self) {
        let (reply, answer) = oneshot::channel();
        if self.send(Job::Stop { reply }).is_ok() {
            let _ = answer.await;
        }
    }

    async fn carry(
        &self,
        command: Command,
        gate: Option<watch::Sender<News>>,
    ) -> Result<Outcome, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Carry {
            command,
            gate,
            reply,
        })?;
        answer.await.map_err(|_| stopped())?
    }

    fn send(&self, job: Job) -> Result<(), Unavailable> {
        self.jobs.send(job).map_err(|_| stopped())
    }
}

fn stopped() -> Unavailable {
    Unavailable("aisudo-daemon is stopping; try again".to_owned())
}
