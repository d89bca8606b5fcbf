//! `CLOCK_MONOTONIC_RAW` (clock_gettime(3)), which on macOS is `mach_continuous_time`: it goes on while
//! the Mac sleeps. `CLOCK_UPTIME_RAW` would stand still, and an approval be fresh after a night;
//! `CLOCK_MONOTONIC` was, before it was the same, the time of day less that of the start.
#![allow(
    unsafe_code,
    reason = "rustix has no name for this clock, nor for sysctls"
)]

use std::{ffi::CStr, ptr};

/// Seconds and nanoseconds.
pub(super) fn since_boot() -> (i64, i64) {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` outlives the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_RAW, &raw mut now) };
    if result == 0 {
        (now.tv_sec, now.tv_nsec)
    } else {
        // It cannot fail for a clock that there is. If it did: later than any deadline.
        (i64::MAX, 0)
    }
}

/// `kern.bootsessionuuid`: another one each time the kernel starts.
pub(super) fn boot_id() -> Option<String> {
    let mut buffer = [0_u8; 64];
    let mut length = buffer.len();
    // SAFETY: the name is a C string, the buffer has `length` bytes, both outlive the call, and nothing
    // is set.
    let result = unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            buffer.as_mut_ptr().cast(),
            &raw mut length,
            ptr::null_mut(),
            0,
        )
    };
    if result != 0 {
        return None;
    }
    let text = CStr::from_bytes_until_nul(&buffer).ok()?;
    Some(text.to_str().ok()?.to_owned())
}
