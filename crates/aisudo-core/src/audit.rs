//! The audit log's form: hash-chained JSON lines.
//!
//! An entry is a JSON object with `previous_hash` (64 zeros in the first) and `entry_hash`: SHA-256
//! over the previous hash's hexadecimal text followed by the entry without `entry_hash` as JSON
//! with sorted keys, no blanks and ASCII only. The rule is that of `agent-sudo verify-audit`, an
//! independent verifier.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::digest::sha256;

/// What stands before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Seals `fields` as the entry after `previous_hash`; gives the line and its hash.
///
/// `fields` must not hold `previous_hash` or `entry_hash`; they are overwritten.
#[must_use]
pub fn seal(mut fields: Map<String, Value>, previous_hash: &str) -> (String, String) {
    fields.remove("entry_hash");
    fields.insert("previous_hash".to_owned(), previous_hash.into());
    let hash = entry_hash(&fields, previous_hash);
    fields.insert("entry_hash".to_owned(), hash.as_str().into());
    (canonical(&Value::Object(fields)), hash)
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
        let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
            return Err(broken("it is not a JSON object"));
        };
        let written = fields.remove("entry_hash");
        if fields.get("previous_hash").and_then(Value::as_str) != Some(&self.hash) {
            return Err(broken(
                "it does not follow the entry before it: entries were cut, added or reordered",
            ));
        }
        if fields.get("sequence").and_then(Value::as_u64) != Some(self.count + 1) {
            return Err(broken("its sequence number is not the next"));
        }
        let hash = entry_hash(&fields, &self.hash);
        if written.as_ref().and_then(Value::as_str) != Some(&hash) {
            return Err(broken("it was changed: its hash does not fit its content"));
        }
        self.count += 1;
        self.hash = hash;
        Ok(())
    }
}

fn entry_hash(fields: &Map<String, Value>, previous_hash: &str) -> String {
    let json = canonical(&Value::Object(fields.clone()));
    sha256(&[previous_hash.as_bytes(), json.as_bytes()].concat()).to_string()
}

/// JSON with sorted keys, no blanks, ASCII only: `json.dumps(…, sort_keys=True,
/// separators=(",", ":"))` of Python.
fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            // serde_json's map may or may not be sorted, depending on a feature that any crate of
            // the build can switch on.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| key.as_str());
            write_list(out, ['{', '}'], &fields, |out, (key, value)| {
                write_string(out, key);
                out.push(':');
                write_value(out, value);
            });
        }
        Value::Array(items) => write_list(out, ['[', ']'], items, write_value),
        Value::String(text) => write_string(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    item: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (index, each) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        item(out, each);
    }
    out.push(close);
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Expected hashes computed with Python's hashlib and json, not with this code.
    #[test]
    fn the_chain_is_the_one_the_independent_verifier_knows() {
        let Value::Object(fields) = json!({"sequence": 1, "text": "ä\u{7f}\u{1f600}\n\"", "a": [true, null, {"z": 1, "b": 2}]})
        else {
            unreachable!()
        };
        let (line, hash) = seal(fields, GENESIS);
        assert_eq!(hash, include_str!("audit_vector.txt").trim());
        assert!(line.is_ascii());
        assert!(
            line.contains(r#""text":"\u00e4\u007f\ud83d\ude00\n\"""#),
            "{line}"
        );
    }

    fn chain() -> Vec<String> {
        let mut previous = GENESIS.to_owned();
        (1..=4)
            .map(|sequence| {
                let fields = Map::from_iter([("sequence".to_owned(), sequence.into())]);
                let (line, hash) = seal(fields, &previous);
                previous = hash;
                line
            })
            .collect()
    }

    fn verify(lines: &[String]) -> Result<u64, u64> {
        let mut verifier = Verifier::default();
        for line in lines {
            verifier.next(line).map_err(|broken| broken.entry)?;
        }
        Ok(verifier.count())
    }

    #[test]
    fn the_first_bad_entry_is_named() {
        let good = chain();
        assert_eq!(verify(&good), Ok(4));

        let mut edited = good.clone();
        edited[2] = edited[2].replace("\"sequence\":3", "\"sequence\":3,\"x\":1");
        assert_eq!(verify(&edited), Err(3));

        let mut cut = good.clone();
        cut.remove(1);
        assert_eq!(verify(&cut), Err(2));

        let mut swapped = good.clone();
        swapped.swap(1, 2);
        assert_eq!(verify(&swapped), Err(2));

        assert_eq!(verify(&good[1..]), Err(1), "the beginning is missing");
        assert_eq!(verify(&["x".to_owned()]), Err(1));
    }
}
