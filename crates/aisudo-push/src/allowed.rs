//! The push services that are sent to.

use std::fmt;

use crate::origin::{Origin, Scheme};

/// Hosts of the browsers' makers, as they document them: Google (Chrome and what is built on it),
/// Mozilla.
const HOSTS: [&str; 2] = ["fcm.googleapis.com", "updates.push.services.mozilla.com"];

/// Of these, all that is below: Apple, Microsoft.
const DOMAINS: [&str; 2] = [".push.apple.com", ".notify.windows.com"];

/// Which addresses a push service may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those that the whole world can reach.
    Public,
    /// Those of this machine.
    Loopback,
    /// All: root has named the service.
    Any,
}

/// The push services that are sent to: those of the browsers' makers, and what root adds.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    added: Vec<Origin>,
}

impl Allowed {
    /// The browsers' makers' services alone.
    #[must_use]
    pub fn services() -> Self {
        Self::default()
    }

    /// Adds one of root's: `https://HOST` or `https://HOST:PORT`, wherever in the world it is; and on this
    /// machine also `http://127.0.0.1:PORT` and `http://localhost:PORT`.
    ///
    /// # Errors
    /// When it is not written like this.
    pub fn add(&mut self, origin: &str) -> Result<(), NotAnOrigin> {
        match Origin::read(origin) {
            Some((origin, "")) => {
                self.added.push(origin);
                Ok(())
            }
            _ => Err(NotAnOrigin),
        }
    }

    /// Which addresses the service may have, if it is one of these.
    pub(crate) fn reach(&self, origin: &Origin) -> Option<Reach> {
        if self.added.contains(origin) {
            return Some(match origin.scheme {
                Scheme::Http => Reach::Loopback,
                Scheme::Https => Reach::Any,
            });
        }
        is_service(origin).then_some(Reach::Public)
    }
}

fn is_service(origin: &Origin) -> bool {
    let host = origin.host.as_str();
    origin.scheme == Scheme::Https
        && origin.port == 443
        // No part of a name is empty, so each of these has one before the domain.
        && (HOSTS.contains(&host) || DOMAINS.iter().any(|domain| host.ends_with(domain)))
}

/// Words that are no origin of a push service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnOrigin;

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not the origin of a push service; write https://HOST or https://HOST:PORT, in small letters and without a path",
        )
    }
}

impl std::error::Error for NotAnOrigin {}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &Allowed, url: &str) -> Option<Reach> {
        let (origin, _) = Origin::read(url).unwrap_or_else(|| panic!("{url}"));
        allowed.reach(&origin)
    }

    #[test]
    fn the_browsers_services() {
        let allowed = Allowed::services();
        for url in [
            "https://fcm.googleapis.com/fcm/send/x",
            "https://fcm.googleapis.com:443/fcm/send/x",
            "https://updates.push.services.mozilla.com/wpush/v2/x",
            "https://web.push.apple.com/x",
            "https://api.web.push.apple.com/x",
            "https://wns2-par02p.notify.windows.com/w/?token=x",
        ] {
            assert_eq!(reach(&allowed, url), Some(Reach::Public), "{url}");
        }
    }

    #[test]
    fn what_only_looks_like_one() {
        let allowed = Allowed::services();
        for url in [
            "https://fcm.googleapis.com:8443/x",
            "https://evil.fcm.googleapis.com/x",
            "https://fcm.googleapis.com.evil.example/x",
            "https://evilfcm.googleapis.com/x",
            "https://push.apple.com/x",
            "https://webpush.apple.com/x",
            "https://evil-push.apple.com/x",
            "https://web.push.apple.com.evil.example/x",
            "https://notify.windows.com/x",
            "https://xnotify.windows.com/x",
            "https://localhost/x",
            "http://localhost/x",
            "http://127.0.0.1:8080/x",
        ] {
            assert_eq!(reach(&allowed, url), None, "{url}");
        }
    }

    #[test]
    fn root_adds_exact_origins() {
        let mut allowed = Allowed::services();
        allowed.add("https://push.example:8443").unwrap();
        allowed.add("https://intra.example").unwrap();
        allowed.add("http://127.0.0.1:8080").unwrap();
        for (url, expected) in [
            ("https://push.example:8443/x", Some(Reach::Any)),
            ("https://push.example/x", None),
            ("https://a.push.example:8443/x", None),
            ("https://intra.example:443/x", Some(Reach::Any)),
            ("http://127.0.0.1:8080/x", Some(Reach::Loopback)),
            ("http://127.0.0.1:8081/x", None),
            ("http://localhost:8080/x", None),
            ("https://web.push.apple.com/x", Some(Reach::Public)),
        ] {
            assert_eq!(reach(&allowed, url), expected, "{url}");
        }
    }

    #[test]
    fn what_root_cannot_add() {
        for origin in [
            "https://push.example/",
            "https://push.example/path",
            "https://*.push.example",
            "push.example",
            "http://push.example",
            "https://10.0.0.1",
            "",
        ] {
            assert_eq!(
                Allowed::services().add(origin),
                Err(NotAnOrigin),
                "{origin}"
            );
        }
    }
}
