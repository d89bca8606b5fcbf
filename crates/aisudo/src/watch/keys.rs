//! The keyboard: bytes become keys.
//!
//! Read by ourselves and not through crossterm, whose reader is one for the whole program and
//! cannot be waited on together with the daemon, nor emptied. What was typed too early must be
//! known to be gone (a22).

use std::os::fd::AsFd;

use rustix::{
    io::Errno,
    termios::{QueueSelector, tcflush},
};

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// With the letter that is held together with it.
    Control(char),
    /// Text that came at once, out of a clipboard. Never a command.
    Paste(String),
    /// A key without a meaning here.
    Other,
}

/// More of a pasted text is dropped, in bytes: more than the longest note.
const MOST_PASTED: usize = 4096;

/// A longer escape sequence is none.
const LONGEST_SEQUENCE: usize = 32;

const ESCAPE: u8 = 0x1b;
const PASTE_BEGINS: &[u8] = b"200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Turns bytes into keys. A sequence may come in pieces.
#[derive(Debug, Default)]
pub(super) struct Keys {
    unread: Vec<u8>,
    pasted: Option<Vec<u8>>,
}

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Keys(Vec<Key>),
    /// The terminal is gone.
    Gone,
}

impl Keys {
    /// Takes what was typed. To be called when there is something.
    pub(super) fn read(&mut self, terminal: impl AsFd) -> Read {
        let mut piece = [0; 1024];
        match rustix::io::read(terminal, &mut piece) {
            Ok(count @ 1..) => Read::Keys(self.take(piece.get(..count).unwrap_or_default())),
            Err(Errno::INTR | Errno::AGAIN) => Read::Keys(Vec::new()),
            Ok(0) | Err(_) => Read::Gone,
        }
    }

    /// Drops all that was typed so far, here and in the terminal.
    pub(super) fn forget(&mut self, terminal: impl AsFd) {
        self.unread.clear();
        self.pasted = None;
        // Should it fail, the guard of the model still stands.
        let _ = tcflush(terminal, QueueSelector::IFlush);
    }

    /// Whether something was begun that may go on: an Escape alone is a key, too.
    pub(super) fn is_open(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Nothing more came for a while: what was begun is all there is.
    pub(super) fn settle(&mut self) -> Option<Key> {
        let key = match self.unread.as_slice() {
            [] => return None,
            [ESCAPE] if self.pasted.is_none() => Key::Escape,
            _ => Key::Other,
        };
        match &mut self.pasted {
            // Its end may be on the way.
            Some(pasted) => {
                pasted.append(&mut self.unread);
                None
            }
            None => {
                self.unread.clear();
                Some(key)
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.unread.extend_from_slice(bytes);
        let mut keys = Vec::new();
        loop {
            let found = match &mut self.pasted {
                Some(pasted) => paste(&self.unread, pasted),
                None => key(&self.unread),
            };
            let Some((length, found)) = found else {
                return keys;
            };
            self.unread.drain(..length);
            match found {
                Found::Key(key) => {
                    if self.pasted.is_some() && matches!(key, Key::Paste(_)) {
                        self.pasted = None;
                    }
                    keys.push(key);
                }
                Found::PasteBegins => self.pasted = Some(Vec::new()),
                Found::Nothing => {}
            }
        }
    }
}

enum Found {
    Key(Key),
    PasteBegins,
    Nothing,
}

/// The first key and its length; nothing when more must come first.
fn key(bytes: &[u8]) -> Option<(usize, Found)> {
    let (first, rest) = bytes.split_first()?;
    let one = |key| Some((1, Found::Key(key)));
    match *first {
        ESCAPE => sequence(rest).map(|(length, found)| (length + 1, found)),
        b'\r' | b'\n' => one(Key::Enter),
        b'\t' => one(Key::Tab),
        0x08 | 0x7f => one(Key::Backspace),
        control @ ..0x20 => one(Key::Control(char::from(control | 0x60))),
        ascii @ ..0x80 => one(Key::Char(char::from(ascii))),
        _ => character(bytes),
    }
}

/// One character beyond ASCII.
fn character(bytes: &[u8]) -> Option<(usize, Found)> {
    let chunk = bytes.utf8_chunks().next()?;
    if let Some(c) = chunk.valid().chars().next() {
        return Some((c.len_utf8(), Found::Key(Key::Char(c))));
    }
    // Its last bytes may still come.
    let invalid = chunk.invalid();
    let cut = invalid.len() == bytes.len()
        && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
    (!cut).then_some((invalid.len().max(1), Found::Key(Key::Other)))
}

/// What stands behind an Escape.
fn sequence(rest: &[u8]) -> Option<(usize, Found)> {
    match rest {
        [] => None,
        [b'O'] => None,
        [b'O', last, ..] => Some((2, Found::Key(named(&[], *last)))),
        [b'[', parameters @ ..] => control_sequence(parameters).map(|(n, found)| (n + 1, found)),
        // Two Escapes: the second one may begin a sequence.
        [ESCAPE, ..] => Some((0, Found::Key(Key::Escape))),
        // Alt and a key.
        [_, ..] => Some((1, Found::Key(Key::Other))),
    }
}

/// ECMA-48, 5.4: parameters, then one final byte.
fn control_sequence(bytes: &[u8]) -> Option<(usize, Found)> {
    if let [b'[', function @ ..] = bytes {
        // The Linux console's F1 to F5, one more byte.
        return function.first().map(|_| (2, Found::Key(Key::Other)));
    }
    let end = bytes
        .iter()
        .position(|byte| !(0x20..0x40).contains(byte))
        .unwrap_or(bytes.len());
    if end > LONGEST_SEQUENCE {
        return Some((end, Found::Nothing));
    }
    let last = bytes.get(end)?;
    let parameters = bytes.get(..end).unwrap_or_default();
    if bytes.starts_with(PASTE_BEGINS) {
        return Some((end + 1, Found::PasteBegins));
    }
    Some((end + 1, Found::Key(named(parameters, *last))))
}

fn named(parameters: &[u8], last: u8) -> Key {
    match (parameters, last) {
        (b"", b'A') => Key::Up,
        (b"", b'B') => Key::Down,
        (b"", b'C') => Key::Right,
        (b"", b'D') => Key::Left,
        (b"", b'H') | (b"1" | b"7", b'~') => Key::Home,
        (b"", b'F') | (b"4" | b"8", b'~') => Key::End,
        (b"5", b'~') => Key::PageUp,
        (b"6", b'~') => Key::PageDown,
        (b"", b'Z') => Key::BackTab,
        (b"", b'M') => Key::Enter,
        _ => Key::Other,
    }
}

/// Collects what is pasted until its end. Ctrl-C ends the program also here, should the end never
/// come.
fn paste(bytes: &[u8], pasted: &mut Vec<u8>) -> Option<(usize, Found)> {
    let first = bytes.first()?;
    if bytes.starts_with(PASTE_ENDS) {
        let text = String::from_utf8_lossy(pasted).into_owned();
        return Some((PASTE_ENDS.len(), Found::Key(Key::Paste(text))));
    }
    if PASTE_ENDS.starts_with(bytes) {
        return None;
    }
    if *first == 0x03 {
        return Some((1, Found::Key(Key::Control('c'))));
    }
    if pasted.len() < MOST_PASTED {
        pasted.push(*first);
    }
    Some((1, Found::Nothing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().take(bytes)
    }

    #[test]
    fn what_terminals_send() {
        use Key::*;
        let cases: &[(&[u8], &[Key])] = &[
            (
                b"aD\r\x7f\t",
                &[Char('a'), Char('D'), Enter, Backspace, Tab],
            ),
            (
                b"\x1b[A\x1bOA\x1b[B\x1b[C\x1b[D",
                &[Up, Up, Down, Right, Left],
            ),
            (
                b"\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[Z",
                &[PageUp, PageDown, Home, End, BackTab],
            ),
            (b"\x03\x1a", &[Control('c'), Control('z')]),
            ("äß中".as_bytes(), &[Char('ä'), Char('ß'), Char('中')]),
            (b"\xff\xc3a", &[Other, Other, Char('a')]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(&keys(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    /// The last byte of each is a letter that would decide something.
    #[test]
    fn a22_no_part_of_a_sequence_is_a_command() {
        for bytes in [
            b"\x1ba".as_slice(),
            b"\x1bd",
            b"\x1bOd",
            b"\x1b[1;5D",
            b"\x1b[[D",
            b"\x1b[?1;2d",
            b"\x1b[999a",
        ] {
            assert_eq!(keys(bytes), [Key::Other], "{}", bytes.escape_ascii());
            let mut in_pieces = Keys::default();
            let found: Vec<Key> = bytes.iter().flat_map(|b| in_pieces.take(&[*b])).collect();
            assert_eq!(found, [Key::Other], "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a22_pasted_text_is_no_command() {
        let mut keys = Keys::default();
        assert_eq!(keys.take(b"\x1b[200~a\rd"), []);
        assert_eq!(keys.settle(), None);
        assert_eq!(keys.take(b"\x1b["), []);
        assert_eq!(
            keys.take(b"201~q"),
            [Key::Paste("a\rd".to_owned()), Key::Char('q')]
        );
        assert_eq!(keys.take(b"\x1b[200~a\x03"), [Key::Control('c')]);
    }

    #[test]
    fn an_escape_alone_is_a_key_after_a_while() {
        let mut keys = Keys::default();
        assert_eq!(keys.take(b"\x1b"), []);
        assert!(keys.is_open());
        assert_eq!(keys.settle(), Some(Key::Escape));
        assert_eq!(keys.take(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
        assert!(!keys.is_open());
        assert_eq!(keys.settle(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut keys = Keys::default();
            keys.take(&bytes);
            prop_assert!(keys.unread.len() <= LONGEST_SEQUENCE + 4, "{:?}", keys.unread);
        }
    }
}
