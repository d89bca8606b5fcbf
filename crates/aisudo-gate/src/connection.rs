//! One connection to the daemon: frames over a socket that never blocks.

use std::{
    fs::Metadata,
    io::{ErrorKind, Read, Write},
    os::{
        fd::AsFd,
        unix::{fs::MetadataExt, net::UnixStream},
    },
    path::Path,
};

use aisudo_core::wire::{self, Hello, ToGate, decode, encode, frame_length};
use aisudo_sys::connect::connect_now;
use rustix::event::{PollFd, PollFlags};
use serde_json::Value;

/// A connection, the frames it still has to send, and the bytes of those it has not received whole.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: UnixStream,
    unsent: Vec<u8>,
    received: Vec<u8>,
    /// The other side has closed, or the socket has failed.
    ended: bool,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoConnection {
    /// Not now: nobody listens, or too many wait.
    Now(String),
    /// Not at all: the socket's directory is not root's.
    Ever(String),
}

impl Connection {
    /// Connects and queues the first frame.
    pub(crate) fn open(path: &Path) -> Result<Self, NoConnection> {
        check_directory(path)?;
        let socket = connect_now(path)
            .map_err(|_| NoConnection::Now("aisudo-daemon does not answer".to_owned()))?;
        let mut connection = Self {
            socket,
            unsent: Vec::new(),
            received: Vec::new(),
            ended: false,
        };
        connection
            .queue(&Hello::default())
            .map_err(|error| NoConnection::Ever(error.to_string()))?;
        Ok(connection)
    }

    /// Queues a frame; [`Self::pump`] sends it.
    pub(crate) fn queue<T: serde::Serialize>(
        &mut self,
        message: &T,
    ) -> Result<(), wire::FrameError> {
        self.unsent.extend_from_slice(&encode(message)?);
        Ok(())
    }

    /// What to wait for.
    pub(crate) fn interest(&self) -> PollFd<'_> {
        let events = if self.unsent.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        };
        PollFd::from_borrowed_fd(self.socket.as_fd(), events)
    }

    /// Sends and receives what is possible without waiting.
    pub(crate) fn pump(&mut self) {
        while !self.unsent.is_empty() && !self.ended {
            match self.socket.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent.min(self.unsent.len()))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What the other side said before it closed is still read below.
                Err(_) => break,
            }
        }
        let mut piece = [0; 4096];
        // Bounded: the daemon may not fill sudo's memory either.
        while !self.ended && self.received.len() < wire::MAX_FRAME_BYTES + 4 {
            match self.socket.read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(count) => self
                    .received
                    .extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.ended = true,
            }
        }
    }

    /// The next message that was received whole.
    ///
    /// # Errors
    /// When the bytes are no frame of the protocol.
    pub(crate) fn next(&mut self) -> Result<Option<ToGate>, wire::FrameError> {
        let Some(header) = self.received.first_chunk::<4>() else {
            return Ok(None);
        };
        let end = frame_length(*header)? + 4;
        let Some(json) = self.received.get(4..end) else {
            return Ok(None);
        };
        let message = decode::<ToGate>(json).map_err(|error| match decode::<Value>(json) {
            Ok(_) => error,
            Err(_) => wire::FrameError::Malformed("it is not JSON".to_owned()),
        });
        self.received.drain(..end);
        message.map(Some)
    }

    /// Whether nothing more can come.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }
}

/// The daemon is believed because only root can put a socket there.
fn check_directory(socket: &Path) -> Result<(), NoConnection> {
    let Some(directory) = socket.parent() else {
        return Err(NoConnection::Ever("the socket has no directory".to_owned()));
    };
    let owner = rustix::process::geteuid().as_raw();
    let trusted =
        |meta: &Metadata| meta.is_dir() && meta.uid() == owner && meta.mode() & 0o022 == 0;
    match directory.symlink_metadata() {
        Ok(meta) if trusted(&meta) => Ok(()),
        Ok(_) => Err(NoConnection::Ever(format!(
            "{} is not a directory that only root can write",
            directory.display()
        ))),
        Err(_) => Err(NoConnection::Now("aisudo-daemon is not running".to_owned())),
    }
}
