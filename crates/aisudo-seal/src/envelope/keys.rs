//! X25519 keys (RFC 7748): of a host, of a device, and of a single request.
//!
//! X25519 is done here with the curve itself. The crate `crypto_box` reduces the clamped secret modulo
//! the order of the base point, which is another function for public keys outside of its subgroup, and
//! forgets to wipe one copy of the secret.

use std::fmt;

use aisudo_core::device::KeyId;
use curve25519_dalek::MontgomeryPoint;
use rand_core::CryptoRngCore;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use aisudo_core::raw::Hex32;

/// Bytes that are no usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable;

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a usable X25519 key")
    }
}

/// A public key with which every secret key agrees on something secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads one.
    ///
    /// # Errors
    /// For a point of small order (whatever is agreed on with it is zero), and for a second form of a
    /// number.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, Unusable> {
        // Clamping makes it 2²⁵⁴: a multiple of every small order and of no other.
        let multiple = MontgomeryPoint(bytes).mul_clamped([0; 32]);
        if multiple.to_bytes() == [0; 32] || !is_reduced(bytes) {
            return Err(Unusable);
        }
        Ok(Self(bytes))
    }

    /// As it is written.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// By what it is called.
    #[must_use]
    pub fn id(self) -> KeyId {
        KeyId::of(&self.0)
    }
}

/// Whether a little-endian number is below 2²⁵⁵ − 19.
fn is_reduced(bytes: [u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    high < 0x7f || high == 0x7f && (low < 0xed || middle.iter().any(|byte| *byte != 0xff))
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Hex32(self.0), f)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Hex32(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_bytes(Hex32::deserialize(deserializer)?.0).map_err(de::Error::custom)
    }
}

/// A secret key. On the heap, so that moving it leaves no copies; wiped when dropped; never printed.
pub struct SecretKey {
    bytes: Box<Zeroizing<[u8; 32]>>,
    public: PublicKey,
}

impl SecretKey {
    /// A new one.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRngCore) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        rng.fill_bytes(&mut **bytes);
        Self::of(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// When it has not 32 bytes, or is all zeros: a file that was cut by a crash may be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unusable> {
        let mut secret = Box::new(Zeroizing::new([0; 32]));
        if bytes.len() != secret.len() || bytes.iter().all(|byte| *byte == 0) {
            return Err(Unusable);
        }
        secret.copy_from_slice(bytes);
        Ok(Self::of(secret))
    }

    fn of(bytes: Box<Zeroizing<[u8; 32]>>) -> Self {
        let public = PublicKey(MontgomeryPoint::mul_base_clamped(**bytes).to_bytes());
        Self { bytes, public }
    }

    /// For a file of mode 0600.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        (*self.bytes).clone()
    }

    /// The other half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// X25519.
    pub(super) fn agree(&self, theirs: &PublicKey) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(
            MontgomeryPoint(theirs.0)
                .mul_clamped(**self.bytes)
                .to_bytes(),
        )
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id())
    }
}

/// The key that the answer to one request is sealed to. The host makes one for each request, sends its
/// public half inside the sealed request, and drops it when the request has ended: from then on nobody
/// opens that answer by stealing the host, whatever was recorded on the way.
pub struct ReplyKey(SecretKey);

impl ReplyKey {
    /// For a new request.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRngCore) -> Self {
        Self(SecretKey::generate(rng))
    }

    /// Of a request that still waits, read back after a restart.
    ///
    /// # Errors
    /// When it is no key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unusable> {
        SecretKey::from_bytes(bytes).map(Self)
    }

    /// To be kept as long as the request waits, and no longer.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.to_bytes()
    }

    /// What the device seals its answer to.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        self.0.public()
    }

    pub(super) fn secret(&self) -> &SecretKey {
        &self.0
    }
}

impl fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyKey({})", self.0.public.id())
    }
}
