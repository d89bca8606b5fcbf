mod sample;

use proptest::{collection::vec, prelude::*};

use self::sample::{TEXTS, all_fields, hashed, operand, sample, terminal};
use super::{Label, View, request as render};
use crate::{
    digest::code,
    raw::{Hex32, Raw},
    request::{Content, Environment, Found, Program, Request, Role, Stream},
    sudo_argv::Mode,
};

/// A whole view against the file of its name: written by hand or read by eye, never generated
/// without being read. `AISUDO_WRITE_SNAPSHOTS=1` writes them.
macro_rules! assert_view {
    ($name:literal, $request:expr) => {
        let shown = view(&$request).plain();
        if std::env::var_os("AISUDO_WRITE_SNAPSHOTS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/render/", $name, ".txt");
            std::fs::write(path, &shown).unwrap();
        }
        assert_eq!(shown, include_str!(concat!($name, ".txt")));
    };
}

#[test]
fn a_plain_command() {
    assert_view!("plain", sample(&["apt-get", "install", "-y", "nginx"]));
}

#[test]
fn a17_every_field_may_lie() {
    let mut lying = sample(&[
        "echo",
        "ok\n\n    as    root",
        "\u{202e}gpj",
        "\x1b[2J",
        "а",
    ]);
    lying.reason = Some(Raw::from("routine\nApprove? [y]es > y"));
    lying.host.name = Raw::from("web\u{200b}1");
    lying.requester.name = Raw::from("al ice");
    lying.agents = vec!["Claude\u{3164}Code".to_owned()];
    lying.cwd = Raw(b"/tmp/\xff".to_vec());
    lying.parents[0].name = Raw::from("sshd) (pid 1, uid 0");
    assert_view!("lying", lying);
}

#[test]
fn a18_a_long_command_is_shown_whole() {
    let words: Vec<String> = (0..3000).map(|n| format!("word{n}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let view = view(&sample(&words));
    assert_eq!(view.command, words.join(" "));
    assert_eq!(view.words, words);
    let expected =
        "The command is long: 3000 words, 22890 bytes. All of it is shown; read to its end.";
    assert!(
        view.warnings.contains(&expected.to_owned()),
        "{:?}",
        view.warnings
    );
}

#[test]
fn a18_words_are_apart_and_a_remark_is_none_of_them() {
    let mut request = sample(&["echo", "a b", "(in a shell)"]);
    request.call.as_mut().unwrap().mode = Mode::Shell;
    let view = view(&request);
    assert_eq!(view.remark, "(in a shell)");
    assert_eq!(view.words, ["echo", "\"a b\"", "\"(in a shell)\""]);
    assert_eq!(view.command, "(in a shell) echo \"a b\" \"(in a shell)\"");
}

#[test]
fn a19_the_name_under_which_sudo_was_started() {
    let warning_for = |name: &str| {
        let mut request = sample(&["rm", "-r", "/srv"]);
        request.sudo.argv[0] = Raw::from(name);
        warnings(&request)
    };
    for usual in ["sudo", "/usr/bin/sudo", "sudoedit", "/usr/bin/sudo-rs"] {
        assert_eq!(warning_for(usual), "", "{usual}");
    }
    assert_eq!(
        warning_for("sudo|apt|update"),
        "sudo was started under another name, \"sudo|apt|update\": its caller chose that."
    );
    for odd in ["", "-sudo", "./sudo", "sudo apt", "SUDO"] {
        assert!(warning_for(odd).contains("under another name"), "{odd}");
    }
}

#[test]
fn a20_a_program_that_was_not_sudos_word_or_can_be_changed() {
    let mut request = sample(&["deploy", "now"]);
    request.program = Program {
        path: Some(Raw::from("/home/agent/bin/deploy.sh")),
        real: None,
        found: Found::Gate,
    };
    request.operands = vec![
        operand("/home/agent/bin/deploy.sh", Role::Program, hashed()),
        operand("/home/agent/bin", Role::Argument, Content::Directory),
    ];
    assert_view!("program", request);

    request.program = Program {
        path: None,
        real: None,
        found: Found::Unknown,
    };
    assert!(warnings(&request).contains("The program is not known"));
}

#[test]
fn a23_changeable_files_are_listed_with_their_hashes() {
    let mut request = sample(&["python3", "setup.py", "data"]);
    request.program.path = Some(Raw::from("/usr/bin/python3"));
    request.operands = vec![
        operand("/home/agent/setup.py", Role::Argument, hashed()),
        operand(
            "/home/agent/data",
            Role::Argument,
            Content::Unpinned {
                why: "too large".to_owned(),
            },
        ),
    ];
    assert_view!("changeable", request);
}

#[test]
fn a25_commands_from_a_pipe() {
    assert_view!("piped_shell", {
        let mut request = sample(&["bash"]);
        request.program.path = Some(Raw::from("/usr/bin/bash"));
        request.stdio[0] = Stream::Pipe;
        request
    });
    let warning = |words: &[&str], mode: Mode, stdin: Stream| {
        let mut request = sample(words);
        request.call.as_mut().unwrap().mode = mode;
        request.program.path = None;
        request.stdio[0] = stdin;
        warnings(&request)
    };
    let cases: &[(&[&str], &str)] = &[
        (
            &["python3.11", "-"],
            "python3.11 takes its commands from a pipe",
        ),
        (
            &["env", "-i", "X=1", "/bin/sh"],
            "sh takes its commands from a pipe",
        ),
        (
            &["timeout", "9", "bash", "-c", "id"],
            "bash can read more commands from a pipe",
        ),
        (
            &["tee", "/etc/sudoers"],
            "tee acts on what comes from a pipe",
        ),
        (&["xargs", "rm"], "xargs can read more commands from a pipe"),
    ];
    for (words, expected) in cases {
        let shown = warning(words, Mode::Run, Stream::Pipe);
        assert!(shown.contains(expected), "{words:?}: {shown}");
        for harmless in [Stream::Null, Stream::Closed] {
            assert!(
                !warning(words, Mode::Run, harmless).contains("commands from"),
                "{words:?}"
            );
        }
    }
    assert!(!warning(&["apt-get", "install", "bash"], Mode::Run, Stream::Pipe).contains("a pipe"));
    assert!(
        warning(&[], Mode::Shell, Stream::Socket)
            .contains("The shell takes its commands from a socket")
    );
    assert!(
        warning(&["id"], Mode::LoginShell, Stream::Pipe)
            .contains("The shell can read more commands")
    );
    assert!(!warning(&["/etc/motd"], Mode::Edit, Stream::Pipe).contains("commands from"));
}

#[test]
fn a26_environment_directory_root_and_background() {
    let mut request = sample(&["make", "install"]);
    let call = request.call.as_mut().unwrap();
    call.user = Some(Raw::from("postgres"));
    call.group = Some(Raw::from("ssl-cert"));
    call.chdir = Some(Raw::from("/srv/my site"));
    call.chroot = Some(Raw::from("/srv/jail"));
    call.background = true;
    call.environment = Environment {
        preserve_all: true,
        preserve: vec![Raw::from("PYTHONPATH"), Raw::from("TERM")],
        set: vec![Raw::from("LD_PRELOAD=/tmp/x.so"), Raw::from("LANG=C")],
    };
    assert_view!("environment", request);
}

#[test]
fn each_mode_in_words() {
    let title = |mode, words: &[&str], user: Option<&str>, group: Option<&str>| {
        let mut request = sample(words);
        let call = request.call.as_mut().unwrap();
        call.mode = mode;
        call.user = user.map(Raw::from);
        call.group = group.map(Raw::from);
        let view = view(&request);
        let (_, asks) = view.title.split_once(" asks to ").unwrap();
        format!("{asks}: {}", view.command)
    };
    let cases = [
        (
            title(Mode::Run, &["id"], None, None),
            "run a command as root: id",
        ),
        (
            title(Mode::Run, &["id"], Some("#0"), None),
            "run a command as \"#0\": id",
        ),
        (
            title(Mode::Run, &["id"], None, Some("adm")),
            "run a command as agent with group adm: id",
        ),
        (
            title(Mode::Shell, &[], None, None),
            "open a SHELL as root: (a shell)",
        ),
        (
            title(Mode::Shell, &["id"], None, None),
            "run a command in a shell as root: (in a shell) id",
        ),
        (
            title(Mode::LoginShell, &[], Some("bob"), None),
            "open a LOGIN SHELL as bob: (a login shell)",
        ),
        (
            title(Mode::LoginShell, &["id"], None, None),
            "run a command in a login shell as root: (in a login shell) id",
        ),
        (
            title(Mode::Edit, &["/etc/motd"], None, None),
            "edit files as root: (edit) /etc/motd",
        ),
        (
            title(Mode::List, &[], None, None),
            "list what sudo permits (nothing is run): (list)",
        ),
        (
            title(Mode::Validate, &[], None, None),
            "renew sudo's ticket (nothing is run now): (renew sudo's ticket)",
        ),
        (
            title(Mode::Run, &["(a shell)"], None, None),
            "run a command as root: \"(a shell)\"",
        ),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_root_shell() {
    let mut request = sample(&[]);
    request.call.as_mut().unwrap().mode = Mode::Shell;
    request.sudo.argv = vec![Raw::from("sudo"), Raw::from("-s")];
    request.program.path = Some(Raw::from("/bin/bash"));
    request.stdio = [terminal(), terminal(), terminal()];
    request.tty = Some(Raw::from("/dev/pts/3"));
    assert_view!("shell", request);
}

#[test]
fn what_could_not_be_read_is_shown_raw() {
    let mut request = sample(&[]);
    request.call = None;
    request.unreadable = Some("unknown option -\u{1b}".to_owned());
    request.sudo.argv = ["sudo", "-\u{1b}", "id; x"].map(Raw::from).to_vec();
    request.program = Program {
        path: None,
        real: None,
        found: Found::Unknown,
    };
    assert_view!("raw", request);
}

#[test]
fn the_end_is_said() {
    let request = sample(&["id"]);
    let label = Label {
        code: "ABCDE",
        digest: Hex32([1; 32]),
        remaining_ms: None,
    };
    let shown = render(&request, &label).plain();
    assert!(
        shown.ends_with("answer         it is over: no answer is taken any more\n"),
        "{shown}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// I4: whatever is in the fields of a request, what is shown is visible and stays in its line.
    #[test]
    fn i4_no_field_reaches_a_screen_as_it_is(
        nasty in vec(prop_oneof![
            Just("\x1b]0;x\x07".to_owned()), Just("\n    as    root".to_owned()), Just("\u{202e}".to_owned()),
            Just("\u{200b}\u{2066}".to_owned()), Just("\u{9b}1A\r".to_owned()), any::<String>(),
        ], TEXTS..=TEXTS),
        mode in prop::sample::select(vec![Mode::Run, Mode::Shell, Mode::LoginShell, Mode::Edit, Mode::List]),
        readable: bool,
    ) {
        let request = all_fields(&nasty, mode, readable);
        let view = view(&request);
        let lines = view.lines.iter().map(|field| &field.value);
        for text in lines.chain(&view.warnings).chain([&view.title, &view.command]) {
            for c in text.chars() {
                prop_assert!(matches!(c, ' '..='~') || c.is_alphabetic(), "{c:?} in {text}");
                prop_assert!(!matches!(u32::from(c), 0x590..=0x8ff), "{c:?} in {text}");
            }
            prop_assert!(!text.contains("    "), "looks like a field: {text}");
        }
        let plain = view.plain();
        prop_assert_eq!(plain.lines().count(), 4 + view.lines.len() + view.warnings.len()
            + usize::from(!view.warnings.is_empty()));
    }

    /// What was noticed in a field is said with the field's name.
    #[test]
    fn i4_each_field_that_hides_something_is_named(hidden in 0..TEXTS) {
        let mut texts = vec!["plain".to_owned(); TEXTS];
        texts[hidden] = "x\u{202e}x".to_owned();
        let request = all_fields(&texts, Mode::Run, true);
        let warnings = warnings(&request);
        prop_assert!(warnings.contains("Look closely at "), "field {hidden}: {warnings}");
        prop_assert!(warnings.contains("right-to-left writing"), "{warnings}");
    }
}

fn view(request: &Request) -> View {
    // The digest of a test's request changes with every field: a fixed one keeps snapshots still.
    let label = Label {
        code: &code(&Hex32([0x9c; 32]), 5),
        digest: Hex32([0x9c; 32]),
        remaining_ms: Some(97_900),
    };
    render(request, &label)
}

fn warnings(request: &Request) -> String {
    view(request).warnings.join("\n")
}
