//! The requests that are not over, found by id, code, requester and next deadline.

use std::collections::{BTreeSet, HashMap};

use aisudo_core::{
    evidence::EvidenceKind,
    raw::Hex32,
    state::{Approved, Pending, Tick, Ticket},
    wire::{LiveState, Standing},
};
use uuid::Uuid;

use super::types::ConnectionId;

/// A request that is not over. Small: its bytes are on disk.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) state: State,
    pub(super) gate: Gate,
    pub(super) asked_at_ms: u64,
    /// See [`super::Ask::command`]; nothing after a restart.
    pub(super) command: Option<Hex32>,
    /// The channels that ask about it; nothing after a restart.
    pub(super) reached: Option<Kinds>,
}

/// A set of channels, a bit each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) fn of(kinds: &[EvidenceKind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u8))
    }

    /// Takes one out; gives what is left.
    pub(super) fn without(&mut self, kind: EvidenceKind) -> Self {
        self.0 &= !(1 << kind as u8);
        *self
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[derive(Debug)]
pub(super) enum State {
    Pending(Pending),
    Approved(Approved),
}

/// The gate behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Here(ConnectionId),
    /// The daemon restarted, and it has not come back yet.
    Away {
        until: Tick,
        why: &'static str,
    },
}

impl Live {
    pub(super) fn ticket(&self) -> &Ticket {
        match &self.state {
            State::Pending(pending) => pending.ticket(),
            State::Approved(approved) => approved.ticket(),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::Live(match &self.state {
            State::Pending(_) => LiveState::Pending,
            State::Approved(approved) => LiveState::Approved {
                decision: approved.decision().clone(),
            },
        })
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.gate {
            Gate::Here(connection) => Some(connection),
            Gate::Away { .. } => None,
        }
    }

    /// When something must be done about it.
    fn wake(&self) -> Tick {
        match self.gate {
            Gate::Here(_) => self.ticket().deadline,
            Gate::Away { until, .. } => until.min(self.ticket().deadline),
        }
    }
}

/// All of them. What is taken out is put back, or is over.
#[derive(Debug, Default)]
pub(super) struct LiveSet {
    /// Boxed: a map has room for up to twice as many as it holds.
    by_id: HashMap<Uuid, Box<Live>>,
    by_code: HashMap<String, Uuid>,
    per_uid: HashMap<u32, usize>,
    wakes: BTreeSet<(Tick, Uuid)>,
}

impl LiveSet {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn of_uid(&self, uid: u32) -> usize {
        self.per_uid.get(&uid).copied().unwrap_or_default()
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Live> {
        self.by_id.get(&id).map(AsRef::as_ref)
    }

    pub(super) fn id_of(&self, code: &str) -> Option<Uuid> {
        self.by_code.get(code).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.by_id.values().map(AsRef::as_ref)
    }

    pub(super) fn next_wake(&self) -> Option<Tick> {
        self.wakes.first().map(|(tick, _)| *tick)
    }

    /// One about which something must be done now.
    pub(super) fn due(&self, now: Tick) -> Option<Uuid> {
        self.wakes
            .first()
            .filter(|(tick, _)| *tick <= now)
            .map(|(_, id)| *id)
    }

    pub(super) fn put(&mut self, live: Live) {
        let ticket = live.ticket();
        let id = ticket.id;
        self.by_code.insert(ticket.code.clone(), id);
        *self.per_uid.entry(ticket.uid).or_default() += 1;
        self.wakes.insert((live.wake(), id));
        self.by_id.insert(id, Box::new(live));
    }

    pub(super) fn take(&mut self, id: Uuid) -> Option<Live> {
        let live = *self.by_id.remove(&id)?;
        let ticket = live.ticket();
        self.by_code.remove(&ticket.code);
        self.wakes.remove(&(live.wake(), id));
        if let Some(count) = self.per_uid.get_mut(&ticket.uid) {
            *count -= 1;
            if *count == 0 {
                self.per_uid.remove(&ticket.uid);
            }
        }
        Some(live)
    }
}
