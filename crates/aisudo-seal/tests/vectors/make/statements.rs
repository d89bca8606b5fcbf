//! Statements, and what is signed of them.

use aisudo_core::{
    device::{DeviceKey, HexBytes, Proof},
    evidence::Verdict::{Approve, Deny},
    raw::Hex32,
};
use aisudo_seal::{
    device::{Ed25519, Signer},
    statement::Statement,
};
use sha2::{Digest, Sha256};

use crate::form::{ChallengeCase, Named, SignatureCase, StatementCase};

pub(super) fn statements() -> Vec<StatementCase> {
    let longest = "ž".repeat(250);
    [
        ("a yes", Approve, "", 1_800_000_000_000),
        ("a no", Deny, "", 1_800_000_000_000),
        (
            "a no with a note",
            Deny,
            "not on a friday",
            1_800_000_000_000,
        ),
        ("the longest note", Deny, &longest, 1),
        (
            "a note with controls, bidi and a mark",
            Deny,
            "\u{feff}\0\u{1b}[2J\r\n\u{202e}\u{3164}\u{2028}",
            1,
        ),
        ("at no time", Approve, "", 0),
        (
            "the latest time that JavaScript counts",
            Approve,
            "",
            9_007_199_254_740_991,
        ),
    ]
    .map(|(name, verdict, note, at_ms)| {
        let statement = Statement {
            digest: Hex32([0xd1; 32]),
            nonce: Hex32([0x0c; 32]),
            verdict,
            note: note.to_owned(),
            at_ms,
        };
        StatementCase {
            name: name.to_owned(),
            digest: statement.digest,
            nonce: statement.nonce,
            verdict,
            note: note.to_owned(),
            at_ms,
            bytes: HexBytes(statement.to_bytes().unwrap()),
        }
    })
    .into()
}

pub(super) fn statement(all: &[StatementCase], name: &str) -> Statement {
    let case = all.iter().find(|case| case.name == name).unwrap();
    Statement::from_bytes(&case.bytes.0).unwrap()
}

pub(super) fn refused_statements(all: &[StatementCase]) -> Vec<Named> {
    let good = statement(all, "a no with a note").to_bytes().unwrap();
    let with = |at: usize, to: &[u8]| {
        let mut changed = good.clone();
        changed[at..at + to.len()].copy_from_slice(to);
        changed
    };
    let noted = |note: &[u8]| {
        let length = u16::try_from(note.len()).unwrap().to_be_bytes();
        [&good[..92], &length, note].concat()
    };
    [
        ("nothing", Vec::new()),
        ("version 2", with(17, b"2")),
        ("another domain", with(0, b"x")),
        ("a verdict of zero", with(83, &[0])),
        ("a verdict in lower case", with(83, b"y")),
        ("cut by a byte", good[..good.len() - 1].to_vec()),
        ("a byte more", [&good[..], b"x"].concat()),
        ("a note that is too long", noted(&[b'x'; 501])),
        ("a note that is no text", noted(b"\xff")),
        ("a note with a lone surrogate", noted(b"\xed\xa0\x80")),
        ("a note with an overlong zero", noted(b"\xc0\x80")),
    ]
    .map(|(name, bytes)| Named {
        name: name.to_owned(),
        bytes: HexBytes(bytes),
    })
    .into()
}

pub(super) fn signatures(statements: &[StatementCase]) -> Vec<SignatureCase> {
    let seed = Hex32([7; 32]);
    let signer = Ed25519::from_seed(&seed.0);
    let DeviceKey::Ed25519 { public } = signer.key() else {
        panic!()
    };
    let signatures = statements.iter().map(|case| {
        let Proof::Ed25519 { signature } = signer.sign(&case.bytes.0) else {
            panic!()
        };
        SignatureCase {
            seed,
            public,
            id: signer.key().id(),
            statement: case.name.clone(),
            signature: HexBytes(signature.0),
        }
    });
    signatures.collect()
}

/// From the text of the format, and not by the code for it.
pub(super) fn challenges(statements: &[StatementCase]) -> Vec<ChallengeCase> {
    let challenges = statements.iter().map(|case| ChallengeCase {
        statement: case.name.clone(),
        challenge: Hex32(
            Sha256::digest([b"aisudo passkey v1\0", &case.bytes.0[..]].concat()).into(),
        ),
    });
    challenges.collect()
}
