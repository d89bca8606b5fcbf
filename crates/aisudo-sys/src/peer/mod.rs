//! Who sits at the other end of a socket, from the kernel.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{io, os::unix::net::UnixStream};

/// The process at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its process id, on Linux of who connected, on macOS of who used that end last; 0 when it
    /// lives in a pid namespace that is not seen from here.
    pub pid: i32,
    /// Its effective user id when it connected.
    pub uid: u32,
    /// Its effective group id when it connected.
    pub gid: u32,
}

/// Asks the kernel.
///
/// # Errors
/// When the kernel does not tell.
pub fn peer_credentials(socket: &UnixStream) -> io::Result<Peer> {
    platform::peer_credentials(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_names_this_process() {
        let (one, _two) = UnixStream::pair().unwrap();
        let peer = peer_credentials(&one).unwrap();
        assert_eq!(peer.pid, i32::try_from(std::process::id()).unwrap());
        assert_eq!(peer.uid, rustix::process::getuid().as_raw());
    }
}
