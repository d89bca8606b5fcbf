//! setresuid(2), prctl(2).
#![allow(
    unsafe_code,
    reason = "set*id(2) of the C library, which know of all threads"
)]

use std::io;

use aisudo_sys::users::{Account, group_ids};
use rustix::thread::set_no_new_privs;

/// All ids, with no way back.
pub(super) fn become_user(account: &Account) -> io::Result<()> {
    let groups = group_ids(account);
    // SAFETY: the pointer and the length are those of a slice that outlives the call.
    check(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
    // SAFETY: takes and gives integers.
    check(unsafe { libc::setresgid(account.gid, account.gid, account.gid) })?;
    // SAFETY: takes and gives integers.
    check(unsafe { libc::setresuid(account.uid, account.uid, account.uid) })
}

/// As many open files as this process may allow itself.
pub(super) fn most_files(maximum: Option<u64>) -> Option<u64> {
    maximum
}

/// No setuid program gives this process, or those it starts, more than it has.
pub(super) fn no_new_privileges() -> Result<(), String> {
    set_no_new_privs(true)
        .map_err(|error| format!("no_new_privs failed: {error}; a newer kernel is needed"))
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
