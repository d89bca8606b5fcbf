//! JSON objects, one a line: over a Unix socket, or TCP.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
    time::timeout,
};

use crate::{
    Events, Failure,
    calls::{Calls, MAX_MESSAGE_BYTES, closed},
    client::MAX_CALLS,
    queue::{Sink, queue},
};

/// How long signal-cli may take to make room for a line.
const WRITE: Duration = Duration::from_secs(10);

/// A connection.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) calls: Arc<Calls>,
    outbox: mpsc::Sender<Line>,
}

/// A call on its way out.
#[derive(Debug)]
struct Line {
    id: u64,
    bytes: Vec<u8>,
}

impl Lines {
    /// Takes over a connection; a task reads and writes from now on.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> (Self, Events) {
        let calls = Arc::new(Calls::new());
        let (sink, events) = queue();
        let (outbox, lines) = mpsc::channel(MAX_CALLS);
        let task = {
            let calls = Arc::clone(&calls);
            tokio::spawn(async move {
                // Also when the task is ended: whoever waits must hear it.
                let _closed = OnDrop(Arc::clone(&calls));
                tokio::select! {
                    () = read(reader, &calls, &sink) => {}
                    () = write(writer, &calls, lines) => {}
                }
            })
        };
        (Self { calls, outbox }, events(task.abort_handle()))
    }

    /// Sends the line of a call. Whole or not at all, also when the call is given up meanwhile: half
    /// a line would spoil the next one.
    pub(crate) async fn send(&self, id: u64, mut bytes: Vec<u8>) -> Result<(), Failure> {
        bytes.push(b'\n');
        let line = Line { id, bytes };
        self.outbox.send(line).await.map_err(|_| closed())
    }
}

struct OnDrop(Arc<Calls>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Until the connection ends. A line longer than any should be is passed over: were it the end of the
/// connection, a stranger could cut it with one message.
async fn read(reader: impl AsyncRead + Unpin, calls: &Calls, sink: &Sink) {
    let mut reader = BufReader::new(reader);
    let most = u64::try_from(MAX_MESSAGE_BYTES).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        line.clear();
        let mut capped = (&mut reader).take(most);
        match capped.read_until(b'\n', &mut line).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let ends = line.ends_with(b"\n");
        if ends && !too_long {
            calls.take_line(&line, sink);
        } else if !too_long {
            sink.lose();
        }
        too_long = !ends;
    }
}

/// Until the connection ends, does not take a line in time, or nobody can call any more.
async fn write(
    mut writer: impl AsyncWrite + Unpin,
    calls: &Calls,
    mut lines: mpsc::Receiver<Line>,
) {
    while let Some(line) = lines.recv().await {
        // Its caller was told that it failed, so it must not be done after all.
        if !calls.is_waiting(line.id) {
            continue;
        }
        let written = async {
            writer.write_all(&line.bytes).await?;
            writer.flush().await
        };
        let written: Result<io::Result<()>, _> = timeout(WRITE, written).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}
