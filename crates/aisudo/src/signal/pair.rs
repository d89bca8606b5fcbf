//! The pairing challenge.
//!
//! A code is shown on root's terminal, and only there; a message asks the account to answer with it.
//! What binds whom:
//!
//! - The answer must come from the very account to which the message went, by its identity. Signal
//!   authenticates that.
//! - Whoever answers knows the code, so they see root's terminal, or somebody who does told them: a
//!   mistyped number reaches somebody who does not.
//! - The code is drawn for this run and good for a few minutes, so an answer of earlier is none.
//! - An edit is none, because it would come from a message that may be older, and a group is none,
//!   because others are in it.

use std::time::Duration;

use aisudo_core::{
    digest::{self, normalize_code},
    raw::Hex32,
};
use aisudo_signal::{Client, Content, Event, Events, Incoming, Message, Recipient};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::signal_cli::{KnownKey, failed, key_of};
use crate::{
    failure::Failure,
    root::console::{Console, refused},
};

/// How long the code is good.
const PATIENCE: Duration = Duration::from_secs(300);

/// The code's letters: 40 bits, of which nobody guesses enough in [`MAX_WRONG`] tries.
const LETTERS: usize = 8;

/// Wrong answers of the account after which it is over.
const MAX_WRONG: usize = 5;

/// Words of an answer among which the code is looked for.
const MAX_WORDS: usize = 50;

/// What is drawn for one pairing.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    code: String,
}

/// An account that has answered.
#[derive(Clone, Debug)]
pub(super) struct Paired {
    pub(super) known: KnownKey,
    /// When Signal's server took the answer, in milliseconds since 1970; 0 if that is not known.
    pub(super) at_ms: u64,
}

impl Challenge {
    pub(super) fn new(random: [u8; 32]) -> Self {
        Self {
            code: digest::code(&Hex32(random), LETTERS),
        }
    }

    /// In two groups, to be read aloud or typed.
    pub(super) fn shown(&self) -> String {
        let (first, second) = self.code.split_at_checked(LETTERS / 2).unwrap_or_default();
        format!("{first} {second}")
    }

    /// Whether some of the text's words, one behind the other, are the code.
    fn is_answered_by(&self, text: &str) -> bool {
        let letters = |word: &str| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        let words: Vec<String> = text.split_whitespace().map(letters).collect();
        let code_begins = |from: usize| {
            let mut joined = String::new();
            words.iter().skip(from).any(|word| {
                joined.push_str(&normalize_code(word));
                joined == self.code
            })
        };
        (0..words.len().min(MAX_WORDS)).any(code_begins)
    }
}

/// Asks the account, and waits for its answer.
pub(super) async fn pair(
    client: &Client,
    mut events: Events,
    to: &Recipient,
    host: &str,
    challenge: &Challenge,
    console: &mut Console<'_>,
) -> Result<Paired, Failure> {
    let message = Message {
        text: invitation(host),
        ..Message::default()
    };
    let sent = client
        .send(to, &message)
        .await
        .map_err(|failure| not_sent(&failure))?;
    let asked = sent.uuid.ok_or_else(|| {
        refused(
            "signal-cli does not say which account that is; nothing was written; give another --to",
        )
    })?;
    console.say(&format!(
        "\nA message was sent. It must be answered there, within {} minutes, with this code:\n\n    {}\n\nWaiting; Ctrl-C ends it.",
        PATIENCE.as_secs() / 60,
        challenge.shown()
    ))?;
    let itself = *to == Recipient::NoteToSelf;
    let at_ms = answer(&mut events, asked, itself, challenge, console).await?;
    let known = key_of(client, asked).await?;
    if known.is_trusted {
        Ok(Paired { known, at_ms })
    } else {
        Err(refused(
            "the account's identity key has just changed; nothing was written; begin again",
        ))
    }
}

/// Why nothing could be asked. Whoever is not an approver yet has no key that root could trust here.
fn not_sent(failure: &aisudo_signal::Failure) -> Failure {
    match failure {
        aisudo_signal::Failure::Untrusted => refused(
            "signal-cli knows another identity key of that account from before, and sends it nothing; compare the safety number, then run: signal-cli trust -v SAFETY_NUMBER NUMBER, and begin again",
        ),
        other => failed(other),
    }
}

/// What the account reads.
fn invitation(host: &str) -> String {
    format!(
        "aisudo on {host}: root of that host wants to ask this account whether commands may run there.\n\nIf you know of it: answer with the code that stands on root's terminal. It is good for {} minutes.\n\nIf not, do nothing: without the code, nothing happens.",
        PATIENCE.as_secs() / 60
    )
}

/// When Signal's server took the right answer.
async fn answer(
    events: &mut Events,
    asked: Uuid,
    itself: bool,
    challenge: &Challenge,
    console: &mut Console<'_>,
) -> Result<u64, Failure> {
    let until = Instant::now() + PATIENCE;
    let mut wrong = 0;
    while wrong < MAX_WRONG {
        let event = timeout_at(until, events.next()).await.map_err(|_| {
            refused("nobody answered with the code; nothing was written; begin again")
        })?;
        match event {
            None => {
                return Err(Failure::Unreachable(
                    "signal-cli closed the connection; nothing was written; begin again".to_owned(),
                ));
            }
            Some(Event::Untrusted { sender }) if sender == Some(asked) => {
                return Err(refused(
                    "the account's identity key has changed, and signal-cli does not trust the new one; nothing was written; see docs/signal.md",
                ));
            }
            Some(Event::Message(message)) if may_answer(&message, asked, itself) => {
                match &message.content {
                    Content::Text { text, .. } if challenge.is_answered_by(text) => {
                        return Ok(message.received_at_ms);
                    }
                    Content::Text { .. } => {
                        wrong += 1;
                        console.say("The account wrote something else than the code.")?;
                    }
                    _ => {}
                }
            }
            Some(_) => {}
        }
    }
    Err(refused(
        "the account does not know the code; nothing was written; check that it is the right one",
    ))
}

/// Whether it comes from the account that was asked, in a message of its own.
fn may_answer(message: &Incoming, asked: Uuid, itself: bool) -> bool {
    let direct = if itself {
        message.sync && message.destination == Some(asked)
    } else {
        !message.sync
    };
    direct && message.sender == Some(asked) && !message.group && message.edits.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Uuid = Uuid::from_u128(7);

    fn challenge() -> Challenge {
        // 00001 00010 11111 00000 … is 12Z0 0000.
        let mut random = [0; 32];
        random[0] = 0b0000_1000;
        random[1] = 0b1011_1110;
        Challenge::new(random)
    }

    #[test]
    fn the_code_is_read_as_people_type_it() {
        let challenge = challenge();
        assert_eq!(challenge.shown(), "12Z0 0000");
        for right in [
            "12Z0 0000",
            "12z00000",
            "I2zo-oooo",
            "it is 12Z00000.",
            "It is 12Z0 0000, I think",
            " 12Z0\n0000 ",
        ] {
            assert!(challenge.is_answered_by(right), "{right}");
        }
        for wrong in ["", "12Z0", "yes", "12Z0 0001", "112Z0 0000", "12Z00 0000"] {
            assert!(!challenge.is_answered_by(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_code_is_not_in_the_message() {
        assert!(!invitation("web1").contains(&challenge().code));
        assert!(invitation("web1").starts_with("aisudo on web1: "));
    }

    #[test]
    fn only_the_account_that_was_asked_may_answer() {
        let message = Incoming {
            account: None,
            sender: Some(ASKED),
            device: 1,
            timestamp: 1,
            received_at_ms: 2,
            sync: false,
            destination: None,
            group: false,
            edits: None,
            content: Content::Other,
        };
        let changed = |change: fn(&mut Incoming)| {
            let mut other = message.clone();
            change(&mut other);
            other
        };
        assert!(may_answer(&message, ASKED, false));
        for wrong in [
            changed(|m| m.sender = Some(Uuid::from_u128(8))),
            changed(|m| m.sender = None),
            changed(|m| m.group = true),
            changed(|m| m.edits = Some(1)),
            changed(|m| m.sync = true),
        ] {
            assert!(!may_answer(&wrong, ASKED, false), "{wrong:?}");
        }
        // To oneself: from another of one's devices, and to nobody else.
        let own = changed(|m| (m.sync, m.destination) = (true, Some(ASKED)));
        assert!(may_answer(&own, ASKED, true));
        let to_another = changed(|m| (m.sync, m.destination) = (true, Some(Uuid::from_u128(8))));
        assert!(!may_answer(&to_another, ASKED, true));
        assert!(!may_answer(&message, ASKED, true));
    }
}
