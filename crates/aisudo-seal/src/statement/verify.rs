//! Whether a proof is one: strict where the standards leave a choice.

use std::fmt;

use aisudo_core::device::{DeviceKey, PasskeyAlgorithm, Proof};
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};
use p256::ecdsa::{self, signature::Verifier};

use super::{Statement, passkey};

/// Why a statement is not believed. For logs: whoever sent it hears nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The note is longer than a note may be.
    Note,
    /// No key of that name is in root's list.
    NotListed,
    /// An assertion for a plain key, or the other way round.
    OtherKind,
    /// The public key in root's list is none, or a weak one.
    Key,
    /// The signature has a wrong form.
    SignatureForm,
    /// The signature is not over these bytes by this key.
    Signature,
    /// The browser's part is too long or no JSON of that form.
    ClientData,
    /// It is not from a use of the passkey, but from its making or a payment.
    ClientDataType,
    /// It is for another statement.
    Challenge,
    /// It was made on a page from elsewhere.
    Origin,
    /// It was made in a frame of another page.
    CrossOrigin,
    /// The authenticator's part has a wrong length.
    AuthenticatorData,
    /// The passkey is another relying party's.
    RelyingParty,
    /// Nobody touched the authenticator.
    UserPresence,
    /// The authenticator did not make sure who touched it.
    UserVerification,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "the note is too long",
            Self::NotListed => "the device is not in approvers.toml: never paired, or revoked",
            Self::OtherKind => "the signature is of another kind than the device's key",
            Self::Key => "the device's public key in approvers.toml is not usable; pair it again",
            Self::SignatureForm => "the signature has a wrong form",
            Self::Signature => "the signature does not fit",
            Self::ClientData => "the browser's data cannot be read",
            Self::ClientDataType => "the passkey was not used to sign in",
            Self::Challenge => "the passkey was used for something else",
            Self::Origin => "the passkey was used on a page from elsewhere",
            Self::CrossOrigin => "the passkey was used in a frame of another page",
            Self::AuthenticatorData => "the authenticator's data cannot be read",
            Self::RelyingParty => "the passkey belongs to another address",
            Self::UserPresence => "nobody touched the authenticator",
            Self::UserVerification => "the authenticator did not verify who touched it",
        })
    }
}

/// Whether this device signed this statement.
///
/// # Errors
/// What is wrong first.
pub fn verify(statement: &Statement, proof: &Proof, key: &DeviceKey) -> Result<(), Why> {
    verify_bytes(&statement.to_bytes()?, proof, key)
}

/// Whether this device signed these bytes, which begin with a domain of their own.
pub(crate) fn verify_bytes(message: &[u8], proof: &Proof, key: &DeviceKey) -> Result<(), Why> {
    match (proof, key) {
        (Proof::Ed25519 { signature }, DeviceKey::Ed25519 { public }) => {
            ed25519(message, &signature.0, &public.0)
        }
        (
            Proof::Passkey {
                authenticator_data,
                client_data_json,
                signature,
            },
            DeviceKey::Passkey {
                algorithm,
                public,
                rp_id,
                origins,
            },
        ) => {
            passkey::check_client_data(&client_data_json.0, message, origins)?;
            passkey::check_authenticator_data(&authenticator_data.0, rp_id)?;
            let signed = passkey::signed_bytes(&authenticator_data.0, &client_data_json.0);
            match algorithm {
                PasskeyAlgorithm::Es256 => es256(&signed, &signature.0, &public.0),
                PasskeyAlgorithm::EdDsa => ed25519(&signed, &signature.0, &public.0),
            }
        }
        _ => Err(Why::OtherKind),
    }
}

/// Whether a public key can be one at all: to be asked before it is written to root's file.
///
/// # Errors
/// [`Why::Key`].
pub fn check_key(key: &DeviceKey) -> Result<(), Why> {
    match key {
        DeviceKey::Passkey {
            algorithm: PasskeyAlgorithm::Es256,
            public,
            ..
        } => es256_key(&public.0).map(drop),
        other => ed25519_key(other.public()).map(drop),
    }
}

/// RFC 8032, with `verify_strict` on top: no small-order points, no second form of a signature.
fn ed25519(message: &[u8], signature: &[u8], public: &[u8]) -> Result<(), Why> {
    let key = ed25519_key(public)?;
    let signature: &[u8; SIGNATURE_LENGTH] =
        signature.try_into().map_err(|_| Why::SignatureForm)?;
    key.verify_strict(message, &Signature::from_bytes(signature))
        .map_err(|_| Why::Signature)
}

fn ed25519_key(public: &[u8]) -> Result<VerifyingKey, Why> {
    let bytes: &[u8; 32] = public.try_into().map_err(|_| Why::Key)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| Why::Key)?;
    // A point has one form here: decoding accepts a few others.
    if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
        return Err(Why::Key);
    }
    Ok(key)
}

/// FIPS 186-4 with the DER form of WebAuthn (level 3, section 6.5.5). Both `s` and `n − s` verify, as
/// there: authenticators give either. Nothing here depends on a signature having one form.
fn es256(message: &[u8], signature: &[u8], public: &[u8]) -> Result<(), Why> {
    let key = es256_key(public)?;
    let signature = ecdsa::Signature::from_der(signature).map_err(|_| Why::SignatureForm)?;
    key.verify(message, &signature).map_err(|_| Why::Signature)
}

/// The length of an uncompressed point of SEC 1: `04`, x, y.
const UNCOMPRESSED_POINT: usize = 65;

fn es256_key(public: &[u8]) -> Result<ecdsa::VerifyingKey, Why> {
    if public.len() != UNCOMPRESSED_POINT {
        return Err(Why::Key);
    }
    ecdsa::VerifyingKey::from_sec1_bytes(public).map_err(|_| Why::Key)
}
