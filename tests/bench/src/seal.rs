//! Sealing and signing, against libsodium's own on the same bytes.

use std::time::Instant;

use aisudo_core::{device::DeviceKey, evidence::Verdict, raw::Hex32};
use aisudo_seal::{
    device::{Ed25519, Signer},
    envelope::{Envelope, Kind, SecretKey, seal},
    statement::{Statement, verify},
};
use rand_core::OsRng;
use serde_json::json;

use crate::Scale;
use crate::sodium::Sodium;
use crate::table::{Samples, Table};

/// As long as a usual request with what stands around it.
const BODY: usize = 2500;

const ROUNDS: usize = 15;

pub(crate) fn measure(scale: Scale, table: &mut Table) {
    let sodium = Sodium::load();
    let (host, phone) = (
        SecretKey::generate(&mut OsRng),
        SecretKey::generate(&mut OsRng),
    );
    let body = vec![b'x'; BODY];
    let sealed = seal(Kind::Request, &host, phone.public(), &body, &mut OsRng).expect("it fits");
    let keys = sodium.box_keys();
    let (nonce, boxed) = sodium.seal(&body, &keys);
    compare(
        scale,
        table,
        "(h) seal a message of 2.5 kB against crypto_box_easy",
        || {
            drop(seal(
                Kind::Request,
                &host,
                phone.public(),
                &body,
                &mut OsRng,
            ))
        },
        || drop(sodium.seal(&body, &keys)),
    );
    compare(
        scale,
        table,
        "(h) open it against crypto_box_open_easy",
        || {
            let envelope = Envelope::parse(&sealed).expect("an envelope");
            envelope.open(&phone, host.public()).expect("it opens");
        },
        || assert!(sodium.open(&nonce, &boxed, &keys)),
    );
    let signer = Ed25519::from_seed(&[7; 32]);
    let statement = Statement {
        digest: Hex32([1; 32]),
        nonce: Hex32([2; 32]),
        verdict: Verdict::Approve,
        note: String::new(),
        at_ms: 3,
    };
    let bytes = statement.to_bytes().expect("a short note");
    let proof = signer.sign(&bytes);
    let key: DeviceKey = signer.key();
    let pair = sodium.sign_keys();
    let signature = sodium.sign(&bytes, &pair);
    compare(
        scale,
        table,
        "(h) sign a statement (a phone does) against crypto_sign_detached",
        || drop(signer.sign(&bytes)),
        || {
            sodium.sign(&bytes, &pair);
        },
    );
    compare(
        scale,
        table,
        "(h) verify it, as in sudo, against crypto_sign_verify_detached",
        || verify(&statement, &proof, &key).expect("it verifies"),
        || assert!(sodium.verify(&bytes, &signature, &pair)),
    );
}

/// In turns, so that both see the same machine.
fn compare(scale: Scale, table: &mut Table, what: &str, ours: impl Fn(), theirs: impl Fn()) {
    let (mut own, mut other, mut ratios) = <(Samples, Samples, Samples)>::default();
    let many = scale.decisions;
    for _ in 0..ROUNDS {
        let (one, two) = (per_second(many, &ours), per_second(many, &theirs));
        own.0.push(one);
        other.0.push(two);
        ratios.0.push(two / one);
    }
    table.row(
        what,
        format!(
            "{:.2}x the time ({:.0} against {:.0} a second)",
            ratios.median(),
            own.median(),
            other.median()
        ),
        None,
        json!({"ratio": ratios.json(), "per_second": own.json(), "libsodium_per_second": other.json()}),
    );
}

fn per_second(many: usize, what: &impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..many {
        what();
    }
    many as f64 / start.elapsed().as_secs_f64()
}
