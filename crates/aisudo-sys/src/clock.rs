//! The only place where the ambient clocks are read. Everywhere else time is a parameter.

use std::time::{Duration, SystemTime};

use aisudo_core::state::Tick;
use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the host was started, sleep included (`CLOCK_BOOTTIME`): all processes of
/// the host see the same, nobody can set it, and it is what deadlines run on.
#[must_use]
pub fn boottime() -> Tick {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or_default();
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
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
