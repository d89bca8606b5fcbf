//! `CLOCK_BOOTTIME` (clock_gettime(2)), and the boot id of random(4).

use rustix::time::{ClockId, clock_gettime};

/// Seconds and nanoseconds.
pub(super) fn since_boot() -> (i64, i64) {
    let now = clock_gettime(ClockId::Boottime);
    (now.tv_sec, now.tv_nsec)
}

pub(super) fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}
