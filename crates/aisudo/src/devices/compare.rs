//! The words, compared by a person.

use aisudo_core::state::Tick;

use super::{
    talk::{Event, Talk},
    waiting::EXPIRED,
};
use crate::{
    failure::Failure,
    root::console::{Console, refused},
};

/// Answers to the question that make no sense.
const MAX_UNCLEAR: usize = 5;

const QUESTION: &str = "Do the same four words stand there? Type yes, or no: ";

const NO_INPUT: &str = "the input ended; nothing was written; run this where you can answer";
const ENDED: &str = "ended; nothing was written";
const NOT_THE_SAME: &str = "the words were not confirmed, and nothing was written; if they differ, somebody stands between this host and the phone";
const ANOTHER: &str = "\nNote: another answer to this link came, and is not looked at. If it was not yours, others have seen the link.";

/// Asks root, who sees both, whether they are the same. `answer` is the one that they are made from.
pub(super) fn same_words(
    talk: &mut Talk,
    console: &mut Console<'_>,
    answer: &[u8],
    deadline: Tick,
) -> Result<(), Failure> {
    talk.forget()?;
    let (mut unclear, mut others) = (0, false);
    console.prompt(QUESTION)?;
    loop {
        let event = talk.next(deadline);
        if !matches!(event, Ok(Event::Line(_) | Event::Answer(_))) {
            // What is said next does not belong behind the question.
            console.say("")?;
        }
        match event? {
            Event::Line(line) => {
                if !talk.is_terminal() {
                    console.say("")?;
                }
                match line.trim().to_lowercase().as_str() {
                    "yes" => return Ok(()),
                    "" | "n" | "no" => return Err(refused(NOT_THE_SAME)),
                    _ => unclear += 1,
                }
                if unclear == MAX_UNCLEAR {
                    return Err(refused(NOT_THE_SAME));
                }
                console.prompt(QUESTION)?;
            }
            // Said once: strangers must not fill the screen. A phone may also send the same again.
            Event::Answer(other) if !others && other != answer => {
                others = true;
                console.say(ANOTHER)?;
                console.prompt(QUESTION)?;
            }
            Event::Answer(_) => {}
            other => return Err(over(&other)),
        }
    }
}

/// Why it ends before root has answered.
pub(super) fn over(event: &Event) -> Failure {
    refused(match event {
        Event::NoMoreKeys => NO_INPUT,
        Event::Time => EXPIRED,
        Event::Answer(_) | Event::Line(_) | Event::Signal => ENDED,
    })
}
