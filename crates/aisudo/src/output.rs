//! Standard output and standard error.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Standard output.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            stdout: BufWriter::new(io::stdout().lock()),
        }
    }
}

impl Output {
    /// Text as it is. It must be safe to show already.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout
            .write_all(text.as_bytes())
            .map_err(|error| cannot_write(&error))
    }

    /// The same, as a line.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(text)?;
        self.text("\n")
    }

    /// One JSON object as a line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| {
            Failure::Refused(format!("this cannot be written as JSON: {error}"))
        })?;
        self.line(&ascii(&json))
    }

    /// Until here everything has been handed to the system.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(|error| cannot_write(&error))
    }
}

/// One line on standard error. That it cannot be written is nothing that could be said.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "aisudo: {text}");
}

/// JSON with everything beyond printable ASCII escaped: it says the same, and a terminal on which
/// it is printed cannot be driven by it. JSON has such characters only within strings.
pub(crate) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~' | '\n') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn cannot_write(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        Failure::NobodyReads
    } else {
        Failure::Refused(format!(
            "standard output cannot be written: {error}; send it elsewhere, or make room"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn json_in_ascii_says_the_same_and_drives_no_terminal() {
        let value = "ä\u{9b}2J\u{202e}\u{7f}\u{1f600}\n";
        let json = ascii(&serde_json::to_string(value).unwrap());
        assert_eq!(json, r#""\u00e4\u009b2J\u202e\u007f\ud83d\ude00\n""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }
}
