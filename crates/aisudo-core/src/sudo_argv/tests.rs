use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn argv(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// What `sudo WORDS` asks for, in every sudo.
fn sudo(words: &[&str]) -> Result<SudoCall, ParseError> {
    parse(&argv(&[&["sudo"], words].concat()))
}

fn call(words: &[&str]) -> SudoCall {
    sudo(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn some(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

/// A call that runs `id`.
fn runs_id() -> SudoCall {
    SudoCall {
        command: argv(&["id"]),
        ..SudoCall::default()
    }
}

type Change = fn(&mut SudoCall);
type Slot = fn(&mut SudoCall) -> &mut Option<Vec<u8>>;

#[test]
fn every_flag_in_short_clustered_and_long_form() {
    let flags: [(&str, &str, Change); 11] = [
        ("A", "askpass", |c| c.askpass = true),
        ("B", "bell", |c| c.bell = true),
        ("b", "background", |c| c.background = true),
        ("E", "preserve-env", |c| c.preserve_all = true),
        ("H", "set-home", |c| c.set_home = true),
        ("k", "reset-timestamp", |c| c.reset_timestamp = true),
        ("N", "no-update", |c| c.no_update = true),
        ("n", "non-interactive", |c| c.non_interactive = true),
        ("P", "preserve-groups", |c| c.preserve_groups = true),
        ("S", "stdin", |c| c.stdin_password = true),
        ("s", "shell", |c| c.mode = Mode::Shell),
    ];
    for (short, long, change) in flags {
        let mut expected = runs_id();
        change(&mut expected);
        assert_eq!(call(&[&format!("-{short}"), "id"]), expected, "-{short}");
        assert_eq!(call(&[&format!("--{long}"), "id"]), expected, "--{long}");
        assert_eq!(
            sudo(&[&format!("--{long}=x"), "id"]).is_ok(),
            long == "preserve-env",
            "--{long}=x"
        );
        expected.user = some("bob");
        for words in [
            vec![format!("-{short}ubob")],
            vec![format!("-{short}u"), "bob".to_owned()],
        ] {
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["id"]).collect();
            assert_eq!(call(&words), expected, "{words:?}");
        }
    }
}

#[test]
fn every_value_attached_apart_and_long_but_once() {
    let values: [(&str, &str, Slot); 13] = [
        ("a", "auth-type", |c| &mut c.auth_type),
        ("C", "close-from", |c| &mut c.close_from),
        ("c", "login-class", |c| &mut c.login_class),
        ("D", "chdir", |c| &mut c.chdir),
        ("g", "group", |c| &mut c.group),
        ("h", "host", |c| &mut c.host),
        ("p", "prompt", |c| &mut c.prompt),
        ("R", "chroot", |c| &mut c.chroot),
        ("r", "role", |c| &mut c.role),
        ("T", "command-timeout", |c| &mut c.command_timeout),
        ("t", "type", |c| &mut c.selinux_type),
        ("U", "other-user", |c| &mut c.other_user),
        ("u", "user", |c| &mut c.user),
    ];
    for (short, long, slot) in values {
        // `-U` goes with `-l` only.
        let list = short == "U";
        let mut expected = runs_id();
        if list {
            expected.mode = Mode::List;
        }
        *slot(&mut expected) = some("20");
        let apart = [format!("-{short}"), "20".to_owned()];
        let forms = [
            vec![format!("-{short}20")],
            apart.to_vec(),
            vec![format!("--{long}=20")],
            vec![format!("--{long}"), "20".to_owned()],
        ];
        for form in &forms {
            let before = if list { &["-l"][..] } else { &[] };
            let words = |form: &[String]| -> Vec<String> {
                let before = before.iter().map(|word| (*word).to_owned());
                before
                    .chain(form.iter().cloned())
                    .chain(["id".to_owned()])
                    .collect()
            };
            let read = |words: &[String]| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                sudo(&words)
            };
            assert_eq!(read(&words(form)), Ok(expected.clone()), "{form:?}");
            // sudo-rs would take the second one.
            let twice = [form.as_slice(), &apart].concat();
            assert_eq!(
                read(&words(&twice)),
                Err(ParseError::Repeated(long)),
                "{twice:?}"
            );
        }
        let empty = sudo(&[if list { "-l" } else { "-n" }, &format!("--{long}="), "id"]);
        assert_eq!(empty.is_ok(), matches!(short, "p" | "T"), "{long}");
    }
}

#[test]
fn the_modes() {
    let cases: [(&[&str], Mode, &[&str]); 20] = [
        (&["id", "-u"], Mode::Run, &["id", "-u"]),
        (&["--", "id"], Mode::Run, &["id"]),
        (&["--", "A=b", "id"], Mode::Run, &["A=b", "id"]),
        (&["--", "--", "id"], Mode::Run, &["--", "id"]),
        (&["/x=y"], Mode::Run, &["/x=y"]),
        (&[""], Mode::Run, &[""]),
        (&["-s"], Mode::Shell, &[]),
        (&["-s", "--"], Mode::Shell, &[]),
        (&["-ns", "id", "-i"], Mode::Shell, &["id", "-i"]),
        (&["-s", "sudoedit", "f"], Mode::Shell, &["sudoedit", "f"]),
        (&["--login", "id"], Mode::LoginShell, &["id"]),
        (&["-k", "-i"], Mode::LoginShell, &[]),
        (&["-e", "f", "g"], Mode::Edit, &["f", "g"]),
        (&["-ee", "--", "-f"], Mode::Edit, &["-f"]),
        (&["-l"], Mode::List, &[]),
        (&["-l", "sudoedit", "f"], Mode::List, &["sudoedit", "f"]),
        (&["-lU", "bob"], Mode::List, &[]),
        (&["-lU", "bob", "-u", "eve", "id"], Mode::List, &["id"]),
        (&["-v"], Mode::Validate, &[]),
        (&["-vn", "-k"], Mode::Validate, &[]),
    ];
    for (words, mode, command) in cases {
        let call = call(words);
        assert_eq!(
            (call.mode, call.command),
            (mode, argv(command)),
            "{words:?}"
        );
    }
    assert!(!call(&["-l"]).long_list);
    assert!(call(&["-ll"]).long_list);
    assert!(call(&["-l", "--list", "id"]).long_list);
}

#[test]
fn variables_stand_between_options() {
    let read = call(&["A=b", "-n", "C=d e", "-u", "G=h", "--", "I=j"]);
    assert_eq!(read.set, argv(&["A=b", "C=d e"]));
    assert_eq!(read.user, some("G=h"));
    assert_eq!(read.command, argv(&["I=j"]));
    assert!(read.non_interactive);
    assert_eq!(call(&["-s", "A=", "id"]).set, argv(&["A="]));
}

#[test]
fn names_of_variables_to_keep() {
    let read = call(&["--preserve-env=A,,B", "--preserve-env", "id"]);
    assert_eq!(read.preserve, argv(&["A", "B"]));
    assert!(read.preserve_all);
    // The list does not stand apart, and `-E` takes none.
    assert_eq!(call(&["--preserve-env", "A"]).command, argv(&["A"]));
    assert_eq!(call(&["-E", "A"]).command, argv(&["A"]));
    assert_eq!(call(&["--preserve-env=", "id"]), runs_id());
    assert!(sudo(&["--preserve-env=A=b", "id"]).is_err());
}

#[test]
fn an_abbreviation_of_one_option_is_that_option() {
    assert_eq!(call(&["--us", "bob", "id"]).user, some("bob"));
    assert_eq!(call(&["--preserve-e=A", "id"]).preserve, argv(&["A"]));
    assert_eq!(call(&["--ho=x", "id"]).host, some("x"));
    for unknown in ["--frob", "--users=bob", "--User=bob"] {
        assert!(
            matches!(sudo(&[unknown, "id"]), Err(ParseError::UnknownOption(_))),
            "{unknown}"
        );
    }
    for ambiguous in ["--h", "--lo", "--preserve", "--re", "--s", "--no", "--=x"] {
        assert!(
            matches!(
                sudo(&[ambiguous, "id"]),
                Err(ParseError::AmbiguousOption(_))
            ),
            "{ambiguous}"
        );
    }
    // sudoedit has fewer, so `--s` is one of them.
    let edit = parse_c_sudo(&argv(&["sudoedit", "--s", "f"]));
    assert!(edit.unwrap().stdin_password);
}

#[test]
fn the_host_of_h_is_the_next_word_only_if_h_stands_alone() {
    assert_eq!(call(&["-l", "-h", "web", "id"]).host, some("web"));
    assert_eq!(call(&["-lhweb", "id"]).host, some("web"));
    assert_eq!(call(&["-l", "-h", "/x=y"]).host, some("/x=y"));
    assert_eq!(call(&["-l", "-hn"]).host, some("n"));
    for help in [
        &["-h"][..],
        &["-h", "-n"],
        &["-h", "--", "id"],
        &["-h", "A=b"],
        &["-lh", "web"],
        &["--help", "web"],
        &["-nh"],
    ] {
        assert_eq!(sudo(help), Err(ParseError::NotARequest("help")), "{help:?}");
    }
    assert!(sudo(&["-l", "-h", ""]).is_err());
}

#[test]
fn what_runs_nothing_is_not_a_request() {
    let cases: [&[&str]; 9] = [
        &[],
        &["-n"],
        &["A=b"],
        &["-u", "bob"],
        &["-V"],
        &["-K"],
        &["-k"],
        &["-nk", "A=b"],
        &["-e"],
    ];
    for words in cases {
        let error = sudo(words).unwrap_err();
        assert!(
            matches!(error, ParseError::NoCommand | ParseError::NotARequest(_)),
            "{words:?}: {error}"
        );
    }
    assert_eq!(parse(&[]), Err(ParseError::NoCommand));
}

#[test]
fn what_sudo_refuses_is_refused() {
    let cases: [&[&str]; 35] = [
        &["-s", "-i"],
        &["-is", "id"],
        &["-se", "f"],
        &["-ie", "f"],
        &["-el", "f"],
        &["-lv"],
        &["-sl"],
        &["-iv"],
        &["-iE"],
        &["-AS", "id"],
        &["-kN", "id"],
        &["-Uroot", "id"],
        &["-vU", "root"],
        &["-lu", "root"],
        &["-lg", "wheel"],
        &["-v", "id"],
        &["-bl"],
        &["-Hv"],
        &["-lE"],
        &["-eP", "f"],
        &["-eb", "f"],
        &["-eE", "f"],
        &["-e", "A=b", "f"],
        &["-e", "--preserve-env=A", "f"],
        &["-C2", "id"],
        &["-C", "x", "id"],
        &["-C", "99999999999", "id"],
        &["-u"],
        &["--user"],
        &["-u", "", "id"],
        &["-x", "id"],
        &["-n-", "id"],
        &["-n=", "id"],
        &["--n on", "id"],
        &["-\0", "id"],
    ];
    for words in cases {
        assert!(sudo(words).is_err(), "{words:?}");
    }
}

#[test]
fn what_sudos_read_differently_is_refused() {
    let cases: [&[&str]; 12] = [
        // C sudo: the command. sudo-rs: skipped.
        &["-", "id"],
        // C sudo: the command. sudo-rs: a variable.
        &["=x", "id"],
        // C sudo: a variable. sudo-rs: the command.
        &["a.b=c", "id"],
        &["./a=b", "id"],
        &["é=b", "id"],
        // C sudo: the command. sudo-rs: a variable, after this value.
        &["-u", "--", "A=b", "id"],
        &["--user", "--", "id"],
        // Edited, or run by sudo-rs before 0.2.8.
        &["sudoedit", "f"],
        &["/usr/bin/sudoedit", "f"],
        &["sudoedit-rs", "f"],
        &["sudoedit/.", "f"],
        &["--", "sudoedit", "f"],
    ];
    for words in cases {
        assert!(
            matches!(sudo(words), Err(ParseError::TwoReadings(_))),
            "{words:?}: {:?}",
            sudo(words)
        );
    }
}

#[test]
fn in_c_sudo_the_doubtful_words_have_one_reading() {
    let read = |words: &[&str]| parse_c_sudo(&argv(&[&["sudo"], words].concat())).unwrap();
    assert_eq!(read(&["-", "id"]).command, argv(&["-", "id"]));
    assert_eq!(read(&["=x", "id"]).command, argv(&["=x", "id"]));
    assert_eq!(read(&["a.b=c", "id"]).set, argv(&["a.b=c"]));
    assert_eq!(read(&["./a=b", "id"]).command, argv(&["id"]));
}

#[test]
fn the_name_sudoedit_edits_in_c_sudo_and_is_doubtful_elsewhere() {
    for name in ["sudoedit", "/usr/bin/sudoedit", "./sudoedit"] {
        let words = argv(&[name, "-nu", "bob", "f"]);
        assert!(
            matches!(parse(&words), Err(ParseError::TwoReadings(_))),
            "{name}"
        );
        let call = parse_c_sudo(&words).unwrap();
        assert_eq!(
            (call.mode, call.command),
            (Mode::Edit, argv(&["f"])),
            "{name}"
        );
        for option in [
            "-e", "-s", "-i", "-l", "-v", "-K", "-b", "-E", "-H", "-P", "-Ubob", "--edit",
            "--shell",
        ] {
            let call = parse_c_sudo(&argv(&[name, option, "f"]));
            assert!(
                matches!(call, Err(ParseError::UnknownOption(_))),
                "{option}: {call:?}"
            );
        }
    }
    for name in [
        "xedit",
        "sudoedit/",
        "sudoedit/.",
        "lt-sudoedit",
        "sudoedit-rs",
        "sudoeditx",
    ] {
        assert!(parse_c_sudo(&argv(&[name, "f"])).is_err(), "{name}");
    }
    for name in ["", "sudo", "-sudo", "/usr/bin/sudo", "sudo-rs", "anything"] {
        assert_eq!(parse(&argv(&[name, "id"])), Ok(runs_id()), "{name}");
    }
}

#[test]
fn errors_are_one_short_phrase() {
    let phrase = |words: &[&str]| sudo(words).unwrap_err().to_string();
    assert_eq!(phrase(&["--frob=secret", "id"]), "unknown option --frob");
    assert_eq!(phrase(&["-nx", "id"]), "unknown option -x");
    assert_eq!(phrase(&["--\u{1b}[2J", "id"]), r"unknown option --\x1b[2J");
    assert_eq!(phrase(&["--re", "id"]), "--re may be several options");
    assert_eq!(phrase(&["-u"]), "--user lacks its value");
    assert_eq!(phrase(&["-u", "a", "-u", "b"]), "--user is given twice");
    assert_eq!(phrase(&["--bell=x", "id"]), "--bell takes no value");
    assert_eq!(
        phrase(&["-C1", "id"]),
        "--close-from has a value that sudo refuses"
    );
    assert_eq!(phrase(&["-si"]), "sudo refuses -s with -i");
    assert_eq!(phrase(&["-", "id"]), "not every sudo reads a lone - alike");
    assert_eq!(phrase(&["-V"]), "--version runs nothing");
    assert_eq!(phrase(&[]), "no command");
    let long = phrase(&[&format!("--{}", "x".repeat(10_000))]);
    assert_eq!(long, format!("unknown option --{}…", "x".repeat(40)));
}

#[test]
fn no_two_options_share_a_name() {
    for (number, option) in OPTIONS.iter().enumerate() {
        for other in OPTIONS.iter().skip(number + 1) {
            assert_ne!(option.long, other.long);
            assert!(
                option.short.is_none() || option.short != other.short,
                "{}",
                option.long
            );
        }
    }
}

/// Words of which some mean something to sudo.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let options = OPTIONS.iter().map(|option| option.long).collect::<Vec<_>>();
    prop_oneof![
        3 => "-[A-Za-z]{1,3}".prop_map(String::into_bytes),
        2 => (select(options), "(=[a-zA-Z0-9,]{0,3})?").prop_map(|(name, value)| format!("--{name}{value}").into_bytes()),
        2 => select(vec!["id", "A=b", "root", "", "-", "--", "=x", "a.b=c", "sudoedit", "-n", "5"]).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..5),
    ]
}

fn line() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = select(vec!["sudo", "sudo", "sudo", "sudoedit", "/x/sudoedit", "x"]);
    (name, vec(word(), 0..6))
        .prop_map(|(name, words)| [vec![name.as_bytes().to_vec()], words].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(words: Vec<Vec<u8>>) {
        for result in [parse(&words), parse_c_sudo(&words)] {
            if let Err(error) = result {
                let phrase = error.to_string();
                prop_assert!(phrase.len() < 250 && !phrase.chars().any(char::is_control), "{phrase}");
            }
        }
    }

    #[test]
    fn the_command_is_the_end_of_the_line(words in line()) {
        for call in [parse(&words), parse_c_sudo(&words)].into_iter().flatten() {
            prop_assert!(words.ends_with(&call.command));
        }
    }

    #[test]
    fn dashes_before_the_command_change_nothing(words in line()) {
        for read in [parse, parse_c_sudo] {
            if let Ok(call) = read(&words) {
                let options = words.len() - call.command.len();
                // Unless they are there already.
                if words[options - 1] != b"--" {
                    let mut dashed = words.clone();
                    dashed.insert(options, b"--".to_vec());
                    prop_assert_eq!(read(&dashed), Ok(call));
                }
            }
        }
    }

    #[test]
    fn what_holds_for_every_sudo_holds_for_c_sudo(words in line()) {
        if let Ok(call) = parse(&words) {
            prop_assert_eq!(parse_c_sudo(&words), Ok(call));
        }
    }

    #[test]
    fn words_after_the_command_are_never_options(words in line(), more in vec(word(), 1..4)) {
        if let Ok(call) = parse(&words)
            && !call.command.is_empty()
        {
            let longer = parse(&[words, more.clone()].concat());
            let expected = SudoCall { command: [call.command.clone(), more].concat(), ..call };
            prop_assert_eq!(longer, Ok(expected));
        }
    }
}
