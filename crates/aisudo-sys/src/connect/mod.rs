//! Connecting to a Unix socket without ever waiting.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{io, os::unix::net::UnixStream, path::Path};

/// `connect(2)` that fails instead of waiting when the listener's backlog is full. The socket does not
/// block, and is not inherited.
///
/// # Errors
/// When nobody listens, too many wait, or the path is too long.
pub fn connect_now(path: &Path) -> io::Result<UnixStream> {
    platform::connect_now(path)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read as _, Write as _},
        os::unix::net::UnixListener,
    };

    use super::*;

    #[test]
    fn it_neither_blocks_nor_is_inherited() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let nobody = connect_now(&path).unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        let mut socket = connect_now(&path).unwrap();
        let nothing = socket.read(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        let flags = rustix::io::fcntl_getfd(&socket).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        let (mut other, _) = listener.accept().unwrap();
        socket.write_all(b"x").unwrap();
        let mut heard = [0];
        other.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"x");
    }
}
