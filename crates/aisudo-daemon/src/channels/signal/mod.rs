//! Approvers at their phones, by Signal: through a signal-cli daemon that root runs.
//!
//! ```text
//! writer ─▶ mailbox ─▶ worker ─▶ desk (what was asked of whom) ─▶ outbox ─▶ signal-cli ─▶ phone
//! ledger ◀─ answers ◀─ believe (who may say what, and means what) ◀──────── signal-cli ◀─ phone
//! ```
//!
//! Signal is trusted to deliver, and to say which account a message is from as long as that account's
//! identity key is the one that root pinned. That key is looked at again before whatever is sent to an
//! approver, and before each answer counts.

mod answers;
mod believe;
mod desk;
mod health;
mod keys;

mod outbox;
mod prompt;
mod sent;
mod session;
mod versions;
mod words;
mod worker;

use aisudo_core::{config, evidence::EvidenceKind, wire::Row};

use self::health::Health;
use super::{Announcement, Channel, Reach, Work, mailbox::Mailbox};

/// The channel, as the writer sees it.
#[derive(Debug)]
pub(super) struct Signal {
    mailbox: Mailbox,
    health: Health,
}

impl Signal {
    /// The channel, and what must run for it.
    pub(super) fn new(config: &config::Signal) -> (Self, Work) {
        let (mailbox, health) = (Mailbox::default(), Health::default());
        let channel = Self {
            mailbox: mailbox.clone(),
            health: health.clone(),
        };
        let config = config.clone();
        let work: Work = Box::new(move |port| {
            Box::pin(worker::Worker::new(config, mailbox, health, port).run())
        });
        (channel, work)
    }
}

impl Channel for Signal {
    fn kind(&self) -> EvidenceKind {
        EvidenceKind::Signal
    }

    fn announce(&mut self, announcement: &Announcement<'_>) {
        self.mailbox.announce(announcement);
    }

    fn update(&mut self, row: &Row) {
        self.mailbox.update(row);
    }

    fn reach(&self) -> Reach {
        self.health.reach()
    }

    fn health(&self) -> String {
        self.health.text()
    }
}
