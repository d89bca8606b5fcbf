//! Those who may approve from afar, `approvers.toml`: root's file, written by the pairing commands.

use std::fmt;

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    config,
    device::{DeviceKey, KeyId},
    raw::Hex32,
};

/// The form of the file that this version reads.
pub const APPROVERS_VERSION: u32 = 1;

/// The longest name of an approver, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// `approvers.toml`. Unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvers {
    /// [`APPROVERS_VERSION`].
    pub version: u32,
    /// Each of them.
    #[serde(default, rename = "approver")]
    pub approvers: Vec<Approver>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// As they are shown to others.
    pub name: String,
    /// Their Signal account.
    pub signal: Option<SignalAccount>,
    /// Their devices, whose signatures the gate verifies.
    #[serde(default, rename = "device")]
    pub devices: Vec<Device>,
}

/// A device with a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// As its owner calls it.
    pub label: String,
    /// What it signs with.
    pub key: DeviceKey,
    /// Its X25519 key, which messages to it are sealed to.
    pub seal: Hex32,
    /// When root paired it, in milliseconds since 1970.
    pub since_ms: u64,
}

/// By what a Signal account is known. Not by its number: numbers are given to others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalAccount {
    /// The account's identity (ACI).
    pub aci: Uuid,
    /// Its identity key, as it was when root trusted it.
    pub identity: IdentityKey,
    /// When that was, in milliseconds since 1970. What was sent before is not believed.
    pub since_ms: u64,
}

/// A Signal identity key as signal-cli shows it: 33 bytes in hexadecimal, blanks between them or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct IdentityKey(String);

impl IdentityKey {
    /// In hexadecimal without blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for IdentityKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for IdentityKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if digits.len() == 66 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(digits))
        } else {
            Err("an identity key is 33 bytes in hexadecimal; pair again".to_owned())
        }
    }
}

impl Approvers {
    /// Reads the file's text.
    ///
    /// # Errors
    /// One line: where, what, and what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let approvers: Self =
            toml::from_str(text).map_err(|error| config::one_line(text, &error))?;
        approvers.check()?;
        Ok(approvers)
    }

    /// Those with a Signal account.
    pub fn on_signal(&self) -> impl Iterator<Item = (&str, &SignalAccount)> {
        self.approvers
            .iter()
            .filter_map(|one| Some((one.name.as_str(), one.signal.as_ref()?)))
    }

    /// Those with devices.
    pub fn devices(&self) -> impl Iterator<Item = (&str, &Device)> {
        self.approvers.iter().flat_map(|one| {
            one.devices
                .iter()
                .map(move |device| (one.name.as_str(), device))
        })
    }

    fn check(&self) -> Result<(), String> {
        let mut keys: Vec<KeyId> = self.devices().map(|(_, device)| device.key.id()).collect();
        keys.sort_unstable();
        if let Some([twice, _]) = keys.array_windows().find(|[one, next]| one == next) {
            return Err(format!(
                "the device key {twice} stands twice; remove one, or pair that device anew"
            ));
        }
        let mut seals: Vec<Hex32> = self.devices().map(|(_, device)| device.seal).collect();
        seals.sort_unstable();
        if seals.array_windows().any(|[one, next]| one == next) {
            return Err("two devices have the same seal; pair one of them anew".to_owned());
        }
        if self
            .devices()
            .any(|(_, device)| device.label.is_empty() || device.label.len() > MAX_NAME_BYTES)
        {
            return Err(format!(
                "a device's label must be 1 to {MAX_NAME_BYTES} bytes"
            ));
        }
        if self.version != APPROVERS_VERSION {
            return Err(format!(
                "version is {}, this program reads version = {APPROVERS_VERSION}",
                self.version
            ));
        }
        for (index, one) in self.approvers.iter().enumerate() {
            let place = index + 1;
            let plain = |c: char| c.is_alphanumeric() || "-_. @".contains(c);
            if one.name.trim().is_empty()
                || one.name.len() > MAX_NAME_BYTES
                || !one.name.chars().all(plain)
            {
                return Err(format!(
                    "approver {place}: the name must be 1 to {MAX_NAME_BYTES} bytes of letters, digits and -_.@"
                ));
            }
            let earlier = self.approvers.get(..index).unwrap_or_default();
            let same_account = |other: &&Approver| {
                one.signal.is_some()
                    && other.signal.as_ref().map(|s| s.aci) == one.signal.as_ref().map(|s| s.aci)
            };
            if earlier.iter().any(|other| other.name == one.name) {
                return Err(format!(
                    "approver {place}: the name {} stands twice; rename one",
                    one.name
                ));
            }
            if let Some(other) = earlier.iter().find(same_account) {
                return Err(format!(
                    "approver {place}: {} has the Signal account of {}; remove one",
                    one.name, other.name
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACI: &str = "11111111-2222-4333-8444-555555555555";

    fn entry(name: &str, aci: &str) -> String {
        let key = format!("05 {}", ["AB"; 32].join(" "));
        format!(
            "[[approver]]\nname = \"{name}\"\n[approver.signal]\naci = \"{aci}\"\nidentity = \"{key}\"\nsince_ms = 7\n"
        )
    }

    #[test]
    fn an_account_is_known_by_its_identity_and_its_key() {
        let text = format!("version = 1\n{}", entry("owner", ACI));
        let approvers = Approvers::parse(&text).unwrap();
        let (name, account) = approvers.on_signal().next().unwrap();
        assert_eq!((name, account.since_ms), ("owner", 7));
        assert_eq!(account.aci.to_string(), ACI);
        assert_eq!(account.identity.as_str(), format!("05{}", "ab".repeat(32)));
    }

    #[test]
    fn devices_are_listed_with_their_owners_and_a_key_stands_once() {
        let device = |key: &str| {
            format!(
                "[[approver.device]]\nlabel = \"phone\"\nkey = {{ kind = \"ed25519\", public = \"{}\" }}\nseal = \"{}\"\nsince_ms = 7\n",
                key.repeat(32),
                key.repeat(32)
            )
        };
        let owner = format!("version = 1\n{}", entry("owner", ACI));
        let text = format!("{owner}{}{}", device("ab"), device("cd"));
        let approvers = Approvers::parse(&text).unwrap();
        let devices: Vec<_> = approvers
            .devices()
            .map(|(name, device)| (name, device.key.public()))
            .collect();
        assert_eq!(
            devices,
            [("owner", &[0xab_u8; 32][..]), ("owner", &[0xcd; 32])]
        );
        let second = "[[approver]]\nname = \"second\"\n";
        let twice = format!("{owner}{}{second}{}", device("ab"), device("ab"));
        let error = Approvers::parse(&twice).unwrap_err();
        assert!(error.contains("stands twice"), "{error}");
    }

    #[test]
    fn each_mistake_is_one_line() {
        let twice = format!("version = 1\n{}{}", entry("a", ACI), entry("b", ACI));
        let again = format!(
            "version = 1\n{}{}",
            entry("a", ACI),
            entry("a", &ACI.replace('1', "9"))
        );
        for (text, expected) in [
            ("version = 2".to_owned(), "version is 2"),
            (twice, "approver 2: b has the Signal account of a"),
            (again, "approver 2: the name a stands twice"),
            (
                "version = 1\n[[approver]]\nname = \"a\\u001b\"".to_owned(),
                "approver 1: the name must be",
            ),
            (
                "version = 1\n[[approver]]\nname = \"a\"\nsignal = { aci = \"+1555\", identity = \"05\", since_ms = 1 }".to_owned(),
                "line 4, column 18",
            ),
        ] {
            let error = Approvers::parse(&text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
