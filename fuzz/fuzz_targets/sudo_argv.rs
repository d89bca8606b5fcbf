//! Any command line is read or refused, and what holds for every sudo holds for C sudo: it is read
//! the same there, or C sudo refuses it.
#![no_main]

use aisudo_core::sudo_argv::{parse, parse_c_sudo};
use aisudo_fuzz::{harmless, split_words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let argv = split_words(bytes);
    let (any, by_c) = (parse(&argv), parse_c_sudo(&argv));
    if let (Ok(any), Ok(by_c)) = (&any, &by_c) {
        assert_eq!(any, by_c);
    }
    for error in [&any, &by_c]
        .into_iter()
        .filter_map(|read| read.as_ref().err())
    {
        // A name that is cut ends in an ellipsis; the display escapes it.
        harmless(&error.to_string().replacen('…', "", 1));
    }
    for call in [&any, &by_c].into_iter().flatten() {
        // The command is the end of what was given, word by word: nothing is added or changed.
        assert!(argv.ends_with(&call.command));
        assert!(call.set.iter().all(|word| argv.contains(word)));
    }
});
