//! A daemon at rest, and one with thousands who wait.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use aisudo_core::{
    paths::Paths,
    raw::Hex32,
    wire::{FromGate, Hello, ToGate, encode},
};
use aisudo_sys::{frames::receive, process::start_time, random};
use aisudo_testbed::{Daemon, World};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use uuid::Uuid;

use crate::Scale;
use crate::ledger::facts;
use crate::sudo::{decision_to_exec, plain_to_exec};
use crate::table::Table;

/// Questions under way at once: more, and what the daemon holds until they are on disk would be taken
/// for what it holds while they wait.
const AT_ONCE: usize = 50;

pub(crate) fn measure(world: &World, scale: Scale, table: &mut Table) {
    many_descriptors(scale.many_waiting as u64 + 1000);
    let daemon = world.start_daemon();
    std::thread::sleep(Duration::from_secs(1));
    let idle = rss_kb(&daemon);
    let before = voluntary_switches(&daemon);
    std::thread::sleep(Duration::from_secs(scale.idle_seconds));
    let woken = voluntary_switches(&daemon) - before;
    table.row(
        "(d) memory of a daemon at rest (RSS)",
        format!("{:.1} MB", idle as f64 / 1000.0),
        Some(("<= 12 MB", idle <= 12_000)),
        json!({"rss_kb": idle}),
    );
    table.row(
        &format!(
            "(d) wake-ups of a daemon at rest, in {} s",
            scale.idle_seconds
        ),
        woken.to_string(),
        Some(("0", woken == 0)),
        json!({"wakeups": woken}),
    );
    let plain = plain_to_exec(world, scale.decisions);
    let (alone, to_disk) = decision_to_exec(world, scale.decisions);
    table.row(
        "(b) decision to exec",
        format!(
            "{:.2} ms, p99 {:.2} (of which on disk after {:.2}; sudo alone from PAM to exec {:.2}, p99 {:.2})",
            alone.median(), alone.p99(), to_disk.median(), plain.median(), plain.p99()
        ),
        Some(("p99 < 5 ms", alone.p99() < 5.0)),
        json!({"to_exec_ms": alone.json(), "to_disk_ms": to_disk.json(), "plain_ms": plain.json()}),
    );
    let mut waiting = wait(scale.few_waiting);
    let (crowded, _) = decision_to_exec(world, scale.decisions);
    table.row(
        &format!("(g) decision to exec, while {} wait", scale.few_waiting),
        format!("{:.2} ms, p99 {:.2}", crowded.median(), crowded.p99()),
        None,
        json!({"to_exec_ms": crowded.json()}),
    );
    waiting.extend(wait(scale.many_waiting - scale.few_waiting));
    let each = rss_kb(&daemon).saturating_sub(idle) as f64 / waiting.len() as f64;
    table.row(
        &format!("(d) memory of each of {} who wait", waiting.len()),
        format!("{each:.2} kB"),
        Some(("<= 8 kB", each <= 8.0)),
        json!({"kb_each": each}),
    );
}

/// So many gates that wait; they leave when they are dropped.
fn wait(count: usize) -> Vec<UnixStream> {
    let mut gates: Vec<UnixStream> = Vec::with_capacity(count);
    while gates.len() < count {
        let more = AT_ONCE.min(count - gates.len());
        let mut asked: Vec<UnixStream> = (0..more).map(|_| ask()).collect();
        for gate in &mut asked {
            let answer: Option<ToGate> = receive(gate).expect("an answer to the question");
            assert!(matches!(answer, Some(ToGate::Waiting { .. })), "{answer:?}");
        }
        gates.append(&mut asked);
    }
    gates
}

fn ask() -> UnixStream {
    let pid = i32::try_from(std::process::id()).expect("a pid");
    let mut facts = facts();
    facts["id"] = Uuid::from_bytes(random::random_bytes().expect("randomness"))
        .to_string()
        .into();
    facts["sudo"]["pid"] = pid.into();
    facts["sudo"]["start_time"] = start_time(pid).into();
    facts["requester"]["uid"] = 7002.into();
    facts["timeout_ms"] = 900_000.into();
    let ask = FromGate::Ask {
        request: facts.to_string(),
        token: Hex32([9; 32]),
    };
    let frames = [encode(&Hello::default()), encode(&ask)].map(|frame| frame.expect("a frame"));
    let mut gate = UnixStream::connect(Paths::default().gate_socket()).expect("reach the daemon");
    gate.write_all(&frames.concat()).expect("ask");
    gate.set_read_timeout(Some(Duration::from_secs(60)))
        .expect("set a timeout");
    gate
}

fn many_descriptors(count: u64) {
    let limit = getrlimit(Resource::Nofile);
    let more = Rlimit {
        current: Some(count.max(limit.current.unwrap_or(count))),
        maximum: limit.maximum.map(|maximum| maximum.max(count)),
    };
    setrlimit(Resource::Nofile, more).expect("allow many descriptors");
}

fn rss_kb(daemon: &Daemon) -> u64 {
    field(&format!("/proc/{}/status", daemon.pid()), "VmRSS:")
}

fn voluntary_switches(daemon: &Daemon) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("the daemon's threads");
    tasks
        .flatten()
        .map(|task| {
            field(
                &task.path().join("status").display().to_string(),
                "voluntary_ctxt_switches:",
            )
        })
        .sum()
}

fn field(file: &str, name: &str) -> u64 {
    let status = fs::read_to_string(file).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let digits = value.and_then(|value| value.split_ascii_whitespace().next());
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}
