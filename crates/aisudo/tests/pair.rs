//! `aisudo pair`, with a daemon that carries and phones that answer.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    sync::Arc,
};

use aisudo_core::{config::Config, device::PasskeyAlgorithm, evidence::EvidenceKind};
use aisudo_seal::{device::Passkey, pairing::FromHost};
use aisudo_sys::users::account_named;
use fake::{
    Fake,
    full_screen::FullScreen,
    host::CONFIG,
    phone::Phone,
    screen::{Screen, pty},
};
use rustix::process::{Signal, geteuid};

const QUESTION: &str = "Do the same four words stand there? Type yes, or no: ";

/// The command, and the link that it shows.
#[cfg(test)]
fn start(fake: &Fake, arguments: &[&str]) -> (Screen, String) {
    waits(Screen::new(fake.command(arguments), None))
}

#[cfg(test)]
fn waits(mut screen: Screen) -> (Screen, String) {
    let shown = screen.shows_line("https://box.example:8443#pair=");
    let url = shown.lines().last().unwrap().to_owned();
    screen.shows("Waiting for the phone; Ctrl-C ends it.\n");
    (screen, url)
}

/// The command as it asks about this phone's words.
#[cfg(test)]
fn asked(fake: &Fake, arguments: &[&str], phone: &Phone) -> (Screen, String) {
    let (mut screen, url) = start(fake, arguments);
    fake.phone_says(phone.answers(&url).message);
    screen.shows(QUESTION);
    (screen, url)
}

/// That the phone was refused, and nothing was written.
#[cfg(test)]
fn refused(fake: &Fake, phone: &Phone, url: &str, screen: Screen) -> String {
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert_eq!(
        phone.told(url, &fake.wait_for_sent(2)[1]),
        FromHost::Refused
    );
    assert!(fake.is_untouched());
    shown
}

#[test]
fn a_phone_that_shows_the_same_words_is_listed_and_told() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let phone = Phone::new(1);
    let answered = phone.answers(&url);
    fake.phone_says(answered.message.clone());
    let words = phone.words(answered, &fake.wait_for_sent(1)[0]).to_string();
    screen.shows(&format!("\n    {words}\n"));
    screen.shows(QUESTION);
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

/// All of it, but for what is drawn anew each time.
#[test]
fn what_root_reads() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner", "--label", "blue"]);
    let record = Arc::clone(&screen.record);
    let phone = Phone::new(1);
    let answered = phone.answers(&url);
    fake.phone_says(vec![0; 2100]);
    fake.phone_says(answered.message.clone());
    let words = phone.words(answered, &fake.wait_for_sent(1)[0]).to_string();
    screen.shows(QUESTION);
    screen.types("ja\n");
    screen.shows(QUESTION);
    fake.phone_says(Phone::new(2).answers(&url).message);
    screen.shows(QUESTION);
    screen.types("yes\n");
    assert_eq!(screen.ends().0, Some(0));
    let record = record.lock().unwrap().clone();
    let (code, rest): (Vec<&str>, Vec<&str>) =
        record.lines().partition(|line| line.contains(['█', '▀']));
    // A module is a column, and two are a row; around them are four of white.
    let columns = code[0].chars().count();
    assert!(
        columns < 80 && code.len() == columns.div_ceil(2),
        "{record}"
    );
    let root = fake.directory.path().to_str().unwrap();
    let rest = rest
        .join("\n")
        .replace(&url, "[LINK]")
        .replace(&words, "[WORDS]");
    insta::assert_snapshot!("pair", rest.replace(root, "/ROOT"));
}

#[test]
fn without_a_yes_nothing_is_written_and_the_phone_is_told() {
    for answer in ["no\n", "\n", "N\n", "y\nok\nsame\nyes!\ntrue\n"] {
        let fake = Fake::with_app();
        let phone = Phone::new(1);
        let (mut screen, url) = asked(&fake, &["pair", "owner"], &phone);
        screen.types(answer);
        let shown = refused(&fake, &phone, &url, screen);
        assert!(
            shown.ends_with("aisudo: the words were not confirmed, and nothing was written; if they differ, somebody stands between this host and the phone\n"),
            "{shown}"
        );
    }
}

#[test]
fn the_end_of_the_input_or_a_signal_is_a_no() {
    let fake = Fake::with_app();
    let phone = Phone::new(1);
    let (screen, url) = asked(&fake, &["pair", "owner"], &phone);
    let shown = refused(&fake, &phone, &url, screen);
    assert!(
        shown.contains("aisudo: the input ended; nothing was written"),
        "{shown}"
    );
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let fake = Fake::with_app();
        let (screen, url) = asked(&fake, &["pair", "owner"], &phone);
        screen.signal(signal);
        let (code, shown) = screen.ends_by_itself();
        assert_eq!(
            (code, shown.as_str()),
            (Some(1), "\naisudo: ended; nothing was written\n")
        );
        assert_eq!(
            phone.told(&url, &fake.wait_for_sent(2)[1]),
            FromHost::Refused
        );
        assert!(fake.is_untouched());
    }
    // Before anybody has answered.
    let fake = Fake::with_app();
    let (screen, _) = start(&fake, &["pair", "owner"]);
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(1));
    assert!(shown.contains("the input ended"), "{shown}");
}

/// A yes counts only once the words are there to be compared.
#[test]
fn what_was_typed_before_the_words_is_no_answer() {
    for terminal in [None, Some(pty())] {
        let fake = Fake::with_app();
        let (mut screen, url) = waits(Screen::new(fake.command(&["pair", "owner"]), terminal));
        screen.types("yes\nyes\n");
        let phone = Phone::new(1);
        fake.phone_says(phone.answers(&url).message);
        screen.shows(QUESTION);
        screen.types("no\n");
        refused(&fake, &phone, &url, screen);
    }
}

#[test]
fn at_a_terminal_a_person_pairs() {
    let fake = Fake::with_app();
    let command = fake.command(&["pair", "owner"]);
    let (mut screen, url) = waits(Screen::new(command, Some(pty())));
    fake.phone_says(Phone::new(1).answers(&url).message);
    screen.shows(QUESTION);
    screen.types("yes\n");
    let (code, shown) = screen.ends_by_itself();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(fake.approvers().devices().count(), 1);
}

#[test]
fn strangers_are_noted_and_the_link_stands() {
    let fake = Fake::with_app();
    // Whoever answers with another link does not know this one's secret.
    let (other, other_url) = start(&fake, &["pair", "owner"]);
    other.leave();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let stranger = Phone::new(2);
    fake.phone_says(stranger.answers(&other_url).message);
    screen.shows(
        "Not accepted: an answer came from somebody who has not seen the link. The link stands.\n",
    );
    fake.phone_says(b"GET / HTTP/1.1".to_vec());
    screen.shows("Not accepted: this is no answer to the link. The link stands.\n");
    let phone = Phone::new(1);
    fake.phone_says(phone.answers(&url).message);
    screen.shows(QUESTION);
    screen.types("yes\n");
    assert_eq!(screen.ends().0, Some(0));
    // Strangers hear nothing.
    assert_eq!(
        phone.told(&url, &fake.wait_for_sent(2)[1]),
        FromHost::Paired
    );
    assert_eq!(fake.approvers().devices().count(), 1);
}

/// It would never be asked for where the app comes from. Its owner can try again with another key.
#[test]
fn a_passkey_of_another_place_is_told_no_and_the_link_stands() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let passkey = |host: &str| {
        let origin = format!("https://{host}:8443");
        let passkey = Passkey::from_seed(PasskeyAlgorithm::Es256, &[3; 32], host, &origin);
        Phone::with(3, Box::new(passkey.unwrap()))
    };
    let elsewhere = passkey("box.evil.example");
    fake.phone_says(elsewhere.answers(&url).message);
    screen.shows("Not accepted: the phone's passkey belongs to another address than the app's. The link stands.\n");
    assert_eq!(
        elsewhere.told(&url, &fake.wait_for_sent(1)[0]),
        FromHost::Refused
    );
    let here = passkey("box.example");
    fake.phone_says(here.answers(&url).message);
    screen.shows(" (passkey)\n");
    screen.shows(QUESTION);
    screen.types("yes\n");
    assert_eq!(screen.ends().0, Some(0));
    let approvers = fake.approvers();
    let (_, device) = approvers.devices().next().unwrap();
    assert_eq!(*device, here.listed(device.since_ms));
}

#[test]
fn too_many_wrong_answers_end_it() {
    let fake = Fake::with_app();
    let (screen, _) = start(&fake, &["pair", "owner"]);
    for _ in 0..16 {
        fake.phone_says(vec![0; 2100]);
    }
    let (code, shown) = screen.ends_by_itself();
    assert_eq!(code, Some(1));
    assert_eq!(shown.matches("The link stands.").count(), 15, "{shown}");
    assert!(
        shown.contains("aisudo: too many wrong answers came"),
        "{shown}"
    );
    assert!(fake.is_untouched() && fake.state().sent.is_empty());
}

/// Words are made from one answer; a phone may send that one again.
#[test]
fn a_second_answer_is_said_once_and_changes_nothing() {
    let fake = Fake::with_app();
    let (mut screen, url) = start(&fake, &["pair", "owner"]);
    let phone = Phone::new(1);
    let first = phone.answers(&url).message;
    for message in [
        first.clone(),
        first,
        Phone::new(2).answers(&url).message,
        Phone::new(3).answers(&url).message,
    ] {
        fake.phone_says(message);
    }
    screen.shows("Note: another answer to this link came");
    screen.shows(QUESTION);
    screen.types("yes\n");
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(0));
    assert!(!shown.contains("Note:"), "{shown}");
    let approvers = fake.approvers();
    let keys: Vec<_> = approvers
        .devices()
        .map(|(_, device)| device.key.clone())
        .collect();
    assert_eq!(keys, [phone.signer.key()]);
    assert_eq!(fake.state().sent.len(), 2);
}

#[test]
fn a_daemon_that_goes_away_ends_it() {
    let fake = Fake::with_app();
    let (screen, _) = start(&fake, &["pair", "owner"]);
    fake.stop();
    let expected =
        "aisudo: aisudo-daemon closed the connection; nothing was written; begin again\n";
    assert_eq!(screen.ends_by_itself(), (Some(3), expected.to_owned()));

    let fake = Fake::with_app();
    let (screen, _) = asked(&fake, &["pair", "owner"], &Phone::new(1));
    fake.stop();
    assert_eq!(screen.ends_by_itself(), (Some(3), format!("\n{expected}")));
    assert!(fake.is_untouched());

    let fake = Fake::with_app();
    fake.stop();
    let ran = fake.run(&["pair", "owner"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(ran.stderr.contains("aisudo-daemon is not running"));
}

/// The phone is listed, and does not know: root must.
#[test]
fn a_phone_that_cannot_be_told_is_named() {
    let fake = Fake::with_app();
    let phone = Phone::new(1);
    let (mut screen, _) = asked(&fake, &["pair", "owner"], &phone);
    fake.state().refuses = Some("the phone has gone".to_owned());
    screen.types("yes\n");
    let (code, shown) = screen.ends();
    assert_eq!(code, Some(1));
    let key = phone.signer.key().id();
    let expected = format!(
        "aisudo: the phone may decide from now on, but it could not be told: the phone has gone; if it does not show this host, run: aisudo revoke {key}, and pair it again\n"
    );
    assert!(shown.ends_with(&expected), "{shown}");
    assert_eq!(fake.approvers().devices().count(), 1);
}

#[test]
fn a_phone_that_has_gone_before_its_words_ends_it() {
    let fake = Fake::with_app();
    let (screen, url) = start(&fake, &["pair", "owner"]);
    // From now on the daemon carries nothing.
    fake.state().reached = None;
    fake.phone_says(Phone::new(1).answers(&url).message);
    let expected =
        "aisudo: [channels.app] is not set up; see docs/app.md; nothing was written; begin again\n";
    assert_eq!(screen.ends_by_itself(), (Some(1), expected.to_owned()));
    assert!(fake.is_untouched());
}

#[test]
fn a_phone_that_is_listed_is_not_listed_twice() {
    let fake = Fake::with_app();
    let listed = Phone::new(1);
    let (mut screen, _) = asked(&fake, &["pair", "owner"], &listed);
    screen.types("yes\n");
    assert_eq!(screen.ends().0, Some(0));
    let before = fs::read_to_string(fake.paths().approvers()).unwrap();
    let same_seal = Phone::with(1, Phone::new(2).signer);
    for again in [listed, same_seal] {
        fake.state().sent.clear();
        let (screen, url) = start(&fake, &["pair", "other"]);
        fake.phone_says(again.answers(&url).message);
        let (code, shown) = screen.ends_by_itself();
        let expected = "aisudo: this phone is paired already, as phone 1 of owner; nothing was written; to pair it anew, run before: aisudo revoke 34750f98bd59fcfc\n";
        assert_eq!((code, shown.as_str()), (Some(1), expected));
        assert_eq!(
            again.told(&url, &fake.wait_for_sent(1)[0]),
            FromHost::Refused
        );
    }
    assert_eq!(
        fs::read_to_string(fake.paths().approvers()).unwrap(),
        before
    );
}

#[test]
fn another_phone_of_the_same_person_stands_beside_the_first() {
    let fake = Fake::with_app();
    fake.write_config(&format!("{CONFIG}\n[daemon]\nuser = \"nobody\"\n"));
    for seed in [1, 2] {
        fake.state().sent.clear();
        let (mut screen, _) = asked(&fake, &["pair", "owner"], &Phone::new(seed));
        screen.types("yes\n");
        let (code, shown) = screen.ends();
        assert_eq!((code, shown.contains("Note:")), (Some(0), false));
    }
    let approvers = fake.approvers();
    assert_eq!(approvers.approvers.len(), 1);
    let labels: Vec<_> = approvers
        .devices()
        .map(|(_, device)| device.label.as_str())
        .collect();
    assert_eq!(labels, ["phone 1", "phone 2"]);
    let path = fake.paths().approvers();
    let before = fs::read_to_string(path.with_added_extension("before")).unwrap();
    assert_eq!(before.matches("[[approver.device]]").count(), 1);
    // Only root can give a file to another group.
    if geteuid().is_root() {
        let nobody = account_named("nobody").unwrap().gid;
        let meta = path.metadata().unwrap();
        assert_eq!((meta.mode() & 0o777, meta.gid()), (0o640, nobody));
    }
}

/// It has new keys each time; the old ones are good for nothing but mistakes.
#[test]
fn a_phone_that_is_paired_anew_is_noted() {
    let fake = Fake::with_app();
    for (name, label, noted) in [
        ("owner", "blue", false),
        ("other", "blue", false),
        ("owner", "red", false),
        ("owner", "blue", true),
    ] {
        let seed = u8::try_from(fake.state().sent.len()).unwrap() + 1;
        let (mut screen, url) = start(&fake, &["pair", name, "--label", label]);
        fake.phone_says(Phone::new(seed).answers(&url).message);
        screen.shows(QUESTION);
        screen.types("yes\n");
        let (code, shown) = screen.ends();
        assert_eq!(code, Some(0), "{shown}");
        // Of the first phone's key.
        let note = "Note: there is an older blue of owner. If it is the same phone, run: aisudo revoke 34750f98bd59fcfc\n";
        assert_eq!(shown.ends_with(note), noted, "{shown}");
        assert_eq!(shown.contains("Note:"), noted, "{shown}");
    }
}

#[test]
fn what_the_gate_does_not_accept_is_asked_about() {
    let strict = format!("{CONFIG}\n[gate]\naccept = [\"terminal\"] # for now\n");
    for (answer, accepted) in [("y\n", true), ("\n", true), ("n\n", false)] {
        let fake = Fake::with_app();
        fake.write_config(&strict);
        let mut screen = Screen::new(fake.command(&["pair", "owner"]), None);
        screen.shows("has no \"app\", so what phones sign lets nothing run. Add it when the phone is paired? [Y/n] ");
        screen.types(answer);
        let (mut screen, url) = waits(screen);
        fake.phone_says(Phone::new(1).answers(&url).message);
        screen.shows(QUESTION);
        assert_eq!(fs::read_to_string(fake.paths().config()).unwrap(), strict);
        screen.types("yes\n");
        assert_eq!(screen.ends().0, Some(0));
        let after = fs::read_to_string(fake.paths().config()).unwrap();
        let config = Config::parse(&after).unwrap();
        assert_eq!(config.gate.accept.contains(&EvidenceKind::App), accepted);
        assert!(after.contains("] # for now"), "{after}");
    }
    let fake = Fake::with_app();
    fake.write_config(&strict);
    let ran = fake.run(&["pair", "owner"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(1),
            "aisudo: the input ended; nothing was written; answer\n"
        )
    );
}

#[test]
fn what_is_missing_is_said_before_anything_is_shown() {
    let fake = Fake::with_app();
    let says = |expected: &str| {
        let ran = fake.run(&["pair", "owner"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert_eq!(ran.stderr, format!("aisudo: {expected}\n"));
    };
    fake.state().reached = None;
    says(
        "aisudo-daemon does not know of [channels.app] yet; run: systemctl restart aisudo-daemon, and begin again",
    );
    fake.write_config(&CONFIG.replace("https://box.example:8443", "https://Box.example:8443"));
    says(
        "no link can be made: the app's address must be like https://host.example or https://host.example:8443/app, in lower case, without :443, ? or #",
    );
    fake.write_config(CONFIG);
    fake.write_approvers("version = 1\n[[approver]]\nname = \"\"\n");
    says(
        "/ROOT/etc/aisudo/approvers.toml: approver 1: the name must be 1 to 64 bytes of letters, digits and -_.@",
    );
    fs::set_permissions(fake.paths().approvers(), Permissions::from_mode(0o666)).unwrap();
    says(
        "/ROOT/etc/aisudo/approvers.toml can be written by others; run: chmod go-w /ROOT/etc/aisudo/approvers.toml",
    );
    fs::remove_file(fake.paths().approvers()).unwrap();
    fs::remove_file(fake.paths().host_key()).unwrap();
    says(
        "there is no /ROOT/var/lib/aisudo/host.key yet; aisudo-daemon makes it: run: systemctl restart aisudo-daemon",
    );
    fake.write_config("version = 1\n");
    says(
        "there is no [channels.app] in /ROOT/etc/aisudo/aisudo.toml; write that line, and below it: url = \"https://NAME:8443\", by which phones reach this host; then run: systemctl restart aisudo-daemon; see docs/app.md",
    );
    fs::remove_file(fake.paths().config()).unwrap();
    says(
        "there is no /ROOT/etc/aisudo/aisudo.toml; say there who is gated first, see docs/configuration.md",
    );
}

#[test]
fn a_name_or_label_that_no_file_takes_is_refused_at_once() {
    let fake = Fake::with_app();
    let ran = fake.run(&["pair", "own\u{1b}er"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("the name must be 1 to 64 bytes"),
        "{ran:?}"
    );
    for label in ["", &"x".repeat(65)] {
        let ran = fake.run(&["pair", "owner", "--label", label]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("a label has 1 to 64 bytes"), "{ran:?}");
    }
}

/// A code that is broken over two lines cannot be scanned.
#[test]
fn a_code_is_drawn_only_where_it_fits() {
    let fake = Fake::with_app();
    for (columns, fits) in [(50, false), (100, true)] {
        let screen = FullScreen::of_size(fake.command(&["pair", "owner"]), 60, columns);
        screen.shows("Waiting for the phone");
        let shown = screen.text();
        assert_eq!(shown.contains("██████"), fits, "{shown}");
        assert_eq!(
            shown.contains("A QR code does not fit here"),
            !fits,
            "{shown}"
        );
        assert!(shown.contains("https://box.example:8443#pair="), "{shown}");
    }
}

/// What can only be opened here is said, because a phone would show nothing.
#[test]
fn a_link_for_this_host_alone_is_named() {
    let fake = Fake::with_app();
    fake.write_config(&CONFIG.replace("https://box.example:8443", "http://localhost:7443"));
    let mut screen = Screen::new(fake.command(&["pair", "owner"]), None);
    screen.shows_line("http://localhost:7443#pair=");
    screen.shows("\nOnly a browser on this very host can open it; for a phone see docs/app.md.\n");
    screen.leave();
}
