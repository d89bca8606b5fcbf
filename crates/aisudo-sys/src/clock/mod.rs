//! The only place where the ambient clocks are read. Everywhere else time is a parameter.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{
    io::Read as _,
    time::{Duration, SystemTime},
};

use aisudo_core::{policy::LocalTime, state::Tick};
use tz::TimeZone;

/// Milliseconds since the host was started, sleep included: all processes of the host see the same,
/// nobody can set it, and it is what deadlines run on.
#[must_use]
pub fn boottime() -> Tick {
    let (seconds, nanoseconds) = platform::since_boot();
    let seconds = u64::try_from(seconds).unwrap_or_default();
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or_default();
    Tick(
        seconds
            .saturating_mul(1000)
            .saturating_add(nanoseconds / 1_000_000),
    )
}

/// Milliseconds since 1970. For people: it can be set, so nothing is decided by it.
#[must_use]
pub fn unix_ms() -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that others are given"
    )]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or(Duration::ZERO).as_millis()).unwrap_or(u64::MAX)
}

/// The kernel's name for this run of the host; empty when it cannot be read. A [`Tick`] means
/// something only together with it.
#[must_use]
pub fn boot_id() -> String {
    platform::boot_id().unwrap_or_default()
}

/// The host's time zone; localtime(5).
const ZONE: &str = "/etc/localtime";

/// The longest description of a time zone, in bytes.
const MAX_ZONE_BYTES: u64 = 64 * 1024;

/// What the clocks on the host's walls show at this time, in milliseconds since 1970. UTC where the
/// host has no time zone. `TZ` is not looked at: in sudo, it is the requester's.
#[must_use]
pub fn local_time(unix_ms: u64) -> LocalTime {
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or_default();
    let offset = zone()
        .and_then(|zone| {
            zone.find_local_time_type(seconds)
                .ok()
                .map(|kind| kind.ut_offset())
        })
        .unwrap_or_default();
    wall_clock(seconds.saturating_add(offset.into()))
}

fn zone() -> Option<TimeZone> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(ZONE).ok()?;
    file.take(MAX_ZONE_BYTES).read_to_end(&mut bytes).ok()?;
    TimeZone::from_tz_data(&bytes).ok()
}

fn wall_clock(local_seconds: i64) -> LocalTime {
    const DAY: i64 = 24 * 60 * 60;
    // The first of January 1970 was a Thursday.
    let weekday = (local_seconds.div_euclid(DAY) + 3).rem_euclid(7);
    let minute = local_seconds.rem_euclid(DAY) / 60;
    LocalTime {
        weekday: u8::try_from(weekday).unwrap_or_default(),
        minute: u16::try_from(minute).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with `date -u -d @N '+%a %H:%M'`.
    #[test]
    fn a_wall_clock_shows_the_day_and_the_minute() {
        for (seconds, weekday, minute) in [
            (0, 3, 0),
            (1_700_000_000, 1, 22 * 60 + 13),
            (1_700_352_000, 6, 0),
            (-60, 2, 23 * 60 + 59),
        ] {
            assert_eq!(
                wall_clock(seconds),
                LocalTime { weekday, minute },
                "{seconds}"
            );
        }
    }

    /// Summer and winter in Berlin, from the rule of its time zone.
    #[test]
    fn a_time_zone_knows_of_summer() {
        let zone = TimeZone::from_posix_tz("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let offset = |seconds| zone.find_local_time_type(seconds).unwrap().ut_offset();
        assert_eq!(offset(1_700_000_000), 3600);
        assert_eq!(offset(1_690_000_000), 7200);
    }

    #[test]
    fn the_clocks_run() {
        let before = boottime();
        assert!(before.0 > 0);
        assert!(boottime() >= before);
        assert!(unix_ms() > 1_700_000_000_000);
        assert_eq!(boot_id().len(), 36);
        assert_eq!(boot_id(), boot_id());
    }
}
