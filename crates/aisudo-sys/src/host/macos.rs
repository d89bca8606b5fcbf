//! gethostuuid(2).
#![allow(
    unsafe_code,
    reason = "a call that no safe wrapper among our dependencies has"
)]

use std::fmt::Write as _;

pub(super) fn machine_id() -> Option<String> {
    let mut id = [0_u8; 16];
    let no_wait = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a `uuid_t` is 16 bytes; both outlive the call.
    let result = unsafe { libc::gethostuuid(id.as_mut_ptr(), &raw const no_wait) };
    if result != 0 {
        return None;
    }
    let mut text = String::new();
    for byte in id {
        write!(text, "{byte:02x}").ok()?;
    }
    Some(text)
}
