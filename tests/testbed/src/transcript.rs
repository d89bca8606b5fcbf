//! What a process wrote, as it comes.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The bytes read so far, from a thread that reads until the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Transcript {
    /// Starts to read.
    pub(crate) fn of(source: OwnedFd) -> Self {
        let transcript = Self::default();
        let shared = Arc::clone(&transcript.0);
        std::thread::spawn(move || shared.read_all(File::from(source)));
        transcript
    }

    /// Nothing, and nothing to come.
    pub(crate) fn empty() -> Self {
        let transcript = Self::default();
        transcript.0.lock().ended = true;
        transcript
    }

    /// What is there.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().bytes).into_owned()
    }

    /// Waits until `needle` is in it. False: it ended, or the deadline passed.
    pub(crate) fn wait_for(&self, needle: &str, deadline: Instant) -> bool {
        let contains = |state: &State| find(&state.bytes, needle.as_bytes());
        contains(&self.wait_until(deadline, |state| state.ended || contains(state)))
    }

    /// Waits until the writers are gone, or the deadline passed.
    pub(crate) fn wait_for_end(&self, deadline: Instant) {
        drop(self.wait_until(deadline, |state| state.ended));
    }

    fn wait_until(&self, deadline: Instant, enough: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let patience = deadline.saturating_duration_since(Instant::now());
        self.0
            .changed
            .wait_timeout_while(self.0.lock(), patience, |state| !enough(state))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_all(&self, mut source: File) {
        let mut buffer = [0; 4096];
        loop {
            let read = source.read(&mut buffer);
            let mut state = self.lock();
            match read {
                Ok(count) if count > 0 => state.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A terminal ends with EIO.
                _ => state.ended = true,
            }
            self.changed.notify_all();
            if state.ended {
                return;
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}
