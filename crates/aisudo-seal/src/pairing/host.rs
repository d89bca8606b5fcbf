//! The host's half, a state for each step; a step takes the state it leaves. It runs in root's command,
//! and the daemon carries the messages.

use std::fmt;

use aisudo_core::{device::DeviceKey, raw::Hex32, state::Tick};
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Device, LIFETIME_MS, Link, Why, Words, answer::Frame, commitment, link::origin_of, words,
};
use crate::envelope::{Envelope, Kind, PublicKey, SecretKey, TooLong, seal};

/// Who invites.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a> {
    /// The host's name, as people know it.
    pub name: &'a str,
    /// Its identity.
    pub key: &'a PublicKey,
    /// Where its messages go; empty if it is where the app comes from.
    pub address: &'a str,
    /// Where the app comes from, such as `https://host.example:8443`.
    pub app: &'a str,
}

/// A link that nobody has answered yet.
pub struct Offer {
    link: Link,
    pub(super) reveal: Box<Zeroizing<[u8; 32]>>,
    app: String,
    deadline: Tick,
}

impl Offer {
    /// A new link.
    ///
    /// # Errors
    /// When the host cannot be written into one.
    pub fn new(
        host: Host<'_>,
        now: Tick,
        now_ms: u64,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, Why> {
        origin_of(host.app).ok_or(Why::App)?;
        let mut secret = Box::new(Zeroizing::new([0; 16]));
        rng.fill_bytes(&mut **secret);
        let mut reveal = Box::new(Zeroizing::new([0; 32]));
        rng.fill_bytes(&mut **reveal);
        let link = Link {
            host: host.name.to_owned(),
            key: *host.key,
            address: host.address.to_owned(),
            commitment: commitment(&reveal),
            secret,
            expires_ms: now_ms.saturating_add(LIFETIME_MS),
        };
        link.check()?;
        Ok(Self {
            link,
            reveal,
            app: host.app.to_owned(),
            deadline: Tick(now.0.saturating_add(LIFETIME_MS)),
        })
    }

    /// What the QR code says.
    #[must_use]
    pub fn url(&self) -> Zeroizing<String> {
        Zeroizing::new([self.app.as_str(), &self.link.fragment()].concat())
    }

    /// From then on it is over.
    #[must_use]
    pub fn deadline(&self) -> Tick {
        self.deadline
    }

    /// What came as an answer. The first right one is the only one.
    ///
    /// # Errors
    /// When it is none: the offer stands, as strangers can send anything.
    pub fn answer(
        self,
        message: &[u8],
        key: &SecretKey,
        now: Tick,
    ) -> Result<Answered, Box<Refused<Self>>> {
        match self.read(message, key, now) {
            Ok((device, answer)) => Ok(Answered {
                words: words(&self.link.hash(), &answer, &self.reveal),
                device,
                reveal: self.reveal,
                deadline: self.deadline,
            }),
            Err(why) => Err(Box::new(Refused { state: self, why })),
        }
    }

    fn read(&self, message: &[u8], key: &SecretKey, now: Tick) -> Result<(Device, Vec<u8>), Why> {
        if now >= self.deadline {
            return Err(Why::TooLate);
        }
        let (sender, envelope) = message.split_first_chunk().ok_or(Why::NotAnAnswer)?;
        let sender = PublicKey::from_bytes(*sender).map_err(|_| Why::NotAnAnswer)?;
        let envelope = Envelope::parse(envelope).map_err(|_| Why::NotAnAnswer)?;
        let opened = envelope.open(key, &sender).map_err(|_| Why::NotAnAnswer)?;
        if opened.kind != Kind::Pairing {
            return Err(Why::NotAnAnswer);
        }
        let frame: Frame = serde_json::from_slice(&opened.body).map_err(|_| Why::NotAnAnswer)?;
        let device = frame.check(&self.link, &sender)?;
        if !belongs_to(&device.key, &self.app) {
            return Err(Why::Place);
        }
        Ok((device, frame.answer.0))
    }
}

/// Whether a passkey is the app's own: only there will it be asked for.
fn belongs_to(key: &DeviceKey, app: &str) -> bool {
    match key {
        DeviceKey::Ed25519 { .. } => true,
        DeviceKey::Passkey { rp_id, origins, .. } => {
            origin_of(app).is_some_and(|(origin, host)| rp_id == host && *origins == [origin])
        }
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer")
            .field("link", &self.link)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A link that one phone has answered; whose phone, a person has to say.
pub struct Answered {
    words: Words,
    device: Device,
    reveal: Box<Zeroizing<[u8; 32]>>,
    deadline: Tick,
}

impl Answered {
    /// What must also stand on the phone.
    #[must_use]
    pub fn words(&self) -> Words {
        self.words
    }

    /// Who answered, as they say.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What the phone needs to know the words.
    ///
    /// # Errors
    /// Never: it is short.
    pub fn reveal(
        &self,
        key: &SecretKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Vec<u8>, TooLong> {
        let reveal = Hex32(**self.reveal);
        FromHost::Reveal { reveal }.seal(key, &self.device.seal, rng)
    }

    /// A person says that the words are the same.
    ///
    /// # Errors
    /// When it took them too long.
    pub fn confirm(self, now: Tick) -> Result<Paired, Box<Refused<Self>>> {
        if now >= self.deadline {
            let why = Why::TooLate;
            return Err(Box::new(Refused { state: self, why }));
        }
        Ok(Paired {
            device: self.device,
        })
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// A phone that a person has recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// What goes into root's file.
    pub device: Device,
}

/// A step that was refused: the state as it was, and why.
#[derive(Debug)]
pub struct Refused<S> {
    /// Unchanged.
    pub state: S,
    /// The reason.
    pub why: Why,
}

/// What the host says to a phone while pairing, sealed, in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum FromHost {
    /// An answer was accepted, and this was behind the commitment.
    Reveal {
        /// With it, the phone knows the words.
        reveal: Hex32,
    },
    /// The words were the same: the phone may decide from now on.
    Paired,
    /// They were not, or nobody said so in time.
    Refused,
}

impl FromHost {
    /// The message.
    ///
    /// # Errors
    /// Never: it is short.
    pub fn seal(
        &self,
        from: &SecretKey,
        to: &PublicKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Vec<u8>, TooLong> {
        let body = serde_json::to_vec(self).map_err(|_| TooLong)?;
        seal(Kind::Pairing, from, to, &body, rng)
    }
}
