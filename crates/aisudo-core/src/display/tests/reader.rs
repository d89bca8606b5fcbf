//! Reads what is shown back into bytes: that it can is the proof that nothing is ambiguous. Shared
//! with the fuzz targets. Panics on what cannot have been written by the display.

#![allow(unreachable_pub, reason = "in the fuzz targets' library it is public")]

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_security::skeleton;

/// Whether a character may be shown. Said independently of the code that decides.
#[must_use]
pub fn is_harmless(c: char) -> bool {
    use Category as C;
    let letter = matches!(
        get_general_category(c),
        C::UppercaseLetter | C::LowercaseLetter | C::OtherLetter | C::ModifierLetter
    );
    let look: String = skeleton(&c.to_string()).collect();
    let left_to_right_block = matches!(u32::from(c), 0xc0..=0x17f | 0x3005 | 0x3041..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3);
    matches!(c, ' '..='~') || letter && left_to_right_block && !look.is_ascii()
}

/// The words behind a shown command line.
#[must_use]
pub fn words(shown: &str) -> Vec<Vec<u8>> {
    let mut reader = Reader(shown);
    let mut words = Vec::new();
    while !reader.0.is_empty() {
        assert!(words.is_empty() || reader.take(" "));
        words.push(reader.word());
    }
    words
}

/// The bytes behind a shown text.
#[must_use]
pub fn text(shown: &str) -> Vec<u8> {
    let mut reader = Reader(shown);
    let mut bytes = Vec::new();
    while !reader.0.is_empty() {
        reader.piece(&mut bytes);
    }
    bytes
}

/// What is left to read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn word(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.take("\"") {
            let (bare, rest) = self.0.split_at(self.0.find(' ').unwrap_or(self.0.len()));
            assert!(!bare.is_empty() && !bare.contains(['"', '\\']));
            self.0 = rest;
            return bare.into();
        }
        while !self.take("\"") {
            self.piece(&mut bytes);
        }
        bytes
    }

    fn piece(&mut self, bytes: &mut Vec<u8>) {
        if self.take("\\n") {
            bytes.push(b'\n');
        } else if self.take("\\r") {
            bytes.push(b'\r');
        } else if self.take("\\t") {
            bytes.push(b'\t');
        } else if self.take("\\\\") {
            bytes.push(b'\\');
        } else if self.take("\\\"") {
            bytes.push(b'"');
        } else if self.take("\\x") {
            let (digits, rest) = self.0.split_at(2);
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            self.0 = rest;
        } else if self.take("\\u{") {
            let scalar = u32::from_str_radix(self.up_to("}"), 16).unwrap();
            let c = char::from_u32(scalar).unwrap();
            bytes.extend(c.to_string().bytes());
        } else if self.take("\\{") {
            let run = self.up_to("}").split(' ').next().unwrap().parse().unwrap();
            bytes.extend(b" ".repeat(run));
        } else {
            let c = self.0.chars().next().unwrap();
            assert_ne!(c, '\\');
            self.take(&c.to_string());
            bytes.extend(c.to_string().bytes());
        }
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn up_to(&mut self, end: &str) -> &str {
        let (before, rest) = self.0.split_once(end).unwrap();
        self.0 = rest;
        before
    }
}
