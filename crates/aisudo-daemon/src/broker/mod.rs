//! The state machine over requests. Pure: time comes in, records and news go out, and whoever
//! holds it brings the records to disk before anybody hears of them.

mod ask;
mod decide;
mod denials;
#[cfg(test)]
mod limits_tests;
mod live;
#[cfg(test)]
pub(crate) mod model;
mod ruled;
#[cfg(test)]
mod tests;
mod types;

use std::collections::HashMap;

use aisudo_core::{
    evidence::EvidenceKind,
    raw::Hex32,
    state::{Approved, End, Ended, Pending, Tick, Ticket},
    wire::{LiveState, Row, Standing},
};
use uuid::Uuid;

pub use self::types::{
    Answer, Ask, Caps, Command, ConnectionId, Effects, History, Moment, News, NotReached, Outcome,
    Stored,
};
use self::{
    denials::Denials,
    live::{Gate, Live, LiveSet, State},
};
use crate::{
    limits::{Buckets, Refusals},
    record::Record,
    store::StoreError,
};

/// How long a gate may take to come back after the daemon restarted, in milliseconds.
pub const GRACE_MS: u64 = 15_000;

/// The longest reason that a gate's words become, in bytes.
const MAX_WHY_BYTES: usize = 200;

/// The broker.
#[derive(Debug)]
pub struct Broker {
    caps: Caps,
    live: LiveSet,
    /// What people said no to.
    denials: Denials,
    /// How much people are asked by each uid, and by all.
    asked: Buckets<u32>,
    asked_by_all: Buckets<u32>,
    /// How much the policy is asked by each uid.
    ruled: Buckets<u32>,
    /// How much those who ask may write into the log by being turned away.
    refusals: Refusals,
}

impl Broker {
    /// A broker over the live requests of the database. The gates in `attached` are still here;
    /// the others have [`GRACE_MS`] to come back. Requests from an earlier run of the host are
    /// ended by the next [`Self::tend`].
    #[must_use]
    pub fn load(
        caps: Caps,
        stored: Vec<Stored>,
        attached: &HashMap<Uuid, ConnectionId>,
        boot_id: &str,
        now: Moment,
    ) -> Self {
        let mut live = LiveSet::default();
        for request in stored {
            let gate = match attached.get(&request.ticket.id) {
                Some(connection) => Gate::Here(*connection),
                None if boot_id.is_empty() || request.boot_id != boot_id => Gate::Away {
                    until: Tick(0),
                    why: "the host was restarted",
                },
                None => Gate::Away {
                    until: Tick(now.tick.0.saturating_add(GRACE_MS)),
                    why: "the gate did not come back",
                },
            };
            let state = match request.standing {
                Standing::Live(LiveState::Pending) => State::Pending(Pending::new(request.ticket)),
                Standing::Live(LiveState::Approved { decision }) => {
                    State::Approved(Approved::reload(request.ticket, decision))
                }
                Standing::Ended(_) => continue,
            };
            live.put(Live {
                state,
                gate,
                asked_at_ms: request.asked_at_ms,
                command: None,
                reached: None,
            });
        }
        Self {
            caps,
            live,
            denials: Denials::default(),
            asked: Buckets::default(),
            asked_by_all: Buckets::default(),
            ruled: Buckets::default(),
            refusals: Refusals::default(),
        }
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// When the history cannot be read. The broker is then of no use any more: load it again.
    pub fn apply(
        &mut self,
        command: Command,
        now: Moment,
        history: &impl History,
    ) -> Result<Effects, StoreError> {
        match command {
            Command::Ask(ask) => self.ask(*ask, now, history),
            Command::Release {
                id,
                connection,
                token,
            } => self.release(id, connection, token, now, history),
            Command::Leave {
                id,
                connection,
                why,
            } => Ok(self.leave(id, connection, &why)),
            Command::Decide(answer) => self.decide(&answer, now, history),
            Command::Unreached {
                id,
                by,
                why,
                fallback,
            } => Ok(self.unreached(id, by, NotReached { why, fallback })),
            Command::Note(record) => Ok(Effects {
                records: vec![*record],
                ..Effects::only(Outcome::Done)
            }),
            Command::Limit(caps) => {
                self.caps = caps;
                Ok(Effects::only(Outcome::Done))
            }
        }
    }

    /// Ends what time has ended.
    pub fn tend(&mut self, now: Moment) -> Effects {
        let mut effects = Effects::only(Outcome::Done);
        while let Some(live) = self.live.due(now.tick).and_then(|id| self.live.take(id)) {
            let asked_at_ms = live.asked_at_ms;
            let ended = end_by_time(live, now.tick);
            effects.news.push((ended.ticket().id, News::Expired));
            effects.records.push(moved(&ended, asked_at_ms));
        }
        effects
    }

    /// When [`Self::tend`] has something to do next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Tick> {
        self.live.next_wake()
    }

    /// Whether this uid has a request that is not over.
    #[must_use]
    pub fn asks(&self, uid: u32) -> bool {
        self.live.of_uid(uid) > 0
    }

    /// The live requests, oldest first.
    #[must_use]
    pub fn rows(&self, now: Tick) -> Vec<Row> {
        let mut rows: Vec<Row> = self.live.iter().map(|live| live_row(live, now)).collect();
        rows.sort_by_key(|row| (row.asked_at_ms, row.id));
        rows
    }

    /// One live request.
    #[must_use]
    pub fn row(&self, id: Uuid, now: Tick) -> Option<Row> {
        self.live.get(id).map(|live| live_row(live, now))
    }

    /// The live request with this code.
    #[must_use]
    pub fn id_of(&self, code: &str) -> Option<Uuid> {
        self.live.id_of(code)
    }

    /// How many wait, and how many are approved and not picked up.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let pending = self
            .live
            .iter()
            .filter(|live| matches!(live.state, State::Pending(_)))
            .count();
        (pending, self.live.len() - pending)
    }

    /// A gate lets its command through: at most once, or the same once more after a lost answer.
    fn release(
        &mut self,
        id: Uuid,
        connection: ConnectionId,
        token: Hex32,
        now: Moment,
        history: &impl History,
    ) -> Result<Effects, StoreError> {
        let Some(live) = self.live.take(id) else {
            return Ok(Effects::only(released_before(
                history.find(id)?,
                token,
                now.tick,
            )));
        };
        let ours = live.connection() == Some(connection);
        match live.state {
            State::Approved(approved) if ours => match approved.release(token, now.tick) {
                Ok(ended) => Ok(Effects {
                    records: vec![moved(&ended, live.asked_at_ms)],
                    ..Effects::only(Outcome::Released)
                }),
                Err(refused) => {
                    let why = refused.why.to_string();
                    self.live.put(Live {
                        state: State::Approved(refused.state),
                        ..live
                    });
                    Ok(Effects::only(refuse(why)))
                }
            },
            state => {
                self.live.put(Live { state, ..live });
                Ok(Effects::only(refuse(
                    "nobody has approved this request".to_owned(),
                )))
            }
        }
    }

    /// A channel cannot ask. Once none of those that were to ask is left, the request is over.
    fn unreached(&mut self, id: Uuid, by: EvidenceKind, not: NotReached) -> Effects {
        let done = Effects::only(Outcome::Done);
        let Some(mut live) = self.live.take(id) else {
            return done;
        };
        if let (State::Pending(_), Some(reached)) = (&live.state, &mut live.reached)
            && reached.without(by).is_empty()
        {
            let asked_at_ms = live.asked_at_ms;
            let ended = end(live.state, shortened(&not.why));
            return Effects {
                records: vec![moved(&ended, asked_at_ms)],
                news: vec![(id, News::NotReached(Box::new(not)))],
                ..done
            };
        }
        self.live.put(live);
        done
    }

    fn leave(&mut self, id: Uuid, connection: ConnectionId, why: &str) -> Effects {
        let done = Effects::only(Outcome::Done);
        let left = self.live.get(id).and_then(Live::connection);
        if left != Some(connection) {
            return done;
        }
        let Some(live) = self.live.take(id) else {
            return done;
        };
        let asked_at_ms = live.asked_at_ms;
        let ended = end(live.state, shortened(why));
        Effects {
            records: vec![moved(&ended, asked_at_ms)],
            ..done
        }
    }
}

/// The row of a request that a record is about.
#[must_use]
pub fn record_row(record: &Record, now: Moment) -> Option<Row> {
    match record {
        Record::Requested { ticket, .. } => {
            let pending = Standing::Live(LiveState::Pending);
            Some(row(ticket, now.unix_ms, Some(now.tick), pending))
        }
        Record::Moved {
            ticket,
            asked_at_ms,
            standing,
        } => {
            let live = matches!(standing, Standing::Live(_));
            Some(row(
                ticket,
                *asked_at_ms,
                live.then_some(now.tick),
                standing.clone(),
            ))
        }
        _ => None,
    }
}

/// How a request on disk is shown.
#[must_use]
pub fn stored_row(stored: Stored, now: Tick) -> Row {
    let live = matches!(stored.standing, Standing::Live(_));
    row(
        &stored.ticket,
        stored.asked_at_ms,
        live.then_some(now),
        stored.standing,
    )
}

fn live_row(live: &Live, now: Tick) -> Row {
    row(live.ticket(), live.asked_at_ms, Some(now), live.standing())
}

fn row(ticket: &Ticket, asked_at_ms: u64, now: Option<Tick>, state: Standing) -> Row {
    Row {
        id: ticket.id,
        code: ticket.code.clone(),
        digest: ticket.digest,
        fingerprint: ticket.fingerprint,
        uid: ticket.uid,
        asked_at_ms,
        remaining_ms: now.map(|now| ticket.deadline.0.saturating_sub(now.0)),
        state,
    }
}

fn refuse(why: String) -> Outcome {
    Outcome::Refused {
        why,
        fallback: false,
    }
}

/// A release of a request that is no longer live: only the gate that released it knows the token.
fn released_before(stored: Option<Stored>, token: Hex32, now: Tick) -> Outcome {
    match stored {
        Some(Stored {
            ticket,
            standing: Standing::Ended(End::Released { token: own, .. }),
            ..
        }) if own == token && now < ticket.deadline => Outcome::Released,
        Some(stored) => refuse(format!(
            "this request was already {}",
            stored.standing.name()
        )),
        None => refuse("this request is not known".to_owned()),
    }
}

/// The end of a request whose deadline has come, or whose gate did not come back.
fn end_by_time(live: Live, now: Tick) -> Ended {
    match live.gate {
        // A deadline from an earlier run of the host means nothing.
        Gate::Away {
            until: Tick(0),
            why,
        } => end(live.state, why),
        _ => match live.state {
            State::Pending(pending) => match (pending.expire(now), live.gate) {
                (Ok(ended), _) => ended,
                (Err(refused), Gate::Away { why, .. }) => refused.state.cancel(why),
                (Err(refused), Gate::Here(_)) => {
                    refused.state.cancel("it was ended before its deadline")
                }
            },
            State::Approved(approved) if now >= approved.ticket().deadline => {
                approved.unuse("the deadline came before the command was let through")
            }
            state @ State::Approved(_) => match live.gate {
                Gate::Away { why, .. } => end(state, why),
                Gate::Here(_) => end(state, "it was ended before its deadline"),
            },
        },
    }
}

fn end(state: State, why: &str) -> Ended {
    match state {
        State::Pending(pending) => pending.cancel(why),
        State::Approved(approved) => approved.unuse(why),
    }
}

fn moved(ended: &Ended, asked_at_ms: u64) -> Record {
    Record::Moved {
        ticket: ended.ticket().clone(),
        asked_at_ms,
        standing: Standing::Ended(ended.end().clone()),
    }
}

fn shortened(why: &str) -> &str {
    let end = (0..=MAX_WHY_BYTES.min(why.len()))
        .rev()
        .find(|end| why.is_char_boundary(*end));
    why.get(..end.unwrap_or_default()).unwrap_or_default()
}
