//! The user and group databases (getpwnam(3), getgrouplist(3)), whatever is behind them.
#![allow(
    unsafe_code,
    reason = "libc's reentrant look-ups are the only way through NSS, and have no safe wrapper among our dependencies"
)]

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{
    ffi::{CStr, CString, c_char},
    mem::MaybeUninit,
    ptr,
};

/// Look-ups that need more than this many bytes, or groups, are given up: a database is not
/// trusted to be finite.
const MAX_BUFFER: usize = 1 << 20;

/// A user that the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: Vec<u8>,
    /// Its user id.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// Its shell; empty for `/bin/sh`.
    pub shell: Vec<u8>,
}

/// The name of a user, as bytes; nothing when the database knows none.
#[must_use]
pub fn user_name(uid: u32) -> Option<Vec<u8>> {
    account(uid).map(|account| account.name)
}

/// The id of a user.
#[must_use]
pub fn uid_of(name: &str) -> Option<u32> {
    account_named(name).map(|account| account.uid)
}

/// The user with this id.
#[must_use]
pub fn account(uid: u32) -> Option<Account> {
    // SAFETY: the pointers come from `look_up`, which keeps what they point to alive and says how
    // long the buffer is.
    look_up(
        |entry, buffer, length, found| unsafe {
            libc::getpwuid_r(uid, entry, buffer, length, found)
        },
        read_account,
    )
}

/// The user with this name.
#[must_use]
pub fn account_named(name: &str) -> Option<Account> {
    let name = CString::new(name).ok()?;
    look_up(
        // SAFETY: as in `account`; `name` is a C string that outlives the call.
        |entry, buffer, length, found| unsafe {
            libc::getpwnam_r(name.as_ptr(), entry, buffer, length, found)
        },
        read_account,
    )
}

/// The id of a group.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    look_up(
        // SAFETY: as in `account_named`.
        |entry, buffer, length, found| unsafe {
            libc::getgrnam_r(name.as_ptr(), entry, buffer, length, found)
        },
        |entry: &libc::group| Some(entry.gr_gid),
    )
}

/// The names of the groups of a user, the primary one among them. A name that is not UTF-8 is
/// left out: a configuration cannot name it.
#[must_use]
pub fn group_names(uid: u32) -> Vec<String> {
    let Some(account) = account(uid) else {
        return Vec::new();
    };
    group_ids(&account)
        .into_iter()
        .filter_map(group_name)
        .collect()
}

/// The ids of the groups of a user, the primary one among them.
#[must_use]
pub fn group_ids(account: &Account) -> Vec<u32> {
    let Ok(name) = CString::new(account.name.as_slice()) else {
        return vec![account.gid];
    };
    let mut capacity = 64;
    loop {
        if let Some(groups) = platform::groups_of(&name, account.gid, capacity) {
            return groups;
        }
        capacity *= 4;
        if capacity > MAX_BUFFER {
            return vec![account.gid];
        }
    }
}

fn group_name(gid: u32) -> Option<String> {
    look_up(
        // SAFETY: as in `account`.
        |entry, buffer, length, found| unsafe {
            libc::getgrgid_r(gid, entry, buffer, length, found)
        },
        |entry: &libc::group| String::from_utf8(bytes(entry.gr_name)?).ok(),
    )
}

fn read_account(entry: &libc::passwd) -> Option<Account> {
    Some(Account {
        name: bytes(entry.pw_name)?,
        uid: entry.pw_uid,
        gid: entry.pw_gid,
        shell: bytes(entry.pw_shell).unwrap_or_default(),
    })
}

/// The string behind a field of an entry that [`look_up`] still holds.
fn bytes(text: *const c_char) -> Option<Vec<u8>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null; the C library filled the entry with strings in the buffer, which is alive.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_bytes().to_vec())
}

/// Calls one of the `get…_r` functions with a buffer that grows until it suffices, and reads the
/// entry while the buffer lives.
fn look_up<E, T>(
    call: impl Fn(*mut E, *mut c_char, usize, *mut *mut E) -> libc::c_int,
    read: impl Fn(&E) -> Option<T>,
) -> Option<T> {
    let mut length = 1024;
    while length <= MAX_BUFFER {
        let mut buffer: Vec<c_char> = vec![0; length];
        let mut entry = MaybeUninit::<E>::zeroed();
        let mut found: *mut E = ptr::null_mut();
        match call(
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            length,
            &raw mut found,
        ) {
            // SAFETY: when it is not null the call set it to `entry`, which it filled.
            0 => return unsafe { found.as_ref() }.and_then(&read),
            libc::ERANGE => length *= 4,
            libc::EINTR => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_both_ways() {
        assert_eq!(user_name(0).unwrap(), b"root");
        assert_eq!(uid_of("root"), Some(0));
        // macOS calls this group wheel.
        let first = group_name(0).unwrap();
        assert_eq!(group_id(&first), Some(0));
        assert!(group_names(0).contains(&first));
        assert!(group_ids(&account(0).unwrap()).contains(&0));
    }

    #[test]
    fn who_is_not_there_is_nobody() {
        assert_eq!(user_name(3_999_999_999), None);
        assert_eq!(uid_of("no such user"), None);
        assert_eq!(uid_of("root\0x"), None);
        assert_eq!(group_id(""), None);
        assert!(group_names(3_999_999_999).is_empty());
    }
}
