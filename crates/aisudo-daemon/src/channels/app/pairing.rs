//! While root's command pairs, it and phones speak through here. What they say is not read: the command
//! holds the offer, and compares.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::device::KeyId;
use tokio::sync::mpsc;

/// What is said to one phone.
pub(crate) type Messages = mpsc::Receiver<Vec<u8>>;

/// Answers that are passed on while one command pairs: whoever has seen the link can send them.
const MOST_ANSWERS: usize = 16;

/// Messages to one phone.
const MOST_MESSAGES: usize = 8;

/// Places where one phone hears, at once.
const MOST_PLACES: usize = 4;

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairing(Arc<Mutex<Option<Window>>>);

#[derive(Debug)]
struct Window {
    answers: mpsc::Sender<Vec<u8>>,
    /// By the name of the key that each has answered with.
    phones: HashMap<KeyId, Phone>,
}

/// Somebody who has answered.
#[derive(Debug)]
struct Phone {
    answer: Vec<u8>,
    said: Vec<Vec<u8>>,
    places: Vec<mpsc::Sender<Vec<u8>>>,
    over: bool,
}

/// A command that pairs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Pairs {
    pairing: Pairing,
    /// What phones send.
    pub(crate) answers: mpsc::Receiver<Vec<u8>>,
}

impl Pairing {
    /// A command begins to pair; nothing when another does.
    pub(crate) fn begin(&self) -> Option<Pairs> {
        let mut window = self.window();
        if window.is_some() {
            return None;
        }
        let (sender, answers) = mpsc::channel(MOST_ANSWERS);
        *window = Some(Window {
            answers: sender,
            phones: HashMap::new(),
        });
        Some(Pairs {
            pairing: self.clone(),
            answers,
        })
    }

    /// A phone answers, or has lost its connection and comes back with the same answer: what is said to
    /// it, from the first message on.
    pub(crate) fn answer(&self, device: KeyId, answer: &[u8]) -> Option<Messages> {
        let mut window = self.window();
        let window = window.as_mut()?;
        if !window.phones.contains_key(&device) {
            if window.phones.len() >= MOST_ANSWERS {
                return None;
            }
            window.answers.try_send(answer.to_vec()).ok()?;
            let phone = Phone {
                answer: answer.to_vec(),
                said: Vec::new(),
                places: Vec::new(),
                over: false,
            };
            window.phones.insert(device, phone);
        }
        let phone = window.phones.get_mut(&device)?;
        phone.places.retain(|place| !place.is_closed());
        if phone.answer != answer || phone.places.len() >= MOST_PLACES {
            return None;
        }
        let (sender, envelopes) = mpsc::channel(MOST_MESSAGES);
        for message in &phone.said {
            let _ = sender.try_send(message.clone());
        }
        if !phone.over {
            phone.places.push(sender);
        }
        Some(envelopes)
    }

    fn window(&self) -> MutexGuard<'_, Option<Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pairs {
    /// A message to a phone that has answered; says whether there is such a one.
    pub(crate) fn send(&self, to: KeyId, message: Vec<u8>, last: bool) -> bool {
        let mut window = self.pairing.window();
        let phone = window
            .as_mut()
            .and_then(|window| window.phones.get_mut(&to))
            .filter(|phone| !phone.over && phone.said.len() < MOST_MESSAGES);
        let Some(phone) = phone else {
            return false;
        };
        for place in &phone.places {
            let _ = place.try_send(message.clone());
        }
        phone.said.push(message);
        if last {
            phone.over = true;
            phone.places.clear();
        }
        true
    }
}

impl Drop for Pairs {
    fn drop(&mut self) {
        *self.pairing.window() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: KeyId = KeyId([1; 8]);

    #[test]
    fn a_phone_that_comes_back_hears_all_of_it_and_nobody_else_does() {
        let pairing = Pairing::default();
        assert!(pairing.answer(PHONE, b"a").is_none(), "nobody pairs");
        let mut pairs = pairing.begin().unwrap();
        assert!(pairing.begin().is_none(), "one at a time");
        let mut first = pairing.answer(PHONE, b"a").unwrap();
        assert_eq!(pairs.answers.try_recv().unwrap(), b"a");
        assert!(pairs.send(PHONE, b"reveal".to_vec(), false));
        assert_eq!(first.try_recv().unwrap(), b"reveal");
        assert!(pairing.answer(PHONE, b"b").is_none(), "not the same answer");
        let mut second = pairing.answer(PHONE, b"a").unwrap();
        assert!(pairs.answers.try_recv().is_err(), "passed on once");
        assert!(pairs.send(PHONE, b"paired".to_vec(), true));
        assert!(
            !pairs.send(PHONE, b"more".to_vec(), false),
            "it was the last"
        );
        assert!(!pairs.send(KeyId([2; 8]), b"x".to_vec(), false));
        assert_eq!(second.try_recv().unwrap(), b"reveal");
        assert_eq!(second.try_recv().unwrap(), b"paired");
        assert_eq!(
            second.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        );
        let mut late = pairing.answer(PHONE, b"a").unwrap();
        assert_eq!(late.try_recv().unwrap(), b"reveal");
        assert_eq!(late.try_recv().unwrap(), b"paired");
        drop(pairs);
        assert!(
            pairing.answer(PHONE, b"a").is_none(),
            "nobody pairs any more"
        );
        assert!(pairing.begin().is_some());
    }

    #[test]
    fn a_phone_may_lose_its_connection_often() {
        let pairing = Pairing::default();
        let _pairs = pairing.begin().unwrap();
        for _ in 0..10 * MOST_PLACES {
            drop(pairing.answer(PHONE, b"a").unwrap());
        }
        let places: Vec<_> = (0..=MOST_PLACES)
            .map(|_| pairing.answer(PHONE, b"a"))
            .collect();
        assert!(places[MOST_PLACES - 1].is_some());
        assert!(places[MOST_PLACES].is_none(), "not all at once");
    }

    #[test]
    fn nobody_can_send_without_end() {
        let pairing = Pairing::default();
        let _pairs = pairing.begin().unwrap();
        let answered = (0..100)
            .filter(|byte| pairing.answer(KeyId([*byte; 8]), b"x").is_some())
            .count();
        assert_eq!(answered, MOST_ANSWERS);
    }
}
