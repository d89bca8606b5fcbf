//! Root's policy, however badly written, is read or refused in one line, and says the same of the
//! same request each time.
//!
//! The input is the policy's text and then, each after a NUL, the time of day, the program's path,
//! the working directory and the words given to sudo.
#![no_main]

use aisudo_core::{
    policy::{Effect, LocalTime, Policy},
    raw::Raw,
    request::{Call, Request},
    sudo_argv::parse,
};
use aisudo_fuzz::{one_line, split_words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut words = split_words(bytes).into_iter();
    let Ok(text) = String::from_utf8(words.next().unwrap_or_default()) else {
        return;
    };
    let policy = match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(error) => return one_line(&error),
    };
    let now = time(&words.next().unwrap_or_default());
    let path = words.next().map(Raw);
    let cwd = words.next().map(Raw).unwrap_or_default();
    let request = request(path, cwd, words.collect());
    let ruling = policy.judge(&request, now);
    assert_eq!(policy.judge(&request, now), ruling);
    // Nothing that could not be read with certainty runs without a question.
    assert!(request.call.is_some() || ruling.effect != Effect::Allow);
});

/// Two bytes: the weekday and the quarter of an hour.
fn time(bytes: &[u8]) -> LocalTime {
    let at = |index| bytes.get(index).copied().unwrap_or_default();
    LocalTime {
        weekday: at(0) % 7,
        minute: u16::from(at(1)) % 96 * 15,
    }
}

fn request(path: Option<Raw>, cwd: Raw, argv: Vec<Vec<u8>>) -> Request {
    let mut request: Request =
        serde_json::from_str(include_str!("../corpus/request/plain.json")).expect("a request");
    request.program.path.clone_from(&path);
    request.program.real = path;
    request.cwd = cwd;
    let raw = |words: Vec<Vec<u8>>| words.into_iter().map(Raw).collect::<Vec<_>>();
    match parse(&argv) {
        Ok(call) => request.call = Some(Call::from(call)),
        Err(error) => {
            request.call = None;
            request.unreadable = Some(error.to_string());
        }
    }
    request.sudo.argv = raw(argv);
    request
}
