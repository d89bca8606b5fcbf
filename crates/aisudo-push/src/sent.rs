//! What became of a push.

use std::time::Duration;

use aisudo_core::display::plain_text;
use hyper::{HeaderMap, StatusCode, header::RETRY_AFTER};
use jiff::fmt::rfc2822;

/// The longest that anybody is told to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The longest text of a push service's that is passed on, in bytes.
const MAX_TEXT_BYTES: usize = 300;

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The push service will deliver it, if the browser comes in time.
    Accepted,
    /// There is no such subscription (any more): forget it.
    Gone,
    /// The push service takes it later, or hopes to.
    Later {
        /// How long to wait, if it said so.
        after: Option<Duration>,
    },
    /// It takes no message of this length.
    TooLarge,
    /// It refuses this message, and would again: mostly because of the key or the contact.
    Refused {
        /// The HTTP status. Redirects are not followed.
        status: u16,
        /// The beginning of what it said, safe to be shown.
        why: String,
    },
    /// It was not reached, or did not answer as one. The message may have arrived all the same.
    Unreachable(String),
}

impl Sent {
    /// What an answer means, apart from its words.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, now_s: u64) -> Self {
        match status.as_u16() {
            200..=299 => Self::Accepted,
            404 | 410 => Self::Gone,
            413 => Self::TooLarge,
            // 406 is Microsoft's way to say that there were too many.
            406 | 429 | 500..=599 => Self::Later {
                after: retry_after(headers, now_s),
            },
            status => Self::Refused {
                status,
                why: String::new(),
            },
        }
    }

    /// With the beginning of what the push service said, where that helps.
    pub(crate) fn saying(self, text: &[u8]) -> Self {
        match self {
            Self::Refused { status, .. } => Self::Refused {
                status,
                why: plain_text(text.get(..MAX_TEXT_BYTES).unwrap_or(text)),
            },
            other => other,
        }
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now_s: u64) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = match value.parse() {
        Ok(seconds) => seconds,
        Err(_) => until(value, now_s)?,
    };
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

fn until(date: &str, now_s: u64) -> Option<u64> {
    let at = rfc2822::parse(date).ok()?.timestamp().as_second();
    Some(u64::try_from(at).ok()?.saturating_sub(now_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fri, 15 Jan 2027 08:00:00 GMT.
    const NOW_S: u64 = 1_800_000_000;

    fn sent(status: u16, retry_after: Option<&str>) -> Sent {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Sent::of(StatusCode::from_u16(status).unwrap(), &headers, NOW_S)
    }

    #[test]
    fn each_status_by_what_can_be_done() {
        let later = Sent::Later { after: None };
        for (status, expected) in [
            (200, Sent::Accepted),
            (201, Sent::Accepted),
            (202, Sent::Accepted),
            (204, Sent::Accepted),
            (404, Sent::Gone),
            (410, Sent::Gone),
            (406, later.clone()),
            (413, Sent::TooLarge),
            (429, later.clone()),
            (500, later.clone()),
            (503, later.clone()),
            (599, later),
        ] {
            assert_eq!(sent(status, None), expected, "{status}");
        }
        for status in [301, 307, 308, 400, 401, 403, 407, 418, 600] {
            let why = String::new();
            assert_eq!(sent(status, None), Sent::Refused { status, why });
        }
    }

    #[test]
    fn how_long_to_wait() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("18446744073709551615", Some(86_400)),
            ("Fri, 15 Jan 2027 08:00:30 GMT", Some(30)),
            ("Fri, 15 Jan 2027 07:59:30 GMT", Some(0)),
            ("Fri, 15 Jan 2100 08:00:00 GMT", Some(86_400)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let after = seconds.map(Duration::from_secs);
            assert_eq!(sent(429, Some(value)), Sent::Later { after }, "{value}");
        }
    }

    #[test]
    fn what_it_said_is_cut_and_made_safe() {
        let refused = |text: &[u8]| match sent(403, None).saying(text) {
            Sent::Refused { status: 403, why } => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(br#"{"reason":"BadJwtToken"}"#),
            r#"{"reason":"BadJwtToken"}"#
        );
        assert_eq!(refused(&[b'x'; 301]), "x".repeat(300));
        assert!(!refused(b"\x1b[2J").contains('\x1b'));
        assert_eq!(sent(410, None).saying(b"text"), Sent::Gone);
    }
}
