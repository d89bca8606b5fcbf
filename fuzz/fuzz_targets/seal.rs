//! Whatever comes from a phone, a carrier or a link is read or refused: nothing is believed that was not
//! signed, nothing opens that was not sealed, and what is read has one form.
//!
//! The first byte says what the rest is.
#![no_main]

use std::sync::LazyLock;

use aisudo_core::{
    base64url::Base64,
    device::{DeviceKey, PasskeyAlgorithm, Proof},
    evidence::Verdict,
    raw::Hex32,
    state::Tick,
};
use aisudo_fuzz::one_line;
use aisudo_seal::{
    device::{Ed25519, Passkey, Signer, pairing::answer},
    envelope::{Envelope, Kind, SIZES, SecretKey, seal},
    pairing::{Host, Link, Offer},
    statement::{Signed, Statement, verify},
};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const APP: &str = "https://h.example";

struct World {
    host: SecretKey,
    phone: SecretKey,
    passkey: Passkey,
    listed: [DeviceKey; 2],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = |byte| SecretKey::from_bytes(&[byte; 32]).expect("a key");
    let passkey = Passkey::from_seed(PasskeyAlgorithm::EdDsa, &[3; 32], "h.example", APP);
    let passkey = passkey.expect("a passkey");
    World {
        host: key(1),
        phone: key(2),
        listed: [Ed25519::from_seed(&[4; 32]).key(), passkey.key()],
        passkey,
    }
});

fuzz_target!(|input: &[u8]| {
    let Some((what, rest)) = input.split_first() else {
        return;
    };
    match what {
        b'e' => envelope(rest),
        b'b' => body(rest),
        b's' => statement(rest),
        b'j' => signed(rest),
        b'c' => client_data(rest),
        b'l' => link(rest),
        b'p' => pairing(rest),
        _ => {}
    }
});

fn envelope(bytes: &[u8]) {
    let World { host, phone, .. } = &*WORLD;
    match Envelope::parse(bytes) {
        Ok(envelope) => {
            assert!(SIZES.contains(&bytes.len()));
            envelope
                .open(phone, host.public())
                .expect_err("unforgeable");
        }
        Err(error) => one_line(&error.to_string()),
    }
}

fn body(bytes: &[u8]) {
    let World { host, phone, .. } = &*WORLD;
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let sealed = seal(Kind::Update, host, phone.public(), bytes, &mut rng).expect("short");
    let envelope = Envelope::parse(&sealed).expect("an envelope");
    let opened = envelope.open(phone, host.public()).expect("ours");
    assert_eq!(&opened.body[..], bytes);
}

fn statement(bytes: &[u8]) {
    if let Some(statement) = Statement::from_bytes(bytes) {
        assert_eq!(statement.to_bytes().as_deref(), Ok(bytes));
    }
}

fn signed(bytes: &[u8]) {
    if let Ok(signed) = serde_json::from_slice::<Signed>(bytes) {
        let why = signed.verify(&WORLD.listed).expect_err("unforgeable");
        one_line(&why.to_string());
        let again = serde_json::to_vec(&signed).expect("JSON");
        assert_eq!(serde_json::from_slice::<Signed>(&again).ok(), Some(signed));
    }
}

/// Signed by a listed passkey, and still only what a browser says of this very statement.
fn client_data(bytes: &[u8]) {
    let statement = Statement {
        digest: Hex32([1; 32]),
        nonce: Hex32([2; 32]),
        verdict: Verdict::Approve,
        note: String::new(),
        at_ms: 0,
    };
    let passkey = &WORLD.passkey;
    let data = Passkey::authenticator_data("h.example", 5);
    let proof = passkey.sign_parts(data, bytes.to_vec());
    match verify(&statement, &proof, &passkey.key()) {
        Ok(()) => {
            let json: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
            assert_eq!(json["type"], "webauthn.get");
            assert_eq!(json["origin"], APP);
            let message = statement.to_bytes().expect("short");
            let honest = Passkey::client_data_json(&message, APP);
            let honest: serde_json::Value = serde_json::from_str(&honest).expect("JSON");
            assert_eq!(json["challenge"], honest["challenge"]);
        }
        Err(why) => one_line(&why.to_string()),
    }
    // The same bytes as an authenticator's part.
    let json = Base64(Vec::new());
    let proof = Proof::Passkey {
        authenticator_data: Base64(bytes.to_vec()),
        client_data_json: json.clone(),
        signature: json,
    };
    verify(&statement, &proof, &passkey.key()).expect_err("not signed");
}

fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(link) = Link::from_fragment(text) {
        assert_eq!(*link.fragment(), text);
    }
}

/// The body of a message to a host that has shown a link; then the link itself is answered.
fn pairing(bytes: &[u8]) {
    let World {
        host,
        phone,
        passkey,
        ..
    } = &*WORLD;
    let mut rng = ChaCha20Rng::from_seed([6; 32]);
    let who = Host {
        name: "h",
        key: host.public(),
        address: "",
        app: APP,
    };
    let offer = Offer::new(who, Tick(0), 0, &mut rng).expect("a link");
    let sealed = seal(Kind::Pairing, phone, host.public(), bytes, &mut rng).expect("short");
    let message = [&phone.public().to_bytes()[..], &sealed].concat();
    let refused = offer
        .answer(&message, host, Tick(0))
        .expect_err("not answered");
    one_line(&refused.why.to_string());
    let offer = refused.state;
    let link = Link::from_fragment(offer.url().strip_prefix(APP).expect("ours")).expect("ours");
    let label = String::from_utf8_lossy(bytes);
    let (waiting, message) = answer(&link, phone, passkey, &label, &mut rng).expect("short");
    match offer.answer(&message, host, Tick(0)) {
        Ok(answered) => {
            assert_eq!(answered.device().label, label);
            let reveal = answered.reveal(host, &mut rng).expect("short");
            assert_eq!(waiting.hear(&reveal, phone), Ok(answered.words()));
        }
        Err(refused) => assert!(label.is_empty() || label.len() > 64, "{}", refused.why),
    }
}
