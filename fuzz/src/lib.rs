//! What the fuzz targets share.

#[path = "../../crates/aisudo-core/src/display/tests/reader.rs"]
pub mod reader;

#[allow(dead_code, reason = "the daemon's own; not all of it is tried here")]
#[path = "../../crates/aisudo-daemon/src/channels/signal/words/mod.rs"]
mod words;

#[path = "../../crates/aisudo-signal/src/events/mod.rs"]
pub mod events;

#[allow(dead_code, reason = "the client's own; not all of it is tried here")]
#[path = "../../crates/aisudo-signal/src/failure.rs"]
mod failure;

pub use failure::Failure;

use std::sync::LazyLock;

use aisudo_core::{config::Config, digest::is_code, evidence::Verdict};

/// An answer on Signal, read with the words of all languages.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub verdict: Option<Verdict>,
    /// The codes in it.
    pub codes: Vec<String>,
    /// The words behind a no.
    pub note: Option<String>,
}

/// Reads an answer, as if each text that could be a code and begins with 7 were one.
#[must_use]
pub fn read_answer(text: &str) -> Answer {
    static WORDS: LazyLock<words::Words> = LazyLock::new(|| {
        let config = Config::parse(
            r#"
            version = 1
            [channels.signal]
            connect = "unix:/s"
            account = "+15550001111"
            languages = ["en", "cs", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "zh"]
            "#,
        );
        words::Words::new(
            &config
                .expect("it can be read")
                .channels
                .signal
                .expect("it is there"),
        )
    });
    let reading = WORDS.read(text, |code| code.starts_with('7'));
    assert!(reading.codes.iter().all(|code| is_code(code)));
    Answer {
        verdict: reading.verdict,
        codes: reading.codes,
        note: reading.note,
    }
}

/// What a JSON-RPC error object means.
#[must_use]
pub fn failure_of(error: &serde_json::Value) -> Failure {
    Failure::of_error("send", error)
}

/// The words that an input stands for: a NUL ends each, as in `/proc/PID/cmdline`.
#[must_use]
pub fn split_words(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// Panics unless this is one line in characters that are what they look like.
#[track_caller]
pub fn harmless(line: &str) {
    if let Some(c) = line.chars().find(|c| !reader::is_harmless(*c)) {
        panic!("{c:?} in {line:?}");
    }
}

/// Panics unless this is one line and says something.
#[track_caller]
pub fn one_line(error: &str) {
    assert!(!error.trim().is_empty());
    assert!(!error.contains(char::is_control), "{error:?}");
}
