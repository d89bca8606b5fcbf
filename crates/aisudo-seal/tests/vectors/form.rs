//! The form of the file. Bytes are hexadecimal.

use std::collections::BTreeMap;

use aisudo_core::{
    device::{DeviceKey, HexBytes, KeyId, Proof},
    evidence::Verdict,
    raw::Hex32,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Vectors {
    pub(crate) about: Vec<String>,
    /// By the names that are used below.
    pub(crate) x25519: BTreeMap<String, KeyPair>,
    pub(crate) refused_x25519: Vec<RefusedKey>,
    pub(crate) statements: Vec<StatementCase>,
    pub(crate) refused_statements: Vec<Named>,
    pub(crate) ed25519: Vec<SignatureCase>,
    pub(crate) challenges: Vec<ChallengeCase>,
    pub(crate) proofs: Vec<ProofCase>,
    pub(crate) envelopes: Vec<EnvelopeCase>,
    pub(crate) refused_envelopes: Vec<RefusedEnvelope>,
    pub(crate) pairings: Vec<PairingCase>,
    pub(crate) refused_links: Vec<RefusedLink>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeyPair {
    pub(crate) secret: Hex32,
    pub(crate) public: Hex32,
    pub(crate) id: KeyId,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RefusedKey {
    pub(crate) name: String,
    pub(crate) public: Hex32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct StatementCase {
    pub(crate) name: String,
    pub(crate) digest: Hex32,
    pub(crate) nonce: Hex32,
    pub(crate) verdict: Verdict,
    pub(crate) note: String,
    pub(crate) at_ms: u64,
    pub(crate) bytes: HexBytes,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) bytes: HexBytes,
}

/// A plain signature over a statement.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignatureCase {
    pub(crate) seed: Hex32,
    pub(crate) public: Hex32,
    pub(crate) id: KeyId,
    /// The statement of that name.
    pub(crate) statement: String,
    pub(crate) signature: HexBytes,
}

/// What a passkey is asked to sign.
#[derive(Serialize, Deserialize)]
pub(crate) struct ChallengeCase {
    pub(crate) statement: String,
    pub(crate) challenge: Hex32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ProofCase {
    pub(crate) name: String,
    pub(crate) key: DeviceKey,
    pub(crate) statement: HexBytes,
    pub(crate) proof: Proof,
    /// Why it is refused; nothing when it is believed.
    pub(crate) why: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EnvelopeCase {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) nonce: HexBytes,
    /// Of a long body, one byte that it repeats.
    pub(crate) body: HexBytes,
    pub(crate) repeated: usize,
    pub(crate) size: usize,
    /// The envelope; of a long one, nothing.
    pub(crate) sealed: Option<HexBytes>,
    pub(crate) sealed_sha256: Hex32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RefusedEnvelope {
    pub(crate) name: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// `length`, `version` or `kind`, as anybody can see; or `closed`.
    pub(crate) why: String,
    pub(crate) sealed: HexBytes,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PairingCase {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) phone: String,
    pub(crate) host_name: String,
    pub(crate) address: String,
    pub(crate) expires_ms: u64,
    pub(crate) commitment: Hex32,
    pub(crate) fragment: String,
    pub(crate) key: DeviceKey,
    /// Of a plain key.
    pub(crate) seed: Option<Hex32>,
    pub(crate) label: String,
    /// The phone's nonce, and that of its envelope.
    pub(crate) nonce: Hex32,
    pub(crate) envelope_nonce: HexBytes,
    /// From the phone.
    pub(crate) message: HexBytes,
    /// From the host.
    pub(crate) reveal: HexBytes,
    pub(crate) words: String,
    /// From the host, with another reveal than the promised one.
    pub(crate) broken_reveal: HexBytes,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RefusedLink {
    pub(crate) name: String,
    pub(crate) fragment: String,
}
