//! The reference: what the broker must do, in a few lines, and random lives to compare them by.

use std::collections::HashMap;

use aisudo_core::{
    evidence::{Evidence, EvidenceKind, Verdict},
    policy::Ruling,
    raw::Hex32,
    state::{End, Tick},
    wire::{LiveState, Standing},
};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Answer, Ask, Broker, Caps, Command, ConnectionId, Effects, GRACE_MS, History, Moment, News,
    Outcome, Stored,
};
use crate::{record::Record, store::StoreError};

pub(super) const CAPS: Caps = Caps {
    pending_per_uid: 3,
    pending: 4,
    timeout_ms: 30_000,
    // These have tests of their own.
    requests_per_minute: u32::MAX,
    requests_per_minute_all: u32::MAX,
    ruled_per_minute: u32::MAX,
    cooldown_ms: 0,
};

/// A database in memory, which refuses what the real one refuses.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) requests: HashMap<Uuid, Stored>,
    pub(super) boot: u32,
}

impl Disk {
    pub(super) fn boot_id(&self) -> String {
        format!("boot {}", self.boot)
    }

    pub(super) fn write(&mut self, effects: &Effects, now: Moment) {
        for record in &effects.records {
            match record {
                Record::Requested { ticket, .. } => {
                    let stored = Stored {
                        ticket: ticket.clone(),
                        standing: Standing::Live(LiveState::Pending),
                        asked_at_ms: now.unix_ms,
                        boot_id: self.boot_id(),
                    };
                    assert!(
                        self.requests.insert(ticket.id, stored).is_none(),
                        "asked once"
                    );
                }
                Record::Ruled { ticket, end, .. } => {
                    let stored = Stored {
                        ticket: ticket.clone(),
                        standing: Standing::Ended(end.clone()),
                        asked_at_ms: now.unix_ms,
                        boot_id: self.boot_id(),
                    };
                    assert!(
                        self.requests.insert(ticket.id, stored).is_none(),
                        "ruled once"
                    );
                }
                Record::Moved {
                    ticket, standing, ..
                } => {
                    let stored = self.requests.get_mut(&ticket.id).unwrap();
                    assert!(
                        matches!(stored.standing, Standing::Live(_)),
                        "one end: {stored:?}"
                    );
                    stored.standing = standing.clone();
                }
                _ => {}
            }
        }
    }
}

impl History for Disk {
    fn find(&self, id: Uuid) -> Result<Option<Stored>, StoreError> {
        Ok(self.requests.get(&id).cloned())
    }

    fn code_used_since(&self, code: &str, since_ms: u64) -> Result<bool, StoreError> {
        Ok(self
            .requests
            .values()
            .any(|stored| stored.ticket.code == code && stored.asked_at_ms >= since_ms))
    }
}

pub(crate) fn at(ms: u64) -> Moment {
    Moment {
        tick: Tick(ms),
        unix_ms: 1_700_000_000_000 + ms,
    }
}

/// Slots 0 to 2 belong to uid 1000, 3 and 4 to uid 1001.
pub(crate) fn question(slot: u8, connection: u64) -> Ask {
    let id = Uuid::from_u128(u128::from(slot) + 1);
    Ask {
        connection: ConnectionId(connection),
        id,
        digest: Hex32([slot; 32]),
        nonce: Hex32([slot ^ 0xff; 32]),
        fingerprint: Hex32([slot; 32]),
        command: Hex32([slot; 32]),
        ruling: Ruling::default(),
        policy: Hex32([0; 32]),
        token: Hex32([0; 32]),
        uid: 1000 + u32::from(slot) / 3,
        pid: 100 + i32::from(slot),
        start_time: 7,
        timeout_ms: 10_000 + 10_000 * u64::from(slot),
        reached: Ok(vec![EvidenceKind::Terminal]),
        body: "{}".to_owned(),
        facts: Value::Null,
    }
}

pub(crate) fn answer(slot: u8, verdict: Verdict, digest: u8, decider: u32) -> Answer {
    Answer {
        id: question(slot, 0).id,
        digest: Hex32([digest; 32]),
        nonce: None,
        verdict,
        approver: "root".to_owned(),
        note: None,
        evidence: Evidence::Terminal {
            uid: decider,
            pid: 1,
        },
        decider: Some(decider),
    }
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Ask {
        slot: u8,
    },
    Decide {
        slot: u8,
        verdict: Verdict,
        digest_fits: bool,
        own: bool,
    },
    Release {
        slot: u8,
        token: u8,
        stale: bool,
    },
    Leave {
        slot: u8,
        stale: bool,
    },
    Wait {
        ms: u64,
    },
    /// The daemon is killed; with the host, or without.
    Restart {
        host: bool,
    },
    /// The same as the step inside, but the commit fails.
    Fail(Box<Step>),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0_u8..5;
    let leaf = prop_oneof![
        4 => slot.clone().prop_map(|slot| Step::Ask { slot }),
        4 => (slot.clone(), any::<bool>(), prop::bool::weighted(0.9), prop::bool::weighted(0.1)).prop_map(
            |(slot, yes, digest_fits, own)| Step::Decide {
                slot,
                verdict: if yes { Verdict::Approve } else { Verdict::Deny },
                digest_fits,
                own,
            }
        ),
        4 => (slot.clone(), 1_u8..3, prop::bool::weighted(0.1))
            .prop_map(|(slot, token, stale)| Step::Release { slot, token, stale }),
        1 => (slot, prop::bool::weighted(0.3)).prop_map(|(slot, stale)| Step::Leave { slot, stale }),
        2 => (0_u64..12_000).prop_map(|ms| Step::Wait { ms }),
        1 => prop::bool::weighted(0.2).prop_map(|host| Step::Restart { host }),
    ];
    (leaf, prop::bool::weighted(0.1)).prop_map(|(step, fails)| match step {
        Step::Wait { .. } | Step::Restart { .. } => step,
        step if fails => Step::Fail(Box::new(step)),
        step => step,
    })
}

pub(super) fn lives() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

/// One request, as the reference sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    New,
    Pending,
    Approved,
    Denied,
    Expired,
    Cancelled,
    Released(u8),
    Unused,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    is: Is,
    deadline: u64,
    /// Its gate's connection; nothing when it has to come back until `grace`.
    gate: Option<u64>,
    grace: u64,
}

/// The world: the broker, its disk, and the reference beside it.
#[derive(Debug)]
pub(super) struct World {
    broker: Broker,
    disk: Disk,
    now: u64,
    connections: u64,
    slots: [Slot; 5],
    /// How often each request was let through, other than by repeating the same release.
    released: [u32; 5],
}

impl World {
    pub(super) fn new() -> Self {
        let slot = Slot {
            is: Is::New,
            deadline: 0,
            gate: None,
            grace: 0,
        };
        let disk = Disk::default();
        Self {
            broker: Broker::load(CAPS, Vec::new(), &HashMap::new(), &disk.boot_id(), at(0)),
            disk,
            now: 0,
            connections: 0,
            slots: [slot; 5],
            released: [0; 5],
        }
    }

    pub(super) fn run(&mut self, step: &Step) {
        match step {
            Step::Wait { ms } => self.now += ms,
            Step::Restart { host } => self.restart(*host),
            Step::Fail(step) => self.fail(step),
            step => self.carry_out(step),
        }
        self.compare();
    }

    fn carry_out(&mut self, step: &Step) {
        let command = self.command(step);
        self.tend();
        let effects = self
            .broker
            .apply(command, at(self.now), &self.disk)
            .unwrap();
        self.disk.write(&effects, at(self.now));
        let expected = self.expect(step);
        assert_eq!(
            short(&effects.outcome),
            expected,
            "{step:?} at {}",
            self.now
        );
    }

    /// The commit fails: the disk stays as it was, and the broker is read back from it.
    fn fail(&mut self, step: &Step) {
        let command = self.command(step);
        let _ = self.broker.tend(at(self.now));
        let _ = self.broker.apply(command, at(self.now), &self.disk);
        for slot in self.slots.iter_mut().filter(|slot| slot.gate.is_none()) {
            slot.grace = self.now + GRACE_MS;
        }
        self.reload(&self.attached());
    }

    fn restart(&mut self, host: bool) {
        self.disk.boot += u32::from(host);
        for slot in &mut self.slots {
            slot.gate = None;
            slot.grace = if host { 0 } else { self.now + GRACE_MS };
        }
        self.reload(&HashMap::new());
        self.tend();
    }

    fn reload(&mut self, attached: &HashMap<Uuid, ConnectionId>) {
        let live = self
            .disk
            .requests
            .values()
            .filter(|stored| matches!(stored.standing, Standing::Live(_)));
        let live = live.cloned().collect();
        self.broker = Broker::load(CAPS, live, attached, &self.disk.boot_id(), at(self.now));
    }

    fn attached(&self) -> HashMap<Uuid, ConnectionId> {
        (0_u8..5)
            .zip(&self.slots)
            .filter_map(|(slot, is)| Some((question(slot, 0).id, ConnectionId(is.gate?))))
            .collect()
    }

    fn command(&mut self, step: &Step) -> Command {
        let connection = |world: &Self, slot: u8, stale: bool| {
            let current = world.slots[usize::from(slot)].gate.unwrap_or(u64::MAX);
            ConnectionId(if stale { u64::MAX - 1 } else { current })
        };
        match *step {
            Step::Ask { slot } => {
                self.connections += 1;
                Command::Ask(Box::new(question(slot, self.connections)))
            }
            Step::Decide {
                slot,
                verdict,
                digest_fits,
                own,
            } => {
                let digest = if digest_fits { slot } else { 99 };
                let decider = if own { question(slot, 0).uid } else { 0 };
                Command::Decide(Box::new(answer(slot, verdict, digest, decider)))
            }
            Step::Release { slot, token, stale } => Command::Release {
                id: question(slot, 0).id,
                connection: connection(self, slot, stale),
                token: Hex32([token; 32]),
            },
            Step::Leave { slot, stale } => Command::Leave {
                id: question(slot, 0).id,
                connection: connection(self, slot, stale),
                why: "gone".to_owned(),
            },
            ref other => unreachable!("{other:?}"),
        }
    }

    fn tend(&mut self) {
        let effects = self.broker.tend(at(self.now));
        self.disk.write(&effects, at(self.now));
        for slot in &mut self.slots {
            let away = slot.gate.is_none() && self.now >= slot.grace;
            let late = self.now >= slot.deadline;
            let host_restarted = slot.gate.is_none() && slot.grace == 0;
            slot.is = match slot.is {
                Is::Pending if late && !host_restarted => Is::Expired,
                Is::Pending if away => Is::Cancelled,
                Is::Approved if late || away => Is::Unused,
                other => other,
            };
        }
    }

    /// The whole of the rules.
    fn expect(&mut self, step: &Step) -> &'static str {
        let live = |slot: &&Slot| matches!(slot.is, Is::Pending | Is::Approved);
        let of_first = self.slots[..3].iter().filter(live).count();
        let of_second = self.slots[3..].iter().filter(live).count();
        let (now, connections) = (self.now, self.connections);
        match *step {
            Step::Ask { slot } => {
                let asks = question(slot, 0);
                let of_uid = if slot < 3 { of_first } else { of_second };
                let is = &mut self.slots[usize::from(slot)];
                match is.is {
                    Is::New
                        if of_uid >= CAPS.pending_per_uid
                            || of_first + of_second >= CAPS.pending =>
                    {
                        "limit"
                    }
                    Is::New => {
                        let deadline = now + asks.timeout_ms.min(CAPS.timeout_ms);
                        *is = Slot {
                            is: Is::Pending,
                            deadline,
                            gate: Some(connections),
                            grace: 0,
                        };
                        "waiting"
                    }
                    Is::Pending | Is::Approved => {
                        is.gate = Some(connections);
                        if is.is == Is::Pending {
                            "waiting"
                        } else {
                            "waiting, decided"
                        }
                    }
                    Is::Denied | Is::Released(_) => "ended, decided",
                    Is::Expired => "ended, expired",
                    Is::Cancelled | Is::Unused => "refused",
                }
            }
            Step::Decide {
                slot,
                verdict,
                digest_fits,
                own,
            } => {
                let asks = if slot < 3 { of_first } else { of_second } > 0;
                let is = &mut self.slots[usize::from(slot)].is;
                if *is != Is::Pending || !digest_fits || (own && asks) {
                    return "not taken";
                }
                *is = if verdict == Verdict::Approve {
                    Is::Approved
                } else {
                    Is::Denied
                };
                "done"
            }
            Step::Release { slot, token, stale } => {
                let place = usize::from(slot);
                let is = &mut self.slots[place];
                match is.is {
                    Is::Approved if !stale && is.gate.is_some() => {
                        is.is = Is::Released(token);
                        self.released[place] += 1;
                        "released"
                    }
                    Is::Released(own) if own == token && now < is.deadline => "released",
                    _ => "refused",
                }
            }
            Step::Leave { slot, stale } => {
                let is = &mut self.slots[usize::from(slot)];
                if !stale && is.gate.is_some() {
                    is.is = match is.is {
                        Is::Pending => Is::Cancelled,
                        Is::Approved => Is::Unused,
                        other => other,
                    };
                }
                "done"
            }
            ref other => unreachable!("{other:?}"),
        }
    }

    /// The disk tells the reference's story, and nothing ran twice.
    fn compare(&self) {
        for (slot, expected) in (0_u8..).zip(&self.slots) {
            let stored = self.disk.requests.get(&question(slot, 0).id);
            let is = match stored.map(|stored| &stored.standing) {
                None => Is::New,
                Some(Standing::Live(LiveState::Pending)) => Is::Pending,
                Some(Standing::Live(LiveState::Approved { .. })) => Is::Approved,
                Some(Standing::Ended(End::Denied { .. })) => Is::Denied,
                Some(Standing::Ended(End::Expired)) => Is::Expired,
                Some(Standing::Ended(End::Cancelled { .. })) => Is::Cancelled,
                Some(Standing::Ended(End::Released { token, .. })) => Is::Released(token.0[0]),
                Some(Standing::Ended(End::Unused { .. })) => Is::Unused,
            };
            assert_eq!(is, expected.is, "slot {slot}");
        }
        assert!(
            self.released.iter().all(|times| *times <= 1),
            "{:?}",
            self.released
        );
    }
}

fn short(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting {
            news: News::None, ..
        } => "waiting",
        Outcome::Waiting { .. } => "waiting, decided",
        Outcome::Allowed(_) | Outcome::Rejected(_) | Outcome::Password { .. } => "ruled",
        Outcome::Ended {
            news: News::Expired,
            ..
        } => "ended, expired",
        Outcome::Ended { .. } => "ended, decided",
        Outcome::Released => "released",
        Outcome::Refused { fallback: true, .. } => "limit",
        Outcome::Refused { .. } => "refused",
        Outcome::Done => "done",
        Outcome::NotTaken(_) => "not taken",
    }
}
