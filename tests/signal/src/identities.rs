//! Identity keys that change.

use crate::people::{Person, UNTRUSTED, UNVERIFIED, VERIFIED};
use crate::sim::Sim;
use crate::state::{Shared, now_ms};

impl Sim {
    /// The fingerprint of somebody's identity key now, as `listIdentities` shows it.
    pub fn fingerprint(&self, person: &Person) -> String {
        self.shared().lock().known(person).fingerprint()
    }

    /// Somebody has a new identity key: a new phone, or another person. What they write is withheld and
    /// what is sent to them fails, until the key is trusted. Gives the new fingerprint.
    pub fn change_key(&self, person: &Person) -> String {
        let believed = self.shared().setup.trusts_new_keys;
        self.shared().change(|state| {
            let known = state.known(person);
            known.key += 1;
            known.trust = if believed { UNVERIFIED } else { UNTRUSTED };
            known.met = Some(now_ms());
            known.fingerprint()
        })
    }

    /// Root says `signal-cli trust`: what was withheld is delivered.
    pub fn trust(&self, person: &Person) {
        trust(self.shared(), person, true);
    }
}

/// Trusts the key that there is, and hands over what was withheld.
pub(crate) fn trust(shared: &Shared, person: &Person, verified: bool) {
    shared.change(|state| {
        state.known(person).trust = if verified { VERIFIED } else { UNVERIFIED };
        let (theirs, others) = state
            .withheld
            .drain(..)
            .partition(|mail| mail.sender == Some(person.aci));
        state.withheld = others;
        let theirs: Vec<_> = theirs;
        for mail in theirs.into_iter().rev() {
            state.mail.push_front(mail);
        }
    });
}
