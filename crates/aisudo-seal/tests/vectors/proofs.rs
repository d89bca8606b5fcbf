//! Proofs that count, and proofs in which one thing is wrong.

use aisudo_core::{
    base64url::Base64,
    device::{DeviceKey, HexBytes, PasskeyAlgorithm, Proof},
    raw::Hex32,
};
use aisudo_seal::{
    device::{Ed25519, Passkey, Signer},
    statement::{
        Statement,
        Why::{self, *},
    },
};

use crate::form::ProofCase;

/// Where the app of these tests comes from.
pub(crate) const APP: &str = "https://h.example:8443";

const RP: &str = "h.example";

pub(crate) fn proofs(statement: &Statement) -> Vec<ProofCase> {
    let bytes = statement.to_bytes().unwrap();
    let plain = Ed25519::from_seed(&[7; 32]);
    let es256 = Passkey::from_seed(PasskeyAlgorithm::Es256, &[7; 32], RP, APP).unwrap();
    let eddsa = Passkey::from_seed(PasskeyAlgorithm::EdDsa, &[7; 32], RP, APP).unwrap();
    let mut cases: Vec<(String, DeviceKey, Proof, Option<Why>)> = Vec::new();
    let mut add = |name: &str, key: DeviceKey, proof: Proof, why: Option<Why>| {
        cases.push((name.to_owned(), key, proof, why));
    };

    let signature = signature_of(plain.sign(&bytes));
    let plainly = |signature: Vec<u8>| Proof::Ed25519 {
        signature: Base64(signature),
    };
    add(
        "a plain signature",
        plain.key(),
        plainly(signature.clone()),
        None,
    );
    let other = Ed25519::from_seed(&[8; 32]).key();
    add(
        "a plain signature by another key",
        other,
        plainly(signature.clone()),
        Some(Signature),
    );
    add(
        "a plain signature, cut",
        plain.key(),
        plainly(signature[..63].to_vec()),
        Some(SignatureForm),
    );
    add(
        "a plain signature, s + L",
        plain.key(),
        plainly(plus_order(&signature)),
        Some(Signature),
    );
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = DeviceKey::Ed25519 {
        public: Hex32(identity),
    };
    let for_anything = plainly([identity, [0; 32]].concat());
    add("a key of small order", weak, for_anything, Some(Key));
    add(
        "a plain signature for a passkey",
        es256.key(),
        plainly(signature),
        Some(OtherKind),
    );

    for (name, passkey) in [("ES256", &es256), ("EdDSA", &eddsa)] {
        let mut add =
            |case: &str, proof, why| add(&format!("{name}: {case}"), passkey.key(), proof, why);
        let json = Passkey::client_data_json(&bytes, APP);
        let data = Passkey::authenticator_data(RP, 5);
        let told = |json: &str| passkey.sign_parts(data.clone(), json.as_bytes().to_vec());
        let by = |data: Vec<u8>| passkey.sign_parts(data, json.clone().into_bytes());
        add("an assertion", told(&json), None);
        let silent = json.replace(",\"crossOrigin\":false", "");
        add("nothing said of frames", told(&silent), None);
        let more = json.replacen('{', "{\"new\":{\"a\":[1]},", 1);
        add("more is said than we know", told(&more), None);
        add(
            "backed up, with a counter",
            by([&data[..32], &[0x1d, 0, 0, 0, 9]].concat()),
            None,
        );
        add(
            "nobody was there",
            by(Passkey::authenticator_data(RP, 4)),
            Some(UserPresence),
        );
        add(
            "nobody knows who was there",
            by(Passkey::authenticator_data(RP, 1)),
            Some(UserVerification),
        );
        add(
            "another relying party",
            by(Passkey::authenticator_data("example", 5)),
            Some(RelyingParty),
        );
        add(
            "too short",
            by(data[..36].to_vec()),
            Some(AuthenticatorData),
        );
        let other = Passkey::client_data_json(b"other bytes", APP);
        add("another statement", told(&other), Some(Challenge));
        let made = json.replace("webauthn.get", "webauthn.create");
        add("the making of a passkey", told(&made), Some(ClientDataType));
        let elsewhere = json.replace(APP, "https://h.example");
        add("another origin", told(&elsewhere), Some(Origin));
        let framed = json.replace("false", "true");
        add("in a frame", told(&framed), Some(CrossOrigin));
        let topped = json.replace("false", &format!("false,\"topOrigin\":\"{APP}\""));
        add("with an origin on top", told(&topped), Some(CrossOrigin));
        let cut = json.replace('}', "");
        add("no JSON", told(&cut), Some(ClientData));
        let Proof::Passkey {
            authenticator_data,
            client_data_json,
            signature,
        } = by(data.clone())
        else {
            panic!()
        };
        let with = |signature: Vec<u8>, counter: u8| {
            let mut data = authenticator_data.clone();
            data.0[36] = counter;
            Proof::Passkey {
                authenticator_data: data,
                client_data_json: client_data_json.clone(),
                signature: Base64(signature),
            }
        };
        add(
            "changed after it was signed",
            with(signature.0.clone(), 1),
            Some(Signature),
        );
        add("no signature", with(Vec::new(), 0), Some(SignatureForm));
        if name == "ES256" {
            let as_given = p256::ecdsa::Signature::from_der(&signature.0).unwrap();
            let (r, s) = as_given.split_scalars();
            let other = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
            add(
                "with n - s",
                with(other.to_der().as_bytes().to_vec(), 0),
                None,
            );
            add(
                "not in DER",
                with(as_given.to_bytes().to_vec(), 0),
                Some(SignatureForm),
            );
            let long = [&[0x30, 0x81], &signature.0[1..]].concat();
            add("not the shortest DER", with(long, 0), Some(SignatureForm));
        } else {
            add("s + L", with(plus_order(&signature.0), 0), Some(Signature));
        }
    }

    let mut off_curve = es256.key();
    if let DeviceKey::Passkey { public, .. } = &mut off_curve {
        *public = HexBytes([vec![4], vec![1; 64]].concat());
    }
    add(
        "a point that is not on the curve",
        off_curve,
        es256.sign(&bytes),
        Some(Key),
    );
    let cases = cases.into_iter();
    cases
        .map(|(name, key, proof, why)| ProofCase {
            name,
            key,
            statement: HexBytes(bytes.clone()),
            proof,
            why: why.map(|why| format!("{why:?}")),
        })
        .collect()
}

fn signature_of(proof: Proof) -> Vec<u8> {
    match proof {
        Proof::Ed25519 { signature } | Proof::Passkey { signature, .. } => signature.0,
    }
}

/// The order of the group of Ed25519, little-endian: RFC 8032, section 5.1.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A second form of an Ed25519 signature, which lax verifiers take.
fn plus_order(signature: &[u8]) -> Vec<u8> {
    let mut changed = signature.to_vec();
    let mut carry = 0;
    for (byte, more) in changed.iter_mut().skip(32).zip(L) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = u8::try_from(sum & 255).unwrap();
        carry = sum >> 8;
    }
    changed
}
