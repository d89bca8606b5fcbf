//! Times for people.

use aisudo_core::display;
use aisudo_sys::clock;
use jiff::{Span, Timestamp, ZonedDateTime, civil, tz::TimeZone};

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

/// A time on the command line: RFC 3339, a date or a date and time of this zone, or how long ago.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let now = i64::try_from(clock::unix_ms()).unwrap_or(i64::MAX);
    let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX);
    moment_from(text.trim(), &now.to_zoned_datetime(TimeZone::system())).ok_or_else(|| {
        "expected a time such as 2025-03-01T12:00:00Z, a date such as 2025-03-01, or a span such as 2h or 7d"
            .to_owned()
    })
}

fn moment_from(text: &str, now: &ZonedDateTime) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        let zoned = time.to_zoned_datetime(now.time_zone().clone()).ok()?;
        return Some(zoned.timestamp());
    }
    let span: Span = text.parse().ok()?;
    let before = now.checked_sub(span.abs()).ok()?;
    Some(before.timestamp())
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
    fn a_moment_is_a_time_a_date_or_a_span() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now: Timestamp = "2024-04-02T10:00:00Z".parse().unwrap();
        let now = now.to_zoned_datetime(zone);
        let moment = |text: &str| moment_from(text, &now).map(|time| time.to_string());
        for (text, expected) in [
            ("2024-03-01T12:00:00Z", "2024-03-01T12:00:00Z"),
            ("2024-03-01T12:00:00+02:00", "2024-03-01T10:00:00Z"),
            ("2024-03-01", "2024-02-29T23:00:00Z"),
            ("2024-03-01 08:30", "2024-03-01T07:30:00Z"),
            ("2h", "2024-04-02T08:00:00Z"),
            ("90m", "2024-04-02T08:30:00Z"),
            // Three days ago was before the hour was lost: the clock on the wall counts.
            ("3d", "2024-03-30T11:00:00Z"),
            ("1h 30m ago", "2024-04-02T08:30:00Z"),
        ] {
            assert_eq!(moment(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "soon", "7", "2024-13-01"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_time_is_shown_safely() {
        assert_eq!(local_of("\x1bx"), r#""\x1bx""#);
        assert_eq!(local(u64::MAX), "18446744073709551615 ms after 1970");
    }
}
