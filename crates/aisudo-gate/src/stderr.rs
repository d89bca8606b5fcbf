//! One plain line on standard error, never a wait for whoever should read it.

use std::os::fd::BorrowedFd;

use aisudo_core::messages::Line;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, write},
    stdio::stderr,
};

use crate::signals::without_sigpipe;

/// Writes the line if it can be written now. An agent that leaves its pipe full must not hold back
/// a decision, nor let a command run long after it was approved.
pub(crate) fn say(line: &Line) {
    let text = format!("{line}\n");
    without_sigpipe(|| write_now(stderr(), &text));
}

fn write_now(descriptor: BorrowedFd<'_>, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let mut ready = [PollFd::from_borrowed_fd(descriptor, PollFlags::OUT)];
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let writable = poll(&mut ready, Some(&zero)).is_ok()
            && ready.iter().all(|fd| fd.revents() == PollFlags::OUT);
        // At most PIPE_BUF: poll(2) promises room for no more than that.
        let piece = rest.get(..rest.len().min(4096)).unwrap_or(rest);
        if !writable {
            return;
        }
        match write(descriptor, piece) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_full_or_broken_pipe_does_not_hold_the_gate() {
        let (reader, writer) = std::io::pipe().unwrap();
        let text = "x".repeat(1 << 20);
        write_now(writer.as_fd(), &text);
        drop(reader);
        without_sigpipe(|| write_now(writer.as_fd(), "gone\n"));
    }
}
