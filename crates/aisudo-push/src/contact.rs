//! Whom a push service writes to when something is wrong with what we send.

use std::fmt;

use crate::origin::{Origin, Scheme, is_name};

/// The longest, in bytes.
const MAX_BYTES: usize = 256;

/// A `mailto:` or `https:` URL of whoever runs this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

impl Contact {
    /// Reads one: `mailto:NAME@HOST` or `https://HOST/…`.
    ///
    /// # Errors
    /// When it is none that all push services take: Apple refuses what cannot be reached, such as
    /// `mailto:root@localhost`.
    pub fn new(url: &str) -> Result<Self, NotAContact> {
        let is_one = url.len() <= MAX_BYTES
            && url.bytes().all(|byte| byte.is_ascii_graphic())
            && (is_mail(url) || is_page(url));
        is_one.then(|| Self(url.to_owned())).ok_or(NotAContact)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_mail(url: &str) -> bool {
    let address = url.strip_prefix("mailto:");
    address
        .and_then(|address| address.split_once('@'))
        .is_some_and(|(name, host)| {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".+-_".contains(letter);
            !name.is_empty() && name.chars().all(is_plain) && is_reachable(host)
        })
}

fn is_page(url: &str) -> bool {
    Origin::read(url)
        .is_some_and(|(origin, _)| origin.scheme == Scheme::Https && is_reachable(&origin.host))
}

fn is_reachable(host: &str) -> bool {
    is_name(host)
        && host.contains('.')
        && !host.ends_with(".local")
        && !host.ends_with(".localhost")
}

/// Words that are no contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAContact;

impl fmt::Display for NotAContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a contact that push services take; write mailto:NAME@HOST or https://HOST, with a host that the world can reach",
        )
    }
}

impl std::error::Error for NotAContact {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts() {
        for url in [
            "mailto:admin@example.com",
            "mailto:first.last+push@mail.example.com",
            "https://example.com",
            "https://example.com/contact?x=y",
        ] {
            assert_eq!(Contact::new(url).unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_push_services_refuse() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_BYTES));
        for url in [
            "",
            "admin@example.com",
            "mailto:admin",
            "mailto:@example.com",
            "mailto:root@localhost",
            "mailto:root@host.local",
            "mailto:root@10.0.0.1",
            "mailto: admin@example.com",
            "mailto:<admin@example.com>",
            "mailto:a@b@example.com",
            "http://example.com",
            "https://localhost",
            "https://example.com/a b",
            long.as_str(),
        ] {
            assert_eq!(Contact::new(url), Err(NotAContact), "{url}");
        }
    }
}
