//! The audit log's verifier against a plain hash of the same bytes.

use std::time::Instant;

use aisudo_core::audit::{GENESIS, Verifier, seal};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Scale;
use crate::ledger::facts;
use crate::table::{Samples, Table};

const ROUNDS: usize = 15;

pub(crate) fn measure(scale: Scale, table: &mut Table) {
    let lines = log(scale.entries);
    let bytes: usize = lines.iter().map(String::len).sum();
    let (mut ours, mut plain, mut ratios) = <(Samples, Samples, Samples)>::default();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut verifier = Verifier::default();
        for line in &lines {
            verifier.next(line).expect("a good entry");
        }
        let verified = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut hash = Sha256::new();
        for line in &lines {
            hash.update(line);
        }
        std::hint::black_box(hash.finalize());
        let hashed = start.elapsed().as_secs_f64();
        ours.0.push(verified * 1e9 / bytes as f64);
        plain.0.push(hashed * 1e9 / bytes as f64);
        ratios.0.push(verified / hashed);
    }
    table.row(
        "(f) audit verify against SHA-256 of the same bytes",
        format!(
            "{:.2}x ({:.0} against {:.0} MB/s, {} entries of {} bytes)",
            ratios.median(),
            1e3 / ours.median(),
            1e3 / plain.median(),
            lines.len(),
            bytes / lines.len()
        ),
        Some(("<= 2x", ratios.median() <= 2.0)),
        json!({"ratio": ratios.json(), "ns_per_byte": ours.json(), "plain_ns_per_byte": plain.json()}),
    );
}

/// Requests, their decisions and their releases, as the daemon writes them.
fn log(entries: usize) -> Vec<String> {
    let mut previous = GENESIS.to_owned();
    let request = facts();
    (0..entries)
        .map(|index| {
            let mut fields = Map::from_iter([
                ("at".to_owned(), Value::from("2025-11-14T22:13:20.007Z")),
                ("sequence".to_owned(), (index + 1).into()),
                ("id".to_owned(), request["id"].clone()),
                ("digest".to_owned(), GENESIS.into()),
                ("code".to_owned(), "K7Q2M".into()),
                ("uid".to_owned(), 1001.into()),
            ]);
            let more = match index % 3 {
                0 => json!({"event": "requested", "user": "agent", "request": request}),
                1 => json!({"event": "approved", "decision": {"id": request["id"], "digest": GENESIS, "nonce": GENESIS,
                    "verdict": "approve", "approver": "owner", "note": null, "at_ms": 1_763_158_400_007_u64,
                    "evidence": {"kind": "terminal", "uid": 1000, "pid": 4711}}}),
                _ => json!({"event": "released", "approver": "owner", "token": GENESIS}),
            };
            fields.extend(more.as_object().cloned().unwrap_or_default());
            let (line, hash) = seal(fields, &previous);
            previous = hash;
            line
        })
        .collect()
}
