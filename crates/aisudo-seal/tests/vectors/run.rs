//! What the file says is so.

use aisudo_core::{
    device::{DeviceKey, Proof},
    raw::hex,
};
use aisudo_seal::{
    device::{Ed25519, Passkey, Signer},
    envelope::{Envelope, NotAnEnvelope, PublicKey, ReplyKey, SecretKey},
    pairing::Link,
    statement::{Statement, verify},
};
use sha2::{Digest, Sha256};

use crate::{
    form::{EnvelopeCase, Vectors},
    vectors,
};

fn statement(vectors: &Vectors, name: &str) -> Statement {
    let mut all = vectors.statements.iter();
    let case = all.find(|case| case.name == name).unwrap();
    Statement::from_bytes(&case.bytes.0).unwrap()
}

fn secret(vectors: &Vectors, name: &str) -> SecretKey {
    SecretKey::from_bytes(&vectors.x25519[name].secret.0).unwrap()
}

#[test]
fn keys() {
    let vectors = vectors();
    for (name, pair) in &vectors.x25519 {
        let public = *secret(&vectors, name).public();
        assert_eq!(public.to_bytes(), pair.public.0, "{name}");
        assert_eq!(public.id(), pair.id, "{name}");
    }
    for case in &vectors.refused_x25519 {
        assert!(
            PublicKey::from_bytes(case.public.0).is_err(),
            "{}",
            case.name
        );
    }
}

#[test]
fn statements() {
    let vectors = vectors();
    for case in &vectors.statements {
        let expected = Statement {
            digest: case.digest,
            nonce: case.nonce,
            verdict: case.verdict,
            note: case.note.clone(),
            at_ms: case.at_ms,
        };
        let read = Statement::from_bytes(&case.bytes.0);
        assert_eq!(read.as_ref(), Some(&expected), "{}", case.name);
        assert_eq!(expected.to_bytes().unwrap(), case.bytes.0, "{}", case.name);
    }
    for case in &vectors.refused_statements {
        assert_eq!(Statement::from_bytes(&case.bytes.0), None, "{}", case.name);
    }
}

#[test]
fn signatures_and_challenges() {
    let vectors = vectors();
    for case in &vectors.ed25519 {
        let signer = Ed25519::from_seed(&case.seed.0);
        let public = case.public;
        assert_eq!(signer.key(), DeviceKey::Ed25519 { public });
        let signed = signer.answer(statement(&vectors, &case.statement)).unwrap();
        let Proof::Ed25519 { signature } = &signed.proof else {
            panic!()
        };
        assert_eq!(signature.0, case.signature.0, "{}", case.statement);
        assert_eq!(signed.device, case.id);
    }
    for case in &vectors.challenges {
        let bytes = statement(&vectors, &case.statement).to_bytes().unwrap();
        let json = Passkey::client_data_json(&bytes, "https://h.example");
        let challenge = aisudo_core::base64url::encode(&case.challenge.0);
        assert!(json.contains(&challenge), "{}", case.statement);
    }
}

#[test]
fn proofs() {
    for case in vectors().proofs {
        let statement = Statement::from_bytes(&case.statement.0).unwrap();
        let why = verify(&statement, &case.proof, &case.key).err();
        let why = why.map(|why| format!("{why:?}"));
        assert_eq!(why, case.why, "{}", case.name);
    }
}

#[test]
fn envelopes() {
    let vectors = vectors();
    for case in &vectors.envelopes {
        let Some(sealed) = &case.sealed else {
            continue;
        };
        assert_eq!(sealed.0.len(), case.size, "{}", case.name);
        assert_eq!(Sha256::digest(&sealed.0)[..], case.sealed_sha256.0);
        let envelope = Envelope::parse(&sealed.0).unwrap();
        assert_eq!(envelope.kind().name(), case.kind, "{}", case.name);
        let from = *secret(&vectors, &case.from).public();
        let opened = if case.kind == "decision" {
            let reply = ReplyKey::from_bytes(&vectors.x25519[&case.to].secret.0).unwrap();
            reply.open(&envelope, &from)
        } else {
            envelope.open(&secret(&vectors, &case.to), &from)
        };
        let opened = opened.unwrap();
        assert_eq!(opened.id.0[..], case.nonce.0, "{}", case.name);
        assert_eq!(&opened.body[..], body_of(case), "{}", case.name);
    }
}

pub(crate) fn body_of(case: &EnvelopeCase) -> Vec<u8> {
    case.body.0.repeat(case.repeated)
}

#[test]
fn refused_envelopes() {
    let vectors = vectors();
    for case in &vectors.refused_envelopes {
        let why = match Envelope::parse(&case.sealed.0) {
            Err(NotAnEnvelope::Length) => "length",
            Err(NotAnEnvelope::Version(_)) => "version",
            Err(NotAnEnvelope::Kind(_)) => "kind",
            Ok(envelope) => {
                let from = *secret(&vectors, &case.from).public();
                let to = secret(&vectors, &case.to);
                assert!(envelope.open(&to, &from).is_err(), "{}", case.name);
                "closed"
            }
        };
        assert_eq!(why, case.why, "{}", case.name);
    }
}

/// Both sides of a pairing are made from one seed, so here it is the link that is read; that the steps
/// follow from each other is what `make` does.
#[test]
fn links() {
    let vectors = vectors();
    for case in &vectors.pairings {
        let link = Link::from_fragment(&case.fragment).unwrap();
        assert_eq!(link.key.to_bytes(), vectors.x25519[&case.host].public.0);
        assert_eq!(link.commitment, case.commitment, "{}", case.name);
        assert_eq!(
            (&link.host, &link.address),
            (&case.host_name, &case.address)
        );
        assert_eq!(link.expires_ms, case.expires_ms, "{}", case.name);
        assert_eq!(*link.fragment(), case.fragment, "{}", case.name);
        assert!(
            case.message
                .0
                .starts_with(&vectors.x25519[&case.phone].public.0)
        );
    }
    for case in &vectors.refused_links {
        assert!(
            Link::from_fragment(&case.fragment).is_none(),
            "{}",
            case.name
        );
    }
}

/// The file is for people, too.
#[test]
fn no_name_stands_twice_and_secrets_are_those_of_the_tests() {
    let vectors = vectors();
    let names: Vec<&String> = vectors
        .proofs
        .iter()
        .map(|case| &case.name)
        .chain(vectors.envelopes.iter().map(|case| &case.name))
        .chain(vectors.refused_envelopes.iter().map(|case| &case.name))
        .collect();
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(hex(&vectors.x25519["host"].secret.0).starts_with("77076d0a"));
}
