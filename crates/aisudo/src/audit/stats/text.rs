//! The same for people.

use std::fmt::Write as _;

use aisudo_core::display;

use super::{QUICK_MS, Ruled, Share, Summary};
use crate::times;

/// Rows of a table, at most.
const MAX_ROWS: usize = 10;

/// Days that are shown one by one, the latest.
const MAX_DAYS: usize = 14;

pub(super) fn of(summary: &Summary) -> String {
    let mut text = String::new();
    head(&mut text, summary);
    outcomes(&mut text, summary);
    quick(&mut text, summary);
    shares(&mut text, "programs", &summary.programs);
    shares(&mut text, "users", &summary.users);
    shares(&mut text, "agents (claimed)", &summary.agents);
    policy(&mut text, &summary.policy);
    whys(&mut text, "refused, as by a limit", &summary.refused);
    whys(&mut text, "answers refused", &summary.answers_refused);
    text
}

fn head(text: &mut String, summary: &Summary) {
    let _ = write!(text, "{} entries", summary.entries);
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let local = |at: jiff::Timestamp| times::local_of(&at.to_string());
        let _ = write!(text, ", {} to {}", local(first), local(last));
    }
    let _ = write!(text, "\nprompts: {}", summary.prompts);
    if summary.prompts > 0 && summary.span > 0 {
        let tenths = (summary.prompts * 10 + summary.span / 2) / summary.span;
        let _ = write!(text, ", {}.{} a day", tenths / 10, tenths % 10);
    }
    text.push('\n');
    let hidden = summary.days.len().saturating_sub(MAX_DAYS);
    for (day, prompts) in summary.days.iter().skip(hidden) {
        let _ = writeln!(text, "  {day} {prompts:>9}");
    }
}

fn outcomes(text: &mut String, summary: &Summary) {
    let of = |name: &str| summary.outcomes.get(name).copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "outcomes: {} let through, {} denied, {} expired, {} cancelled, {} approved but not let through, {} open",
        of("released"),
        of("denied"),
        of("expired"),
        of("cancelled"),
        of("unused"),
        summary.open
    );
    if let (Some(median), Some(p90)) = (summary.median_ms, summary.p90_ms) {
        let _ = writeln!(
            text,
            "time to decide: median {}, 90 % within {} ({} decisions)",
            seconds(median),
            seconds(p90),
            summary.decisions
        );
    }
}

fn quick(text: &mut String, summary: &Summary) {
    if summary.quick_approvals == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "approved in under {} s, which is too quick to read: {}",
        QUICK_MS / 1000,
        summary.quick_approvals
    );
    for (approver, count) in summary.quick_by.iter().take(MAX_ROWS) {
        let _ = writeln!(text, "  {} {count:>9}", name(approver));
    }
    for one in &summary.quick_latest {
        let _ = writeln!(
            text,
            "    entry {}: {} by {} after {}",
            one.entry,
            safe(&one.code),
            safe(&one.approver),
            seconds(one.ms)
        );
    }
}

fn shares(text: &mut String, title: &str, rows: &[(String, Share)]) {
    let rows = rows.iter().map(|(name, share)| {
        let Share {
            prompts,
            approved,
            denied,
        } = share;
        (name.as_str(), [*prompts, *approved, *denied])
    });
    table(text, title, ["prompts", "approved", "denied"], rows);
}

fn policy(text: &mut String, rows: &[(String, Ruled)]) {
    let rows = rows.iter().map(|(name, ruled)| {
        let Ruled {
            allowed,
            rejected,
            password,
        } = ruled;
        (name.as_str(), [*allowed, *rejected, *password])
    });
    table(
        text,
        "policy rules",
        ["allowed", "rejected", "password"],
        rows,
    );
}

fn table<'a>(
    text: &mut String,
    title: &str,
    columns: [&str; 3],
    rows: impl ExactSizeIterator<Item = (&'a str, [u64; 3])>,
) {
    if rows.len() == 0 {
        return;
    }
    let hidden = rows.len().saturating_sub(MAX_ROWS);
    let [a, b, c] = columns;
    let _ = writeln!(text, "{title:<32} {a:>9} {b:>9} {c:>9}");
    for (named, [a, b, c]) in rows.take(MAX_ROWS) {
        let _ = writeln!(text, "  {} {a:>9} {b:>9} {c:>9}", name(named));
    }
    if hidden > 0 {
        let _ = writeln!(text, "  and {hidden} more, see --json");
    }
}

fn whys(text: &mut String, title: &str, rows: &[(String, u64)]) {
    if rows.is_empty() {
        return;
    }
    let all: u64 = rows.iter().map(|(_, count)| count).sum();
    let _ = writeln!(text, "{title}: {all}");
    for (why, count) in rows.iter().take(MAX_ROWS) {
        let _ = writeln!(text, "  {count:>9}  {}", display::text(why.as_bytes()).text);
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

fn name(text: &str) -> String {
    format!("{:<30}", safe(text))
}

fn safe(text: &str) -> String {
    display::word(text.as_bytes()).text
}
