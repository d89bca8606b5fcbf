//! Times for people.

use aisudo_core::display;
use jiff::{Timestamp, tz::TimeZone};

/// A time in milliseconds since 1970, in the zone of whoever reads.
pub(crate) fn local(unix_ms: u64) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{unix_ms} ms after 1970"), in_local_zone)
}

/// A time as the audit log writes it.
pub(crate) fn local_of(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => in_local_zone(time),
        Err(_) => display::word(rfc3339.as_bytes()).text,
    }
}

fn in_local_zone(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// How long, in the largest unit that is not zero.
pub(crate) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ ..=119 => format!("{seconds} s"),
        seconds @ ..=7199 => format!("{} min", seconds / 60),
        seconds @ ..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let shown = [0, 3_999, 119_999, 120_000, 7_200_000, 172_800_000].map(span);
        assert_eq!(shown, ["0 s", "3 s", "119 s", "2 min", "2 h", "2 days"]);
    }

    #[test]
    fn what_is_no_time_is_shown_safely() {
        assert_eq!(local_of("\x1bx"), r#""\x1bx""#);
        assert_eq!(local(u64::MAX), "18446744073709551615 ms after 1970");
    }
}
