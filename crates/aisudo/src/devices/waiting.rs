//! A link that waits for its phone.

use aisudo_core::state::Tick;
use aisudo_seal::{
    envelope::SecretKey,
    pairing::{Answered, Offer, Why},
};

/// Wrong answers after which it is over.
pub(super) const MAX_WRONG: usize = 16;

/// A link, and how many have tried it.
#[derive(Debug)]
pub(super) struct Waiting {
    offer: Offer,
    wrong: usize,
}

/// What an answer was.
#[derive(Debug)]
pub(super) enum Heard {
    /// The right one.
    Answered(Box<Answered>),
    /// Another. The link stands.
    Wrong(Waiting, Why),
    /// It came too late, or too many were wrong.
    Over(&'static str),
}

/// Why nobody can answer any more.
pub(super) const EXPIRED: &str = "the link has expired; nothing was written; begin again";
const TOO_MANY: &str = "too many wrong answers came: somebody is trying; nothing was written; begin again, and see who can reach the app's address";

impl Waiting {
    pub(super) fn new(offer: Offer) -> Self {
        Self { offer, wrong: 0 }
    }

    /// Looks at an answer.
    pub(super) fn hear(self, message: &[u8], key: &SecretKey, now: Tick) -> Heard {
        let wrong = self.wrong + 1;
        match self.offer.answer(message, key, now) {
            Ok(answered) => Heard::Answered(Box::new(answered)),
            Err(refused) => match refused.why {
                Why::TooLate => Heard::Over(EXPIRED),
                _ if wrong >= MAX_WRONG => Heard::Over(TOO_MANY),
                why => {
                    let offer = refused.state;
                    Heard::Wrong(Self { offer, wrong }, why)
                }
            },
        }
    }
}
