//! What waits, and what it takes to open an answer to it. Pure: times and randomness are parameters.

use std::collections::{BTreeMap, HashMap, VecDeque};

use aisudo_core::{
    device::KeyId,
    raw::Hex32,
    state::{End, Tick},
    wire::{LiveState, Row, Standing},
};
use aisudo_seal::{
    envelope::{PublicKey, ReplyKey},
    message::HostSays,
};
use rand_core::CryptoRngCore;
use uuid::Uuid;

/// Requests that are over and are still told of to phones that come back.
const MOST_ENDED: usize = 256;

/// The requests that phones are asked about.
#[derive(Debug, Default)]
pub(super) struct Desk {
    live: BTreeMap<Uuid, Case>,
    /// The newest last.
    ended: VecDeque<Ended>,
}

/// A request that is not over.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) row: Row,
    pub(super) nonce: Hex32,
    /// Its frozen bytes.
    body: String,
    deadline: Tick,
    /// One for each device, by its seal key's name; gone when the request is over.
    replies: HashMap<KeyId, ReplyKey>,
}

/// A request that is over.
#[derive(Debug)]
struct Ended {
    id: Uuid,
    nonce: Hex32,
    changed: HostSays,
    state: &'static str,
}

impl Desk {
    /// A new request, or one that waits again after a restart.
    pub(super) fn add(&mut self, row: Row, body: String, nonce: Hex32, now: Tick) {
        let deadline = Tick(now.0.saturating_add(row.remaining_ms.unwrap_or_default()));
        let case = Case {
            row,
            nonce,
            body,
            deadline,
            replies: HashMap::new(),
        };
        self.live.insert(case.row.id, case);
    }

    /// A request has changed: what phones hear of it, if it is known here.
    pub(super) fn change(&mut self, row: &Row, at_ms: u64) -> Option<HostSays> {
        let changed = changed(row, at_ms);
        match &row.state {
            Standing::Live(_) => self.live.get_mut(&row.id)?.row = row.clone(),
            Standing::Ended(end) => {
                // With it go its reply keys.
                let case = self.live.remove(&row.id)?;
                self.ended.push_back(Ended {
                    id: row.id,
                    nonce: case.nonce,
                    changed: changed.clone(),
                    state: end.name(),
                });
                if self.ended.len() > MOST_ENDED {
                    self.ended.pop_front();
                }
            }
        }
        Some(changed)
    }

    /// A live request.
    pub(super) fn case(&self, id: Uuid) -> Option<&Case> {
        self.live.get(&id)
    }

    /// A live request that waits for an answer, by both its names.
    pub(super) fn case_named(&self, id: Uuid, nonce: &Hex32) -> Option<&Case> {
        self.live.get(&id).filter(|case| case.nonce == *nonce)
    }

    /// Those that wait for an answer, the oldest first.
    pub(super) fn waiting(&self) -> Vec<Uuid> {
        let waits = |case: &&Case| matches!(case.row.state, Standing::Live(LiveState::Pending));
        let mut waiting: Vec<&Case> = self.live.values().filter(waits).collect();
        waiting.sort_by_key(|case| (case.row.asked_at_ms, case.row.id));
        waiting.iter().map(|case| case.row.id).collect()
    }

    /// How those that are over ended, the oldest first.
    pub(super) fn ended(&self) -> impl Iterator<Item = &HostSays> {
        self.ended.iter().map(|ended| &ended.changed)
    }

    /// The state of a request, for whoever knows its nonce.
    pub(super) fn state(&self, id: Uuid, nonce: &Hex32) -> Option<&'static str> {
        let ended = self.ended.iter().find(|ended| ended.id == id);
        match self.live.get(&id) {
            Some(case) => (case.nonce == *nonce).then(|| case.row.state.name()),
            None => ended
                .filter(|ended| ended.nonce == *nonce)
                .map(|ended| ended.state),
        }
    }

    /// The question, for one device: with the key that its answer is to be sealed to.
    pub(super) fn question(
        &mut self,
        id: Uuid,
        device: KeyId,
        now: Tick,
        rng: &mut impl CryptoRngCore,
    ) -> Option<HostSays> {
        let case = self.live.get_mut(&id)?;
        let reply: PublicKey = *case
            .replies
            .entry(device)
            .or_insert_with(|| ReplyKey::generate(rng))
            .public();
        Some(HostSays::Ask {
            code: case.row.code.clone(),
            reply,
            asked_at_ms: case.row.asked_at_ms,
            remaining_ms: case.remaining_ms(now),
            request: case.body.clone(),
        })
    }
}

impl Case {
    /// The key that this device's answer is sealed to, if it was asked.
    pub(super) fn reply(&self, device: KeyId) -> Option<&ReplyKey> {
        self.replies.get(&device)
    }

    /// Milliseconds until no answer means no.
    pub(super) fn remaining_ms(&self, now: Tick) -> u64 {
        self.deadline.0.saturating_sub(now.0)
    }
}

/// What a phone hears of a request that has changed.
fn changed(row: &Row, at_ms: u64) -> HostSays {
    let decision = row.state.decision();
    let device = decision.and_then(|decision| match &decision.evidence {
        aisudo_core::evidence::Evidence::App(app) => Some(app.device),
        _ => None,
    });
    let why = match &row.state {
        Standing::Ended(End::Cancelled { why } | End::Unused { why, .. }) => Some(why.clone()),
        _ => None,
    };
    HostSays::Changed {
        id: row.id,
        state: row.state.name().to_owned(),
        approver: decision.map(|decision| decision.approver.clone()),
        device,
        note: why.or_else(|| decision.and_then(|decision| decision.note.clone())),
        at_ms,
    }
}
