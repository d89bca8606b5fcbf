//! What C sudo says of the command it resolved.
#![allow(
    unsafe_code,
    reason = "the answer of sudo's own getenv(3), which is not the requester's environment, can be had in no other way"
)]

use std::ffi::{CStr, c_char};

use aisudo_sys::process::environment;

/// sudo cuts the arguments in `SUDO_COMMAND` at this many bytes.
pub(crate) const CUT: usize = 4096;

/// `SUDO_COMMAND`, if sudo itself answers for it.
///
/// C sudo replaces `getenv(3)` and sets this variable to what it resolved. In sudo-rs the same call
/// returns the requester's own string: it is refused when it lies in an entry of `environ`. On macOS a
/// module's `getenv` is always the C library's, so nothing is believed there.
pub(crate) fn from_sudo() -> Option<Vec<u8>> {
    // SAFETY: the name is a C string. sudo is single-threaded, so nobody changes the environment.
    let value = unsafe { libc::getenv(c"SUDO_COMMAND".as_ptr()) }.cast_const();
    if value.is_null() || lies_in_environment(value) {
        return None;
    }
    // SAFETY: getenv(3) returned a C string, which stays valid while the environment is unchanged.
    Some(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
}

/// `AISUDO_REASON` of the requester's environment: the agent's own words.
pub(crate) fn reason() -> Option<Vec<u8>> {
    variable(b"AISUDO_REASON")
}

/// A variable of the requester's environment.
pub(crate) fn variable(name: &[u8]) -> Option<Vec<u8>> {
    entries().into_iter().find_map(|entry| {
        entry
            .to_bytes()
            .strip_prefix(name)?
            .strip_prefix(b"=")
            .map(<[u8]>::to_vec)
    })
}

/// The names of the variables in the requester's environment.
pub(crate) fn variables() -> impl Iterator<Item = &'static [u8]> {
    entries()
        .into_iter()
        .filter_map(|entry| entry.to_bytes().split(|byte| *byte == b'=').next())
}

fn lies_in_environment(value: *const c_char) -> bool {
    entries().into_iter().any(|entry| {
        let bytes = entry.to_bytes_with_nul();
        bytes.as_ptr_range().contains(&value.cast())
    })
}

/// The entries of `environ`.
fn entries() -> Vec<&'static CStr> {
    let mut found = Vec::new();
    let mut next = environment();
    if next.is_null() {
        return found;
    }
    loop {
        // SAFETY: `environ` points to an array that ends with a null pointer, which is where the
        // loop stops.
        let entry = unsafe { *next };
        if entry.is_null() {
            return found;
        }
        // SAFETY: each entry before the null is a C string; it stays valid while the environment is
        // unchanged, and the gate does not keep it beyond this call.
        found.push(unsafe { CStr::from_ptr(entry) });
        // SAFETY: not beyond the array: this entry was not its last.
        next = unsafe { next.add(1) };
    }
}
