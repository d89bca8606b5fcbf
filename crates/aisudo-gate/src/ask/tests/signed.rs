//! Decisions that a device has signed, carried by a daemon that says what it likes.

use aisudo_core::{
    approvers::{Approver, Device},
    device::{DeviceKey, PasskeyAlgorithm, Proof},
    evidence::SignalForm,
};
use aisudo_seal::device::{Ed25519, Passkey, Signer};

use super::*;

const ORIGIN: &str = "https://h.example";

fn phone() -> Ed25519 {
    Ed25519::from_seed(&[1; 32])
}

fn passkey(algorithm: PasskeyAlgorithm) -> Passkey {
    Passkey::from_seed(algorithm, &[2; 32], "h.example", ORIGIN).unwrap()
}

fn listed(key: DeviceKey) -> Approvers {
    Approvers {
        version: 1,
        approvers: vec![Approver {
            name: "owner".to_owned(),
            signal: None,
            devices: vec![Device {
                label: "phone".to_owned(),
                key,
                seal: Hex32([0x5e; 32]),
                since_ms: 1,
            }],
        }],
    }
}

/// What the phone is asked to sign, for the request of these tests.
fn statement() -> Statement {
    let decision = decision(Verdict::Approve);
    Statement {
        digest: decision.digest,
        nonce: decision.nonce,
        verdict: Verdict::Approve,
        note: String::new(),
        at_ms: 5,
    }
}

/// A yes with a signature over this.
fn signed(signer: &impl Signer, statement: &Statement) -> Decision {
    let proof = signer.sign(&statement.to_bytes().unwrap());
    with_evidence(signer.key().id(), statement.at_ms, proof)
}

fn with_evidence(device: aisudo_core::device::KeyId, signed_at_ms: u64, proof: Proof) -> Decision {
    Decision {
        approver: "owner".to_owned(),
        evidence: Evidence::App(Box::new(AppEvidence {
            device,
            signed_at_ms,
            proof,
        })),
        ..decision(Verdict::Approve)
    }
}

/// The daemon says this, and that it has recorded the release.
fn outcome_of(approvers: Approvers, decision: Decision) -> Outcome {
    let mut bench = Bench::new();
    bench.config.accept = vec![EvidenceKind::App];
    bench.notes.approvers = approvers;
    bench.play_one(move |peer| {
        peer.asked();
        let both = [ToGate::Decided { decision }, ToGate::Released];
        let both = both.map(|message| wire::encode(&message).unwrap());
        peer.0.write_all(&both.concat()).unwrap();
        let _ = peer.0.read_to_end(&mut Vec::new());
    })
}

fn refused(outcome: &Outcome, why: &str) {
    assert!(
        matches!(outcome, Outcome::Refused(said) if said.contains(why)),
        "{why}: {outcome:?}"
    );
}

#[test]
fn a_yes_that_a_listed_device_has_signed_is_let_through() {
    let yes = signed(&phone(), &statement());
    let outcome = outcome_of(listed(phone().key()), yes);
    assert!(matches!(
        outcome,
        Outcome::Approved(Approval { by: EvidenceKind::App, ref approver, .. }) if approver == "owner"
    ));
    for algorithm in [PasskeyAlgorithm::Es256, PasskeyAlgorithm::EdDsa] {
        let passkey = passkey(algorithm);
        let yes = signed(&passkey, &statement());
        let outcome = outcome_of(listed(passkey.key()), yes);
        assert!(matches!(outcome, Outcome::Approved(_)), "{outcome:?}");
    }
}

/// With `accept = ["app"]`, nothing that the daemon says by itself counts.
#[test]
fn i2_a_daemon_that_was_taken_over_cannot_approve_by_its_own_word() {
    let signal = Evidence::Signal(Box::new(aisudo_core::evidence::SignalEvidence {
        account: String::new(),
        sender: uuid::Uuid::nil(),
        identity: String::new(),
        device: 1,
        asked_at_ms: 1,
        answered_at_ms: 1,
        received_at_ms: 1,
        form: SignalForm::Code,
    }));
    for evidence in [Evidence::Terminal { uid: 0, pid: 1 }, signal] {
        let kind = evidence.kind().name();
        let yes = Decision {
            evidence,
            ..decision(Verdict::Approve)
        };
        let outcome = outcome_of(listed(phone().key()), yes);
        refused(
            &outcome,
            &format!("root does not accept decisions by {kind}"),
        );
    }
}

#[test]
fn i3_a_signature_for_anything_else_lets_nothing_through() {
    let changes: [fn(&mut Statement); 4] = [
        |other| other.digest = Hex32([9; 32]),
        |other| other.nonce = Hex32([9; 32]),
        |other| other.verdict = Verdict::Deny,
        |other| other.note = "only this once".to_owned(),
    ];
    for change in changes {
        let mut other = statement();
        change(&mut other);
        let outcome = outcome_of(listed(phone().key()), signed(&phone(), &other));
        refused(&outcome, "the signature does not fit");
    }
    let mut later = signed(&phone(), &statement());
    if let Evidence::App(evidence) = &mut later.evidence {
        evidence.signed_at_ms += 1;
    }
    refused(
        &outcome_of(listed(phone().key()), later),
        "the signature does not fit",
    );
}

#[test]
fn a14_a_device_that_is_not_in_roots_list_lets_nothing_through() {
    let yes = signed(&phone(), &statement());
    let not_listed = "never paired, or revoked";
    refused(&outcome_of(Approvers::default(), yes.clone()), not_listed);
    let other = Ed25519::from_seed(&[3; 32]).key();
    refused(&outcome_of(listed(other.clone()), yes.clone()), not_listed);
    // In another approver's name.
    let in_the_name_of = Decision {
        approver: "second".to_owned(),
        ..yes.clone()
    };
    refused(
        &outcome_of(listed(phone().key()), in_the_name_of),
        not_listed,
    );
    // Under the name of a key that is listed.
    let proof = phone().sign(&statement().to_bytes().unwrap());
    let borrowed = with_evidence(other.id(), 5, proof);
    refused(
        &outcome_of(listed(other), borrowed),
        "the signature does not fit",
    );
}
