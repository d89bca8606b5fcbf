//! Whether an answer may count: opened with its request's reply key, and signed for that very request by the
//! phone that sent it, which root lists now. Pure.

use aisudo_core::{
    evidence::{AppEvidence, Evidence, Verdict},
    raw::Hex32,
};
use aisudo_seal::{
    envelope::{Envelope, MessageId},
    statement::{Signed, Why},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{desk::Desk, phones::Phone};
use crate::broker::Answer;

#[cfg(test)]
mod tests;

/// What a carrier was told besides, where it was: which request, by both its names, and yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: Uuid,
    pub(crate) nonce: Hex32,
    pub(crate) verdict: Verdict,
}

/// An answer that a phone has sealed to the key of a request that waits.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Tells it from others, and not from itself.
    pub(super) message: MessageId,
    /// The request whose key has opened it.
    pub(super) id: Uuid,
    digest: Hex32,
    nonce: Hex32,
    /// Who has sealed it.
    pub(super) phone: Phone,
    body: Zeroizing<Vec<u8>>,
}

/// Opens it. Nothing: it is anybody's, or about nothing that waits, and not worth a word.
pub(super) fn open(desk: &Desk, phones: &[Phone], envelope: &[u8]) -> Option<Sealed> {
    let envelope = Envelope::parse(envelope).ok()?;
    let (case, address, reply) = desk.keyed(envelope.recipient())?;
    let phone = phones.iter().find(|phone| phone.address() == address)?;
    let opened = reply.open(&envelope, &phone.seal).ok()?;
    Some(Sealed {
        message: opened.id,
        id: case.row.id,
        digest: case.row.digest,
        nonce: case.nonce,
        phone: phone.clone(),
        body: opened.body,
    })
}

impl Sealed {
    /// What it says, for the ledger, if that may count.
    ///
    /// # Errors
    /// Why not, for the record: it is known to come from that phone.
    pub(super) fn believe(
        &self,
        named: Option<&Named>,
        listed: &[Phone],
    ) -> Result<Answer, String> {
        let signed: Signed = serde_json::from_slice(&self.body)
            .map_err(|_| "the answer cannot be read".to_owned())?;
        let statement = &signed.statement;
        if (statement.digest, statement.nonce) != (self.digest, self.nonce) {
            return Err("the answer is for another request".to_owned());
        }
        let says = Named {
            id: self.id,
            nonce: self.nonce,
            verdict: statement.verdict,
        };
        if named.is_some_and(|named| *named != says) {
            return Err("it says one thing and was sent as the other".to_owned());
        }
        let still = listed.iter().find(|phone| phone.is(&self.phone));
        // The phone's own key, and not that of another one of the list.
        signed
            .verify(still.map(|phone| &phone.key))
            .map_err(|why: Why| why.to_string())?;
        Ok(Answer {
            id: self.id,
            digest: self.digest,
            nonce: Some(self.nonce),
            verdict: statement.verdict,
            approver: self.phone.approver.clone(),
            note: Some(statement.note.clone()).filter(|note| !note.is_empty()),
            evidence: Evidence::App(Box::new(AppEvidence {
                device: signed.device,
                signed_at_ms: statement.at_ms,
                proof: signed.proof.clone(),
            })),
            decider: None,
        })
    }
}
