//! JSON objects, one a line: over a Unix socket, or TCP.

use std::sync::Arc;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    sync::Mutex,
};

use crate::{
    Events, Failure,
    calls::{Calls, MAX_MESSAGE_BYTES, closed},
    events::{Sink, queue},
};

type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection.
pub(crate) struct Lines {
    pub(crate) calls: Arc<Calls>,
    writer: Mutex<Writer>,
}

impl Lines {
    /// Takes over a connection; a task reads from now on.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> (Self, Events) {
        let calls = Arc::new(Calls::new());
        let (sink, events) = queue();
        let read = {
            let calls = Arc::clone(&calls);
            tokio::spawn(async move {
                // Also when the task is ended: whoever waits must hear it.
                let _closed = OnDrop(Arc::clone(&calls));
                read(reader, &calls, &sink).await;
            })
        };
        let lines = Self {
            calls,
            writer: Mutex::new(Box::new(writer)),
        };
        (lines, events(read.abort_handle()))
    }

    /// Sends one line.
    pub(crate) async fn send(&self, mut line: Vec<u8>) -> Result<(), Failure> {
        line.push(b'\n');
        let mut writer = self.writer.lock().await;
        let sent = async {
            writer.write_all(&line).await?;
            writer.flush().await
        };
        sent.await.map_err(|_: std::io::Error| closed())
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

struct OnDrop(Arc<Calls>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Until the connection ends, or a line is longer than any should be.
async fn read(reader: impl AsyncRead + Unpin, calls: &Calls, sink: &Sink) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let most = u64::try_from(MAX_MESSAGE_BYTES).unwrap_or(u64::MAX);
    loop {
        line.clear();
        let mut capped = (&mut reader).take(most);
        match capped.read_until(b'\n', &mut line).await {
            Ok(_) if line.ends_with(b"\n") => calls.take_line(&line, sink),
            _ => return,
        }
    }
}
