//! What the phone gets to see first, as a QR code or a link.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1 |
//! | 32 | the host's public key |
//! | 32 | its commitment |
//! | 16 | the secret |
//! | 8 | until when, in milliseconds since 1970, big-endian |
//! | 1 | the length of the host's name |
//! | … | the name |
//! | 2 | the length of the address, big-endian |
//! | … | the address; empty if it is where the app came from |

use std::fmt;

use aisudo_core::{base64url, raw::Hex32};
use zeroize::Zeroizing;

use super::{MAX_NAME_BYTES, Why, hash};
use crate::envelope::PublicKey;

/// The form that is written and read here.
const VERSION: u8 = 1;

/// What stands before the content in a URL's fragment.
pub const FRAGMENT: &str = "#pair=";

/// The longest address, in bytes.
pub(super) const MAX_ADDRESS_BYTES: usize = 512;

/// The longest fragment that is looked at, in bytes of base64url.
const MAX_TEXT: usize = 1024;

/// An invitation. It holds a secret: not copied, not printed, wiped when dropped.
pub struct Link {
    /// The host's own name for itself, to be shown through a safe display.
    pub host: String,
    /// The host's identity.
    pub key: PublicKey,
    /// Where its messages go; empty if it is where the app came from.
    pub address: String,
    /// What it will reveal, hashed.
    pub commitment: Hex32,
    /// Who knows this has seen the link.
    pub(crate) secret: Box<Zeroizing<[u8; 16]>>,
    /// Until when, in milliseconds since 1970. The host judges by another clock.
    pub expires_ms: u64,
}

impl Link {
    pub(super) fn check(&self) -> Result<(), Why> {
        if self.host.is_empty() || self.host.len() > MAX_NAME_BYTES {
            return Err(Why::Name);
        }
        if self.address.len() > MAX_ADDRESS_BYTES {
            return Err(Why::Address);
        }
        Ok(())
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let length = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
        let [_, name_length] = length(&self.host);
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_TEXT));
        for part in [
            &[VERSION][..],
            &self.key.to_bytes(),
            &self.commitment.0,
            &**self.secret,
            &self.expires_ms.to_be_bytes(),
            &[name_length],
            self.host.as_bytes(),
            &length(&self.address),
            self.address.as_bytes(),
        ] {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([version], rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let (expires_ms, rest) = rest.split_first_chunk()?;
        let ([name_length], rest) = rest.split_first_chunk()?;
        let (host, rest) = rest.split_at_checked(usize::from(*name_length))?;
        let (address_length, address) = rest.split_first_chunk()?;
        let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.to_owned());
        if *version != VERSION || address.len() != usize::from(u16::from_be_bytes(*address_length))
        {
            return None;
        }
        let link = Self {
            host: text(host)?,
            key: PublicKey::from_bytes(*key).ok()?,
            address: text(address)?,
            commitment: Hex32(*commitment),
            secret: Box::new(Zeroizing::new(*secret)),
            expires_ms: u64::from_be_bytes(*expires_ms),
        };
        link.check().is_ok().then_some(link)
    }

    /// The link's end, from `#` on.
    #[must_use]
    pub fn fragment(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(base64url::encode(&self.to_bytes()));
        Zeroizing::new([FRAGMENT, &text].concat())
    }

    /// Reads a link from its fragment.
    #[must_use]
    pub fn from_fragment(fragment: &str) -> Option<Self> {
        let text = fragment.strip_prefix(FRAGMENT)?;
        if text.len() > MAX_TEXT {
            return None;
        }
        Self::from_bytes(&Zeroizing::new(base64url::decode(text)?))
    }

    /// What answers and words are bound to.
    pub(crate) fn hash(&self) -> Hex32 {
        hash(&[&self.to_bytes()])
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("host", &self.host)
            .field("key", &self.key)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The origin of an app's URL (scheme, host and port) and its host, if passkeys can be used there and a
/// fragment can be put behind it.
///
/// Browsers write an origin in lower case and without the scheme's own port, so the URL has to be
/// written so as well. Plain HTTP is for `localhost`, which browsers take for secure.
pub(super) fn origin_of(app: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| app.starts_with(scheme))?;
    let rest = app.strip_prefix(scheme)?;
    let place = rest.split('/').next()?;
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let is_host = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
    let is_path = |c: u8| c.is_ascii_graphic() && !b"#?\\\"<>".contains(&c);
    let is_port =
        |port: &str| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok() && port != "443";
    let fine = !host.is_empty()
        && host.bytes().all(is_host)
        && port.is_none_or(is_port)
        && rest.bytes().all(is_path)
        && (scheme == "https://" || host == "localhost" && port != Some("80"));
    let origin = app.get(..scheme.len() + place.len())?;
    fine.then_some((origin, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_would_say() {
        for (app, expected) in [
            (
                "https://h.example",
                Some(("https://h.example", "h.example")),
            ),
            (
                "https://h.example:8443/app/",
                Some(("https://h.example:8443", "h.example")),
            ),
            (
                "http://localhost:8080",
                Some(("http://localhost:8080", "localhost")),
            ),
            (
                "https://127.0.0.1:1",
                Some(("https://127.0.0.1:1", "127.0.0.1")),
            ),
            ("http://h.example", None),
            ("http://localhost:80/", None),
            ("https://H.example", None),
            ("https://h.example:443", None),
            ("https://h.example:08443", None),
            ("https://h.example:", None),
            ("https://h.example:+1", None),
            ("https://h.example:65536", None),
            ("https://user@h.example", None),
            ("https://h.example#x", None),
            ("https://h.example/?x", None),
            ("https://h.example/ x", None),
            ("https://", None),
            ("h.example", None),
            ("javascript://x", None),
        ] {
            assert_eq!(origin_of(app), expected, "{app}");
        }
    }
}
