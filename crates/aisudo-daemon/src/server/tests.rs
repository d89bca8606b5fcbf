//! Over real sockets, from real clients: one story per test.

mod follow;

use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write as _},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use aisudo_core::{
    base64url::Base64,
    config::Config,
    evidence::{Evidence, Verdict},
    paths::Paths,
    raw::Hex32,
    state::End,
    wire::{
        FromAgent, FromControl, FromGate, LiveState, MAX_ASK_BYTES, MAX_FRAME_BYTES, Row, Standing,
    },
};
use aisudo_sys::{frames, process, random::random_bytes};
use rustix::process::geteuid;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;
use crate::{broker::Caps, channels::Channels, ledger::Setup, store::Store};

/// A daemon in a folder of its own; it ends with the test.
struct Daemon {
    directory: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    contents: Contents,
}

impl Daemon {
    fn start() -> Self {
        Self::with(
            "version = 1\n[limits]\nconnections_per_uid = 8\nrequests_per_minute = 10000\nrequests_per_minute_all = 10000\ncooldown = 0\n",
        )
    }

    fn with(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Every socket is open to everyone: what is tested here is what stands behind it.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let mut daemon = Self {
            directory,
            stop: None,
            thread: None,
            contents: Contents::default(),
        };
        daemon.run(Config::parse(config).unwrap());
        daemon
    }

    fn run(&mut self, config: Config) {
        let (stop, stopped) = oneshot::channel::<()>();
        let bind = |name: &str| {
            let path = self.path(name);
            let _ = fs::remove_file(&path);
            let listener = StdListener::bind(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
            listener
        };
        let listeners = Listeners {
            gate: bind("gate"),
            agent: bind("agent"),
            control: bind("control"),
        };
        let database = self.path("db");
        let doors = Doors {
            contents: self.contents.clone(),
            ..Doors::default()
        };
        let paths = Paths::under(self.directory.path());
        self.stop = Some(stop);
        self.thread = Some(thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (channels, _) = Channels::new(&config.channels);
                let reach = channels.reachable();
                let (ledger, _ended) = Ledger::start(Setup {
                    store: Store::open(&database, "boot").unwrap(),
                    caps: Caps::from(&config),
                    channels,
                    boot_id: "boot".to_owned(),
                    first: vec![Record::Started],
                    clock: crate::now,
                })
                .unwrap();
                let stand_in = Some(geteuid().as_raw());
                let (settings, _) = Settings::new(paths, config, None);
                let shared = Shared::new(settings, ledger.clone(), reach, doors, stand_in);
                tokio::select! {
                    served = serve(shared, listeners) => served.unwrap(),
                    _ = stopped => {}
                }
                ledger.stop().await;
            });
        }));
    }

    fn restart(&mut self) {
        self.end();
        self.run(Config::parse("version = 1").unwrap());
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn gate(&self) -> Client {
        Client::greeted(&self.path("gate"))
    }

    fn control(&self) -> Client {
        Client::greeted(&self.path("control"))
    }

    fn agent(&self) -> Client {
        Client::greeted(&self.path("agent"))
    }

    fn audit(&self) -> Vec<Value> {
        match self.control().ask(&FromControl::Audit {
            after: 0,
            limit: 10_000,
            wait: false,
        }) {
            ToControl::Audit { entries, .. } => {
                let mut verifier = aisudo_core::audit::Verifier::default();
                entries
                    .iter()
                    .for_each(|entry| verifier.next(entry).unwrap());
                entries
                    .iter()
                    .map(|entry| serde_json::from_str(entry).unwrap())
                    .collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn events(&self) -> Vec<String> {
        let event = |entry: &Value| entry["event"].as_str().unwrap().to_owned();
        self.audit().iter().map(event).collect()
    }

    /// Waits for the last event to be this one: a closed connection is noticed in its own time.
    fn wait_for_event(&self, event: &str) {
        let deadline = clock::boottime().0 + 10_000;
        while self.events().last().is_none_or(|last| last != event) {
            assert!(
                clock::boottime().0 < deadline,
                "no {event} in {:?}",
                self.events()
            );
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

struct Client(UnixStream);

impl Client {
    fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self(stream)
    }

    fn greeted(path: &Path) -> Self {
        let mut client = Self::connect(path);
        client.send(&Hello::default());
        client
    }

    fn send<T: Serialize>(&mut self, message: &T) {
        frames::send(&mut self.0, message).unwrap();
    }

    fn receive<T: DeserializeOwned>(&mut self) -> Option<T> {
        match frames::receive(&mut self.0) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            received => received.unwrap(),
        }
    }

    fn hear(&mut self) -> ToGate {
        self.receive().expect("a frame for the gate")
    }

    fn ask(&mut self, message: &FromControl) -> ToControl {
        self.send(message);
        self.receive().expect("a frame for the approver")
    }

    fn ask_gate(&mut self, body: &str) -> ToGate {
        self.send(&FromGate::Ask {
            request: body.to_owned(),
            token: Hex32([0; 32]),
        });
        self.hear()
    }

    fn only_row(&mut self) -> Row {
        match self.ask(&FromControl::List { all: false }) {
            ToControl::Requests { requests, .. } => {
                requests.into_iter().next().expect("one request")
            }
            other => panic!("{other:?}"),
        }
    }

    fn decide(&mut self, row: &Row, verdict: Verdict) -> ToControl {
        self.ask(&FromControl::Decide {
            id: row.id,
            digest: row.digest,
            verdict,
            note: Some("as agreed".to_owned()),
        })
    }
}

fn request(change: impl FnOnce(&mut Value)) -> String {
    let pid = i32::try_from(std::process::id()).unwrap();
    let id = uuid::Builder::from_random_bytes(random_bytes().unwrap()).into_uuid();
    let mut request = json!({
        "version": 1,
        "id": id,
        "nonce": Hex32(random_bytes().unwrap()),
        "asked_at_ms": 1, "timeout_ms": 20_000,
        "host": {"name": "h", "machine_id": ""},
        "requester": {"uid": 1000, "name": "agent"},
        "sudo": {"pid": pid, "start_time": process::start_time(pid), "argv": ["sudo", "id"], "service": "sudo"},
        "call": null, "unreadable": "a test",
        "program": {"path": null, "found": "unknown"},
        "cwd": "/", "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}],
        "tty": null, "parents": [], "agents": [], "operands": [], "reason": null,
    });
    change(&mut request);
    request.to_string()
}

fn plain() -> String {
    request(|_| {})
}

fn refused(message: ToGate) -> (String, bool) {
    match message {
        ToGate::Refused { why, fallback } => (why, fallback),
        other => panic!("{other:?}"),
    }
}

fn error(message: ToControl) -> String {
    match message {
        ToControl::Error { message } | ToControl::NotPermitted { message } => {
            assert!(!message.contains('\n'));
            message
        }
        other => panic!("{other:?}"),
    }
}

fn own_name() -> String {
    String::from_utf8(aisudo_sys::users::user_name(geteuid().as_raw()).unwrap()).unwrap()
}

fn token(byte: u8) -> FromGate {
    FromGate::Release {
        token: Hex32([byte; 32]),
    }
}

/// Runs as another user, which only root can, in a thread of its own: for the kernel, credentials are a thread's.
fn as_uid<T: Send + 'static>(uid: u32, client: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::spawn(move || {
        let uid = rustix::fs::Uid::from_raw(uid);
        rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
        client()
    });
    thread.join().unwrap()
}

#[test]
fn i1_a_yes_lets_the_gate_release_and_everything_is_in_the_log() {
    let daemon = Daemon::start();
    let mut screen = daemon.control();
    assert_eq!(
        screen.ask(&FromControl::Watch),
        ToControl::Changed { row: None }
    );
    let mut gate = daemon.gate();
    let body = plain();
    let ToGate::Waiting { code, channels, .. } = gate.ask_gate(&body) else {
        panic!()
    };
    assert_eq!(channels, ["terminal"]);

    let mut approver = daemon.control();
    let row = approver.only_row();
    assert_eq!((row.code.as_str(), row.uid), (code.as_str(), 1000));
    let shown = approver.ask(&FromControl::Show {
        which: code.to_lowercase(),
    });
    assert!(
        matches!(shown, ToControl::Request { request, .. } if request == body),
        "the frozen bytes"
    );
    assert_eq!(approver.decide(&row, Verdict::Approve), ToControl::Decided);

    let ToGate::Decided { decision } = gate.hear() else {
        panic!()
    };
    assert_eq!(
        (decision.id, decision.digest, decision.verdict),
        (row.id, row.digest, Verdict::Approve)
    );
    let own = i32::try_from(std::process::id()).unwrap();
    assert_eq!(
        decision.evidence,
        Evidence::Terminal {
            uid: geteuid().as_raw(),
            pid: own
        }
    );
    gate.send(&token(1));
    assert_eq!(gate.hear(), ToGate::Released);
    assert_eq!(
        daemon.events(),
        ["started", "requested", "approved", "released"]
    );

    let mut seen = Vec::new();
    for _ in 0..3 {
        let Some(ToControl::Changed { row: Some(row) }) = screen.receive() else {
            panic!()
        };
        seen.push(row.state.name());
    }
    assert_eq!(seen, ["pending", "approved", "released"]);
}

#[test]
fn a07_a_gate_that_goes_away_is_a_cancel_and_a_late_yes_does_nothing() {
    let daemon = Daemon::start();
    let mut gate = daemon.gate();
    gate.ask_gate(&plain());
    let mut approver = daemon.control();
    let row = approver.only_row();
    drop(gate);
    daemon.wait_for_event("cancelled");
    assert_eq!(
        error(approver.decide(&row, Verdict::Approve)),
        "already cancelled: sudo went away"
    );

    let mut gate = daemon.gate();
    gate.ask_gate(&plain());
    let row = approver.only_row();
    assert_eq!(approver.decide(&row, Verdict::Approve), ToControl::Decided);
    gate.hear();
    gate.send(&FromGate::GiveUp {
        why: "a file changed".to_owned(),
    });
    daemon.wait_for_event("unused");
    assert_eq!(daemon.audit().last().unwrap()["why"], "a file changed");
}

#[test]
fn a16_a32_a_request_for_another_process_is_refused() {
    let daemon = Daemon::start();
    let other_pid = request(|request| request["sudo"]["pid"] = 1.into());
    let (why, fallback) = refused(daemon.gate().ask_gate(&other_pid));
    assert_eq!(
        (why.as_str(), fallback),
        (
            "the request is for another process than the one that asks",
            false
        )
    );
    let reused = request(|request| request["sudo"]["start_time"] = 1.into());
    let (why, fallback) = refused(daemon.gate().ask_gate(&reused));
    assert_eq!(
        (why.as_str(), fallback),
        (
            "the request is for an earlier process of the same number",
            false
        )
    );
    assert_eq!(daemon.events(), ["started", "refused", "refused"]);
}

#[test]
fn a29_replays_let_nothing_through() {
    let mut daemon = Daemon::start();
    let body = plain();
    let mut gate = daemon.gate();
    gate.ask_gate(&body);
    let mut approver = daemon.control();
    let row = approver.only_row();
    approver.decide(&row, Verdict::Approve);
    gate.hear();
    gate.send(&token(1));
    assert_eq!(gate.hear(), ToGate::Released);

    daemon.restart();
    let mut again = daemon.gate();
    assert!(
        matches!(again.ask_gate(&body), ToGate::Waiting { .. }),
        "the same process may have lost an answer"
    );
    assert!(matches!(again.hear(), ToGate::Decided { .. }));
    again.send(&token(2));
    assert_eq!(
        refused(again.hear()),
        ("this request was already released".to_owned(), false)
    );
    again.send(&token(1));
    assert_eq!(again.hear(), ToGate::Released, "its own release, repeated");

    assert_eq!(
        error(daemon.control().decide(&row, Verdict::Approve)),
        format!("already approved by {}", own_name())
    );
    let mut forged: Value = serde_json::from_str(&body).unwrap();
    forged["reason"] = "other bytes under the same id".into();
    let (why, fallback) = refused(daemon.gate().ask_gate(&forged.to_string()));
    assert_eq!(
        (why.as_str(), fallback),
        ("this request was already released", false)
    );
    assert_eq!(
        daemon
            .events()
            .iter()
            .filter(|event| *event == "released")
            .count(),
        1
    );
}

#[test]
fn a_denied_gate_that_lost_the_answer_hears_it_again() {
    let mut daemon = Daemon::start();
    let body = plain();
    let mut gate = daemon.gate();
    gate.ask_gate(&body);
    let mut approver = daemon.control();
    let row = approver.only_row();
    approver.decide(&row, Verdict::Deny);
    daemon.restart();
    let mut again = daemon.gate();
    again.ask_gate(&body);
    let ToGate::Decided { decision } = again.hear() else {
        panic!()
    };
    assert_eq!(
        (decision.verdict, decision.note.as_deref()),
        (Verdict::Deny, Some("as agreed"))
    );
}

#[test]
fn a30_approve_and_deny_at_once_have_one_winner() {
    let daemon = Daemon::start();
    for _ in 0..10 {
        let mut gate = daemon.gate();
        gate.ask_gate(&plain());
        let row = daemon.control().only_row();
        let answers = [Verdict::Approve, Verdict::Deny].map(|verdict| {
            let (mut approver, row) = (daemon.control(), row.clone());
            thread::spawn(move || approver.decide(&row, verdict))
        });
        let answers = answers.map(|answer| answer.join().unwrap());
        let done = answers
            .iter()
            .filter(|answer| **answer == ToControl::Decided)
            .count();
        assert_eq!(done, 1, "{answers:?}");
        let ToGate::Decided { decision } = gate.hear() else {
            panic!()
        };
        assert_eq!(
            answers[usize::from(decision.verdict == Verdict::Deny)],
            ToControl::Decided
        );
        drop(gate);
        if decision.verdict == Verdict::Approve {
            daemon.wait_for_event("unused");
        }
    }
}

#[test]
fn a22_a_decision_for_other_bytes_is_refused_and_recorded() {
    let daemon = Daemon::start();
    let mut gate = daemon.gate();
    gate.ask_gate(&plain());
    let mut approver = daemon.control();
    let mut row = approver.only_row();
    row.digest = Hex32([0; 32]);
    assert_eq!(
        error(approver.decide(&row, Verdict::Approve)),
        "the decision is for another request"
    );
    assert_eq!(daemon.events().last().unwrap(), "decision_refused");
    assert_eq!(
        approver.only_row().state,
        Standing::Live(LiveState::Pending)
    );
}

#[test]
fn a10_only_the_right_peers_are_served() {
    if !geteuid().is_root() {
        return;
    }
    let daemon = Daemon::with("version = 1\n[[gate.who]]\nuser = \"nobody\"\nwhen = \"always\"\n");
    let mut gate = daemon.gate();
    gate.ask_gate(&request(|request| {
        request["requester"]["uid"] = 65534.into();
    }));
    let row = daemon.control().only_row();

    let path = daemon.path("gate");
    let answer = as_uid(65534, move || Client::greeted(&path).receive::<ToGate>());
    assert_eq!(
        refused(answer.unwrap()),
        ("only sudo may ask here".to_owned(), false)
    );

    let (path, theirs) = (daemon.path("control"), row.clone());
    let gated = as_uid(65534, move || {
        Client::greeted(&path).decide(&theirs, Verdict::Approve)
    });
    assert_eq!(
        error(gated),
        "nobody is asked for by aisudo and may not approve; use root or another user"
    );
    let (path, theirs) = (daemon.path("control"), row);
    let other = as_uid(1, move || {
        Client::greeted(&path).decide(&theirs, Verdict::Approve)
    });
    assert_eq!(error(other), "only root may approve; use root");
    let audit = daemon.audit();
    let tried: Vec<_> = audit
        .iter()
        .filter(|entry| entry["event"] == "decision_refused")
        .collect();
    assert_eq!(
        tried
            .iter()
            .map(|entry| entry["uid"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [65534, 1]
    );
}

#[test]
fn anyone_sees_their_own_requests_and_no_others() {
    if !geteuid().is_root() {
        return;
    }
    let daemon = Daemon::start();
    let mut gate = daemon.gate();
    gate.ask_gate(&request(|request| {
        request["requester"]["uid"] = 65534.into();
    }));
    let mine = |mut client: Client| {
        client.send(&FromAgent::Mine);
        match client.receive() {
            Some(ToAgent::Requests { requests }) => requests.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(mine(daemon.agent()), 0);
    let path = daemon.path("agent");
    assert_eq!(as_uid(65534, move || mine(Client::greeted(&path))), 1);
    let mut client = daemon.agent();
    client.send(&FromAgent::Status);
    assert!(matches!(client.receive(), Some(ToAgent::Alive { .. })));
    client.send(&json!({"kind": "decide"}));
    let Some(ToAgent::Error { message }) = client.receive() else {
        panic!()
    };
    assert!(message.contains("unknown variant `decide`"), "{message}");
}

#[test]
fn garbage_large_frames_and_other_versions_are_refused_on_every_socket() {
    let daemon = Daemon::start();
    for socket in ["gate", "agent", "control"] {
        let garbage: [&[u8]; 4] = [
            b"\xff\xff\xff\xff",
            b"\0\0\0\x03{}x",
            b"\0\0\x04\x01",
            b"\0\0\0\0",
        ];
        for bytes in garbage {
            let mut client = Client::connect(&daemon.path(socket));
            client.0.write_all(bytes).unwrap();
            let answer: Value = client.receive().unwrap();
            assert!(
                matches!(answer["kind"].as_str(), Some("error" | "refused")),
                "{answer}"
            );
            assert_eq!(client.receive::<Value>(), None, "and closed");
        }
        let mut client = Client::connect(&daemon.path(socket));
        client.send(&Hello { aisudo: 2 });
        let answer: Value = client.receive().unwrap();
        assert!(
            answer
                .to_string()
                .contains("restart aisudo-daemon after an upgrade"),
            "{answer}"
        );
    }
    let mut gate = daemon.gate();
    let too_long = u32::try_from(MAX_ASK_BYTES + 1).unwrap();
    gate.0.write_all(&too_long.to_be_bytes()).unwrap();
    let (why, _) = refused(gate.hear());
    assert!(why.contains("is over the limit"), "{why}");
    assert_eq!(daemon.events(), ["started"]);
}

#[test]
fn a_request_that_cannot_be_read_is_refused_for_good_unless_the_versions_differ() {
    let daemon = Daemon::start();
    let cases = [
        ("x".to_owned(), "the request is not JSON", false),
        (
            request(|request| request["cwd"] = Value::Null),
            "the request cannot be read",
            false,
        ),
        (
            request(|request| request["later"] = json!([1.5])),
            "a number that is not an integer",
            false,
        ),
        (
            request(|request| request["version"] = 2.into()),
            "restart aisudo-daemon after an upgrade",
            true,
        ),
        (
            request(|request| request["reason"] = "x".repeat(140_000).into()),
            "longer than",
            false,
        ),
    ];
    for (body, expected, fallback) in cases {
        let (why, answer) = refused(daemon.gate().ask_gate(&body));
        assert!(why.contains(expected), "{why}");
        assert_eq!(answer, fallback, "{why}");
    }
}

#[test]
fn the_largest_request_is_shown_and_audited_whole() {
    let daemon = Daemon::start();
    let mut gate = daemon.gate();
    let body = request(|request| request["reason"] = "\u{7f}".repeat(127_000).into());
    assert!(matches!(gate.ask_gate(&body), ToGate::Waiting { .. }));
    let mut approver = daemon.control();
    let which = approver.only_row().id.to_string();
    assert!(
        matches!(approver.ask(&FromControl::Show { which }), ToControl::Request { request, .. } if request == body)
    );
    let ToControl::Audit { entries, .. } = approver.ask(&FromControl::Audit {
        after: 1,
        limit: 9,
        wait: false,
    }) else {
        panic!()
    };
    assert!(entries[0].len() > MAX_FRAME_BYTES * 3 / 4);
}

#[test]
fn a35_one_users_flood_is_turned_away_and_others_are_served() {
    let daemon = Daemon::start();
    let mut gates = Vec::new();
    let mut turned_away = 0;
    for _ in 0..100 {
        let mut gate = daemon.gate();
        match gate.ask_gate(&plain()) {
            ToGate::Waiting { .. } => gates.push(gate),
            other => {
                assert!(refused(other).1, "root's fallback may take over");
                turned_away += 1;
            }
        }
    }
    assert_eq!((gates.len(), turned_away), (5, 95));
    let other = request(|request| request["requester"]["uid"] = 1001.into());
    assert!(matches!(
        daemon.gate().ask_gate(&other),
        ToGate::Waiting { .. }
    ));
}

#[test]
fn a35_one_user_cannot_hold_all_connections() {
    let daemon = Daemon::start();
    let mut clients: Vec<Client> = (0..8).map(|_| daemon.agent()).collect();
    let mut ninth = daemon.agent();
    let Some(ToAgent::Error { message }) = ninth.receive() else {
        panic!()
    };
    assert_eq!(
        message,
        "aisudo-daemon has too many connections; try again later"
    );
    clients[0].send(&FromAgent::Status);
    assert!(matches!(clients[0].receive(), Some(ToAgent::Alive { .. })));
}

#[test]
fn a_note_that_is_too_long_is_refused() {
    let daemon = Daemon::start();
    let answer = daemon.control().ask(&FromControl::Decide {
        id: Uuid::nil(),
        digest: Hex32([0; 32]),
        verdict: Verdict::Deny,
        note: Some("x".repeat(501)),
    });
    assert_eq!(
        error(answer),
        "the note is longer than 500 bytes; shorten it"
    );
}

#[test]
fn i5_nobody_answers() {
    let daemon = Daemon::start();
    let mut gate = daemon.gate();
    gate.ask_gate(&request(|request| request["timeout_ms"] = 100.into()));
    assert_eq!(gate.hear(), ToGate::Expired);
    let ToControl::Requests { requests, .. } =
        daemon.control().ask(&FromControl::List { all: true })
    else {
        panic!()
    };
    assert_eq!(requests[0].state, Standing::Ended(End::Expired));
    assert_eq!(requests[0].remaining_ms, None);
}

/// The gate alone can read it, and nothing of it is kept.
#[test]
fn a_file_that_the_request_names_is_read_by_its_gate_when_somebody_wants_to_see_it() {
    let daemon = Daemon::start();
    let hashes = [Hex32([1; 32]), Hex32([2; 32])];
    let operand = |path: &str, sha256: Hex32, size: u64| json!({"path": path, "role": "argument", "content": {"kind": "hashed", "sha256": sha256, "size": size}});
    let of_a_file = request(|request| {
        request["operands"] = json!([operand("/a", hashes[0], 3), operand("/b", hashes[1], 3)]);
    });
    let of_none = request(|request| {
        request["operands"] = json!([operand("/a", hashes[0], 64 * 1024 + 1)]);
    });
    let id = |body: &str| -> Uuid {
        serde_json::from_value(serde_json::from_str::<Value>(body).unwrap()["id"].clone()).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut gate = daemon.gate();
    assert!(matches!(gate.ask_gate(&of_a_file), ToGate::Waiting { .. }));
    let mut other = daemon.gate();
    assert!(matches!(other.ask_gate(&of_none), ToGate::Waiting { .. }));

    let reader = thread::spawn(move || {
        for (sha256, content) in [
            (hashes[0], Some(Base64(b"abc".to_vec()))),
            (hashes[1], None),
        ] {
            assert_eq!(gate.hear(), ToGate::Show { sha256 });
            gate.send(&FromGate::Content { sha256, content });
        }
        gate
    });
    let contents = daemon.contents.clone();
    let seen = runtime.block_on(async {
        let first = contents.of(id(&of_a_file), hashes[0]).await;
        let second = contents.of(id(&of_a_file), hashes[1]).await;
        [first, second, contents.of(id(&of_none), hashes[0]).await]
    });
    assert_eq!(seen, [Some(b"abc".to_vec()), None, None]);

    drop(reader.join().unwrap());
    daemon.wait_for_event("cancelled");
    let gone = runtime.block_on(contents.of(id(&of_a_file), hashes[0]));
    assert_eq!(gone, None, "its gate is gone");
}
