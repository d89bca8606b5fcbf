//! Decisions that a device has signed. The test is the daemon, and says what it likes: with
//! `accept = ["app"]` the daemon is a courier, and the gate inside the real sudo judges by itself.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    thread,
};

use aisudo_core::{
    device::DeviceKey,
    digest::request_digest,
    evidence::{AppEvidence, Decision, Evidence, Verdict},
    request::Request,
    wire::{FromGate, Hello, ToGate, decode, encode, frame_length},
};
use aisudo_e2e::{PATIENCE, agent};
use aisudo_seal::{
    device::{Ed25519, Signer},
    statement::Statement,
};
use aisudo_testbed::{DEFAULT_CONFIG, Output, World};

/// The approver's phone.
fn phone() -> Ed25519 {
    Ed25519::from_seed(&[1; 32])
}

/// Only what this phone has signed lets a command run.
fn world() -> (World, UnixListener) {
    let world = World::new();
    world.config(
        &DEFAULT_CONFIG
            .replace("[\"terminal\", \"policy\"]", "[\"app\"]")
            .replace("fallback = \"password\"", "fallback = \"deny\""),
    );
    let DeviceKey::Ed25519 { public } = phone().key() else {
        panic!("the phone has an Ed25519 key")
    };
    world.approvers(&format!(
        "version = 1\n[[approver]]\nname = \"owner\"\n[[approver.device]]\nlabel = \"phone\"\nkey = {{ kind = \"ed25519\", public = \"{public}\" }}\nseal = \"{}\"\nsince_ms = 1\n",
        "5e".repeat(32)
    ));
    let listener =
        UnixListener::bind("/run/aisudo/gate.sock").expect("listen in the daemon's place");
    (world, listener)
}

/// One frame's content.
fn read(gate: &mut UnixStream) -> Vec<u8> {
    let mut header = [0; 4];
    gate.read_exact(&mut header).expect("a header");
    let mut json = vec![0; frame_length(header).expect("a length")];
    gate.read_exact(&mut json).expect("a frame");
    json
}

/// Answers the next question with this decision, and says that its release is recorded.
fn sudo_that_hears(
    world: &World,
    listener: UnixListener,
    decide: impl FnOnce(&str, &Request) -> Decision + Send + 'static,
) -> Output {
    let daemon = thread::spawn(move || {
        let (mut gate, _) = listener.accept().expect("a gate");
        decode::<Hello>(&read(&mut gate)).expect("a greeting");
        let FromGate::Ask { request, .. } = decode(&read(&mut gate)).expect("a question") else {
            panic!("no question")
        };
        let facts = Request::parse(&request).expect("a request");
        let decision = decide(&request, &facts);
        let both = [ToGate::Decided { decision }, ToGate::Released];
        let both = both.map(|one| encode(&one).expect("a frame"));
        gate.write_all(&both.concat()).expect("an answer");
        // Until the gate is done.
        let _ = gate.read_to_end(&mut Vec::new());
    });
    let done = agent(world).shell("sudo id -u").wait(PATIENCE);
    daemon.join().expect("the daemon's part");
    done
}

/// A yes to this request, with whatever evidence.
fn yes(request: &str, facts: &Request, evidence: Evidence) -> Decision {
    Decision {
        id: facts.id,
        digest: request_digest(request.as_bytes()),
        nonce: facts.nonce,
        verdict: Verdict::Approve,
        approver: "owner".to_owned(),
        note: None,
        at_ms: 1,
        evidence,
    }
}

/// What the phone says to these bytes.
fn signed(phone: &Ed25519, bytes: &str, facts: &Request, verdict: Verdict) -> Evidence {
    let statement = Statement {
        digest: request_digest(bytes.as_bytes()),
        nonce: facts.nonce,
        verdict,
        note: String::new(),
        at_ms: 7,
    };
    let proof = phone.sign(&statement.to_bytes().expect("a short note"));
    Evidence::App(Box::new(AppEvidence {
        device: phone.key().id(),
        signed_at_ms: 7,
        proof,
    }))
}

fn nothing_ran(done: &Output, why: &str) {
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
    assert!(done.stderr.contains(why), "{done}");
}

#[test]
fn what_the_phone_signed_runs_whoever_carried_it() {
    let (world, listener) = world();
    let done = sudo_that_hears(&world, listener, |request, facts| {
        let evidence = signed(&phone(), request, facts, Verdict::Approve);
        yes(request, facts, evidence)
    });
    assert_eq!(done.stdout, "0\n", "{done}");
    assert!(done.stderr.contains("approved by owner"), "{done}");
}

#[test]
fn i2_a_daemon_that_was_taken_over_lets_nothing_run_by_its_own_word() {
    let (world, listener) = world();
    let done = sudo_that_hears(&world, listener, |request, facts| {
        yes(request, facts, Evidence::Terminal { uid: 0, pid: 1 })
    });
    nothing_ran(&done, "root does not accept decisions by terminal");
}

#[test]
fn i3_a_yes_to_another_command_a_no_and_anothers_key_let_nothing_run() {
    let fits_not = "the approver's device did not sign this: the signature does not fit";
    let (world, listener) = world();
    let done = sudo_that_hears(&world, listener, |request, facts| {
        let other = request.replace("\"id\",\"-u\"", "\"id\",\"-g\"");
        assert_ne!(other, request);
        let evidence = signed(&phone(), &other, facts, Verdict::Approve);
        yes(request, facts, evidence)
    });
    nothing_ran(&done, fits_not);
    drop(world);

    let (world, listener) = self::world();
    let done = sudo_that_hears(&world, listener, |request, facts| {
        let evidence = signed(&phone(), request, facts, Verdict::Deny);
        yes(request, facts, evidence)
    });
    nothing_ran(&done, fits_not);
    drop(world);

    let (world, listener) = self::world();
    let done = sudo_that_hears(&world, listener, |request, facts| {
        let stranger = Ed25519::from_seed(&[2; 32]);
        let evidence = signed(&stranger, request, facts, Verdict::Approve);
        yes(request, facts, evidence)
    });
    nothing_ran(&done, "never paired, or revoked");
}

/// Also one that root has just taken off the list.
#[test]
fn a14_a_revoked_phone_lets_nothing_run() {
    let (world, listener) = world();
    world.approvers("version = 1\n[[approver]]\nname = \"owner\"\n");
    let done = sudo_that_hears(&world, listener, |request, facts| {
        let evidence = signed(&phone(), request, facts, Verdict::Approve);
        yes(request, facts, evidence)
    });
    nothing_ran(&done, "never paired, or revoked");
}
