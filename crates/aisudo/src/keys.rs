//! What a person, or a script, types.

use std::io::{self, IsTerminal};

use rustix::{
    io::Errno,
    termios::{QueueSelector, tcflush},
};

/// A longer line is no answer.
const LONGEST_LINE: usize = 4096;

/// A script's answers are not read further ahead than this, in bytes.
const FURTHEST_AHEAD: usize = 64 * 1024;

/// Standard input, read only when it is asked for. Not through `std`, which reads ahead where
/// poll(2) cannot see it.
#[derive(Debug)]
pub(crate) struct Keys {
    terminal: bool,
    typed: Vec<u8>,
    /// Nothing will come any more.
    ended: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            terminal: io::stdin().is_terminal(),
            typed: Vec::new(),
            ended: false,
        }
    }
}

impl Keys {
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether there is any sense in reading.
    pub(crate) fn may_come(&self) -> bool {
        !self.ended && self.typed.len() < FURTHEST_AHEAD
    }

    /// Whether all has been read and used.
    pub(crate) fn are_over(&self) -> bool {
        self.ended && self.typed.is_empty()
    }

    /// Takes what is there.
    pub(crate) fn read(&mut self) {
        let mut piece = [0; 1024];
        match rustix::io::read(io::stdin(), &mut piece) {
            Ok(count @ 1..) => self
                .typed
                .extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Ok(0) | Err(_) => {
                self.ended = true;
                if self.typed.last().is_some_and(|last| *last != b'\n') {
                    // A last line without its end.
                    self.typed.push(b'\n');
                }
            }
        }
    }

    /// Whether there is a whole line, or more than a line can be.
    pub(crate) fn has_line(&self) -> bool {
        self.typed.contains(&b'\n') || self.typed.len() > LONGEST_LINE
    }

    /// The next whole line.
    pub(crate) fn line(&mut self) -> Option<String> {
        let end = self.typed.iter().position(|byte| *byte == b'\n');
        let line: Vec<u8> = match end {
            Some(end) => self.typed.drain(..=end).collect(),
            None if self.has_line() => std::mem::take(&mut self.typed),
            None => return None,
        };
        // What is no text, or too long, is no answer.
        let text = String::from_utf8(line).ok();
        Some(
            text.filter(|text| text.len() <= LONGEST_LINE)
                .unwrap_or_else(|| "?".to_owned()),
        )
    }

    /// Drops what was read.
    pub(crate) fn clear(&mut self) {
        self.typed.clear();
    }

    /// Drops what a person has typed so far, here and in the terminal.
    pub(crate) fn forget(&mut self) {
        if self.terminal {
            self.typed.clear();
            // Without it a key could only be taken for an answer; there is nothing else to do.
            let _ = tcflush(io::stdin(), QueueSelector::IFlush);
        }
    }
}
