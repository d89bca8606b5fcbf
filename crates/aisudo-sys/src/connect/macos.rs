//! socket(2) takes no flags here: they are set afterwards. sudo has one thread, so no fork comes between.

use std::{io, os::unix::net::UnixStream, path::Path};

use rustix::{
    io::{FdFlags, fcntl_setfd, ioctl_fionbio},
    net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket, sockopt},
};

pub(super) fn connect_now(path: &Path) -> io::Result<UnixStream> {
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    // There is no MSG_NOSIGNAL: a daemon that went away must not kill sudo.
    sockopt::set_socket_nosigpipe(&socket, true)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}
