//! An approver's device as data: the key it signs its answers with, and what a signature looks like.
//! What any of it is worth is for `aisudo-seal` to say.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::{
    base64url::Base64,
    raw::{Hex32, from_hex, hex},
};

/// The public key of a device, as root's `approvers.toml` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeviceKey {
    /// A key that the app holds itself.
    Ed25519 {
        /// As in RFC 8032.
        public: Hex32,
    },
    /// A passkey: Face ID, a fingerprint or a security key stands behind each signature.
    Passkey {
        /// What it signs with.
        algorithm: PasskeyAlgorithm,
        /// Its public key: 65 bytes (SEC 1, uncompressed) for ES256, 32 for EdDSA.
        public: HexBytes,
        /// The relying party: the app's host name.
        rp_id: String,
        /// Where the app is served from, such as `https://host.example:8443`.
        origins: Vec<String>,
    },
}

/// How a passkey signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasskeyAlgorithm {
    /// ECDSA on P-256 with SHA-256 (COSE -7).
    Es256,
    /// Ed25519 (COSE -8).
    EdDsa,
}

/// What a device gives with a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proof {
    /// A signature over the statement itself.
    Ed25519 {
        /// 64 bytes.
        signature: Base64,
    },
    /// A WebAuthn assertion whose challenge is made from the statement.
    Passkey {
        /// What the authenticator says of itself and of its user.
        authenticator_data: Base64,
        /// What the browser says of the page, and the challenge.
        client_data_json: Base64,
        /// Over `authenticator_data` and the SHA-256 of `client_data_json`.
        signature: Base64,
    },
}

impl DeviceKey {
    /// The bytes of the public key.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        match self {
            Self::Ed25519 { public } => &public.0,
            Self::Passkey { public, .. } => &public.0,
        }
    }

    /// By what it is called.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.public())
    }
}

/// By what a public key is called: the first 8 bytes of its SHA-256. A name to look it up by, and no
/// proof of anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// The name of a public key.
    #[must_use]
    pub fn of(public: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(public).into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Self([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(&String::deserialize(deserializer)?)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected 16 lower-case hexadecimal digits"))
    }
}

/// Bytes of any number that are written as lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

impl fmt::Debug for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for HexBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(&String::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected lower-case hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_roots_file() {
        let text = format!("kind = \"ed25519\"\npublic = \"{}\"\n", "ab".repeat(32));
        let key: DeviceKey = toml::from_str(&text).unwrap();
        let public = Hex32([0xab; 32]);
        assert_eq!(key, DeviceKey::Ed25519 { public });
        let text = "kind = \"passkey\"\nalgorithm = \"es256\"\npublic = \"04ff\"\nrp_id = \"h.example\"\norigins = [\"https://h.example\"]\n";
        let key: DeviceKey = toml::from_str(text).unwrap();
        assert_eq!(key.public(), [4, 255]);
        for wrong in [
            text.replace("es256", "rs256"),
            text.replace("04ff", "04FF"),
            format!("{text}extra = 1\n"),
        ] {
            toml::from_str::<DeviceKey>(&wrong).unwrap_err();
        }
    }

    /// Worked out with `head -c 32 /dev/zero | sha256sum`.
    #[test]
    fn a_keys_name_is_the_beginning_of_its_hash() {
        assert_eq!(KeyId::of(&[0; 32]).to_string(), "66687aadf862bd77");
    }
}
