//! getentropy(2).
#![allow(
    unsafe_code,
    reason = "a call that no safe wrapper among our dependencies has"
)]

use std::io;

/// getentropy(2) gives no more at once.
const MOST: usize = 256;

pub(super) fn fill(bytes: &mut [u8]) -> io::Result<()> {
    for part in bytes.chunks_mut(MOST) {
        // SAFETY: the pointer and the length are those of a slice that outlives the call.
        let result = unsafe { libc::getentropy(part.as_mut_ptr().cast(), part.len()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
