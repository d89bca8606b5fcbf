//! Requests and phones, for tests.

use aisudo_core::{
    digest::request_digest,
    evidence::{Decision, Evidence, Verdict},
    raw::Hex32,
    state::Tick,
    wire::{LiveState, Row, Standing},
};
use aisudo_seal::{
    device::{Ed25519, Signer as _},
    envelope::{Kind, PublicKey, SecretKey, seal},
    statement::{Signed, Statement},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::json;
use uuid::Uuid;

use super::phones::Phone;
use crate::{broker::Moment, channels::mailbox::Letter};

/// The same bytes in each run.
pub(super) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(super) fn at(ms: u64) -> Moment {
    Moment {
        tick: Tick(ms),
        unix_ms: 1_000_000 + ms,
    }
}

/// Request `number`, which waits for 20 seconds.
pub(super) fn pending(number: u8) -> Letter {
    let body = body(number);
    let row = Row {
        id: id(number),
        code: format!("CODE{number}"),
        digest: request_digest(body.as_bytes()),
        fingerprint: Hex32([number; 32]),
        uid: 1000,
        asked_at_ms: 1_000_000 + u64::from(number),
        remaining_ms: Some(20_000),
        state: Standing::Live(LiveState::Pending),
    };
    Letter {
        row,
        body: Some(body),
    }
}

/// The same, and where it stands now.
pub(super) fn moved(number: u8, state: Standing) -> Letter {
    let row = Row {
        remaining_ms: None,
        state,
        ..pending(number).row
    };
    Letter { row, body: None }
}

pub(super) fn decision(number: u8, verdict: Verdict, evidence: Evidence) -> Decision {
    Decision {
        id: id(number),
        digest: pending(number).row.digest,
        nonce: nonce(number),
        verdict,
        approver: "owner".to_owned(),
        note: Some("words".to_owned()),
        at_ms: 7,
        evidence,
    }
}

pub(super) fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

pub(super) fn nonce(number: u8) -> Hex32 {
    Hex32([number; 32])
}

pub(super) fn body(number: u8) -> String {
    json!({
        "version": 1, "id": id(number), "nonce": nonce(number),
        "asked_at_ms": 1, "timeout_ms": 20_000,
        "host": {"name": "h", "machine_id": ""},
        "requester": {"uid": 1000, "name": "agent"},
        "sudo": {"pid": 1, "start_time": 1, "argv": ["sudo", "id"], "service": "sudo"},
        "call": null, "unreadable": "a test",
        "program": {"path": null, "found": "unknown"},
        "cwd": "/", "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}],
        "tty": null, "parents": [], "agents": [], "operands": [], "reason": null,
    })
    .to_string()
}

/// A phone with its secrets.
pub(super) struct Own {
    pub(super) seal: SecretKey,
    pub(super) signer: Ed25519,
}

impl Own {
    pub(super) fn new(number: u8) -> Self {
        Self {
            seal: SecretKey::generate(&mut rng(number.into())),
            signer: Ed25519::from_seed(&[number; 32]),
        }
    }

    /// As root lists it.
    pub(super) fn listed(&self) -> Phone {
        Phone {
            approver: "owner".to_owned(),
            label: "blue".to_owned(),
            key: self.signer.key(),
            seal: *self.seal.public(),
        }
    }

    pub(super) fn signs(&self, number: u8, verdict: Verdict) -> Signed {
        let statement = Statement {
            digest: pending(number).row.digest,
            nonce: nonce(number),
            verdict,
            note: "words".to_owned(),
            at_ms: 5,
        };
        self.signer.answer(statement).unwrap()
    }

    pub(super) fn seals(&self, reply: &PublicKey, signed: &Signed) -> Vec<u8> {
        let body = serde_json::to_vec(signed).unwrap();
        seal(Kind::Decision, &self.seal, reply, &body, &mut rng(9)).unwrap()
    }
}
