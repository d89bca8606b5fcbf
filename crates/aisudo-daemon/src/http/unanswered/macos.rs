//! `TCP_RXT_CONNDROPTIME` (`<netinet/tcp.h>`), in seconds.
#![allow(unsafe_code, reason = "a socket option that rustix does not know")]

use std::{io, mem::size_of, os::fd::AsRawFd as _, time::Duration};

use tokio::net::TcpStream;

/// Its number, which libc does not have.
const TCP_RXT_CONNDROPTIME: libc::c_int = 0x80;

pub(super) fn limit(stream: &TcpStream, longest: Duration) -> io::Result<()> {
    let seconds = libc::c_int::try_from(longest.as_secs()).unwrap_or(libc::c_int::MAX);
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or_default();
    // SAFETY: the value is valid for `length` bytes, which is its size, and outlives the call.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            TCP_RXT_CONNDROPTIME,
            (&raw const seconds).cast(),
            length,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
