//! The wait against a daemon by script, over a real socket.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    thread::{self, JoinHandle},
};

use aisudo_core::{
    evidence::{Evidence, EvidenceKind},
    request::{Found, Host, Program, Stream, Sudo, User},
    wire::{self, Hello},
};
use serde::{Serialize, de::DeserializeOwned};

use super::*;

mod signed;

fn request() -> Request {
    Request {
        version: 1,
        id: "0190f5c0-0000-7000-8000-000000000001".parse().unwrap(),
        nonce: Hex32([7; 32]),
        asked_at_ms: 1,
        timeout_ms: 60_000,
        host: Host {
            name: "h".into(),
            machine_id: String::new(),
        },
        requester: User {
            uid: 7001,
            name: "agent".into(),
            groups: vec![],
        },
        sudo: Sudo {
            pid: 1,
            start_time: 1,
            argv: vec!["sudo".into(), "id".into()],
            service: "sudo".into(),
        },
        call: None,
        unreadable: None,
        program: Program {
            path: None,
            real: None,
            found: Found::Unknown,
        },
        cwd: "/".into(),
        stdio: [Stream::Null, Stream::Null, Stream::Null],
        tty: None,
        parents: vec![],
        agents: vec![],
        operands: vec![],
        variables: vec![],
        reason: None,
    }
}

fn decision(verdict: Verdict) -> Decision {
    let request = request();
    Decision {
        id: request.id,
        digest: request_digest(serde_json::to_string(&request).unwrap().as_bytes()),
        nonce: request.nonce,
        verdict,
        approver: "root".to_owned(),
        note: None,
        at_ms: 2,
        evidence: Evidence::Terminal { uid: 0, pid: 1 },
    }
}

/// The daemon's end of one connection.
struct Peer(UnixStream);

impl Peer {
    fn read<T: DeserializeOwned>(&mut self) -> T {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).unwrap();
        let mut json = vec![0; wire::frame_length(header).unwrap()];
        self.0.read_exact(&mut json).unwrap();
        wire::decode(&json).unwrap()
    }
    fn send(&mut self, message: &impl Serialize) {
        self.0.write_all(&wire::encode(message).unwrap()).unwrap();
    }
    /// Lets it through by the policy.
    fn allow(&mut self) {
        let decided = ToGate::Decided {
            decision: by_policy(),
        };
        let both = [decided, ToGate::Released].map(|message| wire::encode(&message).unwrap());
        self.0.write_all(&both.concat()).unwrap();
    }
    /// Reads the greeting and the question.
    fn asked(&mut self) -> String {
        assert_eq!(self.read::<Hello>(), Hello::default());
        match self.read() {
            FromGate::Ask { request, .. } => request,
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Default)]
struct Notes {
    approvers: Approvers,
    said: Vec<String>,
    changed: Option<String>,
    content: Option<Vec<u8>>,
    ruling: Option<Ruling>,
}

impl Asker for Notes {
    fn say(&mut self, line: &Line) {
        self.said.push(line.to_string());
    }
    fn operands_unchanged(&self, _request: &Request) -> Result<(), String> {
        self.changed.clone().map_or(Ok(()), Err)
    }
    fn content_of(&self, _request: &Request, sha256: &Hex32) -> Option<Vec<u8>> {
        self.content.clone().filter(|_| *sha256 == Hex32([1; 32]))
    }
    fn approvers(&self) -> Result<Approvers, String> {
        Ok(self.approvers.clone())
    }
    fn ruling(&self, _request: &Request) -> Result<Ruling, String> {
        self.ruling.clone().ok_or("there is no policy".to_owned())
    }
}

struct Bench {
    dir: tempfile::TempDir,
    notes: Notes,
    config: Gate,
    timeout_ms: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            notes: Notes::default(),
            config: Gate::default(),
            timeout_ms: 60_000,
        }
    }
    fn socket(&self) -> PathBuf {
        self.dir.path().join("gate.sock")
    }
    /// A daemon that plays `script` on each connection in turn.
    fn daemon(&self, script: Vec<impl FnOnce(&mut Peer) + Send + 'static>) -> JoinHandle<()> {
        let listener = UnixListener::bind(self.socket()).unwrap();
        thread::spawn(move || {
            for part in script {
                part(&mut Peer(listener.accept().unwrap().0));
            }
        })
    }
    fn ask(&mut self) -> Outcome {
        let request = Request {
            timeout_ms: self.timeout_ms,
            ..request()
        };
        let bytes = serde_json::to_string(&request).unwrap();
        let question = Question {
            request: &request,
            bytes: &bytes,
            token: Hex32([9; 32]),
        };
        ask(&question, &self.config, &self.socket(), &mut self.notes)
    }
    fn play(&mut self, script: Vec<fn(&mut Peer)>) -> Outcome {
        let daemon = self.daemon(script);
        let outcome = self.ask();
        daemon.join().unwrap();
        outcome
    }
    fn play_one(&mut self, script: impl FnOnce(&mut Peer) + Send + 'static) -> Outcome {
        let daemon = self.daemon(vec![script]);
        let outcome = self.ask();
        daemon.join().unwrap();
        outcome
    }
}

fn waiting(peer: &mut Peer) {
    peer.asked();
    peer.send(&ToGate::Waiting {
        code: "K7Q2M".into(),
        channels: vec!["terminal".into()],
        seconds: 30,
    });
}

fn approve(peer: &mut Peer) {
    waiting(peer);
    peer.send(&ToGate::Decided {
        decision: decision(Verdict::Approve),
    });
}

fn expect_release(peer: &mut Peer) {
    assert_eq!(
        peer.read::<FromGate>(),
        FromGate::Release {
            token: Hex32([9; 32])
        }
    );
}

#[test]
fn a_yes_counts_when_its_release_is_recorded() {
    let mut bench = Bench::new();
    let outcome = bench.play(vec![|peer| {
        approve(peer);
        expect_release(peer);
        peer.send(&ToGate::Released);
    }]);
    assert!(matches!(outcome, Outcome::Approved(approval) if approval.approver == "root"));
    assert_eq!(bench.notes.said.len(), 1);
}

#[test]
fn a34_a_lost_answer_to_a_release_is_asked_for_again_with_the_same_token() {
    let mut bench = Bench::new();
    let part: fn(&mut Peer) = |peer| {
        approve(peer);
        expect_release(peer);
    };
    let last: fn(&mut Peer) = |peer| {
        approve(peer);
        expect_release(peer);
        peer.send(&ToGate::Released);
    };
    assert!(matches!(
        bench.play(vec![part, |peer| drop(peer.asked()), last]),
        Outcome::Approved(_)
    ));
    assert_eq!(bench.notes.said.len(), 1, "the wait is announced once");
}

#[test]
fn i3_a_decision_for_other_bytes_is_no_decision() {
    let scripts: [fn(&mut Peer); 3] = [
        |peer| forged(peer, |decision| decision.nonce = Hex32([0; 32])),
        |peer| forged(peer, |decision| decision.digest = Hex32([0; 32])),
        |peer| forged(peer, |decision| decision.id = uuid::Uuid::nil()),
    ];
    for script in scripts {
        let outcome = Bench::new().play(vec![script]);
        assert_eq!(
            outcome,
            Outcome::Refused("the decision is for another request".to_owned())
        );
    }
}

fn forged(peer: &mut Peer, forge: fn(&mut Decision)) {
    waiting(peer);
    let mut decision = decision(Verdict::Approve);
    forge(&mut decision);
    peer.send(&ToGate::Decided { decision });
    assert!(
        matches!(peer.read(), FromGate::GiveUp { .. }),
        "and the daemon is told"
    );
}

#[test]
fn evidence_that_root_does_not_accept_lets_nothing_run() {
    let mut bench = Bench::new();
    bench.config.accept.clear();
    let outcome = bench.play(vec![|peer| {
        approve(peer);
        assert!(matches!(peer.read(), FromGate::GiveUp { .. }));
    }]);
    assert_eq!(
        outcome,
        Outcome::Refused("root does not accept decisions by terminal".to_owned())
    );
}

#[test]
fn a23_a_changed_operand_lets_nothing_run() {
    let mut bench = Bench::new();
    bench.notes.changed = Some("/x changed after it was asked about".to_owned());
    let outcome = bench.play(vec![|peer| {
        approve(peer);
        assert!(matches!(peer.read(), FromGate::GiveUp { .. }));
    }]);
    assert_eq!(
        outcome,
        Outcome::Refused("/x changed after it was asked about".to_owned())
    );
}

#[test]
fn a_release_without_a_decision_means_nothing() {
    let outcome = Bench::new().play(vec![|peer| {
        waiting(peer);
        peer.send(&ToGate::Released);
        assert!(matches!(peer.read(), FromGate::GiveUp { .. }));
    }]);
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[test]
fn each_no_is_told_apart() {
    let outcome = Bench::new().play(vec![|peer| {
        waiting(peer);
        peer.send(&ToGate::Decided {
            decision: decision(Verdict::Deny),
        });
    }]);
    assert!(matches!(outcome, Outcome::Denied { .. }));
    let outcome = Bench::new().play(vec![|peer| {
        waiting(peer);
        peer.send(&ToGate::Expired);
    }]);
    assert_eq!(outcome, Outcome::Expired { seconds: 30 });
    let outcome = Bench::new().play(vec![|peer| {
        peer.asked();
        peer.send(&ToGate::Refused {
            why: "l".into(),
            fallback: true,
        });
    }]);
    assert_eq!(outcome, Outcome::Limited("l".into()));
}

#[test]
fn a06_garbage_hanging_silence_and_absence_are_unreachable() {
    let garbage: [fn(&mut Peer); 3] = [
        |peer| {
            peer.asked();
            peer.0.write_all(b"\0\0\0\x05hello").unwrap();
        },
        |peer| {
            peer.asked();
            peer.0.write_all(&[0xff; 8]).unwrap();
        },
        |peer| {
            peer.asked();
            peer.send(&serde_json::json!({"kind": "let_it_run"}));
        },
    ];
    for script in garbage {
        let outcome = Bench::new().play(vec![script]);
        assert!(matches!(outcome, Outcome::Unreachable(_)), "{outcome:?}");
    }
    let mut nobody = Bench::new();
    assert!(matches!(nobody.ask(), Outcome::Unreachable(_)));
    let mut silent = Bench::new();
    let _listener = UnixListener::bind(silent.socket()).unwrap();
    assert_eq!(
        silent.ask(),
        Outcome::Unreachable("aisudo-daemon gives no answer".to_owned())
    );
}

#[test]
fn a_directory_that_others_can_write_holds_no_daemon() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::new();
    let _listener = UnixListener::bind(bench.socket()).unwrap();
    std::fs::set_permissions(bench.dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let Outcome::Unreachable(why) = bench.ask() else {
        panic!()
    };
    assert!(
        why.ends_with("is not a directory that only root can write"),
        "{why}"
    );
}

#[test]
fn i5_silence_until_the_deadline_is_no() {
    let mut bench = Bench::new();
    bench.timeout_ms = 300;
    let listener = UnixListener::bind(bench.socket()).unwrap();
    let daemon = thread::spawn(move || {
        let mut peer = Peer(listener.accept().unwrap().0);
        waiting(&mut peer);
        // Until the gate closes.
        let _ = peer.0.read(&mut [0]);
    });
    assert_eq!(bench.ask(), Outcome::Expired { seconds: 30 });
    daemon.join().unwrap();
}

#[test]
fn a07_a_signal_ends_the_wait_and_is_delivered_afterwards() {
    let mut bench = Bench::new();
    let listener = UnixListener::bind(bench.socket()).unwrap();
    // SAFETY: pthread_self(3) has no conditions.
    #[allow(unsafe_code, reason = "a signal for this thread alone")]
    let this = unsafe { libc::pthread_self() };
    let daemon = thread::spawn(move || {
        let mut peer = Peer(listener.accept().unwrap().0);
        waiting(&mut peer);
        // SAFETY: the thread waits in `ask` below until this signal comes.
        #[allow(unsafe_code, reason = "as above")]
        unsafe {
            libc::pthread_kill(this, libc::SIGHUP)
        };
        // Closed, with or without the frame above having been read.
        assert!(
            !matches!(peer.0.read(&mut [0]), Ok(1)),
            "the gate has closed"
        );
    });
    // Held here too, so that it does not end the test when the wait lets go of it.
    let held = crate::signals::Held::hold();
    assert_eq!(bench.ask(), Outcome::Cancelled("a signal came"));
    assert!(held.arrived(), "not swallowed");
    daemon.join().unwrap();
    // Dropping would deliver it; forget leaves it blocked in this test's thread, which ends.
    std::mem::forget(held);
}

fn by_policy() -> Decision {
    Decision {
        approver: "policy rule r".to_owned(),
        evidence: Evidence::Policy {
            rule: Some("r".to_owned()),
            sha256: Hex32([0; 32]),
        },
        ..decision(Verdict::Approve)
    }
}

fn ruling(effect: Effect) -> Option<Ruling> {
    let rule = Some("r".to_owned());
    Some(Ruling { effect, rule })
}

#[test]
fn what_roots_policy_allows_goes_through_at_once_and_without_a_word() {
    let mut bench = Bench::new();
    bench.notes.ruling = ruling(Effect::Allow);
    let outcome = bench.play(vec![|peer| {
        peer.asked();
        peer.allow();
        expect_release(peer);
    }]);
    assert!(
        matches!(&outcome, Outcome::Approved(approval) if approval.by == EvidenceKind::Policy),
        "{outcome:?}"
    );
    assert_eq!(bench.notes.said, [""; 0]);
}

/// A daemon that was taken over names a rule that there is not (I2).
#[test]
fn i2_the_daemon_cannot_invent_a_rule() {
    let script: fn(&mut Peer) = |peer| {
        peer.asked();
        peer.allow();
        assert!(matches!(peer.read(), FromGate::GiveUp { .. }));
    };
    let rulings = [
        None,
        ruling(Effect::Ask { timeout: None }),
        ruling(Effect::Deny { text: None }),
        ruling(Effect::Password),
    ];
    for own in rulings {
        let mut bench = Bench::new();
        bench.notes.ruling = own.clone();
        let outcome = bench.play(vec![script]);
        assert!(
            matches!(outcome, Outcome::Refused(_)),
            "{own:?}: {outcome:?}"
        );
    }
    let mut bench = Bench::new();
    bench.notes.ruling = ruling(Effect::Allow);
    bench.config.accept = vec![EvidenceKind::Terminal];
    let outcome = bench.play(vec![script]);
    assert_eq!(
        outcome,
        Outcome::Refused("root does not accept decisions by policy".to_owned())
    );
}

/// Not even down to the password, where root's fallback is "deny".
#[test]
fn the_password_takes_a_persons_place_only_where_roots_policy_says_so() {
    let script: fn(&mut Peer) = |peer| {
        peer.asked();
        peer.send(&ToGate::Password {
            rule: Some("r".to_owned()),
        });
        let _ = peer.0.read(&mut [0]);
    };
    let mut bench = Bench::new();
    bench.notes.ruling = ruling(Effect::Password);
    assert_eq!(
        bench.play(vec![script]),
        Outcome::Password {
            rule: Some("r".to_owned())
        }
    );
    let mut bench = Bench::new();
    bench.notes.ruling = ruling(Effect::Ask { timeout: None });
    let outcome = bench.play(vec![script]);
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[test]
fn contents_are_given_away_so_often_and_hold_up_nothing() {
    let mut bench = Bench::new();
    bench.notes.content = Some(b"echo".to_vec());
    let outcome = bench.play_one(|peer| {
        waiting(peer);
        for round in 0..MOST_CONTENTS {
            let [sha256, content] = match round {
                0 => [Hex32([2; 32]), Hex32([0; 32])],
                _ => [Hex32([1; 32]), Hex32([1; 32])],
            };
            peer.send(&ToGate::Show { sha256 });
            let expected = (content == sha256).then(|| Base64(b"echo".to_vec()));
            let told: FromGate = peer.read();
            assert_eq!(
                told,
                FromGate::Content {
                    sha256,
                    content: expected
                }
            );
        }
        peer.send(&ToGate::Show {
            sha256: Hex32([1; 32]),
        });
        peer.send(&ToGate::Expired);
    });
    assert_eq!(outcome, Outcome::Expired { seconds: 30 });
}

#[test]
fn i8_a_daemon_that_never_stops_talking_holds_up_nothing() {
    let mut bench = Bench::new();
    bench.timeout_ms = 200;
    let outcome = bench.play_one(|peer| {
        waiting(peer);
        let again = ToGate::Waiting {
            code: "K7Q2M".into(),
            channels: vec![],
            seconds: 30,
        };
        let frame = wire::encode(&again).unwrap();
        // Until the gate has hung up.
        while peer.0.write_all(&frame).is_ok() {}
    });
    assert_eq!(outcome, Outcome::Expired { seconds: 30 });
}
