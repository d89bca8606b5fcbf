use aisudo_core::{
    base64url::Base64,
    device::{HexBytes, PasskeyAlgorithm},
};
use p256::elliptic_curve::scalar::IsHigh;
use proptest::prelude::*;

use super::*;
use crate::device::{Ed25519, Passkey, Signer};

const RP: &str = "h.example";
const ORIGIN: &str = "https://h.example:8443";

fn statement() -> Statement {
    Statement {
        digest: Hex32([1; 32]),
        nonce: Hex32([2; 32]),
        verdict: Verdict::Approve,
        note: String::new(),
        at_ms: 1_700_000_000_000,
    }
}

fn passkey(algorithm: PasskeyAlgorithm) -> Passkey {
    Passkey::from_seed(algorithm, &[7; 32], RP, ORIGIN).unwrap()
}

fn signers() -> [Box<dyn Signer>; 3] {
    [
        Box::new(Ed25519::from_seed(&[7; 32])),
        Box::new(passkey(PasskeyAlgorithm::Es256)),
        Box::new(passkey(PasskeyAlgorithm::EdDsa)),
    ]
}

/// Written out by hand from the table.
#[test]
fn the_form_is_fixed() {
    let bytes = Statement {
        verdict: Verdict::Deny,
        note: "né".to_owned(),
        at_ms: 0x0102_0304_0506_0708,
        ..statement()
    }
    .to_bytes()
    .unwrap();
    let mut expected = b"aisudo decision v1\0".to_vec();
    expected.extend([1; 32]);
    expected.extend([2; 32]);
    expected.extend(b"N\x01\x02\x03\x04\x05\x06\x07\x08\0\x03n\xc3\xa9");
    assert_eq!(bytes, expected);
}

#[test]
fn a_statement_is_read_whole_or_not_at_all() {
    let whole = Statement {
        note: "no".to_owned(),
        ..statement()
    }
    .to_bytes()
    .unwrap();
    assert!(Statement::from_bytes(&whole).is_some());
    for length in 0..whole.len() {
        assert_eq!(Statement::from_bytes(&whole[..length]), None, "{length}");
    }
    assert_eq!(Statement::from_bytes(&[&whole[..], b"\0"].concat()), None);
    let changed = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        Statement::from_bytes(&bytes)
    };
    assert_eq!(changed(17, b'2'), None, "another version");
    for byte in (0..=255).filter(|byte| !b"YN".contains(byte)) {
        assert_eq!(changed(83, byte), None, "verdict {byte}");
    }
    assert_eq!(changed(94, 0xff), None, "not UTF-8");
}

#[test]
fn a_note_has_500_bytes_at_most() {
    let with = |bytes: usize| Statement {
        note: "n".repeat(bytes),
        ..statement()
    };
    let longest = with(500).to_bytes().unwrap();
    assert_eq!(Statement::from_bytes(&longest), Some(with(500)));
    for length in [501, 65_535, 65_536] {
        assert_eq!(with(length).to_bytes(), Err(Why::Note));
    }
    let mut longer = longest;
    longer.push(b'n');
    longer[92..94].copy_from_slice(&501_u16.to_be_bytes());
    assert_eq!(Statement::from_bytes(&longer), None);
}

#[test]
fn each_kind_of_key_signs_what_it_signs_and_nothing_else() {
    for signer in signers() {
        let signed = signer.answer(statement()).unwrap();
        let key = signer.key();
        assert_eq!(check_key(&key), Ok(()));
        assert_eq!(signed.verify([&key]), Ok(()));
        let mut others = vec![statement(); 5];
        others[0].digest.0[31] ^= 1;
        others[1].nonce.0[0] ^= 128;
        others[2].verdict = Verdict::Deny;
        others[3].note.push(' ');
        others[4].at_ms += 1;
        for other in others {
            let why = verify(&other, &signed.proof, &key).unwrap_err();
            let expected = match key {
                DeviceKey::Ed25519 { .. } => Why::Signature,
                DeviceKey::Passkey { .. } => Why::Challenge,
            };
            assert_eq!(why, expected, "{other:?}");
        }
    }
}

#[test]
fn the_signed_form_survives_json() {
    for signer in signers() {
        let signed = signer.answer(statement()).unwrap();
        let json = serde_json::to_string(&signed).unwrap();
        assert_eq!(serde_json::from_str::<Signed>(&json).unwrap(), signed);
    }
}

/// The longest note beside the longest usual proof still fits the class in which every answer is sent.
#[test]
fn a_yes_and_a_long_no_are_of_one_size() {
    let signed = passkey(PasskeyAlgorithm::Es256)
        .answer(Statement {
            note: "n".repeat(500),
            verdict: Verdict::Deny,
            ..statement()
        })
        .unwrap();
    let json = serde_json::to_string(&signed).unwrap();
    assert!(json.len() < 1800, "{}", json.len());
}

#[test]
fn a14_a_device_that_was_never_paired_or_was_revoked() {
    let signer = Ed25519::from_seed(&[7; 32]);
    let other = Ed25519::from_seed(&[8; 32]);
    let signed = signer.answer(statement()).unwrap();
    assert_eq!(signed.verify([]), Err(Why::NotListed));
    assert_eq!(signed.verify([&other.key()]), Err(Why::NotListed));
    assert_eq!(signed.verify([&other.key(), &signer.key()]), Ok(()));
    // Under the name of a device that is listed.
    let borrowed = Signed {
        device: other.key().id(),
        ..signed
    };
    assert_eq!(borrowed.verify([&other.key()]), Err(Why::Signature));
}

#[test]
fn a14_a_device_whose_clock_is_off_by_a_day() {
    let signer = Ed25519::from_seed(&[7; 32]);
    for at_ms in [0, 1_700_000_000_000 - 86_400_000, u64::MAX] {
        let late = Statement {
            at_ms,
            ..statement()
        };
        let signed = signer.answer(late.clone()).unwrap();
        assert_eq!(signed.verify([&signer.key()]), Ok(()));
        assert_eq!(signed.statement, late, "its time is told as it said it");
    }
}

#[test]
fn a_proof_of_another_kind() {
    let [plain, passkey, _] = signers();
    let message = statement();
    let of_plain = plain.answer(message.clone()).unwrap().proof;
    let of_passkey = passkey.answer(message.clone()).unwrap().proof;
    let other_kind = Err(Why::OtherKind);
    assert_eq!(verify(&message, &of_plain, &passkey.key()), other_kind);
    assert_eq!(verify(&message, &of_passkey, &plain.key()), other_kind);
}

/// The same key as a plain one and as a passkey: neither stands for the other.
#[test]
fn a_plain_signature_is_no_assertion() {
    let DeviceKey::Ed25519 { public } = Ed25519::from_seed(&[7; 32]).key() else {
        panic!()
    };
    assert_eq!(passkey(PasskeyAlgorithm::EdDsa).key().public(), public.0);
    let bytes = statement().to_bytes().unwrap();
    let Proof::Ed25519 { signature } = Ed25519::from_seed(&[7; 32]).sign(&bytes) else {
        panic!()
    };
    let dressed = Proof::Passkey {
        authenticator_data: Base64(Passkey::authenticator_data(RP, 5)),
        client_data_json: Base64(Passkey::client_data_json(&bytes, ORIGIN).into_bytes()),
        signature,
    };
    let key = passkey(PasskeyAlgorithm::EdDsa).key();
    assert_eq!(verify(&statement(), &dressed, &key), Err(Why::Signature));
}

/// An assertion in which one thing is not as it should be, though signed.
#[test]
fn each_part_of_an_assertion_is_looked_at() {
    let message = statement().to_bytes().unwrap();
    let json = Passkey::client_data_json(&message, ORIGIN);
    let other = Passkey::client_data_json(b"something else", ORIGIN);
    let data = |flags| Passkey::authenticator_data(RP, flags);
    let with = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        json.replace(from, to)
    };
    let cases = [
        (data(5), json.clone(), Ok(())),
        (data(0x1d), json.clone(), Ok(())),
        (data(5), with(",\"crossOrigin\":false", ""), Ok(())),
        (data(5), with("{", "{\"later\":[1],"), Ok(())),
        (data(4), json.clone(), Err(Why::UserPresence)),
        (data(1), json.clone(), Err(Why::UserVerification)),
        (
            Passkey::authenticator_data("example", 5),
            json.clone(),
            Err(Why::RelyingParty),
        ),
        (
            data(5)[..36].to_vec(),
            json.clone(),
            Err(Why::AuthenticatorData),
        ),
        (
            [&data(5)[..], &[0; 988]].concat(),
            json.clone(),
            Err(Why::AuthenticatorData),
        ),
        (data(5), other, Err(Why::Challenge)),
        (
            data(5),
            with("webauthn.get", "webauthn.create"),
            Err(Why::ClientDataType),
        ),
        (data(5), with(ORIGIN, "https://h.example"), Err(Why::Origin)),
        (
            data(5),
            with(ORIGIN, "https://h.example:8443/"),
            Err(Why::Origin),
        ),
        (
            data(5),
            with(ORIGIN, "http://h.example:8443"),
            Err(Why::Origin),
        ),
        (data(5), with("false", "true"), Err(Why::CrossOrigin)),
        (data(5), with("false", "null"), Err(Why::ClientData)),
        (
            data(5),
            with("false", "false,\"topOrigin\":\"https://h.example:8443\""),
            Err(Why::CrossOrigin),
        ),
        (
            data(5),
            with("}", ",\"challenge\":\"AA\"}"),
            Err(Why::ClientData),
        ),
        (data(5), with("}", ""), Err(Why::ClientData)),
        (data(5), with("}", "}{}"), Err(Why::ClientData)),
        (
            data(5),
            with("{", &format!("{{\"x\":\"{}\",", "y".repeat(4096))),
            Err(Why::ClientData),
        ),
    ];
    for algorithm in [PasskeyAlgorithm::Es256, PasskeyAlgorithm::EdDsa] {
        let passkey = passkey(algorithm);
        for (data, json, expected) in &cases {
            let proof = passkey.sign_parts(data.clone(), json.clone().into_bytes());
            assert_eq!(
                verify(&statement(), &proof, &passkey.key()),
                *expected,
                "{json}"
            );
        }
    }
}

/// What was signed cannot be changed afterwards, also where the change is harmless.
#[test]
fn an_assertion_is_signed_as_a_whole() {
    for algorithm in [PasskeyAlgorithm::Es256, PasskeyAlgorithm::EdDsa] {
        let passkey = passkey(algorithm);
        let Proof::Passkey {
            authenticator_data,
            client_data_json,
            signature,
        } = passkey.answer(statement()).unwrap().proof
        else {
            panic!()
        };
        let check = |data: &[u8], json: &[u8]| {
            let proof = Proof::Passkey {
                authenticator_data: Base64(data.to_vec()),
                client_data_json: Base64(json.to_vec()),
                signature: signature.clone(),
            };
            verify(&statement(), &proof, &passkey.key())
        };
        assert_eq!(check(&authenticator_data.0, &client_data_json.0), Ok(()));
        let counted = [&authenticator_data.0[..36], &[1]].concat();
        assert_eq!(check(&counted, &client_data_json.0), Err(Why::Signature));
        let blank = [&client_data_json.0[..], b" "].concat();
        assert_eq!(check(&authenticator_data.0, &blank), Err(Why::Signature));
    }
}

#[test]
fn es256_signatures_count_with_either_s() {
    let passkey = passkey(PasskeyAlgorithm::Es256);
    let (mut low, mut high) = (0, 0);
    for at_ms in 0..16 {
        let mut signed = passkey
            .answer(Statement {
                at_ms,
                ..statement()
            })
            .unwrap();
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        let as_given = p256::ecdsa::Signature::from_der(&signature.0).unwrap();
        if bool::from(as_given.s().is_high()) {
            high += 1;
        } else {
            low += 1;
        }
        let (r, s) = as_given.split_scalars();
        let other = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
        assert_eq!(signed.verify([&passkey.key()]), Ok(()));
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        *signature = Base64(other.to_der().as_bytes().to_vec());
        assert_eq!(signed.verify([&passkey.key()]), Ok(()));
    }
    assert!(low > 0 && high > 0, "both came up");
}

#[test]
fn es256_signatures_and_keys_have_one_encoding() {
    let passkey = passkey(PasskeyAlgorithm::Es256);
    let signed = passkey.answer(statement()).unwrap();
    let Proof::Passkey { signature, .. } = &signed.proof else {
        panic!()
    };
    let der = signature.0.clone();
    let raw = p256::ecdsa::Signature::from_der(&der).unwrap().to_bytes().to_vec();
    for wrong in [
        raw,
        [&der[..], &[0]].concat(),
        [&[0x30, 0x81], &der[1..]].concat(),
        // r = s = 0
        vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        Vec::new(),
    ] {
        let mut signed = signed.clone();
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        *signature = Base64(wrong);
        assert_eq!(signed.verify([&passkey.key()]), Err(Why::SignatureForm));
    }
    let point = passkey.key().public().to_vec();
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    for wrong in [
        compressed,
        off_curve,
        vec![0],
        point[1..].to_vec(),
        [&[6], &point[1..]].concat(),
    ] {
        let mut key = passkey.key();
        let DeviceKey::Passkey { public, .. } = &mut key else {
            panic!()
        };
        *public = HexBytes(wrong);
        assert_eq!(check_key(&key), Err(Why::Key), "{key:?}");
        assert_eq!(verify(&statement(), &signed.proof, &key), Err(Why::Key));
    }
}

/// The order of the group, little-endian: RFC 8032, section 5.1.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn an_ed25519_signature_has_no_second_form() {
    let signer = Ed25519::from_seed(&[7; 32]);
    let mut signed = signer.answer(statement()).unwrap();
    let Proof::Ed25519 { signature } = &mut signed.proof else {
        panic!()
    };
    let mut carry = 0;
    for (byte, more) in signature.0[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = u8::try_from(sum & 255).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(signed.verify([&signer.key()]), Err(Why::Signature));
    for length in [0, 63, 65] {
        signed.proof = Proof::Ed25519 {
            signature: Base64(vec![0; length]),
        };
        assert_eq!(signed.verify([&signer.key()]), Err(Why::SignatureForm));
    }
}

/// With such a key, R = A and s = 0 is a signature for anything.
#[test]
fn a_key_of_small_order_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let key = DeviceKey::Ed25519 {
        public: Hex32(identity),
    };
    let proof = Proof::Ed25519 {
        signature: Base64([identity, [0; 32]].concat()),
    };
    assert_eq!(check_key(&key), Err(Why::Key));
    assert_eq!(verify(&statement(), &proof, &key), Err(Why::Key));
}

/// y and y + 2²⁵⁵ − 19 are one point to the decoder.
#[test]
fn a_key_has_one_form() {
    let mut strong = 0;
    for low in 0xed..=0xff {
        for last in [0x7f, 0xff] {
            let mut public = [0xff; 32];
            public[0] = low;
            public[31] = last;
            let key = DeviceKey::Ed25519 {
                public: Hex32(public),
            };
            assert_eq!(check_key(&key), Err(Why::Key), "{key:?}");
            let decoded = ed25519_dalek::VerifyingKey::from_bytes(&public);
            strong += usize::from(decoded.is_ok_and(|key| !key.is_weak()));
        }
    }
    assert!(strong > 0, "only the form is wrong with some of them");
}

#[test]
fn every_reason_is_said_in_its_own_words() {
    let all = [
        Why::Note,
        Why::NotListed,
        Why::OtherKind,
        Why::Key,
        Why::SignatureForm,
        Why::Signature,
        Why::ClientData,
        Why::ClientDataType,
        Why::Challenge,
        Why::Origin,
        Why::CrossOrigin,
        Why::AuthenticatorData,
        Why::RelyingParty,
        Why::UserPresence,
        Why::UserVerification,
    ];
    let said: std::collections::HashSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), all.len());
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let verdict = prop_oneof![Just(Verdict::Approve), Just(Verdict::Deny)];
    let note = any::<String>().prop_filter("short", |note| note.len() <= 500);
    (
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
        verdict,
        note,
        any::<u64>(),
    )
        .prop_map(|(digest, nonce, verdict, note, at_ms)| Statement {
            digest: Hex32(digest),
            nonce: Hex32(nonce),
            verdict,
            note,
            at_ms,
        })
}

proptest! {
    #[test]
    fn any_statement_comes_back(statement in any_statement()) {
        let bytes = statement.to_bytes().unwrap();
        prop_assert_eq!(Statement::from_bytes(&bytes), Some(statement));
    }

    #[test]
    fn what_is_read_is_written_alike(mut bytes: Vec<u8>, note: Vec<u8>) {
        let mut form = statement().to_bytes().unwrap();
        form.splice(92.., u16::try_from(note.len()).unwrap().to_be_bytes());
        form.extend(note);
        bytes.truncate(4);
        for (at, byte) in bytes.chunks_exact(2).map(|pair| (usize::from(pair[0]), pair[1])) {
            if let Some(place) = form.get_mut(at) {
                *place = byte;
            }
        }
        if let Some(statement) = Statement::from_bytes(&form) {
            prop_assert_eq!(statement.to_bytes().unwrap(), form);
        }
    }

    /// A note is what its bytes say, or there is no statement: nothing is replaced or left out.
    #[test]
    fn a17_a_note_of_any_bytes(note in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut form = statement().to_bytes().unwrap();
        form.splice(92.., u16::try_from(note.len()).unwrap().to_be_bytes());
        form.extend(&note);
        let read = Statement::from_bytes(&form).map(|statement| statement.note.into_bytes());
        let valid = std::str::from_utf8(&note).is_ok();
        prop_assert_eq!(read, valid.then_some(note));
    }
}

#[test]
fn a17_a_note_with_controls_and_bidi_is_signed_as_it_is() {
    let signer = Ed25519::from_seed(&[7; 32]);
    for note in [
        "\0",
        "\u{1b}[2J",
        "\u{202e}on",
        "\u{feff}no",
        "\u{3164}",
        "a\r\nb",
        "\u{2028}",
    ] {
        let signed = signer
            .answer(Statement {
                note: note.to_owned(),
                verdict: Verdict::Deny,
                ..statement()
            })
            .unwrap();
        let bytes = signed.statement.to_bytes().unwrap();
        assert!(bytes.ends_with(note.as_bytes()));
        assert_eq!(signed.verify([&signer.key()]), Ok(()));
    }
    // A lone surrogate, as some encoders write it, and other bytes that are no text.
    for no_text in [
        &b"\xed\xa0\x80"[..],
        b"\xff",
        b"\xc0\x80",
        b"\xf5\x80\x80\x80",
    ] {
        let mut form = statement().to_bytes().unwrap();
        form.splice(92.., u16::try_from(no_text.len()).unwrap().to_be_bytes());
        form.extend(no_text);
        assert_eq!(Statement::from_bytes(&form), None);
    }
}
