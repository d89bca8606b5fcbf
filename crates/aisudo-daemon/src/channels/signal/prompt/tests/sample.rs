//! Requests to show.

use serde_json::{Value, json};

/// A frozen request to run these words.
pub(super) fn request(words: &[&str]) -> String {
    changed(words, &json!({}))
}

/// The same with other fields.
pub(super) fn changed(words: &[&str], fields: &Value) -> String {
    let sudo: Vec<&str> = std::iter::once("sudo")
        .chain(words.iter().copied())
        .collect();
    let program = words.first().map(|word| format!("/usr/bin/{word}"));
    let mut request = json!({
        "version": 1, "id": "01935a3b-7c00-7000-8000-000000000001", "nonce": "07".repeat(32),
        "asked_at_ms": 1_700_000_000_000_u64, "timeout_ms": 120_000,
        "host": {"name": "web1", "machine_id": "4f2a0c5e9b7d4f0e8a1b2c3d4e5f6071"},
        "requester": {"uid": 1001, "name": "agent"},
        "sudo": {"pid": 4711, "start_time": 99, "argv": sudo, "service": "sudo"},
        "call": {
            "mode": "run", "argv": words, "user": null, "group": null, "chdir": null, "chroot": null,
            "environment": {"preserve_all": false, "preserve": [], "set": []}, "background": false,
        },
        "unreadable": null, "program": {"path": program, "found": "sudo"}, "cwd": "/home/agent/project",
        "stdio": [{"kind": "null"}, {"kind": "pipe"}, {"kind": "pipe"}], "tty": null,
        "parents": [
            {"pid": 4700, "start_time": 3, "uid": 1001, "name": "bash", "exe": "/usr/bin/bash"},
            {"pid": 4600, "start_time": 2, "uid": 1001, "name": "claude", "exe": null},
        ],
        "agents": ["Claude Code"], "operands": [], "reason": "the site needs a web server",
    });
    let all = request.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    request.to_string()
}
