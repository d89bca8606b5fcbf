//! A gate asks: for the first time, again after a lost connection, or once too often.

use aisudo_core::{
    digest::{CODE_LENGTH, code},
    policy::Effect,
    raw::Hex32,
    state::{End, Pending, Tick, Ticket},
    wire::Standing,
};

use super::{
    Broker,
    live::{Gate, Kinds, Live, State},
    refuse,
    types::{Ask, Effects, History, Moment, News, NotReached, Outcome, Stored},
};
use crate::{limits::Rate, record::Record, store::StoreError};

/// How long a code is not used again, in milliseconds: one that somebody still has on a screen
/// must not name another request.
const CODE_REST_MS: u64 = 60 * 60 * 1000;

/// The one bucket that all uids share.
const EVERYBODY: u32 = 0;

/// 51 letters hold the whole digest.
const MAX_CODE_LENGTH: usize = 51;

impl Broker {
    pub(super) fn ask(
        &mut self,
        ask: Ask,
        now: Moment,
        history: &impl History,
    ) -> Result<Effects, StoreError> {
        if self.live.get(ask.id).is_some() {
            return Ok(self.ask_again(&ask, now));
        }
        if let Some(past) = history.find(ask.id)? {
            return Ok(asked_too_late(&ask, past));
        }
        let timeout_ms = match &ask.ruling.effect {
            Effect::Ask { timeout } => timeout.map(|seconds| u64::from(seconds) * 1000),
            _ => return self.ruled(ask, now, history),
        };
        if let Err(NotReached { why, fallback }) = ask.reached.clone() {
            let mut effects = self.turn_away(&ask, why.clone(), now);
            effects.outcome = Outcome::Refused { why, fallback };
            return Ok(effects);
        }
        if let Err(why) = self.may_be_asked(&ask, now) {
            return Ok(self.turn_away(&ask, why, now));
        }
        let code = self.free_code(&ask.digest, now, history)?;
        Ok(self.begin(ask, code, timeout_ms, now))
    }

    pub(super) fn turn_away(&self, ask: &Ask, why: String, now: Moment) -> Effects {
        let record = Record::Refused {
            id: Some(ask.id),
            uid: Some(ask.uid),
            why: why.clone(),
        };
        let recorded = self.refusals.may_record(ask.uid, now.tick);
        Effects {
            records: recorded.then_some(record).into_iter().collect(),
            ..Effects::only(Outcome::Refused {
                why,
                fallback: true,
            })
        }
    }

    fn begin(&mut self, ask: Ask, code: String, timeout_ms: Option<u64>, now: Moment) -> Effects {
        let longest = ask.timeout_ms.min(self.caps.timeout_ms);
        let wait = timeout_ms.map_or(longest, |timeout_ms| timeout_ms.min(longest));
        let ticket = ticket(&ask, code.clone(), Tick(now.tick.0.saturating_add(wait)));
        self.live.put(Live {
            state: State::Pending(Pending::new(ticket.clone())),
            gate: Gate::Here(ask.connection),
            asked_at_ms: now.unix_ms,
            command: Some(ask.command),
            reached: ask.reached.ok().map(|kinds| Kinds::of(&kinds)),
        });
        Effects {
            outcome: Outcome::Waiting {
                code,
                seconds: wait / 1000,
                news: News::None,
            },
            records: vec![Record::Requested {
                ticket,
                body: ask.body,
                facts: ask.facts,
            }],
            news: Vec::new(),
        }
    }

    /// The newest connection is the gate's; what it missed it hears at once.
    fn ask_again(&mut self, ask: &Ask, now: Moment) -> Effects {
        let Some(live) = self.live.take(ask.id) else {
            return Effects::only(refuse("this request is not known".to_owned()));
        };
        if !same(ask, live.ticket()) {
            self.live.put(live);
            return Effects::only(refuse("another request has this id".to_owned()));
        }
        let outcome = Outcome::Waiting {
            code: live.ticket().code.clone(),
            seconds: live.ticket().deadline.0.saturating_sub(now.tick.0) / 1000,
            news: match &live.state {
                State::Pending(_) => News::None,
                State::Approved(approved) => News::Decided(Box::new(approved.decision().clone())),
            },
        };
        self.live.put(Live {
            gate: Gate::Here(ask.connection),
            ..live
        });
        Effects::only(outcome)
    }

    /// Whether a person may be asked about this now; or one short phrase that says why not (a21).
    fn may_be_asked(&mut self, ask: &Ask, now: Moment) -> Result<(), String> {
        let Self { caps, live, .. } = self;
        let waiting = live.of_uid(ask.uid);
        if waiting >= caps.pending_per_uid {
            return Err(format!(
                "{waiting} requests of this user wait already; answer or cancel one first"
            ));
        }
        if live.len() >= caps.pending {
            return Err(format!(
                "{} requests wait already; try again later",
                live.len()
            ));
        }
        if let Some(left_ms) = self.denials.rests(ask.uid, ask.command, now.tick) {
            return Err(format!(
                "the same command was just denied, and nobody is asked about it again for {} s",
                left_ms.div_ceil(1000)
            ));
        }
        let rate = Rate::per_minute(caps.requests_per_minute);
        if let Err(wait_ms) = self.asked.take(ask.uid, rate, now.tick) {
            return Err(too_many(caps.requests_per_minute, "this user's", wait_ms));
        }
        let rate = Rate::per_minute(caps.requests_per_minute_all);
        if let Err(wait_ms) = self.asked_by_all.take(EVERYBODY, rate, now.tick) {
            return Err(too_many(caps.requests_per_minute_all, "all", wait_ms));
        }
        Ok(())
    }

    pub(super) fn free_code(
        &self,
        digest: &Hex32,
        now: Moment,
        history: &impl History,
    ) -> Result<String, StoreError> {
        let since = now.unix_ms.saturating_sub(CODE_REST_MS);
        for letters in CODE_LENGTH..MAX_CODE_LENGTH {
            let code = code(digest, letters);
            if self.live.id_of(&code).is_none() && !history.code_used_since(&code, since)? {
                return Ok(code);
            }
        }
        Ok(code(digest, MAX_CODE_LENGTH))
    }
}

/// A gate that lost its connection at the very end hears the end it missed. It is the same gate:
/// the bytes, the process and its start time are the same.
fn asked_too_late(ask: &Ask, past: Stored) -> Effects {
    let again = same(ask, &past.ticket);
    let code = past.ticket.code;
    let hears = |news| Effects::only(Outcome::Ended { code, news });
    match past.standing {
        // It must still show the token of its release to get the answer again.
        Standing::Ended(End::Denied { decision } | End::Released { decision, .. }) if again => {
            hears(News::Decided(Box::new(decision)))
        }
        Standing::Ended(End::Expired) if again => hears(News::Expired),
        standing => Effects::only(refuse(format!(
            "this request was already {}",
            standing.name()
        ))),
    }
}

pub(super) fn ticket(ask: &Ask, code: String, deadline: Tick) -> Ticket {
    Ticket {
        id: ask.id,
        digest: ask.digest,
        nonce: ask.nonce,
        fingerprint: ask.fingerprint,
        code,
        uid: ask.uid,
        pid: ask.pid,
        start_time: ask.start_time,
        deadline,
    }
}

pub(super) fn too_many(count: u32, whose: &str, wait_ms: u64) -> String {
    format!(
        "more than {count} of {whose} requests in a minute; the next is taken in {} s",
        wait_ms.div_ceil(1000)
    )
}

fn same(ask: &Ask, ticket: &Ticket) -> bool {
    (ask.digest, ask.nonce, ask.uid, ask.pid, ask.start_time)
        == (
            ticket.digest,
            ticket.nonce,
            ticket.uid,
            ticket.pid,
            ticket.start_time,
        )
}
