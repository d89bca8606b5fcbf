//! What an allow rule lets through, and every trick that we know of to get more out of one.

use super::*;
use crate::{
    raw::Raw,
    request::{Found, Program, Role},
};

const DF: &str =
    "[[rule]]\nname = \"df\"\neffect = \"allow\"\nprogram = \"/usr/bin/df\"\nargs = [\"-h\"]\n";

fn df(more: &str) -> Policy {
    policy(&format!("{DF}{more}"))
}

#[test]
fn what_the_rule_says_is_allowed() {
    for words in [
        &["df", "-h"][..],
        &["/usr/bin/df", "-h"],
        &["-n", "df", "-h"],
        &["-u", "root", "df", "-h"],
        &["-uroot", "df", "-h"],
        &["--user=root", "df", "-h"],
        &["-u", "#0", "df", "-h"],
        &["-H", "-n", "-S", "-k", "-b", "--", "df", "-h"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "allow", "{words:?}");
    }
}

#[test]
fn a27_a_rule_for_df_is_for_df_alone() {
    let script = "df -h; id";
    for words in [
        &["bash", "-c", "df -h"][..],
        &["bash", "-c", script],
        &["sh", "-c", "df", "-h"],
        &["-s", "df", "-h"],
        &["-i", "df", "-h"],
        &["env", "df", "-h"],
        &["df"],
        &["df", "-h", "-h"],
        &["df", "-h "],
        &["df", " -h"],
        &["df", "-h;id"],
        &["df", "-h\nid"],
        &["df", "-h", "\n"],
        &["df", "-h", ""],
        &["df", "", "-h"],
        &["df", "-H"],
        &["df", "$(id)"],
        &["df", "-h", "$(id)"],
        &["df", "*"],
        &["df", "-?"],
        &["df -h"],
        &["df;id", "-h"],
        &["DF", "-h"],
        &["./df", "-h"],
        &["/tmp/df", "-h"],
        &["/usr/bin/../bin/df-h"],
        &["-e", "-h"],
        &["-l", "df", "-h"],
        &["-v"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "ask", "{words:?}");
    }
}

#[test]
fn a27_another_user_group_or_root_directory_is_another_matter() {
    for words in [
        &["-u", "nobody", "df", "-h"][..],
        &["-u", "#1", "df", "-h"],
        &["-u", "#-1", "df", "-h"],
        &["-u", "#4294967295", "df", "-h"],
        &["-u", "#00", "df", "-h"],
        &["-u", "#+0", "df", "-h"],
        &["-u", "#", "df", "-h"],
        &["-u", "Root", "df", "-h"],
        &["-u", "0", "df", "-h"],
        &["-g", "root", "df", "-h"],
        &["-u", "root", "-g", "adm", "df", "-h"],
        &["-g", "#0", "df", "-h"],
        &["-D", "/tmp", "df", "-h"],
        &["-R", "/tmp", "df", "-h"],
    ] {
        assert_eq!(says(&df(""), &request(words)), "ask", "{words:?}");
    }
}

/// CVE-2019-14287: sudo once ran `-u '#-1'` and its unsigned twin as root, also where root was
/// excepted. No number but root's is ever a name.
#[test]
fn a27_a_number_is_never_a_name() {
    let rule = |target: &str| df(&format!("target = \"{target}\""));
    for number in ["#-1", "#4294967295", "#1000", "#01", "#"] {
        let request = request(&["-u", number, "df", "-h"]);
        assert_eq!(says(&rule("agent"), &request), "ask", "{number}");
        assert_eq!(says(&rule(number), &request), "ask", "{number}");
        assert_eq!(says(&rule("root"), &request), "ask", "{number}");
    }
    let as_user = request(&["-u", "www-data", "df", "-h"]);
    assert_eq!(says(&rule("www-data"), &as_user), "allow");
    assert_eq!(says(&rule("www-data"), &request(&["df", "-h"])), "ask");
}

/// With `-g` alone the command runs as the requester.
#[test]
fn a_group_is_stated_or_not_taken() {
    let group = |more: &str| df(&format!("target_group = \"adm\"\n{more}"));
    let alone = request(&["-g", "adm", "df", "-h"]);
    let both = request(&["-u", "root", "-g", "adm", "df", "-h"]);
    assert_eq!(says(&group(""), &both), "allow");
    assert_eq!(says(&group(""), &alone), "ask");
    assert_eq!(says(&group("target = \"agent\""), &alone), "allow");
    assert_eq!(says(&group(""), &request(&["df", "-h"])), "ask");
    assert_eq!(
        says(
            &df("target = \"agent\"\ntarget_group = \"#4\""),
            &request(&["-g", "#4", "df", "-h"])
        ),
        "ask"
    );
}

#[test]
fn a26_no_variable_passes_unnamed_and_none_that_loads_code() {
    let named = "env = [\"DEBUG\", \"LD_PRELOAD\"]\n";
    let dangerous = format!("{named}dangerous = true\nreason = \"a test\"\n");
    for (words, plain, by_name, by_danger) in [
        (&["DEBUG=1", "df", "-h"][..], "ask", "allow", "allow"),
        (&["DEBUG=", "df", "-h"], "ask", "allow", "allow"),
        (
            &["--preserve-env=DEBUG", "df", "-h"],
            "ask",
            "allow",
            "allow",
        ),
        (&["DEBUG=1", "X=1", "df", "-h"], "ask", "ask", "ask"),
        (&["debug=1", "df", "-h"], "ask", "ask", "ask"),
        (&["--preserve-env=DEBUG,X", "df", "-h"], "ask", "ask", "ask"),
        (&["LD_PRELOAD=/tmp/x.so", "df", "-h"], "ask", "ask", "allow"),
        (
            &["--preserve-env=LD_PRELOAD", "df", "-h"],
            "ask",
            "ask",
            "allow",
        ),
        (&["PATH=/tmp", "df", "-h"], "ask", "ask", "ask"),
        (
            &["BASH_FUNC_df%%=() { id; }", "df", "-h"],
            "ask",
            "ask",
            "ask",
        ),
        (&["-E", "df", "-h"], "ask", "ask", "ask"),
        (&["--preserve-env", "df", "-h"], "ask", "ask", "ask"),
    ] {
        let request = request(words);
        assert_eq!(says(&df(""), &request), plain, "{words:?}");
        assert_eq!(says(&df(named), &request), by_name, "{words:?}");
        assert_eq!(says(&df(&dangerous), &request), by_danger, "{words:?}");
    }
}

#[test]
fn sudos_rare_options_are_not_for_allow_rules() {
    for words in [
        &["-r", "sysadm_r", "df", "-h"][..],
        &["-t", "sysadm_t", "df", "-h"],
        &["-C", "5", "df", "-h"],
        &["-T", "5", "df", "-h"],
        &["-P", "df", "-h"],
        &["-h", "web1", "df", "-h"],
        &["-a", "x", "df", "-h"],
        &["-c", "staff", "df", "-h"],
    ] {
        let explanation = df("").explain(&request(words), NOON);
        assert_eq!(explanation.ruling.effect.word(), "ask", "{words:?}");
        assert!(
            matches!(
                explanation.rules[0].part,
                Part::Answered {
                    answer: Answer::No(Why::RareOption(_)),
                    ..
                }
            ),
            "{words:?}: {}",
            explanation.rules[0].part
        );
    }
    let listing =
        policy("[[rule]]\nname = \"list\"\neffect = \"allow\"\nmode = \"list\"\nargs = []");
    assert_eq!(says(&listing, &request(&["-l"])), "allow");
    assert_eq!(says(&listing, &request(&["-l", "df"])), "allow");
    assert_eq!(says(&listing, &request(&["-l", "df", "-h"])), "ask");
    assert_eq!(says(&listing, &request(&["-l", "-U", "root"])), "ask");
}

#[test]
fn what_could_not_be_read_or_reads_otherwise_now_is_not_allowed() {
    let good = request(&["df", "-h"]);
    assert_eq!(says(&df(""), &good), "allow");

    let mut unread = good.clone();
    unread.call = None;
    assert_eq!(says(&df(""), &unread), "ask");

    let mut other_words = good.clone();
    other_words.sudo.argv = ["sudo", "df", "-h", "-x"].map(Raw::from).to_vec();
    assert_eq!(says(&df(""), &other_words), "ask");

    let mut other_service = good.clone();
    other_service.sudo.service = Raw::from("su");
    assert_eq!(says(&df(""), &other_service), "ask");

    let mut login_service = good;
    login_service.sudo.service = Raw::from("sudo-i");
    assert_eq!(says(&df(""), &login_service), "allow");
}

#[test]
fn a20_the_program_is_certain_or_it_is_not_allowed() {
    let with = |words: &[&str], path: Option<&str>, real: Option<&str>, found| {
        let mut request = request(words);
        request.program = Program {
            path: path.map(Raw::from),
            real: real.map(Raw::from),
            found,
        };
        says(&df(""), &request)
    };
    let merged = Some("/usr/bin/df");
    let word = &["df", "-h"][..];
    let path = &["/usr/bin/df", "-h"][..];
    assert_eq!(with(word, merged, merged, Found::Sudo), "allow");
    // Only found by a search like sudo's, which may be configured otherwise.
    assert_eq!(with(word, merged, merged, Found::Gate), "ask");
    assert_eq!(with(path, merged, merged, Found::Gate), "allow");
    assert_eq!(with(path, merged, merged, Found::Unknown), "ask");
    assert_eq!(with(word, None, None, Found::Unknown), "ask");
    // Merged directories: another path to the same file, under the same name.
    assert_eq!(
        with(&["/bin/df", "-h"], Some("/bin/df"), merged, Found::Gate),
        "allow"
    );
    assert_eq!(with(word, Some("/bin/df"), merged, Found::Sudo), "allow");
    // Another name: the program may do something else then.
    assert_eq!(with(word, Some("/usr/bin/rm"), merged, Found::Sudo), "ask");
    // Shadowed: the same name in an earlier directory of the path.
    let local = Some("/usr/local/bin/df");
    assert_eq!(with(word, local, local, Found::Sudo), "ask");
    // Who can make the rule's own path a link is root; for others it is an operand.
    assert_eq!(with(word, merged, Some("/bin/bash"), Found::Sudo), "allow");
}

#[test]
fn a20_a_program_that_the_requester_can_change_is_not_allowed() {
    let mut request = request_with(&["df", "-h"], "changeable = [\"/usr/bin/df\"]");
    assert_eq!(request.operands[0].role, Role::Program);
    assert_eq!(says(&df(""), &request), "ask");
    request.operands[0].role = Role::Interpreter;
    request.operands[0].path = Raw::from("/opt/python3");
    assert_eq!(says(&df(""), &request), "ask");
    request.operands[0].role = Role::Stdin;
    assert_eq!(says(&df(""), &request), "allow");
}

#[test]
fn a24_a_file_that_the_requester_can_swap_is_not_below_a_directory() {
    let tail = policy(
        "[[rule]]\nname = \"tail\"\neffect = \"allow\"\nprogram = \"/usr/bin/tail\"\nargs = [{ type = \"integer\", prefix = \"-n\" }, { under = \"/var/log\", rest = true }]\n",
    );
    let words = &["tail", "-n5", "/var/log/syslog", "/var/log/agent/own"];
    assert_eq!(says(&tail, &request(words)), "allow");
    for changeable in ["/var/log/syslog", "/var/log/agent/own"] {
        let request = request_with(words, &format!("changeable = [\"{changeable}\"]"));
        assert_eq!(says(&tail, &request), "ask", "{changeable}");
    }
    let prefixed = policy(
        "[[rule]]\nname = \"x\"\neffect = \"allow\"\nprogram = \"/usr/bin/x\"\nargs = [{ under = \"/srv\", prefix = \"--file=\" }]\n",
    );
    let words = &["x", "--file=/srv/a"];
    assert_eq!(says(&prefixed, &request(words)), "allow");
    let request = request_with(words, "changeable = [\"/srv/a\"]");
    assert_eq!(says(&prefixed, &request), "ask");
}

/// CVE-2023-22809: the editor's words came from the requester's environment, with further files
/// behind a `--`. What sudo's own words say is compared as a whole; what the editor gets is not.
#[test]
fn files_to_edit_are_the_rules_and_no_more() {
    let edit = policy(
        "[[rule]]\nname = \"motd\"\neffect = \"allow\"\nmode = \"edit\"\nargs = [\"/etc/motd\"]\n",
    );
    assert_eq!(says(&edit, &request(&["-e", "/etc/motd"])), "allow");
    assert_eq!(says(&edit, &request(&["-e", "--", "/etc/motd"])), "allow");
    for words in [
        &["-e", "/etc/motd", "/etc/shadow"][..],
        &["-e", "--", "/etc/shadow", "/etc/motd"],
        &["-e", "/etc/motd", "--", "/etc/shadow"],
        &["-e", "/etc/../etc/motd"],
        &["-e", "motd"],
        &["/etc/motd"],
        &["-u", "agent", "-e", "/etc/motd"],
    ] {
        assert_eq!(says(&edit, &request(words)), "ask", "{words:?}");
    }
    let mut by_name = request(&["/etc/motd"]);
    by_name.sudo.argv = ["sudoedit", "/etc/motd"].map(Raw::from).to_vec();
    by_name.call.as_mut().unwrap().mode = crate::sudo_argv::Mode::Edit;
    by_name.program.path = None;
    assert_eq!(says(&edit, &by_name), "allow");
}

#[test]
fn each_condition_counts() {
    let cases = [
        ("user = \"agent\"", "user = \"eve\""),
        ("user = [\"eve\", \"agent\"]", "user = [\"Agent\"]"),
        ("group = \"agent\"", "group = \"staff\""),
        ("host = \"localhost\"", "host = \"LOCALHOST\""),
        ("target = \"root\"", "target = \"agent\""),
        ("mode = \"run\"", "mode = \"shell\""),
        ("cwd = \"/\"", "cwd = \"/srv\""),
        ("tty = false", "tty = true"),
        ("stdin = [\"pipe\", \"null\"]", "stdin = \"terminal\""),
        ("hours = \"12:00-12:01\"", "hours = \"12:01-12:00\""),
        ("days = \"mon\"", "days = [\"sat\", \"sun\"]"),
    ];
    for (yes, no) in cases {
        assert_eq!(says(&df(yes), &request(&["df", "-h"])), "allow", "{yes}");
        assert_eq!(says(&df(no), &request(&["df", "-h"])), "ask", "{no}");
    }
    let mut nameless = request(&["df", "-h"]);
    nameless.requester.name = Raw::default();
    nameless.requester.groups.clear();
    assert_eq!(says(&df("user = \"agent\""), &nameless), "ask");
    assert_eq!(says(&df("group = \"agent\""), &nameless), "ask");
    let below = |cwd: &str| request_with(&["df", "-h"], &format!("cwd = \"{cwd}\""));
    let rule = df("cwd = { under = \"/srv\" }");
    for (cwd, expected) in [
        ("/srv/a", "allow"),
        ("/srv", "ask"),
        ("/srvx", "ask"),
        ("/srv/../etc", "ask"),
    ] {
        assert_eq!(says(&rule, &below(cwd)), expected, "{cwd}");
    }
}
