//! initgroups(3), setgid(2), setuid(2): for root, these set the real, effective and saved ids alike.
#![allow(
    unsafe_code,
    reason = "set*id(2) of the C library, which know of all threads"
)]

use std::{ffi::CString, io};

use aisudo_sys::users::Account;

/// All ids, with no way back: that there is none is tried.
pub(super) fn become_user(account: &Account) -> io::Result<()> {
    let name = CString::new(account.name.as_slice())?;
    // Through the directory service, which also knows of nested groups.
    // SAFETY: a C string that outlives the call.
    check(unsafe { libc::initgroups(name.as_ptr(), account.gid.cast_signed()) })?;
    // SAFETY: takes and gives integers.
    check(unsafe { libc::setgid(account.gid) })?;
    // SAFETY: takes and gives integers.
    check(unsafe { libc::setuid(account.uid) })?;
    // SAFETY: takes and gives integers.
    if account.uid != 0 && unsafe { libc::setuid(0) } == 0 {
        return Err(io::Error::other("root could be had back"));
    }
    Ok(())
}

/// `OPEN_MAX` of `<sys/syslimits.h>`.
const OPEN_MAX: u64 = 10_240;

/// As many open files as this process may allow itself. No more than `OPEN_MAX`, whatever the hard limit:
/// setrlimit(2), "Compatibility".
pub(super) fn most_files(maximum: Option<u64>) -> Option<u64> {
    Some(maximum.map_or(OPEN_MAX, |most| most.min(OPEN_MAX)))
}

/// There is no such promise on macOS. The daemon starts no programs.
pub(super) fn no_new_privileges() -> Result<(), String> {
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
