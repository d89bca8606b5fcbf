//! What became of a question.

use aisudo_core::{
    config::Forms,
    display,
    evidence::Decision,
    request::Request,
    state::End,
    wire::{LiveState, Standing},
};

use super::{
    Asked, MAX_TEXT_BYTES, answer, facts,
    text::{TITLE, Text},
    until, view,
};
use crate::channels::signal::words::Words;

/// What takes the question's place when one of its requests is over, or approved: what became of
/// each, and then the same question. While some of them wait, it goes on asking about those.
pub(in super::super) fn outcome(
    asked: &Asked<'_>,
    standings: &[(&str, &Standing)],
    words: &Words,
    forms: &Forms,
) -> Text {
    let waiting: Vec<String> = standings
        .iter()
        .filter(|(_, standing)| matches!(standing, Standing::Live(LiveState::Pending)))
        .map(|(code, _)| (*code).to_owned())
        .collect();
    let heading = |long| {
        let mut text = Text::default();
        outcomes(&mut text, standings, long);
        text
    };
    let mut whole = heading(Long::Whole);
    if let Ok(request) = Request::parse(asked.body) {
        whole.gap();
        facts(&mut whole, asked, &request, &view(asked, &request));
        if !waiting.is_empty() {
            until(&mut whole, asked);
            answer(&mut whole, &waiting, words, forms);
        }
    }
    let without_question = [Long::Whole, Long::LeftOut].into_iter().map(|long| {
        let mut text = heading(long);
        text.fact(
            "The request",
            &format!(
                "too long to be shown with this; see: aisudo show {}",
                asked.code()
            ),
        );
        text
    });
    std::iter::once(whole)
        .chain(without_question)
        .find(|text| text.text.len() <= MAX_TEXT_BYTES)
        .unwrap_or_else(|| {
            let mut text = Text::default();
            let count = standings.len();
            text.line(TITLE).bold(&format!(
                "Of {count} requests, not all wait any more; see: aisudo list --all"
            ));
            text
        })
}

/// Whether the words that came with an outcome are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    Whole,
    LeftOut,
}

/// What became of each request; said once if it is the same of all.
fn outcomes(text: &mut Text, standings: &[(&str, &Standing)], long: Long) {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (code, standing) in standings {
        let became = became(standing, long);
        match lines.iter_mut().find(|(_, other)| *other == became) {
            Some((codes, _)) => {
                codes.push(' ');
                codes.push_str(code);
            }
            None => lines.push(((*code).to_owned(), became)),
        }
    }
    match lines.as_slice() {
        [(_, became)] => {
            text.line(TITLE).bold(became);
        }
        several => {
            for (codes, became) in several {
                text.line(TITLE).bold(&format!("{codes}: {became}"));
            }
        }
    }
}

pub(super) fn became(standing: &Standing, long: Long) -> String {
    let by = |decision: &Decision| display::word(decision.approver.as_bytes()).text;
    let words = |text: &str| match long {
        Long::Whole => format!(": {}", display::plain_text(text.as_bytes())),
        Long::LeftOut => String::new(),
    };
    match standing {
        Standing::Live(LiveState::Pending) => "WAITING".to_owned(),
        Standing::Live(LiveState::Approved { decision }) => {
            format!("APPROVED by {}, about to run", by(decision))
        }
        Standing::Ended(End::Released { decision, .. }) => {
            format!("RAN, approved by {}", by(decision))
        }
        Standing::Ended(End::Denied { decision }) => {
            let note = decision.note.as_deref().map(words);
            format!("DENIED by {}{}", by(decision), note.unwrap_or_default())
        }
        Standing::Ended(End::Expired) => {
            "EXPIRED, nothing was run: nobody answered in time".to_owned()
        }
        Standing::Ended(End::Cancelled { why }) => {
            format!("CANCELLED, nothing was run{}", words(why))
        }
        Standing::Ended(End::Unused { decision, why }) => {
            format!("APPROVED by {}, but NOT RUN{}", by(decision), words(why))
        }
    }
}
