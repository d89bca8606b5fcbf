//! `LOCAL_PEERPID` (unix(4)) and getpeereid(3), which reads `LOCAL_PEERCRED`.
#![allow(
    unsafe_code,
    reason = "two calls that no safe wrapper among our dependencies has"
)]

use std::{
    io,
    mem::size_of,
    os::{fd::AsRawFd, unix::net::UnixStream},
};

use super::Peer;

pub(super) fn peer_credentials(socket: &UnixStream) -> io::Result<Peer> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open, and both integers outlive the call.
    check(unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) })?;
    let mut pid: libc::pid_t = 0;
    let mut length = libc::socklen_t::try_from(size_of::<libc::pid_t>()).unwrap_or_default();
    // SAFETY: the buffer is valid for `length` bytes, which is its size, and both outlive the call.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut pid).cast(),
            &raw mut length,
        )
    })?;
    Ok(Peer { pid, uid, gid })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
