//! `TCP_USER_TIMEOUT` (tcp(7)), in milliseconds.

use std::{io, time::Duration};

use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::TcpStream;

pub(super) fn limit(stream: &TcpStream, longest: Duration) -> io::Result<()> {
    let milliseconds = u32::try_from(longest.as_millis()).unwrap_or(u32::MAX);
    Ok(set_tcp_user_timeout(stream, milliseconds)?)
}
