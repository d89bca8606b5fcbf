//! The audit log's form: hash-chained JSON lines.
//!
//! An entry is a JSON object with `previous_hash` (64 zeros in the first) and `entry_hash`: SHA-256
//! over the previous hash's hexadecimal text followed by the entry without `entry_hash` as JSON
//! with sorted keys, no blanks and ASCII only. The rule is that of `agent-sudo verify-audit`, an
//! independent verifier.

mod written;

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{raw::hex, wire::Head};

/// What stands before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Seals `fields` as the entry after `previous_hash`; gives the line and its hash.
///
/// `fields` must not hold `previous_hash` or `entry_hash`; they are overwritten.
#[must_use]
pub fn seal(mut fields: Map<String, Value>, previous_hash: &str) -> (String, String) {
    fields.remove("entry_hash");
    fields.insert("previous_hash".to_owned(), previous_hash.into());
    let mut line = String::new();
    let fields = sorted(&fields);
    let before = fields.partition_point(|(key, _)| key.as_str() < "entry_hash");
    let (head, tail) = fields.split_at(before);
    line.push('{');
    for field in head {
        write_field(&mut line, field);
        line.push(',');
    }
    let place = line.len();
    // There is one at least: `previous_hash`.
    write_items(&mut line, tail, write_field);
    line.push('}');
    let mut hash = Sha256::new_with_prefix(previous_hash);
    hash.update(&line);
    let hash = hex(&hash.finalize());
    line.insert_str(place, &format!("\"entry_hash\":\"{hash}\","));
    (line, hash)
}

/// Where a log stops being what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which entry, counted from 1.
    pub entry: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Follows the chain entry by entry.
#[derive(Clone, Debug)]
pub struct Verifier {
    count: u64,
    hash: String,
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            count: 0,
            hash: GENESIS.to_owned(),
        }
    }
}

impl Verifier {
    /// Goes on after an entry that is known from elsewhere.
    #[must_use]
    pub fn after(entry: Head) -> Self {
        Self {
            count: entry.sequence,
            hash: entry.hash,
        }
    }

    /// How many entries were good.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The hash of the last good entry.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// When it is not the entry that was written there.
    pub fn next(&mut self, line: &str) -> Result<(), Broken> {
        let broken = |why: &str| Broken {
            entry: self.count + 1,
            why: why.to_owned(),
        };
        let Some(written) = written::read(line) else {
            return Err(broken(
                match serde_json::from_str::<Map<String, Value>>(line) {
                    Ok(_) => "it was changed: aisudo writes sorted keys, each once, and no blanks",
                    Err(_) => "it is not a JSON object",
                },
            ));
        };
        if written.previous_hash.and_then(unquoted) != Some(self.hash.as_bytes()) {
            return Err(broken(
                "it does not follow the entry before it: entries were cut, added or reordered",
            ));
        }
        if written.sequence.and_then(number) != Some(self.count + 1) {
            return Err(broken("its sequence number is not the next"));
        }
        let mut hash = Sha256::new_with_prefix(&self.hash);
        written.hashed.iter().for_each(|part| hash.update(part));
        let hash = hex(&hash.finalize());
        if written.entry_hash.and_then(unquoted) != Some(hash.as_bytes()) {
            return Err(broken("it was changed: its hash does not fit its content"));
        }
        self.count += 1;
        self.hash = hash;
        Ok(())
    }
}

/// What is between the quotes of a string without escapes.
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// JSON with sorted keys, no blanks, ASCII only: `json.dumps(…, sort_keys=True,
/// separators=(",", ":"))` of Python.
fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            out.push('{');
            write_items(out, &sorted(fields), write_field);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            write_items(out, items, write_value);
            out.push(']');
        }
        Value::String(text) => write_string(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// serde_json's map may or may not be sorted, depending on a feature that any crate of the build can
/// switch on.
fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| key.as_str());
    fields
}

fn write_field(out: &mut String, (key, value): &(&String, &Value)) {
    write_string(out, key);
    out.push(':');
    write_value(out, value);
}

fn write_items<T>(out: &mut String, items: &[T], item: impl Fn(&mut String, &T)) {
    for (index, each) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        item(out, each);
    }
}

fn write_string(out: &mut String, text: &str) {
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    out.push('"');
    let mut rest = text;
    loop {
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(head);
        let mut characters = tail.chars();
        match characters.next() {
            Some(character) => write_escape(out, character),
            None => break,
        }
        rest = characters.as_str();
    }
    out.push('"');
}

fn write_escape(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
