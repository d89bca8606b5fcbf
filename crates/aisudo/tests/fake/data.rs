//! What the daemon of a test knows.

use aisudo_core::{
    audit::{GENESIS, seal},
    evidence::{Decision, Evidence, Verdict},
    raw::Hex32,
    wire::Row,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// As the gate freezes it; `number` makes each another.
pub(crate) fn request(number: usize, words: &[&str]) -> String {
    let argv: Vec<&str> = ["sudo"].iter().chain(words).copied().collect();
    json!({
        "version": 1, "id": id(number), "nonce": "07".repeat(32),
        "asked_at_ms": 1_700_000_000_000_u64, "timeout_ms": 120_000,
        "host": {"name": "web1", "machine_id": "4f2a"},
        "requester": {"uid": 1001, "name": "agent"},
        "sudo": {"pid": 4711, "start_time": 99, "argv": argv, "service": "sudo"},
        "call": {
            "mode": "run", "argv": words, "user": null, "group": null, "chdir": null, "chroot": null,
            "environment": {"preserve_all": false, "preserve": [], "set": []}, "background": false,
        },
        "unreadable": null,
        "program": {"path": format!("/usr/bin/{}", words[0]), "found": "sudo"},
        "cwd": "/home/agent",
        "stdio": [{"kind": "null"}, {"kind": "pipe"}, {"kind": "pipe"}],
        "tty": null,
        "parents": [{"pid": 4700, "start_time": 90, "uid": 1001, "name": "claude", "exe": null}],
        "agents": ["Claude Code"],
        "operands": [],
        "reason": "needed \u{9b}2J for the site",
    })
    .to_string()
}

pub(crate) fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x0193_5a3b_7c00_7000_8000_0000_0000_0000 + number as u128)
}

pub(crate) fn decision(row: &Row, verdict: Verdict, note: Option<&str>) -> Decision {
    Decision {
        id: row.id,
        digest: row.digest,
        nonce: Hex32([7; 32]),
        verdict,
        approver: "root".to_owned(),
        note: note.map(str::to_owned),
        at_ms: aisudo_sys::clock::unix_ms() - 3_100,
        evidence: Evidence::Terminal { uid: 0, pid: 1 },
    }
}

/// A sealed log of these events, with consecutive numbers.
pub(crate) fn log(events: &[Value]) -> Vec<String> {
    let mut previous = GENESIS.to_owned();
    events
        .iter()
        .zip(1_u64..)
        .map(|(event, sequence)| {
            let mut fields: Map<String, Value> = event.as_object().unwrap().clone();
            fields.insert("sequence".to_owned(), sequence.into());
            let (line, hash) = seal(fields, &previous);
            previous = hash;
            line
        })
        .collect()
}

pub(crate) fn hash_of(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap();
    value["entry_hash"].as_str().unwrap().to_owned()
}

/// A log's worth of them, as the daemon writes them and as nobody does.
pub(crate) fn events() -> Vec<Value> {
    let frozen: Value = serde_json::from_str(&request(0, &["id", "\u{202e}"])).unwrap();
    let named = |event: &str, more: Value| {
        let mut fields = json!({
            "at": "2023-11-14T22:13:20.007Z", "event": event, "code": "K7Q2M", "uid": 1001,
            "id": frozen["id"], "digest": "9c".repeat(32),
        });
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        fields
    };
    vec![
        json!({"at": "2023-11-14T22:13:00.000Z", "event": "started", "version": "0.1.0"}),
        named("requested", json!({"user": "agent", "request": frozen})),
        named(
            "denied",
            json!({"decision": {"approver": "root", "note": "no \u{9b}2J", "evidence": {"uid": 0}}}),
        ),
        json!({"at": "\u{1b}[2J", "event": "ref\nused", "why": "too many", "id": null}),
        json!({"at": "2023-11-14T22:14:00.000Z", "event": "stopped"}),
    ]
}
