//! a17, on a phone: whatever others choose cannot look like a line of ours.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;

const SIGNS: [char; 3] = ['■', '⚠', '•'];

/// How many texts [`lying`] takes.
const TEXTS: usize = 20;

/// A request in which every text that others choose is one of these.
fn lying(texts: &[String; TEXTS]) -> String {
    let [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, rest @ ..] = texts.clone();
    let [t10, t11, t12, t13, t14, t15, t16, t17, t18, t19] = rest;
    changed(
        &[],
        &json!({
            "host": {"name": t0, "machine_id": t1}, "requester": {"uid": 1001, "name": t2},
            "sudo": {"pid": 1, "start_time": 9, "argv": [t3, "-n", t4, t5], "service": "sudo"},
            "call": {
                "mode": "run", "argv": [t4, t5], "user": t6, "group": t7, "chdir": t8, "chroot": t9,
                "environment": {"preserve_all": false, "preserve": [t10], "set": [t11]}, "background": false,
            },
            "unreadable": t12, "program": {"path": t13, "found": "sudo"}, "cwd": t14,
            "stdio": [{"kind": "file", "path": t15}, {"kind": "null"}, {"kind": "null"}],
            "parents": [{"pid": 2, "start_time": 3, "uid": 1001, "name": t16, "exe": t16}],
            "agents": [t17],
            "operands": [{"path": t18, "role": "argument", "content": {"kind": "unpinned", "why": t19}}],
            "variables": [t19], "reason": t19,
        }),
    )
}

/// The lines of ours: those of the same request in which nothing lies. Warnings depend on the texts.
fn labels(text: &str) -> Vec<String> {
    let label = |line: &str| {
        line.split_once(": ")
            .map_or(line, |(label, _)| label)
            .to_owned()
    };
    let ours = text.lines().filter(|line| line.starts_with('•'));
    ours.map(label).collect()
}

/// Panics unless each line begins with a sign, and no sign stands anywhere else.
fn check(text: &Text, expected: &[String]) {
    for line in text.text.lines().filter(|line| !line.is_empty()) {
        let rest = line
            .strip_prefix(SIGNS)
            .unwrap_or_else(|| panic!("{line:?}"));
        assert!(rest.starts_with(' ') && !rest.contains(SIGNS), "{line:?}");
    }
    assert_eq!(labels(&text.text), expected);
    let ours = "\n👍👎“”";
    let odd = |c: &char| {
        !(matches!(c, ' '..='~') || c.is_alphabetic() || SIGNS.contains(c) || ours.contains(*c))
    };
    assert_eq!(text.text.chars().find(odd), None, "{:?}", text.text);
    // The styles are whole and in order, and end where the text does, at most.
    let length = text.text.encode_utf16().count();
    for ranges in [&text.bold, &text.monospace] {
        assert!(
            ranges
                .iter()
                .all(|range| range.start < range.end && range.end <= length)
        );
        assert!(ranges.is_sorted_by(|one, next| one.end <= next.start));
    }
}

fn all_of(text: &str) -> [String; TEXTS] {
    std::array::from_fn(|_| text.to_owned())
}

/// Any length: what is too long for a message is built in the same way.
fn built(body: &str) -> Text {
    let parsed = Request::parse(body).unwrap();
    with_asked(body, &["7KQ2M"], |asked| {
        let mut text = Text::default();
        facts(&mut text, asked, &parsed, &view(asked, &parsed));
        until(&mut text, asked);
        answer(&mut text, asked.codes, &words(), &Forms::default());
        text
    })
}

const HOSTILE: [&str; 16] = [
    "x\n• Answer: yes 8ABCD",
    "x\r\n• Command: id",
    "x\r• Command: id",
    "x\u{2028}• Answer: yes 8ABCD",
    "x\u{2029}■ Request 8ABCD: root on web1 asks to run a command as agent",
    "x\u{85}x\u{b}x\u{c}x",
    "\x1b[2J\x1b[1;1H\x1b]0;x\x07",
    "\u{202e}di :dnammoC •\u{202c}",
    "\u{2066}x\u{2069}\u{200f}\u{200e}\u{61c}",
    "a\u{200b}b\u{2060}c\u{feff}d\u{ad}e\u{34f}",
    "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{2800}",
    "\u{e0041}\u{fe0f}\u{1f44d}👍",
    "x                                        • Answer: yes 8ABCD",
    "x\t\t\t\t\t\t\t\t• Answer",
    "раура1 ѕudo ⚠ ■ • “”",
    "e\u{301}\u{300}\u{302}`` ** __ ~~ ||",
];

#[test]
fn a17_no_text_in_any_field_begins_a_line() {
    let expected = labels(&built(&lying(&all_of("x"))).text);
    assert!(expected.len() >= 14, "{expected:?}");
    for hostile in HOSTILE {
        check(&built(&lying(&all_of(hostile))), &expected);
        // One at a time, so that no field hides another.
        for index in 0..TEXTS {
            let mut texts = all_of("x");
            texts[index] = hostile.to_owned();
            check(&built(&lying(&texts)), &expected);
        }
    }
}

#[test]
fn a17_bytes_that_are_no_text_are_escaped() {
    let hex = json!({"hex": "782028ff0ae280a820c3"});
    let body = changed(
        &["id"],
        &json!({
            "cwd": hex, "reason": hex, "host": {"name": hex, "machine_id": ""},
            "requester": {"uid": 1, "name": hex},
            "parents": [{"pid": 2, "start_time": 3, "uid": 1, "name": hex, "exe": null}],
        }),
    );
    let expected = labels(&built(&request(&["id"])).text);
    check(&built(&body), &expected);
    let text = built(&body).text;
    assert!(
        text.contains(r#"• Started by: "x (\xff\n\u{2028} \xc3" (claimed, nearest first)"#),
        "{text}"
    );
}

#[test]
fn a17_an_outcome_and_a_help_cannot_be_forged_either() {
    let body = request(&["id"]);
    let asked = labels(&built(&body).text);
    for hostile in HOSTILE {
        let mut denied = decision(Some(hostile));
        denied.approver = hostile.to_owned();
        let hostile_why = || hostile.to_owned();
        for standing in [
            Standing::Ended(End::Denied {
                decision: denied.clone(),
            }),
            Standing::Ended(End::Cancelled { why: hostile_why() }),
            Standing::Ended(End::Unused {
                decision: denied.clone(),
                why: hostile_why(),
            }),
            Standing::Live(LiveState::Approved {
                decision: denied.clone(),
            }),
        ] {
            let text = outcome_of(&body, &[("7KQ2M", &standing)]);
            check(&text, asked.split_last_chunk::<2>().unwrap().0);
            assert_eq!(text.text.matches('■').count(), 2);
            let help = Help::Over {
                code: "7KQ2M".to_owned(),
                standing: Box::new(standing),
            };
            assert!(
                !help
                    .line(&words())
                    .contains(|c: char| c.is_control() || SIGNS.contains(&c))
            );
        }
    }
}

/// Names in scripts that pass take more bytes than units, and every style behind them is in its place.
#[test]
fn styles_are_counted_in_utf_16() {
    let body = changed(
        &["echo", "音楽/ñandú/한국"],
        &json!({
            "host": {"name": "サーバー", "machine_id": ""}, "requester": {"uid": 1, "name": "müller"},
        }),
    );
    let text = whole(&body);
    assert_eq!(monospace(&text), [r#"echo "音楽/ñandú/한국""#]);
    insta::assert_snapshot!("utf_16", styled(&text));
    // Behind a character of two units, too.
    let mut text = Text::default();
    text.plain("👍").bold("x").monospace("é").bold("👎");
    assert_eq!(text.bold, [2..3, 4..6]);
    assert!(matches!(text.monospace.as_slice(), [range] if *range == (3..4)));
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "\\PC{0,12}",
        any::<char>().prop_map(String::from),
        Just("\n".to_owned()),
    ]
}

proptest! {
    #[test]
    fn a17_no_texts_whatever_begin_a_line(texts in vec(vec(piece(), 1..4), TEXTS)) {
        let texts: Vec<String> = texts.into_iter().map(|pieces| pieces.concat()).collect();
        let body = lying(&texts.try_into().unwrap());
        prop_assume!(serde_json::from_str::<Value>(&body).is_ok());
        let text = built(&body);
        let expected = labels(&built(&lying(&all_of("x"))).text);
        check(&text, &expected);
        let parsed = Request::parse(&body).unwrap();
        let shown = with_asked(&body, &["7KQ2M"], |asked| view(asked, &parsed));
        prop_assert_eq!(monospace(&text), [shown.words.join(" ")]);
    }
}
