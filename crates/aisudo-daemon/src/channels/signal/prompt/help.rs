//! The lines that are sent back when an answer did not count: one each, and what to do.

use aisudo_core::{
    display,
    wire::{MAX_NOTE_BYTES, Standing},
};

use super::outcome::{Long, became};
use crate::channels::signal::words::Words;

/// Codes that a line names at most.
const MAX_CODES: usize = 5;

/// Why an answer did not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Help {
    /// It names a code that no request has.
    UnknownCode {
        /// The code, normalized.
        code: String,
        /// Those that wait.
        waiting: Vec<String>,
    },
    /// It names none, and quotes no question.
    NoCode {
        /// Those that wait.
        waiting: Vec<String>,
    },
    /// The request is decided, or over.
    Over {
        /// Its code.
        code: String,
        /// What became of it.
        standing: Box<Standing>,
    },
    /// It was not taken, for a reason that the request's state does not tell.
    NotTaken {
        /// The request's code.
        code: String,
        /// Why, in one short phrase.
        why: String,
    },
    /// Its sender was not asked about the request here.
    NotAsked {
        /// The request's code.
        code: String,
    },
    /// It quotes one question and names another.
    Ambiguous,
    /// It is about a message of ours that is not known any more.
    UnknownMessage,
    /// Root has switched this way of answering off.
    SwitchedOff {
        /// Which, in the plural.
        form: &'static str,
    },
    /// The request was too long to be shown.
    NotShown {
        /// Its code.
        code: String,
    },
    /// It is neither yes nor no.
    NotUnderstood {
        /// Those that wait.
        waiting: Vec<String>,
    },
    /// It was an edit of an earlier message.
    Edited,
    /// Its words are too long.
    NoteTooLong {
        /// Their length in bytes.
        bytes: usize,
    },
}

impl Help {
    /// The line.
    pub(in super::super) fn line(&self, words: &Words) -> String {
        let (yes, no) = (words.yes(), words.no());
        match self {
            Self::UnknownCode { code, waiting } => format!(
                "No request has the code {}; nothing was decided. {}",
                display::word(code.as_bytes()).text,
                these_wait(waiting)
            ),
            Self::NoCode { waiting } => format!(
                "Which one? Nothing was decided: answer with the code, as in “{yes} CODE”, or quote the question. {}",
                these_wait(waiting)
            ),
            Self::Over { code, standing } => {
                format!(
                    "{code} is over, your answer changed nothing: {}",
                    became(standing, Long::LeftOut)
                )
            }
            Self::NotTaken { code, why } => {
                format!("Your answer to {code} was not taken: {why}.")
            }
            Self::NotAsked { code } => format!(
                "You were not shown {code} here, so your answer does not count: see it with aisudo show {code} on its host."
            ),
            Self::Ambiguous => format!(
                "You quoted one question and named the code of another; nothing was decided. Send “{yes} CODE” or “{no} CODE”."
            ),
            Self::UnknownMessage => format!(
                "That message is no question any more; nothing was decided. Send “{yes} CODE” or “{no} CODE”."
            ),
            Self::SwitchedOff { form } => {
                format!(
                    "Nothing was decided: {form} are switched off on this host. Answer as the question says."
                )
            }
            Self::NotShown { code } => format!(
                "{code} cannot be approved from here, as it could not be shown here: see it with aisudo show {code} on its host."
            ),
            Self::NotUnderstood { waiting } => format!(
                "That was no clear answer; nothing was decided. Send “{yes} CODE” and nothing else, or “{no} CODE” and why. {}",
                these_wait(waiting)
            ),
            Self::Edited => format!(
                "An edited message does not count; nothing was decided. Send a new one: “{yes} CODE” or “{no} CODE”."
            ),
            Self::NoteTooLong { bytes } => format!(
                "Nothing was decided: your words have {bytes} bytes, and there is room for {MAX_NOTE_BYTES}. Send a shorter “{no} CODE” and why."
            ),
        }
    }
}

fn these_wait(codes: &[String]) -> String {
    let named = codes.get(..MAX_CODES).unwrap_or(codes).join(", ");
    match codes.len() {
        0 => "Nothing waits.".to_owned(),
        count if count > MAX_CODES => format!("Waiting: {named} and {} more.", count - MAX_CODES),
        _ => format!("Waiting: {named}."),
    }
}
