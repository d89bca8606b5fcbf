//! Accounts on Signal's server: our own and those of others.

use std::fmt::Write;

use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody with a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's identity: what a person is known by.
    pub aci: Uuid,
    /// The phone number.
    pub number: String,
    /// Whether our account may see the number. Often it may not, and `sourceNumber` is null.
    pub shows_number: bool,
    /// The username, if there is one.
    pub username: Option<String>,
    /// The name in the profile: the person's own to choose.
    pub name: String,
    /// Which of their devices writes.
    pub device: u32,
}

impl Person {
    /// Person 1 is `11111111-1111-4111-8111-111111111111` with `+15550002201`, and so on to 9.
    ///
    /// # Panics
    /// Not between 1 and 9.
    #[must_use]
    #[track_caller]
    pub fn new(digit: u8) -> Self {
        assert!((1..=9).contains(&digit), "there are the people 1 to 9");
        let d = digit.to_string();
        let aci = format!(
            "{}-{}-4{}-8{}-{}",
            d.repeat(8),
            d.repeat(4),
            d.repeat(3),
            d.repeat(3),
            d.repeat(12)
        );
        Self {
            aci: aci.parse().expect("a uuid"),
            number: format!("+1555000220{digit}"),
            shows_number: false,
            username: Some(format!("person{digit}.01")),
            name: format!("Person {digit}"),
            device: 1,
        }
    }

    /// The fingerprint of the first identity key, as `listIdentities` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(self.aci, 0)
    }

    /// How signal-cli names a person in one word: the number if known, else the uuid.
    pub(crate) fn source(&self) -> String {
        if self.shows_number {
            self.number.clone()
        } else {
            self.aci.to_string()
        }
    }

    pub(crate) fn known_number(&self) -> Option<&str> {
        self.shows_number.then_some(self.number.as_str())
    }

    /// Whether signal-cli's way of naming somebody names this person.
    pub(crate) fn is_named(&self, recipient: &str) -> bool {
        recipient == self.number
            || recipient
                .strip_prefix("u:")
                .is_some_and(|name| self.username.as_deref() == Some(name))
            || recipient.parse::<Uuid>().is_ok_and(|uuid| uuid == self.aci)
    }
}

/// An account that the daemon serves.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: String,
    pub(crate) aci: Uuid,
    /// As a device linked to its owner's phone. Else a note to self reaches nobody.
    pub(crate) linked: bool,
}

impl Account {
    /// `+15550001111` is `aaaaaaaa-0000-4000-8000-015550001111`.
    pub(crate) fn new(number: &str, linked: bool) -> Self {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        Self {
            number: number.to_owned(),
            aci: format!("aaaaaaaa-0000-4000-8000-{digits:0>12}")
                .parse()
                .expect("a number has at most 12 digits"),
            linked,
        }
    }

    /// The account as one of those who write: its owner's phone is device 1.
    pub(crate) fn owner(&self) -> Person {
        Person {
            aci: self.aci,
            number: self.number.clone(),
            shows_number: true,
            username: None,
            name: "Owner".to_owned(),
            device: 1,
        }
    }
}

/// A person as our account knows them.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) person: Person,
    /// How often their identity key was changed.
    pub(crate) key: u32,
    pub(crate) trust: &'static str,
    /// When the key was first seen, in milliseconds since 1970. Nothing: they never met.
    pub(crate) met: Option<u64>,
}

pub(crate) const UNTRUSTED: &str = "UNTRUSTED";
pub(crate) const UNVERIFIED: &str = "TRUSTED_UNVERIFIED";
pub(crate) const VERIFIED: &str = "TRUSTED_VERIFIED";

impl Known {
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(self.person.aci, self.key)
    }

    /// The 60 digits, without blanks.
    pub(crate) fn safety_number(&self) -> String {
        let bytes = key_bytes(self.person.aci, self.key);
        bytes
            .iter()
            .cycle()
            .take(60)
            .enumerate()
            .map(|(index, byte)| char::from(b'0' + (*byte as usize + index) as u8 % 10))
            .collect()
    }

    /// An entry of `listIdentities`.
    pub(crate) fn json(&self) -> Value {
        let digits = self.safety_number();
        let parts: Vec<&str> = (0..12)
            .map(|part| &digits[part * 5..part * 5 + 5])
            .collect();
        json!({
            "number": self.person.known_number(),
            "uuid": self.person.aci.to_string(),
            "fingerprint": self.fingerprint(),
            "safetyNumber": parts.join(" "),
            "scannableSafetyNumber": "AAECAwQFBgc=",
            "trustLevel": self.trust,
            "addedTimestamp": self.met.unwrap_or_default(),
        })
    }
}

/// 33 bytes, the first of which says "Curve25519".
fn key_bytes(aci: Uuid, key: u32) -> Vec<u8> {
    let mut bytes = vec![5];
    bytes.extend_from_slice(aci.as_bytes());
    bytes.extend(aci.as_bytes().iter().map(|byte| {
        let change = u8::try_from(key % 251).expect("below 251");
        byte.wrapping_mul(3).wrapping_add(change)
    }));
    bytes
}

fn fingerprint(aci: Uuid, key: u32) -> String {
    let mut text = String::new();
    for byte in key_bytes(aci, key) {
        write!(text, "{byte:02x} ").expect("write to a string");
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_33_bytes_in_hexadecimal_and_changes_with_the_key() {
        let person = Person::new(1);
        let first = person.fingerprint();
        assert_eq!(first.split(' ').count(), 33);
        assert!(first.starts_with("05 11 11 "), "{first}");
        assert_ne!(first, fingerprint(person.aci, 1));
        assert_ne!(first, Person::new(2).fingerprint());
    }

    #[test]
    fn a_person_is_named_by_number_uuid_or_username() {
        let person = Person::new(2);
        for name in [
            "+15550002202",
            "22222222-2222-4222-8222-222222222222",
            "u:person2.01",
        ] {
            assert!(person.is_named(name), "{name}");
        }
        assert!(!person.is_named("+15550002201"));
        assert!(!person.is_named("person2.01"));
    }

    #[test]
    fn a_safety_number_is_twelve_groups_of_five_digits() {
        let known = Known {
            person: Person::new(3),
            key: 0,
            trust: UNVERIFIED,
            met: Some(1),
        };
        let json = known.json();
        let groups: Vec<&str> = json["safetyNumber"].as_str().unwrap().split(' ').collect();
        assert_eq!(groups.len(), 12);
        assert!(
            groups
                .iter()
                .all(|group| group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
