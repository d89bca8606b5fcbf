//! What phones say.

use aisudo_core::{base64url::Base64, device::KeyId};
use aisudo_seal::{
    envelope::{Envelope, Kind, PublicKey},
    message::DeviceSays,
};
use tracing::debug;
use uuid::Uuid;

use super::{
    super::{
        answers::{self, Named, Sealed},
        inboxes::Notice,
        pairing::Messages,
        phones::Phone,
    },
    Hub, Letters,
};
use crate::record::Record;

/// Why nothing came of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// Wrong in any way: nothing tells apart in which.
    Wrong,
    /// There are too many already.
    TooMany,
    /// It could not be recorded: it did not count, and may be sent again.
    Unrecorded,
}

impl Hub {
    /// A phone listens from now on: it hears what there is, and what comes.
    ///
    /// # Errors
    /// When it does not get an inbox.
    pub(crate) async fn listen(&self, envelope: &[u8]) -> Result<Letters, No> {
        let (phone, said) = self.open(envelope).ok_or(No::Wrong)?;
        let DeviceSays::Listen { known } = said else {
            return Err(No::Wrong);
        };
        let known = match known {
            Some(number) => self.parts().port.entry(number).await,
            None => None,
        };
        // What has changed by now is part of what there is.
        self.collect();
        let requests: Vec<Uuid> = {
            let state = self.state();
            let waiting = state.desk.waiting().into_iter();
            waiting.chain(state.desk.over()).collect()
        };
        let first = std::iter::once(Notice::Inbox(known));
        let first = first.chain(requests.into_iter().map(Notice::Request));
        let inbox = self.parts().inboxes.open(phone, first);
        inbox
            .map(|inbox| Letters::new(self.clone(), inbox))
            .ok_or(No::TooMany)
    }

    /// Whatever else a phone says. Nothing comes back but that it was heard.
    ///
    /// # Errors
    /// When it is not listed, or what it says is not known.
    pub(crate) async fn message(&self, envelope: &[u8]) -> Result<(), No> {
        let (phone, said) = self.open(envelope).ok_or(No::Wrong)?;
        match said {
            // It would have to be answered in another way.
            DeviceSays::Listen { .. } => return Err(No::Wrong),
            DeviceSays::Delivered { id } => debug!(%id, device = %phone.key.id(), "delivered"),
            DeviceSays::Shown { id } => debug!(%id, device = %phone.key.id(), "shown"),
            DeviceSays::Tested { nonce } => self.confirm(nonce),
            DeviceSays::Content { id, sha256 } => {
                // Only of what waits: the gate is asked.
                if !self.state().desk.waits(id) {
                    return Err(No::Wrong);
                }
                let content = self.parts().port.contents().of(id, sha256).await;
                let notice = Notice::Content {
                    id,
                    sha256,
                    content: content.map(Base64),
                };
                self.parts().inboxes.put(phone.address(), &notice);
            }
            DeviceSays::Push { subscription } => {
                self.parts().ring.subscribe(phone.address(), subscription);
            }
        }
        Ok(())
    }

    /// An answer: taken, and on disk.
    ///
    /// # Errors
    /// When it did not count.
    pub(crate) async fn decide(&self, envelope: &[u8], named: Option<&Named>) -> Result<(), No> {
        let phones = self.phones();
        let sealed = {
            let mut state = self.state();
            let sealed = answers::open(&state.desk, &phones, envelope).ok_or(No::Wrong)?;
            if !state.seen.first(sealed.message) {
                return Err(No::Wrong);
            }
            sealed
        };
        self.heard(&sealed.phone);
        let listed = self.parts().phones.anew().unwrap_or_default();
        let answer = match sealed.believe(named, &listed) {
            Ok(answer) => answer,
            Err(why) => {
                self.refused(&sealed, &why).await;
                return Err(No::Wrong);
            }
        };
        let decided = self.parts().port.decide(answer).await;
        // What the ledger did is in the mailbox by now.
        self.collect();
        match decided {
            Ok(Ok(())) => Ok(()),
            // It has recorded why.
            Ok(Err(_)) => Err(No::Wrong),
            Err(_) => {
                self.state().seen.forget(sealed.message);
                Err(No::Unrecorded)
            }
        }
    }

    /// A phone answers root's command: what is said to it, from the first message on. Only who has seen the
    /// link knows the host's key, so nobody else can use up what is passed on.
    pub(crate) fn pair(&self, answer: &[u8]) -> Option<Messages> {
        let (sender, envelope) = answer.split_first_chunk()?;
        let sender = PublicKey::from_bytes(*sender).ok()?;
        let opened = Envelope::parse(envelope)
            .ok()?
            .open(&self.parts().key, &sender)
            .ok()?;
        (opened.kind == Kind::Pairing).then_some(())?;
        self.pairing().answer(sender.id(), answer)
    }

    /// What a listed phone says, if it is really from it and is said for the first time.
    fn open(&self, envelope: &[u8]) -> Option<(Phone, DeviceSays)> {
        let envelope = Envelope::parse(envelope).ok()?;
        let phones = self.phones();
        let sender: KeyId = envelope.sender();
        let phone = phones.iter().find(|phone| phone.address() == sender)?;
        let opened = envelope.open(&self.parts().key, &phone.seal).ok()?;
        let said: DeviceSays = serde_json::from_slice(&opened.body).ok()?;
        let is_new = said.kind() == opened.kind && self.state().seen.first(opened.id);
        is_new.then(|| {
            self.heard(phone);
            (phone.clone(), said)
        })
    }

    fn heard(&self, phone: &Phone) {
        let now_ms = self.parts().port.now().unix_ms;
        self.state().heard.insert(phone.address(), now_ms);
    }

    /// Only who holds a paired phone can cause such entries, and so many of them.
    async fn refused(&self, sealed: &Sealed, why: &str) {
        let now = self.parts().port.now();
        let phone = &sealed.phone;
        if self.0.refusals.may_record(phone.address(), now.tick) {
            let record = Record::DecisionRefused {
                id: sealed.id,
                uid: None,
                who: phone.approver.clone(),
                why: format!("{}: {why}", phone.key.id()),
            };
            // Without a record it is refused all the same.
            let _ = self.parts().port.note(record).await;
        }
    }
}
