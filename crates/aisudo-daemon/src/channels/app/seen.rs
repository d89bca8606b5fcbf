//! Messages that came in already, by their names. Pure.

use std::collections::{HashSet, VecDeque};

use aisudo_seal::envelope::MessageId;

/// Names that are remembered: of devices that root lists, and of nobody else.
const MAX_SEEN: usize = 4096;

/// The latest names.
#[derive(Debug, Default)]
pub(super) struct Seen {
    names: HashSet<MessageId>,
    /// Oldest first.
    order: VecDeque<MessageId>,
}

impl Seen {
    /// Whether it is new.
    pub(super) fn first(&mut self, id: MessageId) -> bool {
        if !self.names.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        true
    }

    /// Nothing came of it: it may come again.
    pub(super) fn forget(&mut self, id: MessageId) {
        self.names.remove(&id);
        self.order.retain(|one| *one != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_new_once_and_memory_is_bounded() {
        let mut seen = Seen::default();
        let id = |number: usize| {
            let mut id = [0; 24];
            id[..8].copy_from_slice(&number.to_be_bytes());
            MessageId(id)
        };
        assert!(seen.first(id(0)));
        assert!(!seen.first(id(0)));
        seen.forget(id(0));
        assert!(seen.first(id(0)));
        for number in 1..=MAX_SEEN {
            assert!(seen.first(id(number)));
        }
        assert_eq!((seen.names.len(), seen.order.len()), (MAX_SEEN, MAX_SEEN));
        assert!(seen.first(id(0)), "the oldest is forgotten");
        assert!(!seen.first(id(MAX_SEEN)));
    }
}
