use serde_json::json;

use super::*;

fn at(time: &str) -> String {
    format!("2024-05-{time}.000Z")
}

fn requested(id: &str, time: &str, user: &str, program: &str, agents: &[&str]) -> Value {
    json!({
        "event": "requested", "id": id, "at": at(time), "user": user,
        "request": {"program": {"path": program}, "agents": agents},
    })
}

fn entry(event: &str, id: &str, time: &str) -> Value {
    json!({"event": event, "id": id, "at": at(time), "code": "K7Q2M", "sequence": 42,
        "decision": {"approver": "alice", "evidence": {"kind": "policy", "rule": "status"}}, "why": "too many"})
}

fn counted(entries: &[Value]) -> Stats {
    let mut stats = Stats::new(TimeZone::UTC);
    entries
        .iter()
        .for_each(|entry| stats.take(&entry.to_string()));
    stats
}

/// Five prompts on two of three days. Answers after 1, 3, 5 and 10 seconds: the second of four is
/// the median, the fourth (0.9 × 4, rounded up) is the 90th percentile.
fn three_days() -> Vec<Value> {
    vec![
        requested(
            "a",
            "01T10:00:00",
            "agent",
            "/usr/bin/apt",
            &["Claude Code"],
        ),
        entry("approved", "a", "01T10:00:01"),
        entry("released", "a", "01T10:00:02"),
        requested(
            "b",
            "01T11:00:00",
            "agent",
            "/usr/bin/apt",
            &["Claude Code", "Codex"],
        ),
        entry("denied", "b", "01T11:00:03"),
        requested("c", "01T12:00:00", "other", "/bin/ls", &[]),
        entry("approved", "c", "01T12:00:05"),
        entry("unused", "c", "01T12:00:09"),
        requested("d", "03T10:00:00", "agent", "/usr/bin/apt", &["Codex"]),
        entry("approved", "d", "03T10:00:10"),
        entry("released", "d", "03T10:00:11"),
        requested("e", "03T11:00:00", "agent", "/bin/ls", &["Codex"]),
        entry("allowed", "f", "03T12:00:00"),
        entry("allowed", "g", "03T12:00:00"),
        entry("rejected", "h", "03T12:00:00"),
        json!({"event": "password", "at": at("03T12:00:00"), "request": {}, "rule": null}),
        json!({"event": "refused", "at": at("03T12:00:00"), "why": "too many requests wait"}),
        entry("decision_refused", "e", "03T12:00:00"),
        json!({"event": "of a later version", "at": "\u{1b}"}),
    ]
}

#[test]
fn prompts_and_their_outcomes_are_counted() {
    let summary = counted(&three_days()).summary();
    assert_eq!((summary.entries, summary.prompts, summary.span), (19, 5, 3));
    let day = |day: &str, prompts| (day.to_owned(), prompts);
    assert_eq!(summary.days, [day("2024-05-01", 3), day("2024-05-03", 2)]);
    let outcomes = [
        ("released", 2),
        ("denied", 1),
        ("expired", 0),
        ("cancelled", 0),
        ("unused", 1),
    ];
    assert_eq!(summary.outcomes, outcomes.into());
    assert_eq!(summary.open, 1);
    assert_eq!(
        (summary.decisions, summary.median_ms, summary.p90_ms),
        (4, Some(3000), Some(10_000))
    );
    let share = |name: &str, prompts, approved, denied| {
        (
            name.to_owned(),
            Share {
                prompts,
                approved,
                denied,
            },
        )
    };
    assert_eq!(
        summary.programs,
        [share("/usr/bin/apt", 3, 2, 1), share("/bin/ls", 2, 1, 0)]
    );
    assert_eq!(
        summary.users,
        [share("agent", 4, 2, 1), share("other", 1, 1, 0)]
    );
    assert_eq!(
        summary.agents,
        [
            share("Codex", 3, 1, 1),
            share("Claude Code", 2, 1, 1),
            share("none", 1, 1, 0)
        ]
    );
    let ruled = |name: &str, allowed, rejected, password| {
        (
            name.to_owned(),
            Ruled {
                allowed,
                rejected,
                password,
            },
        )
    };
    assert_eq!(
        summary.policy,
        [ruled("status", 2, 1, 0), ruled("(default)", 0, 0, 1)]
    );
    assert_eq!(summary.refused, [("too many requests wait".to_owned(), 1)]);
    assert_eq!(summary.answers_refused, [("too many".to_owned(), 1)]);
}

#[test]
fn quick_approvals_are_named() {
    let mut entries = Vec::new();
    for (number, second) in (0..12).zip([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]) {
        let id = number.to_string();
        entries.push(requested(&id, "01T10:00:00", "agent", "/bin/ls", &[]));
        entries.push(entry("approved", &id, &format!("01T10:00:0{second}")));
    }
    // A quick no is no fault.
    entries.push(requested("x", "01T10:00:00", "agent", "/bin/ls", &[]));
    entries.push(entry("denied", "x", "01T10:00:00"));
    let summary = counted(&entries).summary();
    assert_eq!(summary.quick_approvals, 11);
    assert_eq!(summary.quick_by, [("alice".to_owned(), 11)]);
    assert_eq!(summary.quick_latest.len(), 10, "the latest only");
    let quick = Quick {
        entry: 42,
        code: "K7Q2M".to_owned(),
        approver: "alice".to_owned(),
        ms: 1000,
    };
    assert_eq!(summary.quick_latest[0], quick);
}

#[test]
fn memory_is_bounded_whatever_others_name() {
    let mut stats = Stats::new(TimeZone::UTC);
    for number in 0..MAX_WAITING + 10 {
        let (id, program) = (format!("i{number}"), format!("/p{number}"));
        stats.take(&requested(&id, "01T10:00:00", "agent", &program, &[]).to_string());
    }
    assert_eq!(stats.waiting.len(), MAX_WAITING);
    assert_eq!(stats.programs.known.len(), MAX_NAMES);
    let summary = stats.summary();
    let (most, share) = &summary.programs[0];
    assert_eq!(most, "(others)");
    assert_eq!(share.prompts, (MAX_WAITING + 10 - MAX_NAMES) as u64);
}

#[test]
fn an_empty_log_has_no_averages() {
    let summary = counted(&[]).summary();
    assert_eq!(
        summary,
        Summary {
            outcomes: summary.outcomes.clone(),
            ..Summary::default()
        }
    );
    assert_eq!(
        text::of(&summary),
        "0 entries\nprompts: 0\noutcomes: 0 let through, 0 denied, 0 expired, 0 cancelled, 0 approved but not let through, 0 open\n"
    );
}

#[test]
fn the_text_is_for_people() {
    let mut entries = three_days();
    entries.push(requested(
        "z",
        "03T13:00:00",
        "a\u{202e}b",
        "/bin/\u{1b}[2J",
        &[],
    ));
    let mut summary = counted(&entries).summary();
    // Times of day are of the zone of whoever reads.
    (summary.first, summary.last) = (None, None);
    assert_eq!(text::of(&summary), include_str!("three_days.txt"));
}
