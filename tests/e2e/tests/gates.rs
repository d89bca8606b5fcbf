//! Gates by hand: root's own end of `gate.sock`, saying what no sudo would say.

use std::{
    collections::HashMap,
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use aisudo_core::{
    evidence::Verdict,
    raw::Hex32,
    wire::{FromControl, FromGate, Hello, ToControl, ToGate, decode, encode, frame_length},
};
use aisudo_e2e::{PATIENCE, agent, approved, audit, denied, entries, latest_request, world};
use aisudo_sys::{process, random};
use aisudo_testbed::World;
use serde_json::Value;
use uuid::Uuid;

/// What a question says of a release by policy, which these tests have none of.
const TOKEN: Hex32 = Hex32([0; 32]);

/// One connection, of a gate or an approver.
struct Gate(UnixStream);

impl Gate {
    fn connect() -> Self {
        Self::to("gate").unwrap()
    }

    fn to(name: &str) -> std::io::Result<Self> {
        let socket = UnixStream::connect(format!("/run/aisudo/{name}.sock"))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut gate = Self(socket);
        gate.send(&Hello::default());
        Ok(gate)
    }

    fn send(&mut self, message: &impl serde::Serialize) {
        // A daemon that has refused does not read on.
        let _ = self.0.write_all(&encode(message).unwrap());
    }

    /// Nothing at the end of the stream.
    fn hear<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).ok()?;
        let mut json = vec![0; frame_length(header).unwrap()];
        self.0.read_exact(&mut json).ok()?;
        Some(decode(&json).unwrap())
    }

    fn ask(&mut self, request: &Value) -> Option<ToGate> {
        self.send(&FromGate::Ask {
            request: request.to_string(),
            token: TOKEN,
        });
        self.hear()
    }
}

/// A request as a real sudo made it, in this process's name.
fn own_request(world: &World) -> Value {
    denied(world, agent(world).shell("sudo true"));
    let mut request = latest_request(world);
    let pid = i32::try_from(std::process::id()).unwrap();
    request["sudo"]["pid"] = pid.into();
    request["sudo"]["start_time"] = process::start_time(pid).unwrap().into();
    fresh(&request)
}

/// The same, with an id and nonce of its own.
fn fresh(request: &Value) -> Value {
    let mut request = request.clone();
    let id =
        uuid::Builder::from_unix_timestamp_millis(1, &random::random_bytes().unwrap()).into_uuid();
    request["id"] = Value::String(id.to_string());
    request["nonce"] = Value::String(Hex32(random::random_bytes().unwrap()).to_string());
    request
}

fn refused(answer: Option<ToGate>) -> (String, bool) {
    match answer {
        Some(ToGate::Refused { why, fallback }) => (why, fallback),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a32_a_request_in_the_name_of_another_process_is_refused() {
    let (world, _daemon) = world();
    let good = own_request(&world);
    let mut other_pid = fresh(&good);
    other_pid["sudo"]["pid"] = 1.into();
    let (why, fallback) = refused(Gate::connect().ask(&other_pid));
    assert!(why.contains("another process") && !fallback, "{why}");
    let mut earlier = fresh(&good);
    earlier["sudo"]["start_time"] = 1.into();
    let (why, fallback) = refused(Gate::connect().ask(&earlier));
    assert!(why.contains("earlier process") && !fallback, "{why}");
    assert!(matches!(
        Gate::connect().ask(&good),
        Some(ToGate::Waiting { .. })
    ));
}

#[test]
fn a29_an_approved_request_is_released_to_one_gate_with_one_token() {
    let (world, _daemon) = world();
    let request = own_request(&world);
    let mut gate = Gate::connect();
    let Some(ToGate::Waiting { code, .. }) = gate.ask(&request) else {
        panic!()
    };
    world.approver(["approve", &code]).expect_success();
    assert!(matches!(gate.hear(), Some(ToGate::Decided { .. })));
    let token = Hex32([1; 32]);
    gate.send(&FromGate::Release { token });
    assert_eq!(gate.hear(), Some(ToGate::Released));
    // The answer was lost: the same token gets it again, another does not.
    for (again, expected) in [(token, true), (Hex32([2; 32]), false)] {
        let mut gate = Gate::connect();
        assert!(matches!(gate.ask(&request), Some(ToGate::Waiting { .. })));
        assert!(matches!(gate.hear(), Some(ToGate::Decided { .. })));
        gate.send(&FromGate::Release { token: again });
        assert_eq!(gate.hear() == Some(ToGate::Released), expected);
    }
    assert_eq!(entries(&world, "released").len(), 1);
    // The same id for other bytes.
    let mut other = request;
    other["cwd"] = "/elsewhere".into();
    let (_, fallback) = refused(Gate::connect().ask(&other));
    assert!(!fallback);
}

#[test]
fn a06_garbage_on_the_gates_socket_harms_nobody() {
    let (world, _daemon) = world();
    let garbage: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0xff; 64],
        b"\0\0\0\x02{}",
        b"\0\0\0\x0d{\"aisudo\":99}",
        b"\0\0\0\x0c{\"aisudo\":1}\0\0\0\x10{\"kind\":\"bogus\"}",
    ];
    for bytes in garbage {
        let mut socket = UnixStream::connect("/run/aisudo/gate.sock").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = socket.write_all(bytes);
        // Answered or not, the connection ends.
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
    }
    approved(&world, agent(&world).shell("sudo true")).expect_success();
}

#[test]
fn a35_a_flood_from_one_user_leaves_the_others_served_and_memory_bounded() {
    const ASKS: usize = 10_000;
    const THREADS: usize = 8;
    let world = World::new();
    // Longer than the flood takes on a slow machine: who waits first waits to its end.
    world.config(&aisudo_testbed::DEFAULT_CONFIG.replace("timeout = 20", "timeout = 300"));
    let daemon = world.start_daemon();
    let request = own_request(&world);
    let before = resident(daemon.pid());
    let answers = thread::scope(|scope| {
        let flood: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut kept = Vec::new();
                    let mut count: HashMap<&str, usize> = HashMap::new();
                    for _ in 0..ASKS / THREADS {
                        let mut gate = Gate::connect();
                        let kind = match gate.ask(&fresh(&request)) {
                            Some(ToGate::Waiting { .. }) => {
                                kept.push(gate);
                                "waiting"
                            }
                            Some(ToGate::Refused { fallback: true, .. }) => "fallback",
                            _ => "other",
                        };
                        *count.entry(kind).or_default() += 1;
                    }
                    (kept, count)
                })
            })
            .collect();
        flood
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    let total = |kind| {
        answers
            .iter()
            .map(|(_, count)| count.get(kind).copied().unwrap_or(0))
            .sum::<usize>()
    };
    assert_eq!((total("waiting"), total("other")), (5, 0));
    assert_eq!(total("fallback"), ASKS - 5);
    let after = resident(daemon.pid());
    assert!(after < before + 16 * 1024, "{before} kB became {after} kB");

    let mut other = fresh(&request);
    other["requester"]["uid"] = 7002.into();
    assert!(
        matches!(Gate::connect().ask(&other), Some(ToGate::Waiting { .. })),
        "another user is served"
    );
    thread::sleep(Duration::from_millis(100));
    world.approver(["audit", "verify"]).expect_success();
}

/// Resident memory in kB: proc(5).
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// The daemon is killed again and again while gates ask and an approver answers.
#[test]
fn a34_crashes_under_load_lose_no_decision_and_release_nothing_twice() {
    const CRASHES: u32 = 150;
    let (world, mut daemon) = world();
    let request = own_request(&world);
    let over = AtomicBool::new(false);
    let (ran, confirmed) = thread::scope(|scope| {
        let gates: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| ask_until(&over, &request)))
            .collect();
        let approver = scope.spawn(|| answer_until(&over));
        for round in 0..CRASHES {
            thread::sleep(Duration::from_millis(u64::from(round * 37 % 90)));
            daemon.kill9();
            daemon = world.start_daemon();
        }
        thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::Relaxed);
        let ran: Vec<Uuid> = gates
            .into_iter()
            .flat_map(|gate| gate.join().unwrap())
            .collect();
        (ran, approver.join().unwrap())
    });
    world.approver(["audit", "verify"]).expect_success();
    let mut lives: HashMap<String, Vec<String>> = HashMap::new();
    for entry in audit(&world) {
        let (Some(id), Some(event)) = (entry["id"].as_str(), entry["event"].as_str()) else {
            continue;
        };
        if !event.contains("refused") {
            lives
                .entry(id.to_owned())
                .or_default()
                .push(event.to_owned());
        }
    }
    for (id, life) in &lives {
        assert!(is_a_life(life), "{id}: {life:?}");
    }
    let recorded = |id: &Uuid, event: &str| lives[&id.to_string()].iter().any(|each| each == event);
    for id in &ran {
        assert!(recorded(id, "released"), "{id} ran without its record");
    }
    for (id, event) in &confirmed {
        assert!(recorded(id, event), "{id}: {event} was confirmed and lost");
    }
    assert!(
        ran.len() > 20 && confirmed.len() > 40,
        "{} {}",
        ran.len(),
        confirmed.len()
    );
}

/// What may become of one request.
fn is_a_life(events: &[String]) -> bool {
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    matches!(
        events.as_slice(),
        ["requested"]
            | ["requested", "denied" | "expired" | "cancelled" | "approved"]
            | ["requested", "approved", "released" | "unused"]
    )
}

/// A gate that comes back after each crash, as the real one does. Gives what it let through.
fn ask_until(over: &AtomicBool, request: &Value) -> Vec<Uuid> {
    let mut ran = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let request = fresh(request);
        let token = Hex32(random::random_bytes().unwrap());
        while !over.load(Ordering::Relaxed) {
            match ask_once(&request, token) {
                Some(released) => {
                    if released {
                        ran.push(request["id"].as_str().unwrap().parse().unwrap());
                    }
                    break;
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }
    ran
}

/// One connection: let through, not let through, or nothing when it was lost.
fn ask_once(request: &Value, token: Hex32) -> Option<bool> {
    let mut gate = Gate::to("gate").ok()?;
    let mut message = gate.ask(request)?;
    loop {
        match message {
            ToGate::Waiting { .. } => {}
            ToGate::Decided { decision } if decision.verdict == Verdict::Approve => {
                gate.send(&FromGate::Release { token });
            }
            ToGate::Released => return Some(true),
            ToGate::Show { .. }
            | ToGate::Decided { .. }
            | ToGate::Expired
            | ToGate::Password { .. }
            | ToGate::Refused { .. } => return Some(false),
        }
        message = gate.hear()?;
    }
}

/// An approver who says yes and no in turns. Gives the answers that the daemon confirmed.
fn answer_until(over: &AtomicBool) -> Vec<(Uuid, &'static str)> {
    let mut confirmed = Vec::new();
    let mut turn = 0_usize;
    while !over.load(Ordering::Relaxed) {
        let Ok(mut control) = Gate::to("control") else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        while !over.load(Ordering::Relaxed) {
            control.send(&FromControl::List { all: false });
            let Some(ToControl::Requests { requests, .. }) = control.hear() else {
                break;
            };
            for row in requests.iter().filter(|row| row.state.name() == "pending") {
                turn += 1;
                let (verdict, event) =
                    [(Verdict::Approve, "approved"), (Verdict::Deny, "denied")][turn % 2];
                control.send(&FromControl::Decide {
                    id: row.id,
                    digest: row.digest,
                    verdict,
                    note: None,
                });
                if control.hear() == Some(ToControl::Decided) {
                    confirmed.push((row.id, event));
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
    confirmed
}

/// The ids of gates are theirs to choose; a chosen one is looked at like any other.
#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let (world, _daemon) = world();
    let mut request = own_request(&world);
    request["id"] = "x".into();
    refused(Gate::connect().ask(&request));
    request["id"] = Uuid::nil().to_string().into();
    assert!(matches!(
        Gate::connect().ask(&request),
        Some(ToGate::Waiting { .. })
    ));
}
