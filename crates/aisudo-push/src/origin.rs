//! Scheme, host and port: to whom a message goes, and for whom a token is signed.

use std::fmt;

/// The longest name in DNS, in bytes.
const MAX_NAME_BYTES: usize = 253;

/// The longest part of one.
const MAX_LABEL_BYTES: usize = 63;

/// The hosts that plain HTTP may reach: tests of this machine.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// To this machine alone.
    Http,
    Https,
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An origin as browsers write it: in small letters, and without the port that goes without saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Reads what a URL begins with; gives what follows, which is empty or begins with `/`.
    pub(crate) fn read(url: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = match url.split_once("://")? {
            ("https", rest) => (Scheme::Https, rest),
            ("http", rest) => (Scheme::Http, rest),
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(end) => rest.split_at_checked(end)?,
            None => (rest, ""),
        };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, read_port(port)?),
            None => (authority, scheme.default_port()),
        };
        let is_host = match scheme {
            Scheme::Http => LOOPBACK.contains(&host),
            Scheme::Https => is_name(host),
        };
        let host = host.to_owned();
        is_host.then_some((Self { scheme, host, port }, path))
    }

    /// What a request's `Host` says.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            return self.host.clone();
        }
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// Digits that are a port, in the one form that a number has.
fn read_port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

/// Whether it is a name as browsers write it, and no address: those end in a number, in each of the
/// ways in which they can be written.
pub(crate) fn is_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= MAX_NAME_BYTES
        && host.split('.').all(is_label)
        && last.starts_with(|first: char| first.is_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(is_letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_and_what_follows() {
        for (url, origin, path) in [
            ("https://push.example", "https://push.example", ""),
            (
                "https://push.example/a/b?c=d",
                "https://push.example",
                "/a/b?c=d",
            ),
            ("https://push.example:443/a", "https://push.example", "/a"),
            (
                "https://push.example:8443/",
                "https://push.example:8443",
                "/",
            ),
            ("https://a-1.xn--p1ai/@:x", "https://a-1.xn--p1ai", "/@:x"),
            ("https://localhost:1/", "https://localhost:1", "/"),
            ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080", "/x"),
            ("http://localhost", "http://localhost", ""),
        ] {
            let (read, rest) = Origin::read(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((read.to_string().as_str(), rest), (origin, path), "{url}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        for url in [
            "",
            "push.example",
            "//push.example",
            "ftp://push.example",
            "HTTPS://push.example",
            " https://push.example",
            "https:/push.example",
            "https:///a",
            "https://",
            "https://Push.example",
            "https://push.example.",
            "https://.push.example",
            "https://push..example",
            "https://-push.example",
            "https://push-.example",
            "https://pu_sh.example",
            "https://püsh.example",
            "https://push.example\\@elsewhere.example",
            "https://user@push.example",
            "https://user:secret@push.example",
            "https://push.example?x",
            "https://push.example#x",
            "https://push.example:",
            "https://push.example:0",
            "https://push.example:0443",
            "https://push.example:+443",
            "https://push.example:65536",
            "https://push.example:44 3",
            "https://127.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://0x7f000001",
            "https://0x7f.1",
            "https://[::1]",
            "https://[::1]:443",
            "http://push.example",
            "http://127.0.0.2",
            "http://127.0.0.1.push.example",
            "http://[::1]:80",
        ] {
            assert!(Origin::read(url).is_none(), "{url}");
        }
        let label = "a".repeat(63);
        assert!(Origin::read(&format!("https://{label}.example")).is_some());
        assert!(Origin::read(&format!("https://a{label}.example")).is_none());
        // 3 × 64 + 61 and 3 × 64 + 62 bytes.
        let name = |last: usize| format!("https://{label}.{label}.{label}.{}", "b".repeat(last));
        assert!(Origin::read(&name(61)).is_some());
        assert!(Origin::read(&name(62)).is_none());
    }
}
