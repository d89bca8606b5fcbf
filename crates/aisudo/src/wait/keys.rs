//! What a person, or a script, types.

use std::io::{self, IsTerminal};

use rustix::{
    io::Errno,
    termios::{QueueSelector, tcflush},
};

/// A longer line is no answer.
const LONGEST_LINE: usize = 4096;

/// Standard input, read only when it is asked for. Not through `std`, which reads ahead where
/// poll(2) cannot see it.
#[derive(Debug)]
pub(super) struct Keys {
    terminal: bool,
    typed: Vec<u8>,
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Something, or nothing yet.
    More,
    /// There will be no more.
    End,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            terminal: io::stdin().is_terminal(),
            typed: Vec::new(),
        }
    }
}

impl Keys {
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Takes what is there.
    pub(super) fn read(&mut self) -> Typed {
        let mut piece = [0; 1024];
        match rustix::io::read(io::stdin(), &mut piece) {
            Ok(0) if self.typed.is_empty() => Typed::End,
            // A last line without its end.
            Ok(0) => {
                self.typed.push(b'\n');
                Typed::More
            }
            Ok(count) => {
                self.typed
                    .extend_from_slice(piece.get(..count).unwrap_or_default());
                Typed::More
            }
            Err(Errno::INTR | Errno::AGAIN) => Typed::More,
            Err(_) => Typed::End,
        }
    }

    /// Whether there is a whole line, or more than a line can be.
    pub(super) fn has_line(&self) -> bool {
        self.typed.contains(&b'\n') || self.typed.len() > LONGEST_LINE
    }

    /// The next whole line.
    pub(super) fn line(&mut self) -> Option<String> {
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

    /// Drops what a person has typed so far, here and in the terminal.
    pub(super) fn forget(&mut self) {
        if self.terminal {
            self.typed.clear();
            // Without it a key could only be taken for an answer; there is nothing else to do.
            let _ = tcflush(io::stdin(), QueueSelector::IFlush);
        }
    }
}
