//! How long the kernel waits for a peer that does not acknowledge.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{io, time::Duration};

use tokio::net::TcpStream;

/// Gives the connection up after this long.
///
/// # Errors
/// The kernel's.
pub(super) fn limit(stream: &TcpStream, longest: Duration) -> io::Result<()> {
    platform::limit(stream, longest)
}
