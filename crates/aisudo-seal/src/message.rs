//! What hosts and devices say to each other: the JSON inside an [`envelope`](crate::envelope).
//!
//! Unknown fields are ignored, what is said in an unknown way is an error for one message only: both sides
//! are updated at different times.

use aisudo_core::{base64url::Base64, device::KeyId, raw::Hex32, wire::Head};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::envelope::{Kind, PublicKey};

/// From a host to one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToDevice {
    /// The audit log's newest entry: the device remembers it, and notices when a log is cut or exchanged.
    pub log: Head,
    /// When, in milliseconds since 1970, by the host's clock.
    pub sent_at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub said: HostSays,
}

/// What a host says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum HostSays {
    /// A request waits. The device computes the digest from the bytes itself, and shows these bytes.
    Ask {
        /// The name by which people speak of it.
        code: String,
        /// What the answer is sealed to.
        reply: PublicKey,
        /// When it was recorded, in milliseconds since 1970.
        asked_at_ms: u64,
        /// Milliseconds until no answer means no, from `sent_at_ms` on.
        remaining_ms: u64,
        /// The frozen bytes of the request, which hold its id and nonce.
        request: String,
    },
    /// A request waits that is too long for this carrier: the rest has to be fetched.
    Waits {
        /// The request.
        id: Uuid,
        /// The name by which people speak of it.
        code: String,
    },
    /// A request is not what it was.
    Changed {
        /// The request.
        id: Uuid,
        /// `approved`, `denied`, `expired`, `cancelled`, `released`, `unused`.
        state: String,
        /// Who decided, as the host knows them.
        approver: Option<String>,
        /// By which device, if it was one.
        device: Option<KeyId>,
        /// The decision's note, or why it was cancelled.
        note: Option<String>,
        /// When, in milliseconds since 1970, by the host's clock.
        at_ms: u64,
    },
    /// What there is, said first to a device that listens. Each request that waits follows.
    Inbox {
        /// The host's name, as people know it.
        host: String,
        /// The requests that wait. What is not among them is over.
        pending: Vec<Uuid>,
        /// The audit log's entry with the number that the device asked about, if it is still there.
        known: Option<Head>,
        /// What a browser needs to subscribe to pushes; nothing when root wants none.
        push: Option<Base64>,
        /// Whether pushes to this device work: nothing when it has not subscribed.
        pushing: Option<bool>,
        /// All devices in root's file.
        devices: Vec<DeviceSeen>,
    },
    /// What a changeable file held when it was hashed.
    Content {
        /// The request that names it.
        id: Uuid,
        /// Its SHA-256: the device computes it itself.
        sha256: Hex32,
        /// Nothing when the host does not have it.
        content: Option<Base64>,
    },
    /// Root tries whether messages arrive: to be confirmed by [`DeviceSays::Tested`].
    Test {
        /// Tells tries apart.
        nonce: Hex32,
    },
    /// Root has removed this device.
    Revoked,
}

/// A device, as others may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSeen {
    /// Its signing key's name.
    pub key: KeyId,
    /// Whose it is.
    pub approver: String,
    /// As its owner calls it.
    pub label: String,
    /// `ed25519` or `passkey`.
    pub kind: String,
    /// Whether it listens now.
    pub listens: bool,
}

impl HostSays {
    /// The kind of envelope that it travels in.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Ask { .. } => Kind::Request,
            _ => Kind::Update,
        }
    }
}

/// From a device to a host, but for decisions (a [`Signed`](crate::statement::Signed), sealed to the
/// request's reply key) and pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum DeviceSays {
    /// Send me what there is, and what comes.
    Listen {
        /// The newest entry of the audit log that this device knows, by its number.
        known: Option<u64>,
    },
    /// A request arrived.
    Delivered {
        /// The request.
        id: Uuid,
    },
    /// A person looked at it.
    Shown {
        /// The request.
        id: Uuid,
    },
    /// A test arrived.
    Tested {
        /// The test's.
        nonce: Hex32,
    },
    /// What did this file hold?
    Content {
        /// The request that names it.
        id: Uuid,
        /// Its SHA-256, as the request has it.
        sha256: Hex32,
    },
    /// From now on, push to this place; or no more.
    Push {
        /// What the browser gave.
        subscription: Option<Subscription>,
    },
}

impl DeviceSays {
    /// The kind of envelope that it travels in.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Delivered { .. } | Self::Shown { .. } | Self::Tested { .. } => Kind::Receipt,
            Self::Listen { .. } | Self::Content { .. } | Self::Push { .. } => Kind::Update,
        }
    }
}

/// A browser's push subscription, as `PushSubscription.toJSON()` gives it (Push API), flat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Where to send to. Anybody's word.
    pub endpoint: String,
    /// The browser's P-256 key: 65 bytes.
    pub p256dh: Base64,
    /// The browser's secret: 16 bytes.
    pub auth: Base64,
}
