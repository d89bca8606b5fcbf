//! The file: what is read, and what is refused.

use super::*;

#[test]
fn all_fields_are_read() {
    let text = r##"
version = 1
default = "deny"

[[rule]]
name = "one"
effect = "allow"
user = "agent"
group = ["staff", "adm"]
host = "web1"
target = ["root", "www-data"]
target_group = "www-data"
mode = ["run", "list"]
program = ["/usr/bin/df", { under = "/opt/tools" }]
args = ["-h", { type = "word" }, { type = "operand" }, { type = "integer", min = 1, max = 9, prefix = "-n" },
    { type = "name" }, { type = "package" }, { under = "/srv" }, { one_of = ["a", "b"], prefix = "--x=", rest = true }]
cwd = { under = "/srv" }
tty = false
stdin = ["null", "pipe"]
hours = ["08:00-18:00", "22:00-24:00"]
days = ["mon", "fri"]
env = ["LANG", "DEBUG"]
dangerous = true
reason = "it is needed"

[[rule]]
name = "two"
effect = "ask"
agent = "Claude Code"
timeout = 30

[[rule]]
name = "three"
effect = "deny"
text = "not here"

[[rule]]
name = "four"
effect = "password"
"##;
    let policy = Policy::parse(text).unwrap();
    assert_eq!(policy.summary(), "4 rules, otherwise deny");
    assert_eq!(
        policy.judge(&request(&["id"]), NOON),
        Ruling {
            effect: Effect::Deny {
                text: Some("not here".to_owned())
            },
            rule: Some("three".to_owned())
        }
    );
}

#[test]
fn without_rules_everything_is_asked_about() {
    for policy in [Policy::default(), Policy::parse("version = 1").unwrap()] {
        assert_eq!(
            policy.judge(&request(&["id"]), NOON),
            Ruling {
                effect: Effect::Ask { timeout: None },
                rule: None
            }
        );
        assert_eq!(policy.summary(), "0 rules, otherwise ask");
    }
    for (default, word) in [("password", "password"), ("deny", "deny"), ("ask", "ask")] {
        let policy = Policy::parse(&format!("version = 1\ndefault = \"{default}\"")).unwrap();
        assert_eq!(says(&policy, &request(&["id"])), word);
    }
}

/// Each with the place, counted by hand. `R` is a rule's head, and its name on the next line.
#[test]
fn each_mistake_is_one_line_that_says_where() {
    const R: &str = "version = 1\n[[rule]]\nname = \"x\"\n";
    let in_rule = |fields: &str| format!("{R}{fields}");
    let allow = |fields: &str| in_rule(&format!("effect = \"allow\"\n{fields}"));
    let cases = [
        (String::new(), "line 1, column 1: missing field `version`"),
        (
            "version = 2".to_owned(),
            "line 1, column 11: version is 2, this program reads version = 1",
        ),
        (
            "version = 1\ndefault = \"allow\"".to_owned(),
            "line 2, column 11: default cannot be \"allow\"",
        ),
        (
            "version = 1\ndefualt = \"ask\"".to_owned(),
            "line 2, column 1: unknown field `defualt`",
        ),
        (
            "version = 1\n[[rule]]\neffect = \"ask\"".to_owned(),
            "line 2, column 1: missing field `name`",
        ),
        (R.to_owned(), "line 2, column 1: missing field `effect`"),
        (
            in_rule("effect = \"permit\""),
            "line 4, column 10: unknown variant `permit`",
        ),
        (
            in_rule("effect = \"ask\"\nprogramm = \"/x\""),
            "line 5, column 1: unknown field `programm`",
        ),
        (
            in_rule("effect = \"ask\"\nuser = 5"),
            "line 5, column 8: invalid type: integer `5`, expected one value or a list",
        ),
        (
            in_rule("effect = \"ask\"\nuser = []"),
            "line 5, column 8: an empty list would match nothing",
        ),
        (
            in_rule("effect = \"ask\"\nuser = [\"a\", 5]"),
            "line 5, column 14: invalid type: integer `5`",
        ),
        (
            in_rule("effect = \"ask\"\nuser = \"\""),
            "line 5, column 8: an empty string",
        ),
        (
            in_rule("effect = \"ask\"\nmode = \"edit_\""),
            "line 5, column 8: unknown variant `edit_`",
        ),
        (
            in_rule("effect = \"ask\"\nprogram = \"df\""),
            "line 5, column 11: give an absolute path",
        ),
        (
            in_rule("effect = \"ask\"\nprogram = \"/bin/../df\""),
            "line 5, column 11: give an absolute path",
        ),
        (
            in_rule("effect = \"ask\"\ncwd = { under = \"/srv/\" }"),
            "line 5, column 7: give an absolute path",
        ),
        (
            in_rule("effect = \"ask\"\ncwd = { below = \"/srv\" }"),
            "line 5, column 9: unknown field `below`",
        ),
        (
            in_rule("effect = \"ask\"\nargs = \"-h\""),
            "line 5, column 8: invalid type: string",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [5]"),
            "line 5, column 9: invalid type: integer `5`",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ type = \"words\" }]"),
            "line 5, column 18: unknown variant `words`",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{}]"),
            "line 5, column 9: an element of args is",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ type = \"word\", under = \"/a\" }]"),
            "line 5, column 9: an element of args is",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ type = \"word\", min = 1 }]"),
            "line 5, column 9: min and max",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ type = \"integer\", min = 2, max = 1 }]"),
            "line 5, column 9: min is greater",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ one_of = [] }]"),
            "line 5, column 9: an empty one_of",
        ),
        (
            in_rule("effect = \"ask\"\nargs = [{ type = \"word\", rest = true }, \"x\"]"),
            "line 2, column 1: rule \"x\": rest = true",
        ),
        (
            in_rule("effect = \"ask\"\nagent = \"claude code\""),
            "line 5, column 9: aisudo knows no agent of this name; it knows: Claude Code, Codex",
        ),
        (
            in_rule("effect = \"ask\"\nhours = \"8-18\""),
            "line 5, column 9: hours are written",
        ),
        (
            in_rule("effect = \"ask\"\nhours = \"08:00-08:00\""),
            "line 5, column 9: hours are written",
        ),
        (
            in_rule("effect = \"ask\"\nhours = \"08:00-24:01\""),
            "line 5, column 9: hours are written",
        ),
        (
            in_rule("effect = \"ask\"\nhours = \"08:60-18:00\""),
            "line 5, column 9: hours are written",
        ),
        (
            in_rule("effect = \"ask\"\ndays = \"monday\""),
            "line 5, column 8: unknown variant `monday`",
        ),
        (
            in_rule("effect = \"ask\"\nstdin = \"tty\""),
            "line 5, column 9: unknown variant `tty`",
        ),
        (
            in_rule("effect = \"ask\"\ntimeout = 4"),
            "line 2, column 1: rule \"x\": timeout must be 5 to 3600",
        ),
        (
            in_rule("effect = \"ask\"\ntimeout = 3601"),
            "line 2, column 1: rule \"x\": timeout must be 5 to 3600",
        ),
        (
            in_rule("effect = \"deny\"\ntimeout = 5"),
            "line 2, column 1: rule \"x\": timeout belongs",
        ),
        (
            in_rule("effect = \"ask\"\ntext = \"no\""),
            "line 2, column 1: rule \"x\": text belongs",
        ),
        (
            in_rule(&format!(
                "effect = \"deny\"\ntext = \"{}\"",
                "x".repeat(501)
            )),
            "line 2, column 1: rule \"x\": text must be",
        ),
        (
            in_rule("effect = \"ask\"\nenv = \"LANG\""),
            "line 2, column 1: rule \"x\": env belongs",
        ),
        (
            in_rule("effect = \"ask\"\ndangerous = true\nreason = \"r\""),
            "line 2, column 1: rule \"x\": dangerous and reason belong",
        ),
        (
            in_rule("effect = \"password\"\nagent = \"Codex\""),
            "line 2, column 1: rule \"x\": agent can be in ask and deny",
        ),
        (
            allow("program = \"/bin/df\""),
            "line 2, column 1: rule \"x\": an allow rule needs args",
        ),
        (
            allow("args = []\nagent = \"Codex\""),
            "line 2, column 1: rule \"x\": agent cannot be in an allow rule",
        ),
        (
            allow("args = []\ndangerous = true"),
            "line 2, column 1: rule \"x\": dangerous = true and reason",
        ),
        (
            allow("args = []\nreason = \"r\""),
            "line 2, column 1: rule \"x\": dangerous = true and reason",
        ),
        (
            allow("args = []\nenv = \"LANG=C\""),
            "line 6, column 7: the name of a variable",
        ),
        (
            allow("args = []\nenv = \"LC_*\""),
            "line 6, column 7: the name of a variable",
        ),
        (
            allow("args = [{ under = \"/srv\", prefix = \"--a=b=\" }]"),
            "line 2, column 1: rule \"x\": under can have no prefix",
        ),
        (
            allow("args = [{ under = \"/srv\", prefix = \"--\" }]"),
            "line 2, column 1: rule \"x\": under can have no prefix",
        ),
        (
            allow("args = [{ under = \"/srv\", prefix = \"file:\" }]"),
            "line 2, column 1: rule \"x\": under can have no prefix",
        ),
        (
            "version = 1\n[[rule]]\nname = \"a\\nb\"\neffect = \"ask\"".to_owned(),
            "line 3, column 8: a rule's name is",
        ),
        (
            "version = 1\n[[rule]]\nname = \"ä\"\neffect = \"ask\"".to_owned(),
            "line 3, column 8: a rule's name is",
        ),
        (
            "version = 1\n[[rule]]\nname = \"\"\neffect = \"ask\"".to_owned(),
            "line 3, column 8: a rule's name is",
        ),
        (
            format!(
                "version = 1\n[[rule]]\nname = \"{}\"\neffect = \"ask\"",
                "x".repeat(65)
            ),
            "line 3, column 8: a rule's name is",
        ),
        (
            in_rule("effect = \"ask\"\n[[rule]]\nname = \"x\"\neffect = \"deny\""),
            "line 5, column 1: two rules are named \"x\"",
        ),
        (
            in_rule("effect = \"ask\"\neffect = \"deny\""),
            "line 5, column 1: duplicate key",
        ),
    ];
    for (text, expected) in cases {
        let error = Policy::parse(&text).unwrap_err();
        assert!(error.starts_with(expected), "{text}\n{error}\n{expected}");
        assert!(!error.contains('\n'), "{error:?}");
    }
}

#[test]
fn a_prefix_at_which_the_gate_looks_for_files_is_read() {
    for prefix in ["-f", "--file=", "file="] {
        let args = format!("[{{ under = \"/srv\", prefix = \"{prefix}\" }}]");
        assert!(allows(
            "/usr/bin/x",
            &args,
            &["x", &format!("{prefix}/srv/a")]
        ));
    }
}

/// What stands in `docs/policy.md`.
#[test]
fn the_documentation_is_read() {
    let text = include_str!("../../../../../docs/policy.md");
    let blocks: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 2);
    Policy::parse(blocks[0]).unwrap();
    Example::parse(blocks[1]).unwrap();
}

#[test]
fn hours_and_days_are_the_wall_clocks() {
    let at = |text: &str| LocalTime::parse(text).unwrap();
    let policy = policy(
        r#"
[[rule]]
name = "night"
effect = "deny"
hours = "22:00-06:00"
[[rule]]
name = "work"
effect = "password"
hours = "08:00-18:00"
days = ["mon", "fri"]
"#,
    );
    for (time, expected) in [
        ("mon 21:59", "ask"),
        ("mon 22:00", "deny"),
        ("tue 00:00", "deny"),
        ("tue 05:59", "deny"),
        ("tue 06:00", "ask"),
        ("mon 07:59", "ask"),
        ("mon 08:00", "password"),
        ("fri 17:59", "password"),
        ("fri 18:00", "ask"),
        ("tue 12:00", "ask"),
        ("sun 12:00", "ask"),
    ] {
        let ruling = policy.judge(&request(&["id"]), at(time));
        assert_eq!(ruling.effect.word(), expected, "{time}");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = [
        "[[rule]]\nname = \"a\"\neffect = \"allow\"\nprogram = \"/usr/bin/id\"\nargs = []\n",
        "[[rule]]\nname = \"d\"\neffect = \"deny\"\nprogram = \"/usr/bin/id\"\n",
    ];
    let [allow, deny] = rules;
    let judged = |rules: String| policy(&rules).judge(&request(&["id"]), NOON).rule;
    assert_eq!(judged(format!("{allow}{deny}")), Some("a".to_owned()));
    assert_eq!(judged(format!("{deny}{allow}")), Some("d".to_owned()));
}
