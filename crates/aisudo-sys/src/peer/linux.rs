//! `SO_PEERCRED` (unix(7)).

use std::{
    io,
    mem::{MaybeUninit, size_of},
    os::{fd::AsRawFd, unix::net::UnixStream},
};

use super::Peer;

/// Not rustix's: that has no place for pid 0.
pub(super) fn peer_credentials(socket: &UnixStream) -> io::Result<Peer> {
    let mut credentials = MaybeUninit::<libc::ucred>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or_default();
    #[allow(
        unsafe_code,
        reason = "getsockopt(2) with an option that no safe wrapper has whole"
    )]
    // SAFETY: the buffer is valid for `length` bytes, which is its size, and both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            credentials.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    #[allow(unsafe_code, reason = "as above")]
    // SAFETY: it was zeroed, and any bytes are a valid `ucred` of three integers.
    let credentials = unsafe { credentials.assume_init() };
    Ok(Peer {
        pid: credentials.pid,
        uid: credentials.uid,
        gid: credentials.gid,
    })
}
