use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Debian 12 and 13.
const DEBIAN: &str = "\
#%PAM-1.0

# Set up user limits from /etc/security/limits.conf.
session    required   pam_limits.so

@include common-auth
@include common-account
@include common-session-noninteractive
";

const DEBIAN_WITH_OURS: &str = "\
#%PAM-1.0

# Set up user limits from /etc/security/limits.conf.
session    required   pam_limits.so

# aisudo: begin (aisudo setup --uninstall takes this out)
auth    [success=done ignore=ignore module_unknown=ignore default=die] pam_aisudo.so
account [success=ok ignore=ignore module_unknown=ignore default=die] pam_aisudo.so
# aisudo: end
@include common-auth
@include common-account
@include common-session-noninteractive
";

/// Fedora 40's sudo and sudo-i.
const FEDORA: &str = "\
#%PAM-1.0
auth       include      system-auth
account    include      system-auth
password   include      system-auth
session    optional     pam_keyinit.so revoke
session    required     pam_limits.so
session    include      system-auth
";
const FEDORA_I: &str = "\
#%PAM-1.0
auth       include      sudo
account    include      sudo
password   include      sudo
session    optional     pam_keyinit.so force revoke
session    include      sudo
";

const ARCH: &str = "#%PAM-1.0\nauth\t\tinclude\t\tsystem-auth\naccount\t\tinclude\t\tsystem-auth\nsession\t\tinclude\t\tsystem-auth\n";

/// What macOS 14 has as a template.
const SUDO_LOCAL: &str = "\
# sudo_local: local config file which survives system update and is included for sudo
# uncomment following line to enable Touch ID for sudo
#auth       sufficient     pam_tid.so
";

fn ours(text: &str) -> String {
    with_ours(text, Dialect::Linux, "pam_aisudo.so")
}

#[test]
fn ours_stand_above_all_that_could_decide_and_come_out_again() {
    assert_eq!(ours(DEBIAN), DEBIAN_WITH_OURS);
    let block = block::marked(&our_lines(Dialect::Linux, "pam_aisudo.so"));
    for text in [FEDORA, FEDORA_I, ARCH] {
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(ours(text), format!("{first}\n{block}{rest}"));
    }
    for text in [DEBIAN, FEDORA, FEDORA_I, ARCH, SUDO_LOCAL, ""] {
        assert_eq!(without_ours(&ours(text)), text);
        assert_eq!(without_ours(text), text);
        assert_eq!(
            ours(&ours(text)),
            ours(text),
            "a second time changes nothing"
        );
    }
}

#[test]
fn ours_move_to_the_top_from_wherever_they_are() {
    let block = block::marked(&our_lines(Dialect::Linux, "pam_aisudo.so"));
    // Below the includes, twice, edited, and by hand without marks.
    for text in [
        format!("{DEBIAN}{block}"),
        format!("{block}{DEBIAN}{block}"),
        format!("{DEBIAN}{}", block.replace("default=die", "default=ignore")),
        format!("auth required /usr/local/lib/pam_aisudo.so root=/x\n{DEBIAN}"),
        format!("{DEBIAN}account \\\n  required \\\n  pam_aisudo.so\n"),
        format!("-auth sufficient pam_aisudo.so # mine\n{DEBIAN}"),
    ] {
        assert_eq!(ours(&text), DEBIAN_WITH_OURS, "{text}");
        assert_eq!(without_ours(&text), DEBIAN, "{text}");
    }
    // What only mentions it stays.
    let mention =
        format!("# pam_aisudo.so was here\nauth required pam_exec.so pam_aisudo.so\n{DEBIAN}");
    assert_eq!(without_ours(&mention), mention);
}

#[test]
fn a_line_that_goes_on_is_not_torn_apart() {
    let text = "session required \\\n pam_limits.so\nauth \\\n include \\\n system-auth\n";
    let lines = parse(text);
    assert_eq!(
        lines.iter().map(|line| line.number).collect::<Vec<_>>(),
        [1, 3]
    );
    assert_eq!(
        lines[1].entry,
        Entry::Include {
            facility: Some(Facility::Auth),
            service: "system-auth".to_owned(),
            substack: false
        }
    );
    let with = ours(text);
    assert!(
        with.starts_with("session required \\\n pam_limits.so\n# aisudo: begin"),
        "{with}"
    );
    assert!(
        with.ends_with("# aisudo: end\nauth \\\n include \\\n system-auth\n"),
        "{with}"
    );
    // A comment is not continued, whatever its end.
    assert_eq!(parse("# a \\\nauth required pam_deny.so\n").len(), 2);
}

#[test]
fn lines_are_read_as_pam_reads_them() {
    let module = |line: &str| match parse(line).remove(0).entry {
        Entry::Module {
            facility,
            control,
            module,
            arguments,
            quiet,
        } => (facility, control, module, arguments.join("|"), quiet),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        module("auth\t[success=1   default=ignore]\tpam_unix.so nullok nodelay # x"),
        (
            Facility::Auth,
            "[success=1 default=ignore]".to_owned(),
            "pam_unix.so".to_owned(),
            "nullok|nodelay".to_owned(),
            false
        )
    );
    assert_eq!(
        module("-SESSION optional pam_exec.so [a b \\] c] d"),
        (
            Facility::Session,
            "optional".to_owned(),
            "pam_exec.so".to_owned(),
            "[a b \\] c]|d".to_owned(),
            true
        )
    );
    for unreadable in [
        "auth",
        "auth required",
        "frobnicate x y",
        "@include",
        "auth [success=1",
    ] {
        assert_eq!(
            parse(unreadable)[0].entry,
            Entry::Unreadable,
            "{unreadable}"
        );
    }
    for nothing in ["", "  \t", "# auth required pam_deny.so"] {
        assert!(
            parse(nothing)
                .iter()
                .all(|line| line.entry == Entry::Nothing)
        );
    }
}

#[test]
fn openpam_gets_two_words_and_no_account_line() {
    let with = with_ours(SUDO_LOCAL, Dialect::OpenPam, "pam_aisudo.so");
    assert_eq!(
        with,
        format!(
            "{SUDO_LOCAL}# aisudo: begin (aisudo setup --uninstall takes this out)\nauth       binding        pam_aisudo.so\nauth       requisite      pam_aisudo.so\n# aisudo: end\n"
        )
    );
    // Above what an owner has uncommented.
    let touch = SUDO_LOCAL.replace("#auth", "auth");
    let with = with_ours(&touch, Dialect::OpenPam, "pam_aisudo.so");
    assert!(with.find("pam_aisudo.so") < with.find("pam_tid.so"));
    assert_eq!(without_ours(&with), touch);
}

/// How ours stand in a service of these files.
fn stand(files: &[(&str, &str)], service: &str, facility: Facility) -> Standing {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let text_of = |service: &str| files.get(service).map(|text| (*text).to_owned());
    standing(&calls(service, facility, &text_of).unwrap(), facility)
}

#[test]
fn includes_are_followed_to_see_what_comes_first() {
    use Facility::{Account, Auth};
    let system = "auth required pam_unix.so\naccount required pam_unix.so\n";
    let fedora = ours(FEDORA);
    let files = [
        ("sudo", fedora.as_str()),
        ("sudo-i", FEDORA_I),
        ("system-auth", system),
    ];
    for facility in [Auth, Account] {
        for service in ["sudo", "sudo-i"] {
            assert!(matches!(
                stand(&files, service, facility),
                Standing::First(call) if call.service == "sudo" && call.is_ours()
            ));
        }
        let without = [("sudo", FEDORA), ("system-auth", system)];
        assert_eq!(stand(&without, "sudo", facility), Standing::Missing);
    }
    let late = format!("{FEDORA}{}", our_lines(Dialect::Linux, "pam_aisudo.so"));
    let files = [("sudo", late.as_str()), ("system-auth", system)];
    assert!(matches!(
        stand(&files, "sudo", Auth),
        Standing::Behind(call) if (call.service.as_str(), call.line) == ("system-auth", 1)
    ));
    // In a substack, a no or a yes ends only that.
    let substack = [
        ("sudo", "auth substack gate\n"),
        (
            "gate",
            "auth [success=done ignore=ignore default=die] pam_aisudo.so\n",
        ),
    ];
    assert!(matches!(stand(&substack, "sudo", Auth), Standing::Weak(_)));
}

#[test]
fn controls_by_which_a_no_would_not_count_are_known() {
    use Facility::{Account, Auth};
    let stands = |facility, control: &str| {
        let word = match facility {
            Auth => "auth",
            _ => "account",
        };
        let text = format!("{word} {control} pam_aisudo.so\n");
        match stand(&[("sudo", &text)], "sudo", facility) {
            Standing::First(_) => true,
            Standing::Weak(_) => false,
            other => panic!("{other:?}"),
        }
    };
    for (control, auth, account) in [
        (
            "[success=done ignore=ignore module_unknown=ignore default=die]",
            true,
            true,
        ),
        ("[success=done ignore=ignore default=die]", true, true),
        (
            "[success=ok ignore=ignore module_unknown=ignore default=die]",
            false,
            true,
        ),
        ("[success=done ignore=ignore default=bad]", true, true),
        ("[success=done default=ignore]", false, false),
        (
            "[success=done ignore=ignore abort=ignore default=die]",
            false,
            false,
        ),
        ("[success=done default=die]", false, false),
        ("[success=1 ignore=ignore default=die]", false, false),
        ("sufficient", false, false),
        ("optional", false, false),
        ("required", false, true),
        ("requisite", false, true),
        ("binding", true, true),
    ] {
        assert_eq!(stands(Auth, control), auth, "auth {control}");
        assert_eq!(stands(Account, control), account, "account {control}");
    }
}

#[test]
fn what_pam_could_not_follow_is_said() {
    let calls_of = |text: &'static str| {
        calls("sudo", Facility::Auth, &move |service| {
            (service == "sudo").then(|| text.to_owned())
        })
        .unwrap_err()
    };
    assert!(calls_of("@include none\n").contains("service none cannot be read"));
    assert!(calls_of("@include sudo\n").contains("included within itself"));
    assert!(calls_of("\nauth\n").contains("service sudo, line 2: not understood"));
}

proptest! {
    /// Whatever is in a file: ours go in once, come out again, and come first.
    #[test]
    fn any_file_takes_ours_and_gives_them_back(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("auth required pam_unix.so"),
                Just("account include system"),
                Just("@include common-auth"),
                Just("session required \\"),
                Just(" pam_limits.so"),
                Just("# a comment \\"),
                Just(""),
                Just("auth required pam_aisudo.so"),
                Just(block::BEGIN),
                Just(block::END),
            ],
            0..12,
        ),
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let with = ours(&text);
        prop_assert_eq!(&ours(&with), &with);
        prop_assert_eq!(without_ours(&with), without_ours(&text));
        let lines = parse(&with);
        let first = lines.iter().find(|line| line.entry.decides()).unwrap();
        prop_assert!(first.entry.is_ours());
        let count = lines.iter().filter(|line| line.entry.is_ours()).count();
        prop_assert_eq!(count, 2);
    }
}
