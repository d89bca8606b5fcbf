//! The daemon at the other end of a socket.

use std::{
    io::{self, ErrorKind},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use aisudo_core::{
    display,
    paths::Paths,
    wire::{FromAgent, FromControl, Hello, ToAgent, ToControl},
};
use aisudo_sys::frames;
use serde::{Serialize, de::DeserializeOwned};

use crate::failure::Failure;

/// A daemon that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// `control.sock`, for approvers.
#[derive(Debug)]
pub(crate) struct Control {
    stream: UnixStream,
    patience: Duration,
}

impl Control {
    pub(crate) fn open(paths: &Paths) -> Result<Self, Failure> {
        Self::open_for(paths, PATIENCE)
    }

    /// For answers that may take longer.
    pub(crate) fn open_for(paths: &Paths, patience: Duration) -> Result<Self, Failure> {
        let stream = open(&paths.control_socket(), patience)?;
        Ok(Self { stream, patience })
    }

    /// Asks, and waits for the answer. What the daemon refuses is a failure.
    pub(crate) fn ask(&mut self, message: &FromControl) -> Result<ToControl, Failure> {
        refused(exchange(&mut self.stream, message, self.patience)?)
    }

    /// Asks what may be answered later.
    pub(crate) fn send(&mut self, message: &FromControl) -> Result<(), Failure> {
        match frames::send(&mut self.stream, message) {
            Ok(()) => Ok(()),
            // The daemon may have said why before it closed.
            Err(error) => match receive(&mut self.stream, self.patience) {
                Ok(answer) => refused(answer).map(|_| ()),
                Err(_) => Err(lost(&error, self.patience)),
            },
        }
    }

    /// The answer to what was sent. What the daemon refuses is a failure.
    pub(crate) fn answer(&mut self) -> Result<ToControl, Failure> {
        refused(receive(&mut self.stream, self.patience)?)
    }

    /// The next event of a watch.
    pub(crate) fn event(&mut self) -> Result<ToControl, Failure> {
        receive(&mut self.stream, self.patience)
    }

    /// To wait on.
    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

/// `agent.sock`, for everyone.
#[derive(Debug)]
pub(crate) struct Agent {
    stream: UnixStream,
}

impl Agent {
    pub(crate) fn open(paths: &Paths) -> Result<Self, Failure> {
        open(&paths.agent_socket(), PATIENCE).map(|stream| Self { stream })
    }

    pub(crate) fn ask(&mut self, message: &FromAgent) -> Result<ToAgent, Failure> {
        match exchange(&mut self.stream, message, PATIENCE)? {
            ToAgent::Error { message } => Err(Failure::Refused(safe(&message))),
            answer => Ok(answer),
        }
    }
}

/// An answer of another kind than was asked for.
pub(crate) fn out_of_place() -> Failure {
    Failure::Refused(
        "aisudo-daemon answered something else; install the same version of both, and restart it"
            .to_owned(),
    )
}

fn refused(answer: ToControl) -> Result<ToControl, Failure> {
    match answer {
        ToControl::NotPermitted { message } => Err(Failure::NotPermitted(safe(&message))),
        ToControl::Error { message } => Err(Failure::Refused(safe(&message))),
        answer => Ok(answer),
    }
}

fn open(path: &Path, patience: Duration) -> Result<UnixStream, Failure> {
    let mut stream = UnixStream::connect(path).map_err(|error| not_connected(path, &error))?;
    stream
        .set_read_timeout(Some(patience))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .map_err(|error| not_connected(path, &error))?;
    // A daemon that turns this client away may have closed already; why is its to say.
    let _ = frames::send(&mut stream, &Hello::default());
    Ok(stream)
}

fn not_connected(path: &Path, error: &io::Error) -> Failure {
    let shown = display::word(path.as_os_str().as_encoded_bytes()).text;
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::Unreachable(format!(
            "aisudo-daemon is not running (nobody listens on {shown}); start it with: systemctl start aisudo-daemon"
        )),
        ErrorKind::PermissionDenied => Failure::NotPermitted(format!(
            "you may not use {shown}; root and the approvers' group may"
        )),
        _ => Failure::Unreachable(format!(
            "aisudo-daemon cannot be reached on {shown}: {error}; see: systemctl status aisudo-daemon"
        )),
    }
}

fn exchange<Q: Serialize, A: DeserializeOwned>(
    stream: &mut UnixStream,
    question: &Q,
    patience: Duration,
) -> Result<A, Failure> {
    let sent = frames::send(stream, question);
    // Also when it could not be sent: the daemon may have said why before it closed.
    match (receive(stream, patience), sent) {
        (Ok(answer), _) => Ok(answer),
        (Err(_), Err(error)) => Err(lost(&error, patience)),
        (Err(failure), Ok(())) => Err(failure),
    }
}

fn receive<A: DeserializeOwned>(stream: &mut UnixStream, patience: Duration) -> Result<A, Failure> {
    match frames::receive(stream) {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(lost(&ErrorKind::UnexpectedEof.into(), patience)),
        Err(error) => Err(lost(&error, patience)),
    }
}

fn lost(error: &io::Error, patience: Duration) -> Failure {
    Failure::Unreachable(match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!(
                "aisudo-daemon does not answer within {} s; see: systemctl status aisudo-daemon",
                patience.as_secs()
            )
        }
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            "aisudo-daemon closed the connection".to_owned()
        }
        _ => {
            let why = display::text(error.to_string().as_bytes()).text;
            format!(
                "aisudo-daemon is not understood: {why}; install the same version of both, and restart it"
            )
        }
    })
}

/// The daemon's words pass the safe display like everybody's.
fn safe(message: &str) -> String {
    display::text(message.as_bytes()).text
}
