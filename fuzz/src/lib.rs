//! What the fuzz targets share.

#[path = "../../crates/aisudo-core/src/display/tests/reader.rs"]
pub mod reader;

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
