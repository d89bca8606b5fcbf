//! Frames over a socket that waits: caps before anything is allocated, deadlines on every write,
//! and reads that can be given up and taken up again.

use std::{io, sync::Arc, time::Duration};

use aisudo_core::wire::{FrameError, decode, encode, frame_length};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long a client may take to make room for what it asked for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take over a frame that it has begun.
const FRAME_TIMEOUT: Duration = Duration::from_secs(5);

/// What all frames on their way in may take together, in KiB …
const BUDGET_KIB: usize = 32 * 1024;

/// … but for small ones, which are not counted, in bytes.
const SMALL: usize = 2048;

/// Memory for large frames, shared by all connections.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_KIB)))
    }
}

/// A client, one frame at a time.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    budget: Budget,
    header: [u8; 4],
    header_filled: usize,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    json: Vec<u8>,
    filled: usize,
    permit: Option<OwnedSemaphorePermit>,
}

/// A frame, and its share of the budget for as long as it is in use.
#[derive(Debug)]
pub(super) struct Frame {
    json: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

/// Why nothing more comes from this client.
#[derive(Debug)]
pub(super) enum Broken {
    /// It closed, or the socket failed.
    Closed,
    /// It was too slow.
    Slow,
    /// It said something that is no frame of the protocol.
    Frame(FrameError),
}

impl From<FrameError> for Broken {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl Frame {
    pub(super) fn message<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        decode(&self.json)
    }

    /// The frame is read; its share is held until this is dropped.
    pub(super) fn into_share(self) -> Option<OwnedSemaphorePermit> {
        self.permit
    }
}

impl Wire {
    pub(super) fn new(stream: UnixStream, budget: Budget) -> Self {
        Self {
            stream,
            budget,
            header: [0; 4],
            header_filled: 0,
            body: None,
        }
    }

    /// The next frame of at most `max` bytes. A call that is dropped half-way loses nothing.
    pub(super) async fn next(&mut self, max: usize) -> Result<Frame, Broken> {
        self.read_header().await?;
        // Boxed: it is not held while nothing comes.
        let body = timeout(FRAME_TIMEOUT, self.read_body(max));
        Box::pin(body).await.unwrap_or(Err(Broken::Slow))
    }

    /// The next frame, and the message in it, within a time.
    pub(super) async fn message_within<T: DeserializeOwned>(
        &mut self,
        within: Duration,
        max: usize,
    ) -> Result<(T, Frame), Broken> {
        let frame = timeout(within, self.next(max))
            .await
            .unwrap_or(Err(Broken::Slow))?;
        Ok((frame.message()?, frame))
    }

    /// Sends a message. A client that does not take it is given up.
    pub(super) async fn send<T: Serialize>(&self, message: &T) -> Result<(), Broken> {
        let frame = encode(message)?;
        timeout(WRITE_TIMEOUT, self.write_all(&frame))
            .await
            .unwrap_or(Err(Broken::Slow))
    }

    async fn read_header(&mut self) -> Result<(), Broken> {
        while let Some(rest) = self
            .header
            .get_mut(self.header_filled..)
            .filter(|rest| !rest.is_empty())
        {
            self.header_filled += read_some(&self.stream, rest).await?;
        }
        Ok(())
    }

    async fn read_body(&mut self, max: usize) -> Result<Frame, Broken> {
        if self.body.is_none() {
            self.body = Some(self.begin_body(max).await?);
        }
        // What was read stays in `self`, in case this is given up half-way.
        if let Some(body) = &mut self.body {
            while let Some(rest) = body
                .json
                .get_mut(body.filled..)
                .filter(|rest| !rest.is_empty())
            {
                body.filled += read_some(&self.stream, rest).await?;
            }
        }
        self.header_filled = 0;
        let Body { json, permit, .. } = self.body.take().ok_or(Broken::Closed)?;
        Ok(Frame { json, permit })
    }

    async fn begin_body(&self, max: usize) -> Result<Body, Broken> {
        let length = frame_length(self.header)?;
        if length > max {
            let why = format!("{length} bytes is over the limit of {max} here");
            return Err(FrameError::Malformed(why).into());
        }
        let permit = if length <= SMALL {
            None
        } else {
            let kib = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
            let share = Arc::clone(&self.budget.0).acquire_many_owned(kib).await;
            Some(share.map_err(|_| Broken::Closed)?)
        };
        Ok(Body {
            json: vec![0; length],
            filled: 0,
            permit,
        })
    }

    async fn write_all(&self, mut bytes: &[u8]) -> Result<(), Broken> {
        while !bytes.is_empty() {
            self.stream.writable().await.map_err(|_| Broken::Closed)?;
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Broken::Closed),
            }
        }
        Ok(())
    }
}

async fn read_some(stream: &UnixStream, buffer: &mut [u8]) -> Result<usize, Broken> {
    loop {
        stream.readable().await.map_err(|_| Broken::Closed)?;
        match stream.try_read(buffer) {
            Ok(0) => return Err(Broken::Closed),
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(Broken::Closed),
        }
    }
}
