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

#[cfg(test)]
mod tests {
    use aisudo_seal::{
        device::{Ed25519, pairing as phone},
        pairing::{FRAGMENT, Host, LIFETIME_MS, Link},
    };
    use rand_core::OsRng;

    use super::*;

    const START: Tick = Tick(1_000);

    fn host() -> SecretKey {
        SecretKey::from_bytes(&[9; 32]).unwrap()
    }

    /// A link, and a right answer to it.
    fn offered() -> (Waiting, Vec<u8>) {
        let key = host();
        let host = Host {
            name: "box",
            key: key.public(),
            address: "",
            app: "https://box.example",
        };
        let offer = Offer::new(host, START, 0, &mut OsRng).unwrap();
        let url = offer.url();
        let (_, fragment) = url.split_once(FRAGMENT).unwrap();
        let link = Link::from_fragment(&[FRAGMENT, fragment].concat()).unwrap();
        let key = SecretKey::from_bytes(&[1; 32]).unwrap();
        let signer = Ed25519::from_seed(&[1; 32]);
        let (_, message) = phone::answer(&link, &key, &signer, "blue", &mut OsRng).unwrap();
        (Waiting::new(offer), message)
    }

    #[test]
    fn a_right_answer_counts_until_the_link_expires() {
        let last = Tick(START.0 + LIFETIME_MS - 1);
        let (waiting, message) = offered();
        let Heard::Answered(answered) = waiting.hear(&message, &host(), last) else {
            panic!("it came in time");
        };
        assert_eq!(answered.device().label, "blue");
        let (waiting, message) = offered();
        let heard = waiting.hear(&message, &host(), Tick(last.0 + 1));
        assert!(matches!(heard, Heard::Over(EXPIRED)), "{heard:?}");
    }

    #[test]
    fn wrong_answers_leave_the_link_but_not_for_ever() {
        let (mut waiting, right) = offered();
        let (_, of_another_link) = offered();
        for number in 1..MAX_WRONG {
            let (message, expected) = match number {
                1 => (of_another_link.clone(), Why::Secret),
                _ => (vec![0; 2100], Why::NotAnAnswer),
            };
            match waiting.hear(&message, &host(), START) {
                Heard::Wrong(still, why) => {
                    assert_eq!(why, expected, "{number}");
                    waiting = still;
                }
                heard => panic!("{heard:?}"),
            }
        }
        let again = Waiting {
            offer: offered().0.offer,
            wrong: waiting.wrong,
        };
        let heard = again.hear(&[], &host(), START);
        assert!(matches!(heard, Heard::Over(TOO_MANY)), "{heard:?}");
        // The right one still counts, as the last.
        let heard = waiting.hear(&right, &host(), START);
        assert!(matches!(heard, Heard::Answered(_)), "{heard:?}");
    }
}
