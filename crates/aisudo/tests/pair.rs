//! `aisudo pair`, with a daemon that carries and phones that answer.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::fs;

use aisudo_seal::pairing::FromHost;
use fake::{Fake, host::CONFIG, phone::Phone, screen::Screen};

/// The command, and the link that it shows.
#[cfg(test)]
fn start(fake: &Fake, arguments: &[&str]) -> (Screen, String) {
    let mut screen = Screen::new(fake.command(arguments), None);
    let shown = screen.shows_line("https://box.example:8443#pair=");
    let url = shown.lines().last().unwrap().to_owned();
    screen.shows("Waiting for the phone; Ctrl-C ends it.\n");
    (screen, url)
}

#[test]
fn a_phone_that_shows_the_same_words_is_listed_and_told() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let phone = Phone::new(1);
    let answered = phone.answers(&url);
    fake.phone_says(answered.message.clone());
    let sent = fake.wait_for_sent(1);
    let words = phone.words(answered, &sent[0]);
    screen.shows(&format!("\n    {words}\n"));
    screen.shows("Type yes, or no: ");
    screen.types("yes\n");
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(
        phone.told(&url, &fake.wait_for_sent(2)[1]),
        FromHost::Paired
    );
    let approvers = fake.approvers();
    let (name, device) = approvers.devices().next().unwrap();
    assert_eq!((name, device), ("owner", &phone.listed(device.since_ms)));
    assert!(device.since_ms > 1_700_000_000_000);
    assert_eq!(fs::read_to_string(fake.paths().config()).unwrap(), CONFIG);
}

#[test]
fn without_a_yes_nothing_is_written_and_the_phone_is_told() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let phone = Phone::new(1);
    fake.phone_says(phone.answers(&url).message);
    screen.shows("Type yes, or no: ");
    screen.types("no\n");
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        shown.contains("the words were not confirmed, and nothing was written"),
        "{shown}"
    );
    assert_eq!(
        phone.told(&url, &fake.wait_for_sent(2)[1]),
        FromHost::Refused
    );
    assert!(fake.is_untouched());
}
