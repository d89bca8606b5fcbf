//! The identity keys that signal-cli has seen.

use serde_json::Value;
use uuid::Uuid;

use crate::failure::shortened;

/// An identity key that signal-cli has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose.
    pub uuid: Option<Uuid>,
    /// Their number, if it is known.
    pub number: Option<String>,
    /// The key, in hexadecimal.
    pub fingerprint: String,
    /// What both compare to see that they have the right keys: 60 digits.
    pub safety_number: String,
    /// Whether signal-cli trusts it.
    pub trust: Trust,
}

/// Whether signal-cli trusts a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It does not: the key has changed.
    Untrusted,
    /// As the first that it saw, or because it was told to trust all.
    Unverified,
    /// Somebody compared it.
    Verified,
    /// It says something else.
    Unknown,
}

impl Identity {
    /// Reads one of `listIdentities`.
    pub(crate) fn of(listed: &Value) -> Self {
        let text = |name: &str| listed.get(name).and_then(Value::as_str);
        Self {
            uuid: text("uuid").and_then(|uuid| uuid.parse().ok()),
            number: text("number").map(str::to_owned),
            fingerprint: text("fingerprint").map(shortened).unwrap_or_default(),
            safety_number: text("safetyNumber").map(shortened).unwrap_or_default(),
            trust: match text("trustLevel") {
                Some("UNTRUSTED") => Trust::Untrusted,
                Some("TRUSTED_UNVERIFIED") => Trust::Unverified,
                Some("TRUSTED_VERIFIED") => Trust::Verified,
                _ => Trust::Unknown,
            },
        }
    }
}
