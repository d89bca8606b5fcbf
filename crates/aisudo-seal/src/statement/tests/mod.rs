mod ed25519;
mod passkey;

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
