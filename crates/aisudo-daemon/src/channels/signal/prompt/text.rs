//! A text with styles, made of lines that cannot imitate each other.

use std::ops::Range;

/// The first line of a question or an outcome.
pub(super) const TITLE: char = '■';

/// A line that warns.
pub(super) const WARNING: char = '⚠';

/// Any other line.
pub(super) const FACT: char = '•';

/// What is sent. Each line of it begins with one of three signs, which the safe display never
/// writes: what a phone wraps to its next row is not a line of ours, whatever it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Text {
    /// The text.
    pub(in super::super) text: String,
    /// What is bold, in UTF-16 units.
    pub(in super::super) bold: Vec<Range<usize>>,
    /// What is in monospace, in UTF-16 units: the command and nothing else.
    pub(in super::super) monospace: Vec<Range<usize>>,
    /// The text's length in UTF-16 units.
    units: usize,
}

impl Text {
    /// Begins a line.
    pub(super) fn line(&mut self, sign: char) -> &mut Self {
        if !self.text.is_empty() {
            self.plain("\n");
        }
        self.plain(sign.encode_utf8(&mut [0; 4])).plain(" ")
    }

    /// A line with a name and what it is.
    pub(super) fn fact(&mut self, label: &str, value: &str) -> &mut Self {
        self.line(FACT)
            .bold(label)
            .bold(":")
            .plain(" ")
            .plain(value)
    }

    /// An empty line, where there is something above it.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.plain("\n");
        }
    }

    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self.units += text.encode_utf16().count();
        self
    }

    pub(super) fn bold(&mut self, text: &str) -> &mut Self {
        let range = self.styled(text);
        match self.bold.last_mut() {
            Some(before) if before.end == range.start => before.end = range.end,
            _ => self.bold.push(range),
        }
        self
    }

    pub(super) fn monospace(&mut self, text: &str) -> &mut Self {
        let range = self.styled(text);
        self.monospace.push(range);
        self
    }

    fn styled(&mut self, text: &str) -> Range<usize> {
        let start = self.units;
        self.plain(text);
        start..self.units
    }
}
