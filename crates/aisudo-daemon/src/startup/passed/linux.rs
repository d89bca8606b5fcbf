//! sd_listen_fds(3)

use std::os::fd::{FromRawFd as _, OwnedFd};

use rustix::net::{AddressFamily, sockopt};

pub(super) fn given() -> Result<Vec<(OwnedFd, String)>, String> {
    let given = sd_notify::listen_fds_with_names().map_err(|error| {
        format!("the service manager's sockets are not understood: {error}; check the unit")
    })?;
    #[allow(
        unsafe_code,
        reason = "descriptors that are inherited have no owner yet"
    )]
    // SAFETY: the service manager passed it to this process (LISTEN_PID is checked), it is open
    // (close-on-exec was just set on it), and each is taken once.
    let owned = |descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) };
    Ok(given
        .map(|(descriptor, name)| (owned(descriptor), name))
        .collect())
}

pub(super) fn listens(socket: &OwnedFd) -> bool {
    sockopt::socket_domain(socket) == Ok(AddressFamily::UNIX)
        && sockopt::socket_acceptconn(socket) == Ok(true)
}
