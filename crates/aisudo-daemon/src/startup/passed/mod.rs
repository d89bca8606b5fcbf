//! Sockets that the service manager has opened: systemd's, or launchd's.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::os::fd::OwnedFd;

/// Each with its name; none when the service manager opened none. They are not inherited any further.
/// Once only: they are this process's now.
///
/// # Errors
/// One line, when there is something that is not understood.
pub(super) fn given() -> Result<Vec<(OwnedFd, String)>, String> {
    platform::given()
}

/// Whether this is a Unix socket that listens, as far as the system tells.
pub(super) fn listens(socket: &OwnedFd) -> bool {
    platform::listens(socket)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_unix_listener_is_told_from_other_things() {
        let directory = tempfile::tempdir().unwrap();
        let unix = UnixListener::bind(directory.path().join("socket")).unwrap();
        assert!(listens(&unix.into()));
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!listens(&tcp.into()));
        assert!(!listens(&std::io::pipe().unwrap().0.into()));
        let connected = UnixStream::pair().unwrap().0;
        assert!(!listens(&connected.into()));
    }
}
