//! What a process wrote, as it comes.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

/// The bytes read so far, by a thread that reads until the end or until this is dropped.
#[derive(Debug)]
pub(crate) struct Transcript {
    shared: Arc<Shared>,
    stop: Option<PipeWriter>,
}

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
        let shared = Arc::<Shared>::default();
        let (stopped, stop) = std::io::pipe().expect("make a pipe");
        let reader = Arc::clone(&shared);
        std::thread::spawn(move || {
            reader.read_all(File::from(source), &stopped);
            reader.lock().ended = true;
            reader.changed.notify_all();
        });
        Self {
            shared,
            stop: Some(stop),
        }
    }

    /// Nothing, and nothing to come.
    pub(crate) fn empty() -> Self {
        let shared = Arc::<Shared>::default();
        shared.lock().ended = true;
        Self { shared, stop: None }
    }

    /// Stops reading and closes the source: the writer finds nobody there.
    pub(crate) fn close(&mut self) {
        drop(self.stop.take());
        self.wait_for_end(Instant::now() + Duration::from_secs(5));
    }

    /// What is there.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().bytes).into_owned()
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

    fn wait_until(
        &self,
        deadline: Instant,
        enough: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let patience = deadline.saturating_duration_since(Instant::now());
        self.shared
            .changed
            .wait_timeout_while(self.shared.lock(), patience, |state| !enough(state))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_all(&self, mut source: File, stopped: &PipeReader) {
        let mut buffer = [0; 4096];
        loop {
            let mut ready = [
                PollFd::new(stopped, PollFlags::empty()),
                PollFd::new(&source, PollFlags::IN),
            ];
            if poll(&mut ready, None).is_err() {
                continue;
            }
            if !ready[0].revents().is_empty() {
                return;
            }
            match source.read(&mut buffer) {
                Ok(count) if count > 0 => self.lock().bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A terminal ends with EIO.
                _ => return,
            }
            self.changed.notify_all();
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty()
        || haystack
            .windows(needle.len())
            .any(|window| window == needle)
}
