//! Whatever an approver writes is read, and is a yes only while nothing else stands beside it.
#![no_main]

use aisudo_core::evidence::Verdict::{Approve, Deny};
use aisudo_fuzz::read_answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let answer = read_answer(text);
    match (answer.verdict, &answer.note) {
        (Some(Deny), Some(note)) => {
            assert!(text.trim_end().ends_with(note) && note.trim() == note && !note.is_empty());
        }
        (_, Some(note)) => panic!("{note:?} without a no"),
        (_, None) => {}
    }
    if answer.verdict == Some(Approve) {
        assert!(!text.is_empty() && !text.contains('?'));
        for more in [" but", "\nno", " 👎", "?", " 😂", " nein danke"] {
            let verdict = read_answer(&format!("{text}{more}")).verdict;
            assert_ne!(verdict, Some(Approve), "{text:?}{more:?}");
        }
        // Blanks and politeness change nothing.
        let polite = read_answer(&format!(" {text}\n, please"));
        assert_eq!(polite, answer);
    }
    // What is known to be a no stays one, whatever is written behind it.
    let no = read_answer(&format!("no 7KQ2M {text}"));
    assert_eq!(no.verdict, Some(Deny));
    assert_eq!(no.codes.first().map(String::as_str), Some("7KQ2M"));
});
