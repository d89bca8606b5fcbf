//! The listening socket.

use std::fmt;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind,
    getsockname, listen, shutdown, socket_with, sockopt,
};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;

use crate::builder::Endpoint;
use crate::state::{Setup, Shared};
use crate::{http, lines};

/// How many may wait to be accepted.
const BACKLOG: i32 = 64;

/// Where it listens, also over a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
    Http(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Http(address) => write!(f, "http:{address}"),
        }
    }
}

/// A listening socket and the thread that accepts on it.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Arc<OwnedFd>,
    thread: JoinHandle<()>,
}

impl Address {
    /// The address for an endpoint; for a port, with what keeps others from taking it, also between two
    /// lives.
    pub(crate) fn of(endpoint: Endpoint) -> (Self, Option<OwnedFd>) {
        match endpoint {
            Endpoint::Unix(path) => (Self::Unix(path), None),
            Endpoint::Tcp => {
                let (port, kept) = free_port();
                (Self::Tcp(port), Some(kept))
            }
            Endpoint::Http => {
                let (port, kept) = free_port();
                (Self::Http(port), Some(kept))
            }
        }
    }
}

/// A port, and a socket that is bound to it and does not listen.
fn free_port() -> (SocketAddr, OwnedFd) {
    let kept = bound("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let port = getsockname(&kept).expect("its address");
    (port.try_into().expect("an Internet address"), kept)
}

/// A socket that shares its port with others of this user that say so, as this one does.
fn bound(port: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    sockopt::set_socket_reuseport(&socket, true)?;
    // Also over connections of the life before.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &port)?;
    Ok(socket)
}

impl Listener {
    #[track_caller]
    pub(crate) fn start(address: &Address, shared: &Arc<Shared>) -> Self {
        let socket = match address {
            Address::Unix(path) => listen_on_path(path, &shared.setup),
            Address::Tcp(port) | Address::Http(port) => {
                let listening = bound(*port).and_then(|socket| {
                    listen(&socket, BACKLOG)?;
                    Ok(socket)
                });
                listening.unwrap_or_else(|error| panic!("listen on {port}: {error}"))
            }
        };
        let socket = Arc::new(socket);
        let serve = match address {
            Address::Http(_) => http::serve,
            _ => lines::serve,
        };
        let (accepting, shared) = (Arc::clone(&socket), Arc::clone(shared));
        let thread = std::thread::spawn(move || accept_all(&accepting, &shared, serve));
        Self { socket, thread }
    }

    /// Stops listening. A Unix socket's file stays, as after SIGKILL.
    pub(crate) fn stop(self) {
        // This ends the wait in accept(2).
        let _ = shutdown(&*self.socket, Shutdown::Both);
        let _ = self.thread.join();
    }
}

fn accept_all(socket: &OwnedFd, shared: &Arc<Shared>, serve: fn(&Arc<Shared>, File)) {
    loop {
        match accept_with(socket, SocketFlags::CLOEXEC) {
            Ok(connection) => {
                let shared = Arc::clone(shared);
                std::thread::spawn(move || serve(&shared, File::from(connection)));
            }
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => return,
        }
    }
}

#[track_caller]
fn listen_on_path(path: &Path, setup: &Setup) -> OwnedFd {
    // What a killed one left behind.
    let _ = fs::remove_file(path);
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .expect("make a socket");
    let address = SocketAddrUnix::new(path).expect("a short path");
    bind(&socket, &address).unwrap_or_else(|error| panic!("bind {}: {error}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(setup.socket_mode))
        .expect("set the socket's mode");
    if setup.socket_uid.is_some() || setup.socket_gid.is_some() {
        chown(path, setup.socket_uid, setup.socket_gid).expect("give the socket away");
    }
    match setup.socket_uid {
        None => listen(&socket, BACKLOG).expect("listen"),
        Some(uid) => listen_as(uid, &socket),
    }
    socket
}

/// What `SO_PEERCRED` says to a client are the ids of the thread that called listen(2), as it did so.
fn listen_as(uid: u32, socket: &OwnedFd) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let uid = Uid::from_raw(uid);
            // Of this thread alone: the system call, not the C library's function.
            set_thread_res_uid(uid, uid, uid).expect("become another user: this needs root");
            listen(socket, BACKLOG).expect("listen");
        });
    });
}
