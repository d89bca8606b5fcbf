//! Into systemd's journal, in its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{io, os::unix::net::UnixDatagram, path::PathBuf, time::Duration};

use serde_json::Value;

use super::Target;

/// How long a journal that is busy is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The journal of this host.
#[derive(Debug)]
pub struct Journal {
    socket: PathBuf,
}

impl Journal {
    /// The one that listens here.
    #[must_use]
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }
}

impl Target for Journal {
    fn name(&self) -> String {
        "the journal".to_owned()
    }

    fn put(&mut self, entry: &str) -> io::Result<()> {
        // Anew each time: the journal may have been restarted.
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let message = message(entry);
        let sent = socket.send_to(&message, &self.socket);
        match sent.map_err(|error| (error.raw_os_error(), error)) {
            Ok(_) => Ok(()),
            Err((Some(libc::EMSGSIZE | libc::ENOBUFS), _)) => {
                platform::put_large(&self.socket, &socket, &message)
            }
            Err((_, error)) => Err(error),
        }
    }
}

/// The fields of one entry. The message names no command: the journal is read by more people than the
/// audit log, and what they may not see can be left out by its field.
pub(super) fn message(entry: &str) -> Vec<u8> {
    let fields: Value = serde_json::from_str(entry).unwrap_or_default();
    let word = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let event = word("event").unwrap_or_else(|| "unknown".to_owned());
    let mut text = format!(
        "audit entry {}: {event}",
        word("sequence").unwrap_or_default()
    );
    for (name, before) in [("code", ", code "), ("uid", ", uid ")] {
        if let Some(value) = word(name) {
            text.push_str(before);
            text.push_str(&value);
        }
    }
    let mut message = Vec::with_capacity(entry.len() + 256);
    field(&mut message, "MESSAGE", &text);
    field(&mut message, "PRIORITY", "6");
    field(&mut message, "SYSLOG_IDENTIFIER", "aisudo");
    field(&mut message, "AISUDO_EVENT", &event);
    if let Some(uid) = word("uid") {
        field(&mut message, "AISUDO_UID", &uid);
    }
    field(&mut message, "AISUDO_ENTRY", entry);
    message
}

/// A value that holds a newline is written with its length.
fn field(message: &mut Vec<u8>, name: &str, value: &str) {
    message.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        message.push(b'\n');
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        message.extend_from_slice(&length.to_le_bytes());
    } else {
        message.push(b'=');
    }
    message.extend_from_slice(value.as_bytes());
    message.push(b'\n');
}
