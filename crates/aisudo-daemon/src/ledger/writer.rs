//! The writer's loop: drain what is queued, apply it in one transaction, commit, and only then
//! tell anybody.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use aisudo_core::{
    state::Tick,
    wire::{Head, Row, Standing},
};
use tokio::sync::{oneshot, watch};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{Job, Keep, Query, Setup, Unavailable, View, look, prune::Pruner};
use crate::{
    broker::{Broker, Caps, Command, ConnectionId, Effects, Moment, News, Outcome, record_row},
    channels::{Announcement, Channels},
    copy::Copier,
    record::Record,
    store::{Store, StoreError},
};

/// Jobs that share one transaction at most.
const MAX_BATCH: usize = 256;

/// After a failure, what time must bring about is tried again this much later, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// The longest sleep while a request is live: a host that slept woke up to later deadlines than
/// this thread's timer knows.
const MAX_NAP: Duration = Duration::from_secs(5);

/// The owner of the broker and the database.
#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    /// Nothing after a failure, until it was read back from the database.
    broker: Option<Broker>,
    caps: Caps,
    boot_id: String,
    /// Those who hear what becomes of their request.
    gates: HashMap<Uuid, Attached>,
    channels: Channels,
    /// Where the number of the newest audit entry is told.
    heads: watch::Sender<Head>,
    pruner: Pruner,
    copier: Option<Copier>,
    /// Recorded before anything else is.
    owed: Vec<Record>,
    retry_at: Option<Tick>,
    clock: fn() -> Moment,
    started: Tick,
}

#[derive(Debug)]
struct Attached {
    connection: ConnectionId,
    news: watch::Sender<News>,
}

/// A command's giver, who waits for the commit.
#[derive(Debug)]
struct Caller {
    /// A gate that asks.
    gate: Option<(Uuid, Attached)>,
    reply: oneshot::Sender<Result<Outcome, Unavailable>>,
}

impl Writer {
    pub(super) fn new(
        setup: Setup,
        keep: Keep,
        heads: watch::Sender<Head>,
    ) -> Result<Self, StoreError> {
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
            heads,
            pruner: Pruner::new(keep.days, keep.archive, now.tick),
            copier: keep.copy,
            owed: setup.first,
            retry_at: None,
            clock: setup.clock,
            started: now.tick,
        })
    }

    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        self.write(Vec::new(), Vec::new());
        self.announce_again();
        self.prune();
        loop {
            let first = match self.nap() {
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(nap) => jobs.recv_timeout(nap),
            };
            let batch = match first {
                Ok(job) => std::iter::once(job)
                    .chain(jobs.try_iter().take(MAX_BATCH - 1))
                    .collect(),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return self.stop(),
            };
            if let Some(reply) = self.batch(batch) {
                self.stop();
                // Closed, and its write-ahead log folded in, before the process ends.
                drop(self);
                let _ = reply.send(());
                return;
            }
        }
    }

    /// How long there is nothing to do unless somebody comes; nothing: for ever.
    fn nap(&self) -> Option<Duration> {
        let wake = match (self.retry_at, &self.broker) {
            (Some(retry_at), _) => retry_at,
            (None, Some(broker)) => broker.next_wake()?,
            (None, None) => return None,
        };
        let left = wake.0.saturating_sub((self.clock)().tick.0);
        Some(Duration::from_millis(left).min(MAX_NAP))
    }

    /// Writes first, looks afterwards. Gives the reply to a stop, if there is one.
    fn batch(&mut self, jobs: Vec<Job>) -> Option<oneshot::Sender<()>> {
        let (mut commands, mut callers) = (Vec::new(), Vec::new());
        let (mut looks, mut screens) = (Vec::new(), Vec::new());
        let mut stop = None;
        for job in jobs {
            match job {
                Job::Carry {
                    command,
                    gate,
                    reply,
                } => {
                    callers.push(Caller {
                        gate: asking(&command, gate),
                        reply,
                    });
                    commands.push(command);
                }
                Job::Look { query, reply } => looks.push((query, reply)),
                Job::Watch { uid, events, reply } => screens.push((uid, events, reply)),
                Job::Stop { reply } => stop = Some(reply),
            }
        }
        let before = self.store.head().sequence;
        self.write(commands, callers);
        for (uid, events, reply) in screens {
            let welcome = self.broker.as_ref().is_some_and(|broker| !broker.asks(uid));
            if welcome {
                self.channels.watch(uid, events);
            }
            let _ = reply.send(welcome);
        }
        for (query, reply) in looks {
            let _ = reply.send(self.look(&query));
        }
        if stop.is_none() && self.store.head().sequence != before {
            // Only then: nobody who sleeps is woken for old entries.
            self.prune();
        }
        stop
    }

    /// Moves the oldest entries out of the database, in a transaction of its own: whoever has just
    /// been answered did not wait for it.
    fn prune(&mut self) {
        let now = (self.clock)();
        if self.retry_at.is_none() && self.pruner.is_due(now.tick) {
            self.pruner.prune(&mut self.store, now);
            self.tell_head();
        }
    }

    /// One transaction: all of it counts and is told, or nothing.
    fn write(&mut self, commands: Vec<Command>, callers: Vec<Caller>) {
        let now = (self.clock)();
        if commands.is_empty() && self.retry_at.is_some_and(|retry_at| now.tick < retry_at) {
            return;
        }
        // A gate that leaves is gone whether or not that can be recorded.
        for command in &commands {
            if let Command::Limit(caps) = command {
                // Also for a broker that is read back later.
                self.caps = *caps;
            }
            if let Command::Leave { id, connection, .. } = command
                && self
                    .gates
                    .get(id)
                    .is_some_and(|gate| gate.connection == *connection)
            {
                self.gates.remove(id);
            }
        }
        match self.transact(commands, now) {
            Ok((tended, done)) => {
                self.owed.clear();
                self.retry_at = None;
                self.tell_head();
                self.tell(&tended, now);
                for (effects, caller) in done.into_iter().zip(callers) {
                    self.settle(effects, caller, now);
                }
            }
            Err(failure) => {
                error!(%failure, "nothing can be recorded, so nothing is approved");
                // What is on disk can still be looked at.
                self.broker = self.reload(now).ok();
                self.retry_at = Some(Tick(now.tick.0.saturating_add(RETRY_MS)));
                for caller in callers {
                    let _ = caller.reply.send(Err(failure.clone().into()));
                }
            }
        }
    }

    fn transact(
        &mut self,
        commands: Vec<Command>,
        now: Moment,
    ) -> Result<(Effects, Vec<Effects>), StoreError> {
        let mut broker = match self.broker.take() {
            Some(broker) => broker,
            None => self.reload(now)?,
        };
        let mut writing = self.store.begin()?;
        for record in &self.owed {
            writing.write(record, now.unix_ms)?;
        }
        let tended = broker.tend(now);
        for record in &tended.records {
            writing.write(record, now.unix_ms)?;
        }
        let mut done = Vec::with_capacity(commands.len());
        for command in commands {
            let effects = broker.apply(command, now, &writing)?;
            for record in &effects.records {
                writing.write(record, now.unix_ms)?;
            }
            done.push(effects);
        }
        writing.commit()?;
        self.broker = Some(broker);
        Ok((tended, done))
    }

    /// The broker as the database has it. Gates that are still here keep their requests.
    fn reload(&mut self, now: Moment) -> Result<Broker, StoreError> {
        self.gates.retain(|_, gate| !gate.news.is_closed());
        let attached = self
            .gates
            .iter()
            .map(|(id, gate)| (*id, gate.connection))
            .collect();
        let live = self.store.reload()?;
        info!(live = live.len(), "read back after a failure");
        Ok(Broker::load(self.caps, live, &attached, &self.boot_id, now))
    }

    fn settle(&mut self, effects: Effects, caller: Caller, now: Moment) {
        if let (Some((id, gate)), Outcome::Waiting { .. }) = (caller.gate, &effects.outcome) {
            // The connection before this one, if any, hears that it was replaced.
            self.gates.insert(id, gate);
        }
        self.tell(&effects, now);
        let _ = caller.reply.send(Ok(effects.outcome));
    }

    /// Tells those who follow the audit log, and who copies it.
    fn tell_head(&self) {
        let newest = self.store.head().clone();
        let is_new = self.heads.send_if_modified(|head| {
            let is_new = head.sequence != newest.sequence;
            *head = newest;
            is_new
        });
        if let Some(copier) = self.copier.as_ref().filter(|_| is_new) {
            copier.wake();
        }
    }

    /// Tells gates and channels what is on disk.
    fn tell(&mut self, effects: &Effects, now: Moment) {
        for (id, news) in &effects.news {
            if let Some(gate) = self.gates.get(id) {
                let _ = gate.news.send(news.clone());
            }
        }
        for record in &effects.records {
            if let Record::Ruled { ticket, end, .. } = record {
                // Nobody was asked, so no screen need know.
                info!(id = %ticket.id, uid = ticket.uid, state = end.name(), "by the policy");
            }
            if let Some(row) = record_row(record, now) {
                self.tell_channels(record, &row);
                if matches!(row.state, Standing::Ended(_)) {
                    self.gates.remove(&row.id);
                }
            }
        }
    }

    fn tell_channels(&mut self, record: &Record, row: &Row) {
        // Ids and uids only: what is asked for is nobody's business who reads logs.
        info!(id = %row.id, uid = row.uid, state = row.state.name(), "request");
        match record {
            Record::Requested { body, .. } => self.channels.announce(&Announcement {
                row,
                body,
                again: false,
            }),
            _ => self.channels.update(row),
        }
    }

    /// After a restart the approvers may have lost the question.
    fn announce_again(&mut self) {
        let Some(broker) = &self.broker else {
            return;
        };
        for row in broker.rows((self.clock)().tick) {
            match self.store.body(row.id) {
                Ok(Some(body)) => self.channels.announce(&Announcement {
                    row: &row,
                    body: &body,
                    again: true,
                }),
                Ok(None) => {}
                Err(failure) => warn!(%failure, id = %row.id, "not announced again"),
            }
        }
    }

    fn look(&self, query: &Query) -> Result<View, Unavailable> {
        let Some(broker) = &self.broker else {
            return Err(Unavailable(
                "the database failed a moment ago; try again".to_owned(),
            ));
        };
        let here = look::Here {
            store: &self.store,
            broker,
            channels: &self.channels,
            now: (self.clock)().tick,
            started: self.started,
            keeping: self.keeping(),
        };
        Ok(look::look(&here, query)?)
    }

    /// How the audit log is kept, as far as approvers should know.
    fn keeping(&self) -> Vec<(String, String)> {
        let copy = self.copier.iter();
        let copy = copy.map(|copier| ("audit copy".to_owned(), copier.health()));
        self.pruner.health().into_iter().chain(copy).collect()
    }

    fn stop(&mut self) {
        self.owed.push(Record::Stopped);
        // A stop must be tried even in the pause after a failure.
        self.retry_at = None;
        self.write(Vec::new(), Vec::new());
        if let Some(copier) = self.copier.take() {
            copier.finish();
        }
    }
}

fn asking(command: &Command, gate: Option<watch::Sender<News>>) -> Option<(Uuid, Attached)> {
    match command {
        Command::Ask(ask) => gate.map(|news| {
            let connection = ask.connection;
            (ask.id, Attached { connection, news })
        }),
        _ => None,
    }
}
