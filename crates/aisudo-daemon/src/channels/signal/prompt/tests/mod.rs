mod hostile;
mod sample;

use aisudo_core::{
    config::{Config, Forms, Language},
    evidence::{Decision, Evidence, Verdict},
    raw::Hex32,
    state::End,
    wire::{LiveState, Standing},
};
use jiff::tz::TimeZone;
use serde_json::json;
use uuid::Uuid;

use self::sample::{changed, request};
use super::*;

/// 2023-11-14 22:13:20 UTC.
const ASKED_AT: u64 = 1_700_000_000_000;

fn words_in(languages: &[Language]) -> Words {
    let config =
        "version = 1\n[channels.signal]\nconnect = \"unix:/s\"\naccount = \"+15550001111\"";
    let mut signal = Config::parse(config).unwrap().channels.signal.unwrap();
    signal.languages = languages.to_vec();
    Words::new(&signal)
}

fn words() -> Words {
    words_in(&[Language::En])
}

fn with_asked<T>(body: &str, codes: &[&str], use_it: impl FnOnce(&Asked<'_>) -> T) -> T {
    let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    use_it(&Asked {
        body,
        codes: &codes,
        asked_at_ms: ASKED_AT,
        deadline_ms: ASKED_AT + 120_000,
        zone: &zone,
    })
}

fn ask(body: &str) -> Question {
    with_asked(body, &["7KQ2M"], |asked| {
        question(asked, &words(), &Forms::default())
    })
}

fn whole(body: &str) -> Text {
    match ask(body) {
        Question::Whole(text) => text,
        Question::TooLong(text) => panic!("{}", text.text),
    }
}

/// With `**` around what is bold and a backquote around what is in monospace.
fn styled(text: &Text) -> String {
    let mut units: Vec<(usize, &str)> = Vec::new();
    for range in &text.bold {
        units.extend([(range.start, "**"), (range.end, "**")]);
    }
    for range in &text.monospace {
        units.extend([(range.start, "`"), (range.end, "`")]);
    }
    units.sort_by_key(|(place, _)| *place);
    let all: Vec<u16> = text.text.encode_utf16().collect();
    let mut shown = String::new();
    let mut done = 0;
    for (place, sign) in units {
        shown.push_str(&String::from_utf16(&all[done..place]).unwrap());
        shown.push_str(sign);
        done = place;
    }
    shown + &String::from_utf16(&all[done..]).unwrap()
}

fn monospace(text: &Text) -> Vec<String> {
    let all: Vec<u16> = text.text.encode_utf16().collect();
    let part = |range: &std::ops::Range<usize>| String::from_utf16(&all[range.clone()]).unwrap();
    text.monospace.iter().map(part).collect()
}

#[test]
fn a_plain_command() {
    insta::assert_snapshot!(styled(&whole(&request(&[
        "apt-get", "install", "-y", "nginx"
    ]))));
}

#[test]
fn whatever_warns_is_there() {
    insta::assert_snapshot!(styled(&whole(&changed(
        &["python3", "setup.py"],
        &json!({
            "call": {
                "mode": "shell", "argv": ["python3", "setup.py"], "user": "postgres", "group": "ssl-cert",
                "chdir": "/srv/my site", "chroot": "/srv/jail",
                "environment": {"preserve_all": true, "preserve": ["TERM"], "set": ["LD_PRELOAD=/tmp/x.so"]},
                "background": true,
            },
            "sudo": {"pid": 4711, "start_time": 9, "argv": ["sudo", "-b", "-E", "-s", "python3", "setup.py"], "service": "sudo"},
            "program": {"path": "/bin/bash", "found": "gate"},
            "operands": [
                {"path": "/home/agent/setup.py", "role": "argument", "content": {"kind": "hashed", "sha256": "ab".repeat(32), "size": 120}},
                {"path": "/home/agent/data", "role": "argument", "content": {"kind": "directory"}},
            ],
            "stdio": [{"kind": "pipe"}, {"kind": "null"}, {"kind": "null"}],
            "variables": ["PYTHONPATH"],
        })
    ))));
}

#[test]
fn a_shell_and_what_could_not_be_read() {
    let shell = json!({
        "call": {
            "mode": "login_shell", "argv": [], "user": null, "group": null, "chdir": null, "chroot": null,
            "environment": {"preserve_all": false, "preserve": [], "set": []}, "background": false,
        },
        "sudo": {"pid": 1, "start_time": 9, "argv": ["sudo", "-i"], "service": "sudo"},
        "parents": [], "agents": [], "reason": null,
        "stdio": [{"kind": "terminal", "path": "/dev/pts/1"}, {"kind": "null"}, {"kind": "null"}],
    });
    insta::assert_snapshot!("shell", styled(&whole(&changed(&[], &shell))));
    let raw = json!({
        "call": null, "unreadable": "unknown option -\u{1b}", "program": {"path": null, "found": "unknown"},
        "sudo": {"pid": 1, "start_time": 9, "argv": ["sudo", "-\u{1b}", "id; x"], "service": "sudo"},
    });
    insta::assert_snapshot!("raw", styled(&whole(&changed(&[], &raw))));
}

/// What the renderer warns of or shows of the command is on the phone, whatever the request.
#[test]
fn every_warning_of_the_renderer_is_on_the_phone() {
    for words in [
        vec!["bash"],
        vec!["echo", "\u{202e}x", "a\nb"],
        vec!["deploy"],
    ] {
        let body = changed(
            &words,
            &json!({
                "stdio": [{"kind": "pipe"}, {"kind": "pipe"}, {"kind": "pipe"}],
                "program": {"path": "/opt/x", "found": "gate"},
            }),
        );
        let parsed = Request::parse(&body).unwrap();
        let view = with_asked(&body, &["7KQ2M"], |asked| view(asked, &parsed));
        let text = whole(&body);
        assert!(view.warnings.len() > 1);
        for warning in &view.warnings {
            assert!(text.text.contains(&format!("\n⚠ {warning}\n")), "{warning}");
        }
        assert_eq!(monospace(&text), [view.words.join(" ")]);
    }
}

#[test]
fn only_the_ways_that_are_switched_on_are_named() {
    let answer = |reply, reaction, poll, languages: &[Language]| {
        let forms = Forms {
            reply,
            reaction,
            poll,
        };
        let body = request(&["id"]);
        let Question::Whole(text) = with_asked(&body, &["7KQ2M"], |asked| {
            question(asked, &words_in(languages), &forms)
        }) else {
            panic!("too long")
        };
        text.text.lines().last().unwrap().to_owned()
    };
    let en = [Language::En, Language::De];
    assert_eq!(
        answer(true, true, true, &en),
        "• Answer: yes 7KQ2M, or no 7KQ2M and why; or 👍 or 👎 on this message; or vote below"
    );
    assert_eq!(
        answer(true, false, false, &[Language::De, Language::En]),
        "• Answer: ja 7KQ2M, or nein 7KQ2M and why"
    );
    assert_eq!(
        answer(false, true, false, &en),
        "• Answer: 👍 or 👎 on this message"
    );
    assert_eq!(answer(false, false, true, &en), "• Answer: vote below");
}

#[test]
fn identical_requests_are_one_question_with_each_code() {
    let body = request(&["id"]);
    let text = with_asked(&body, &["7KQ2M", "8ABCD"], |asked| {
        question(asked, &words(), &Forms::default())
    });
    let Question::Whole(text) = text else {
        panic!("too long")
    };
    assert!(
        text.text
            .contains("\n• Identical: 2 requests, codes 7KQ2M 8ABCD\n")
    );
    assert!(
        text.text
            .contains("yes 7KQ2M 8ABCD, or no 7KQ2M 8ABCD and why")
    );
}

#[test]
fn the_deadline_is_a_time_on_the_clock_of_the_given_zone() {
    let text = whole(&request(&["id"])).text;
    // 22:15:20 UTC, in winter.
    let line = "\n• Until: 23:15:20 CET, 120 s after it was asked; no answer means no\n";
    assert!(text.contains(line), "{text}");
}

/// A reader who does not see what the styles mark reads the same from the lines' beginnings.
#[test]
fn what_is_not_seen_of_standard_input_is_said() {
    let input = |stream: serde_json::Value| {
        let stdio = json!([stream, {"kind": "null"}, {"kind": "null"}]);
        let text = whole(&changed(&["id"], &json!({"stdio": stdio}))).text;
        text.lines()
            .find(|line| line.starts_with("• Input: "))
            .map(str::to_owned)
    };
    assert_eq!(input(json!({"kind": "null"})), None);
    assert_eq!(
        input(json!({"kind": "terminal", "path": "/dev/pts/1"})),
        None
    );
    for (stream, expected) in [
        (
            json!({"kind": "pipe"}),
            "piped from another process: not visible here",
        ),
        (
            json!({"kind": "file", "path": "/tmp/a b"}),
            "the file \"/tmp/a b\"",
        ),
        (json!({"kind": "closed"}), "closed"),
    ] {
        assert_eq!(input(stream), Some(format!("• Input: {expected}")));
    }
}

#[test]
fn a18_what_does_not_fit_a_message_is_not_shown_in_part() {
    // The largest that fits, and one byte more.
    let body = |length: usize| request(&["echo", &"x".repeat(length)]);
    let longest = (1..2000).rfind(|length| matches!(ask(&body(*length)), Question::Whole(_)));
    let longest = longest.unwrap();
    assert_eq!(whole(&body(longest)).text.len(), MAX_TEXT_BYTES);
    let Question::TooLong(text) = ask(&body(longest + 1)) else {
        panic!("whole")
    };
    assert!(!text.text.contains('x') && text.monospace.is_empty());

    let hidden = format!("{} rm -r /srv", " ".repeat(100_000));
    for long in [
        request(&["bash", "-c", &hidden]),
        request(&vec!["word"; 3000]),
        changed(&["id"], &json!({"reason": "because ".repeat(400)})),
        changed(
            &["id"],
            &json!({"host": {"name": "h".repeat(3000), "machine_id": ""}}),
        ),
        changed(&["id"], &json!({"cwd": "/\u{202e}".repeat(900)})),
    ] {
        let text = match ask(&long) {
            Question::TooLong(text) => text,
            // A run of blanks is counted, so this one fits, with its end.
            Question::Whole(text) => {
                assert!(
                    text.text.contains("\\{100000 blanks} rm -r /srv"),
                    "{}",
                    text.text
                );
                continue;
            }
        };
        assert!(text.text.len() < 700, "{}", text.text);
        assert!(!text.text.contains("because") && !text.text.contains("word word"));
        assert!(text.text.contains("it cannot be approved from here"));
    }
    let Question::TooLong(text) = ask(&request(&vec!["word"; 3000])) else {
        panic!("whole")
    };
    insta::assert_snapshot!("too_long", styled(&text));
}

fn decision(note: Option<&str>) -> Decision {
    Decision {
        id: Uuid::nil(),
        digest: Hex32([0; 32]),
        nonce: Hex32([0; 32]),
        verdict: Verdict::Deny,
        approver: "owner".to_owned(),
        note: note.map(str::to_owned),
        at_ms: 0,
        evidence: Evidence::Terminal { uid: 1, pid: 1 },
    }
}

fn endings() -> Vec<Standing> {
    let why = "the requester \u{1b}went away".to_owned();
    vec![
        Standing::Live(LiveState::Approved {
            decision: decision(None),
        }),
        Standing::Ended(End::Released {
            decision: decision(None),
            token: Hex32([0; 32]),
        }),
        Standing::Ended(End::Denied {
            decision: decision(None),
        }),
        Standing::Ended(End::Denied {
            decision: decision(Some("not on a\nFriday")),
        }),
        Standing::Ended(End::Expired),
        Standing::Ended(End::Cancelled { why: why.clone() }),
        Standing::Ended(End::Unused {
            decision: decision(None),
            why,
        }),
    ]
}

fn outcome_of(body: &str, standings: &[(&str, &Standing)]) -> Text {
    let codes: Vec<&str> = standings.iter().map(|(code, _)| *code).collect();
    with_asked(body, &codes, |asked| {
        outcome(asked, standings, &words(), &Forms::default())
    })
}

#[test]
fn an_outcome_stands_first_and_the_question_below_it() {
    let body = request(&["id"]);
    let mut lines = String::new();
    for standing in endings() {
        let text = outcome_of(&body, &[("7KQ2M", &standing)]);
        let (first, rest) = text.text.split_once("\n\n").unwrap();
        lines.push_str(first);
        lines.push('\n');
        let question = whole(&body).text;
        let (question, how_to_answer) = question.split_once("\n\n• Until").unwrap();
        assert_eq!(rest, question);
        assert!(how_to_answer.contains("yes 7KQ2M") && !text.text.contains("yes 7KQ2M"));
    }
    insta::assert_snapshot!("outcomes", lines);
}

#[test]
fn of_identical_requests_each_has_its_outcome_and_the_rest_is_still_asked() {
    let endings = endings();
    let waits = Standing::Live(LiveState::Pending);
    let body = request(&["id"]);
    let some = [
        ("7KQ2M", &endings[1]),
        ("8ABCD", &waits),
        ("9EFGH", &endings[1]),
    ];
    insta::assert_snapshot!("some", styled(&outcome_of(&body, &some)));
    let same = outcome_of(&body, &[("7KQ2M", &endings[1]), ("8ABCD", &endings[1])]);
    assert!(
        same.text
            .starts_with("■ RAN, approved by owner\n\n■ Request 7KQ2M:"),
        "{}",
        same.text
    );
}

#[test]
fn an_outcome_that_does_not_fit_is_said_without_the_question() {
    let long = request(&["echo", &"x".repeat(1300)]);
    let note = "\u{1b}".repeat(400);
    let denied = Standing::Ended(End::Denied {
        decision: decision(Some(&note)),
    });
    let text = outcome_of(&long, &[("7KQ2M", &denied)]).text;
    let escaped = r"\x1b".repeat(400);
    assert_eq!(
        text,
        format!(
            "■ DENIED by owner: {escaped}\n• The request: too long to be shown with this; see: aisudo show 7KQ2M"
        )
    );
    let denied = Standing::Ended(End::Denied {
        decision: decision(Some(&note.repeat(2))),
    });
    let text = outcome_of(&long, &[("7KQ2M", &denied)]).text;
    assert!(
        text.starts_with("■ DENIED by owner\n• The request: too long"),
        "{text}"
    );
    let codes: Vec<String> = (0..500).map(|number| format!("00{number:03}")).collect();
    let both = [&denied, &Standing::Ended(End::Expired)];
    let many = codes.iter().enumerate();
    let many: Vec<(&str, &Standing)> = many.map(|(n, code)| (code.as_str(), both[n % 2])).collect();
    let text = outcome_of(&long, &many).text;
    assert!(
        text.contains("see: aisudo list --all") && text.len() < 200,
        "{text}"
    );
}

#[test]
fn each_help_is_one_line_that_says_what_to_do() {
    let code = || "7KQ2M".to_owned();
    let waiting = ["7KQ2M", "8ABCD"].map(str::to_owned).to_vec();
    let many: Vec<String> = (0..7).map(|number| format!("0000{number}")).collect();
    let over = Standing::Ended(End::Denied {
        decision: decision(Some("x\ny")),
    });
    let helps = [
        Help::UnknownCode {
            code: "9ZZZZ".to_owned(),
            waiting: waiting.clone(),
        },
        Help::UnknownCode {
            code: "9ZZZZ".to_owned(),
            waiting: Vec::new(),
        },
        Help::NoCode { waiting: many },
        Help::Over {
            code: code(),
            standing: Box::new(over),
        },
        Help::NotTaken {
            code: code(),
            why: "the deadline has passed".to_owned(),
        },
        Help::NotAsked { code: code() },
        Help::NotShown { code: code() },
        Help::NotUnderstood { waiting },
        Help::Ambiguous,
        Help::UnknownMessage,
        Help::SwitchedOff { form: "reactions" },
        Help::Edited,
        Help::NoteTooLong { bytes: 501 },
    ];
    let lines = helps.map(|help| help.line(&words()));
    assert!(
        lines
            .iter()
            .all(|line| !line.contains('\n') && line.len() < 300)
    );
    insta::assert_snapshot!("helps", lines.join("\n"));
}

#[test]
fn a_request_that_cannot_be_read_is_not_asked_about() {
    let Question::TooLong(text) = ask("{}") else {
        panic!("whole")
    };
    assert!(
        text.text.contains("it cannot be approved from here"),
        "{}",
        text.text
    );
}
