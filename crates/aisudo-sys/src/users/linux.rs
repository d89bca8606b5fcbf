//! getgrouplist(3).

use std::ffi::CStr;

/// The groups of a user; nothing when there are more than `capacity`.
pub(super) fn groups_of(name: &CStr, gid: u32, capacity: usize) -> Option<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; capacity];
    let mut count = libc::c_int::try_from(capacity).unwrap_or(libc::c_int::MAX);
    // SAFETY: `name` is a C string and `groups` has room for the `count` ids; both outlive the call.
    let result =
        unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
    if result < 0 {
        return None;
    }
    groups.truncate(usize::try_from(count).unwrap_or_default());
    Some(groups)
}
