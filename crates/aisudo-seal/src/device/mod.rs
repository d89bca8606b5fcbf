//! A phone's half in Rust: what signs, as tests and vectors need it. The real phone is the app.

pub mod pairing;

use std::fmt;

use aisudo_core::{
    base64url::{self, Base64},
    device::{DeviceKey, HexBytes, PasskeyAlgorithm, Proof},
    raw::Hex32,
};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};

use crate::statement::{Signed, Statement, Why, challenge};

/// Whatever signs for a device.
pub trait Signer {
    /// What root's file has of it.
    fn key(&self) -> DeviceKey;

    /// Signs bytes that begin with a domain of their own.
    fn sign(&self, message: &[u8]) -> Proof;

    /// A statement with its proof.
    ///
    /// # Errors
    /// When the note is too long.
    fn answer(&self, statement: Statement) -> Result<Signed, Why> {
        Ok(Signed {
            device: self.key().id(),
            proof: self.sign(&statement.to_bytes()?),
            statement,
        })
    }
}

/// A key that the app holds itself.
pub struct Ed25519(SigningKey);

impl Ed25519 {
    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
}

impl fmt::Debug for Ed25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519({})", self.key().id())
    }
}

impl Signer for Ed25519 {
    fn key(&self) -> DeviceKey {
        DeviceKey::Ed25519 {
            public: Hex32(self.0.verifying_key().to_bytes()),
        }
    }

    fn sign(&self, message: &[u8]) -> Proof {
        Proof::Ed25519 {
            signature: Base64(self.0.sign(message).to_bytes().to_vec()),
        }
    }
}

/// An authenticator together with the browser in front of it.
pub struct Passkey {
    secret: PasskeySecret,
    rp_id: String,
    origin: String,
}

enum PasskeySecret {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(SigningKey),
}

impl Passkey {
    /// A passkey of a seed, for one address. Nothing for the few seeds that are no P-256 key.
    #[must_use]
    pub fn from_seed(
        algorithm: PasskeyAlgorithm,
        seed: &[u8; 32],
        rp_id: &str,
        origin: &str,
    ) -> Option<Self> {
        let secret = match algorithm {
            PasskeyAlgorithm::Es256 => {
                PasskeySecret::Es256(p256::ecdsa::SigningKey::from_slice(seed).ok()?)
            }
            PasskeyAlgorithm::EdDsa => PasskeySecret::EdDsa(SigningKey::from_bytes(seed)),
        };
        Some(Self {
            secret,
            rp_id: rp_id.to_owned(),
            origin: origin.to_owned(),
        })
    }

    /// What an authenticator says of itself: these flags, and no use counted.
    #[must_use]
    pub fn authenticator_data(rp_id: &str, flags: u8) -> Vec<u8> {
        let rp_hash: [u8; 32] = Sha256::digest(rp_id).into();
        [&rp_hash[..], &[flags], &[0; 4]].concat()
    }

    /// What a browser says of its page, in the order in which browsers write it.
    #[must_use]
    pub fn client_data_json(message: &[u8], origin: &str) -> String {
        let challenge = base64url::encode(&challenge(message));
        format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        )
    }

    /// Signs whatever it is given, as no authenticator would.
    #[must_use]
    pub fn sign_parts(&self, authenticator_data: Vec<u8>, client_data_json: Vec<u8>) -> Proof {
        let hash: [u8; 32] = Sha256::digest(&client_data_json).into();
        let signed = [&authenticator_data[..], &hash].concat();
        let signature = match &self.secret {
            PasskeySecret::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(&signed);
                signature.to_der().as_bytes().to_vec()
            }
            PasskeySecret::EdDsa(key) => key.sign(&signed).to_bytes().to_vec(),
        };
        Proof::Passkey {
            authenticator_data: Base64(authenticator_data),
            client_data_json: Base64(client_data_json),
            signature: Base64(signature),
        }
    }
}

/// Somebody was there, and it was made sure who.
const PRESENT_AND_VERIFIED: u8 = 0b101;

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passkey({})", self.key().id())
    }
}

impl Signer for Passkey {
    fn key(&self) -> DeviceKey {
        let (algorithm, public) = match &self.secret {
            PasskeySecret::Es256(key) => (
                PasskeyAlgorithm::Es256,
                key.verifying_key()
                    .to_encoded_point(false)
                    .as_bytes()
                    .to_vec(),
            ),
            PasskeySecret::EdDsa(key) => (
                PasskeyAlgorithm::EdDsa,
                key.verifying_key().to_bytes().to_vec(),
            ),
        };
        DeviceKey::Passkey {
            algorithm,
            public: HexBytes(public),
            rp_id: self.rp_id.clone(),
            origins: vec![self.origin.clone()],
        }
    }

    fn sign(&self, message: &[u8]) -> Proof {
        self.sign_parts(
            Self::authenticator_data(&self.rp_id, PRESENT_AND_VERIFIED),
            Self::client_data_json(message, &self.origin).into_bytes(),
        )
    }
}
