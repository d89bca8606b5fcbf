//! What strangers chose is shown on one line, in characters that are what they look like, and can
//! be read back: no two texts are shown alike.
#![no_main]

use aisudo_core::display::{text, word, words};
use aisudo_fuzz::{harmless, reader, split_words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let shown = word(bytes);
    harmless(&shown.text);
    assert_eq!(reader::words(&shown.text), [bytes]);

    let shown = text(bytes);
    harmless(&shown.text);
    assert_eq!(reader::text(&shown.text), bytes);
    assert_eq!(shown.text.trim_matches(' '), shown.text);

    let argv = split_words(bytes);
    let shown = words(&argv);
    harmless(&shown.text);
    assert!(!shown.text.contains("    "));
    assert_eq!(reader::words(&shown.text), argv);
});
