//! The writer's loop: drain what is queued, apply it in one transaction, commit, and only then
//! tell anybody.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use aisudo_core::{
    state::{End, Tick},
    wire::{LiveState, Standing},
};
use tokio::sync::{oneshot, watch};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{Job, Query, Setup, Unavailable, View, look};
use crate::{
    broker::{Broker, Caps, Command, ConnectionId, Effects, Moment, News, Outcome},
    channels::{Announcement, Channels},
    record::Record,
    store::{Store, StoreError},
};

/// Jobs that share one transaction at most.
const MAX_BATCH: usize = 256;

/// After a failure, expiries are tried again this much later, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// The longest sleep while a request is live: the host may have slept meanwhile, and only our
/// deadlines go on then.
const MAX_NAP: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    /// Nothing after a failure, until it could be read back from the database.
    broker: Option<Broker>,
    caps: Caps,
    boot_id: String,
    /// Those who hear what becomes of their request.
    gates: HashMap<ConnectionId, Attached>,
    channels: Channels,
    owed: Vec<Record>,
    retry_at: Option<Tick>,
    clock: fn() -> Moment,
    started: Tick,
}

#[derive(Debug)]
struct Attached {
    id: Uuid,
    news: watch::Sender<News>,
}

/// A job that writes.
struct Carry {
    command: Command,
    gate: Option<watch::Sender<News>>,
    reply: oneshot::Sender<Result<Outcome, Unavailable>>,
}

/// What to tell after the commit.
struct Settled {
    gate: Option<(ConnectionId, Uuid, watch::Sender<News>)>,
    reply: oneshot::Sender<Result<Outcome, Unavailable>>,
    effects: Effects,
}

impl Writer {
    pub(super) fn new(setup: Setup) -> Result<Self, StoreError> {
        let now = (setup.clock)();
        let live = setup.store.live()?;
        let broker = Broker::load(setup.caps, live, &HashMap::new(), &setup.boot_id, now);
        Ok(Self {
            store: setup.store,
            broker: Some(broker),
            caps: setup.caps,
            boot_id: setup.boot_id,
            gates: HashMap::new(),
            channels: setup.channels,
            owed: setup.first,
            retry_at: None,
            clock: setup.clock,
            started: now.tick,
        })
    }

    pub(super) fn run(&mut self, jobs: &Receiver<Job>) {
        self.announce_again();
        self.write(Vec::new());
        loop {
            let first = match self.nap() {
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(nap) => jobs.recv_timeout(nap),
            };
            let batch: Vec<Job> = match first {
                Ok(job) => std::iter::once(job).chain(jobs.try_iter().take(MAX_BATCH - 1)).collect(),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return self.stop(),
            };
            if let Some(reply) = self.batch(batch) {
                self.stop();
                let _ = reply.send(());
                return;
            }
        }
    }

    /// How long there is nothing to do unless somebody asks; nothing: for ever.
    fn nap(&self) -> Option<Duration> {
        let wake = match &self.broker {
            Some(broker) => broker.next_wake()?.max(self.retry_at.unwrap_or(Tick(0))),
            None => self.retry_at?,
        };
        let left = wake.0.saturating_sub((self.clock)().tick.0);
        Some(Duration::from_millis(left).min(MAX_NAP))
    }

    /// Writes first, looks afterwards. Gives the reply to a stop.
    fn batch(&mut self, jobs: Vec<Job>) -> Option<oneshot::Sender<()>> {
        let mut carries = Vec::new();
        let mut looks = Vec::new();
        let mut watchers = Vec::new();
        let mut stop = None;
        for job in jobs {
            match job {
                Job::Carry { command, gate, reply } => carries.push(Carry { command, gate, reply }),
                Job::Look { query, reply } => looks.push((query, reply)),
                Job::Watch { uid, events, reply } => watchers.push((uid, events, reply)),
                Job::Stop { reply } => stop = Some(reply),
            }
        }
        self.write(carries);
        for (uid, events, reply) in watchers {
            let welcome = self.broker.as_ref().is_some_and(|broker| !broker.asks(uid));
            if welcome {
                self.channels.watch(uid, events);
            }
            let _ = reply.send(welcome);
        }
        for (query, reply) in looks {
            let _ = reply.send(self.look(&query));
        }
        stop
    }

    fn look(&self, query: &Query) -> Result<View, Unavailable> {
        let Some(broker) = &self.broker else {
            return Err(Unavailable("the database could not be read after a failure".to_owned()));
        };
        let here = look::Here {
            store: &self.store,
            broker,
            channels: &self.channels,
            now: (self.clock)().tick,
            started: self.started,
        };
        Ok(look::look(&here, query)?)
    }

    /// One transaction; all of it counts, or nothing.
    fn write(&mut self, carries: Vec<Carry>) {
        let now = (self.clock)();
        let waiting_for_retry = self.retry_at.is_some_and(|at| now.tick < at);
        if carries.is_empty() && waiting_for_retry {
            return;
        }
        let (work, replies): (Vec<_>, Vec<_>) = carries.into_iter().map(split).unzip();
        match self.transact(work, now) {
            Ok((mut done, tended)) => {
                self.owed.clear();
                self.retry_at = None;
                self.tell(tended);
                for (settled, reply) in done.drain(..).zip(replies) {
                    self.settle(Settled { reply, ..settled_with(settled) });
                }
            }
            Err(failure) => {
                error!(%failure, "nothing was recorded");
                self.broker = None;
                self.retry_at = Some(Tick(now.tick.0.saturating_add(RETRY_MS)));
                for reply in replies {
                    let _ = reply.send(Err(failure.clone().into()));
                }
            }
        }
    }
}
