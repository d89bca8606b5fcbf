//! What waits for an answer, what it is to be sealed to, and what has ended a moment ago. Pure.

use std::collections::{BTreeMap, VecDeque};

use aisudo_core::{
    device::KeyId,
    digest::request_digest,
    evidence::Evidence,
    raw::Hex32,
    request::Request,
    state::{End, Tick},
    wire::{LiveState, Row, Standing},
};
use aisudo_seal::{envelope::ReplyKey, message::HostSays};
use rand_core::CryptoRngCore;
use uuid::Uuid;

use crate::{broker::Moment, channels::mailbox::Letter};

#[cfg(test)]
mod tests;

/// Requests that are remembered after they have ended: for phones that come back.
pub(super) const MOST_OVER: usize = 100;

/// What waits, and what has ended.
#[derive(Debug, Default)]
pub(super) struct Desk {
    cases: BTreeMap<Uuid, Case>,
    /// Whose answer opens with which reply key.
    by_key: BTreeMap<KeyId, (Uuid, KeyId)>,
    /// Oldest first.
    over: VecDeque<Over>,
}

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It waits for an answer.
    Waits(Uuid),
    /// It did until now.
    WaitsNoMore(Uuid),
    /// It did not wait before, either.
    Changed(Uuid),
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) row: Row,
    pub(super) nonce: Hex32,
    /// Its frozen bytes.
    body: String,
    deadline: Tick,
    /// What the answer of each device that was asked is sealed to, by its address. Gone with the request.
    keys: BTreeMap<KeyId, ReplyKey>,
}

/// A request that no longer waits.
#[derive(Clone, Debug)]
struct Over {
    id: Uuid,
    nonce: Hex32,
    /// Approved, and not picked up yet: something will still be told of it.
    is_live: bool,
    says: HostSays,
}

impl Desk {
    /// Takes in what the writer says. Gives what there is to tell about it.
    pub(super) fn take(&mut self, letter: Letter, now: Moment) -> Option<News> {
        let Letter { row, body } = letter;
        let id = row.id;
        let nonce = match (self.cases.get(&id), &body) {
            (Some(case), _) => case.nonce,
            (None, Some(body)) => nonce_of(body, row.digest)?,
            (None, None) => self.over.iter().find(|over| over.id == id)?.nonce,
        };
        let waited = self.cases.contains_key(&id);
        match (&row.state, body) {
            (Standing::Live(LiveState::Pending), Some(body)) => self.open(row, body, nonce, now),
            (Standing::Live(LiveState::Pending), None) => return None,
            _ => self.close(&row, nonce, now.unix_ms),
        }
        Some(match (waited, self.cases.contains_key(&id)) {
            (_, true) => News::Waits(id),
            (true, false) => News::WaitsNoMore(id),
            (false, false) => News::Changed(id),
        })
    }

    /// Takes in one that ended before this daemon started.
    pub(super) fn recall(&mut self, row: &Row, nonce: Hex32) {
        if !matches!(row.state, Standing::Live(LiveState::Pending)) {
            self.close(row, nonce, row.asked_at_ms);
        }
    }

    /// What a device is to be told about a request now: the question while it waits, or else what became
    /// of it.
    pub(super) fn says(
        &mut self,
        id: Uuid,
        to: KeyId,
        now: Tick,
        rng: &mut impl CryptoRngCore,
    ) -> Option<HostSays> {
        let Some(case) = self.cases.get_mut(&id) else {
            let over = self.over.iter().find(|over| over.id == id)?;
            return Some(over.says.clone());
        };
        let reply = *case
            .keys
            .entry(to)
            .or_insert_with(|| ReplyKey::generate(rng))
            .public();
        self.by_key.insert(reply.id(), (id, to));
        Some(HostSays::Ask {
            code: case.row.code.clone(),
            reply,
            asked_at_ms: case.row.asked_at_ms,
            remaining_ms: case.deadline.0.saturating_sub(now.0),
            request: case.body.clone(),
        })
    }

    /// The request that an answer to this key is for, which device has it, and the key.
    pub(super) fn keyed(&self, reply: KeyId) -> Option<(&Case, KeyId, &ReplyKey)> {
        let (id, to) = self.by_key.get(&reply)?;
        let case = self.cases.get(id)?;
        Some((case, *to, case.keys.get(to)?))
    }

    /// Those that wait, oldest first.
    pub(super) fn waiting(&self) -> Vec<Uuid> {
        let mut rows: Vec<&Row> = self.cases.values().map(|case| &case.row).collect();
        rows.sort_by_key(|row| (row.asked_at_ms, row.id));
        rows.into_iter().map(|row| row.id).collect()
    }

    /// Those that ended, oldest first.
    pub(super) fn over(&self) -> impl Iterator<Item = Uuid> {
        self.over.iter().map(|over| over.id)
    }

    /// Whether a request waits.
    pub(super) fn waits(&self, id: Uuid) -> bool {
        self.cases.contains_key(&id)
    }

    /// Where a request stands, for whoever knows its nonce.
    pub(super) fn standing(&self, id: Uuid, nonce: &Hex32) -> Option<&str> {
        if let Some(case) = self.cases.get(&id) {
            return (case.nonce == *nonce).then_some("pending");
        }
        let over = self.over.iter().find(|over| over.id == id)?;
        match &over.says {
            HostSays::Changed { state, .. } if over.nonce == *nonce => Some(state),
            _ => None,
        }
    }

    /// Announced twice, it keeps the keys that phones have.
    fn open(&mut self, row: Row, body: String, nonce: Hex32, now: Moment) {
        if self.cases.contains_key(&row.id) {
            return;
        }
        let left = row.remaining_ms.unwrap_or_default();
        let case = Case {
            deadline: Tick(now.tick.0.saturating_add(left)),
            row,
            nonce,
            body,
            keys: BTreeMap::new(),
        };
        self.cases.insert(case.row.id, case);
    }

    fn close(&mut self, row: &Row, nonce: Hex32, at_ms: u64) {
        if let Some(case) = self.cases.remove(&row.id) {
            for key in case.keys.values() {
                self.by_key.remove(&key.public().id());
            }
        }
        self.over.retain(|over| over.id != row.id);
        self.over.push_back(Over {
            id: row.id,
            nonce,
            is_live: matches!(row.state, Standing::Live(_)),
            says: changed(row, at_ms),
        });
        let is_over = |over: &Over| !over.is_live;
        if self.over.iter().filter(|over| is_over(over)).count() > MOST_OVER
            && let Some(oldest) = self.over.iter().position(is_over)
        {
            self.over.remove(oldest);
        }
    }
}

/// The nonce in a request's frozen bytes, if these are what they are said to be.
fn nonce_of(body: &str, digest: Hex32) -> Option<Hex32> {
    let request = Request::parse(body).ok()?;
    (request_digest(body.as_bytes()) == digest).then_some(request.nonce)
}

fn changed(row: &Row, at_ms: u64) -> HostSays {
    let decision = row.state.decision();
    let device = decision.and_then(|decision| match &decision.evidence {
        Evidence::App(evidence) => Some(evidence.device),
        _ => None,
    });
    let note = decision.and_then(|decision| decision.note.clone());
    let decided_now = matches!(
        row.state,
        Standing::Live(LiveState::Approved { .. }) | Standing::Ended(End::Denied { .. })
    );
    HostSays::Changed {
        id: row.id,
        state: row.state.name().to_owned(),
        approver: decision.map(|decision| decision.approver.clone()),
        device,
        note: match &row.state {
            Standing::Ended(End::Cancelled { why } | End::Unused { why, .. }) => {
                note.or_else(|| Some(why.clone()))
            }
            _ => note,
        },
        at_ms: match decision {
            Some(decision) if decided_now => decision.at_ms,
            _ => at_ms,
        },
    }
}
