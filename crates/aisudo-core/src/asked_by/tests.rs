use super::*;

/// What is said, and the mode, the user and the words that it means.
type Case = (
    &'static [&'static str],
    Mode,
    Option<&'static str>,
    &'static [&'static str],
);

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn raws(words: &[&str]) -> Vec<Raw> {
    words.iter().map(|word| Raw::from(*word)).collect()
}

#[test]
fn su_runs_a_shell_or_a_command_in_one() {
    let cases: [Case; 9] = [
        (&["su"], Mode::Shell, None, &[]),
        (&["su", "-"], Mode::LoginShell, None, &[]),
        (&["su", "-l", "bob"], Mode::LoginShell, Some("bob"), &[]),
        (&["su", "-", "bob"], Mode::LoginShell, Some("bob"), &[]),
        (&["su", "-c", "id -u"], Mode::Shell, None, &["id -u"]),
        (&["su", "-c", "-x"], Mode::Shell, None, &["-x"]),
        (
            &["su", "bob", "-c", "id"],
            Mode::Shell,
            Some("bob"),
            &["id"],
        ),
        (
            &["su", "--command", "id", "bob"],
            Mode::Shell,
            Some("bob"),
            &["id"],
        ),
        (
            &["-su", "-", "bob", "-c", "id"],
            Mode::LoginShell,
            Some("bob"),
            &["id"],
        ),
    ];
    for (said, mode, user, argv) in cases {
        let call = su(&words(said)).unwrap();
        assert_eq!(call.mode, mode, "{said:?}");
        assert_eq!(call.user, user.map(Raw::from), "{said:?}");
        assert_eq!(call.argv, raws(argv), "{said:?}");
        assert_eq!(
            call.environment.preserve_all,
            mode == Mode::Shell,
            "{said:?}"
        );
    }
}

#[test]
fn what_su_could_read_otherwise_is_not_read() {
    for said in [
        &["su", "bob", "script"][..],
        &["su", "bob", "-"],
        &["su", "bob", "-l"],
        &["su", "-c"],
        &["su", "-c", "id", "-c", "ls"],
        &["su", "-cid"],
        &["su", "--command=id"],
        &["su", "--comm", "id"],
        &["su", "-m"],
        &["su", "-s", "/bin/sh"],
        &["su", "-g", "adm"],
        &["su", "-P"],
        &["su", "--", "bob"],
        &["su", ""],
    ] {
        assert!(su(&words(said)).is_err(), "{said:?}");
    }
    let error = su(&words(&["su", "-\u{1b}[2J"])).unwrap_err();
    assert_eq!(error, r"su with -\x1b[2J");
}

#[test]
fn doas_runs_a_command_or_a_shell() {
    let cases: [Case; 7] = [
        (&["doas", "id"], Mode::Run, None, &["id"]),
        (
            &["doas", "id", "-u", "x"],
            Mode::Run,
            None,
            &["id", "-u", "x"],
        ),
        (
            &["doas", "-u", "bob", "id"],
            Mode::Run,
            Some("bob"),
            &["id"],
        ),
        (
            &["doas", "-n", "-u", "bob", "--", "-x"],
            Mode::Run,
            Some("bob"),
            &["-x"],
        ),
        (&["doas", "-s"], Mode::Shell, None, &[]),
        (&["doas", "-u", "bob", "-s"], Mode::Shell, Some("bob"), &[]),
        (&["doas", "A=b", "id"], Mode::Run, None, &["A=b", "id"]),
    ];
    for (said, mode, user, argv) in cases {
        let call = doas(&words(said)).unwrap();
        assert_eq!(
            (call.mode, call.user),
            (mode, user.map(Raw::from)),
            "{said:?}"
        );
        assert_eq!(call.argv, raws(argv), "{said:?}");
    }
    for said in [
        &["doas"][..],
        &["doas", "-n"],
        &["doas", "-s", "id"],
        &["doas", "-u"],
        &["doas", "-ubob", "id"],
        &["doas", "-ns"],
        &["doas", "-C", "/etc/doas.conf", "id"],
        &["doas", "-L"],
        &["doas", "--help"],
    ] {
        assert!(doas(&words(said)).is_err(), "{said:?}");
    }
}

#[test]
fn the_service_says_who_asks() {
    for (service, asker) in [
        ("sudo", Asker::Sudo),
        ("sudo-i", Asker::Sudo),
        ("su", Asker::Su),
        ("su-l", Asker::Su),
        ("doas", Asker::Doas),
        ("polkit-1", Asker::Other),
        ("", Asker::Other),
    ] {
        assert_eq!(Asker::of_service(service.as_bytes()), asker, "{service}");
    }
}
