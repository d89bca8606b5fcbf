//! Whether an answer may count: opened, read, verified. Pure.

use aisudo_core::{
    digest::request_digest,
    evidence::{AppEvidence, Evidence, Verdict},
    raw::Hex32,
};
use aisudo_seal::{envelope::Envelope, statement::Signed};
use uuid::Uuid;

use super::{desk::Desk, phones::Phone};
use crate::broker::Answer;

/// What a carrier was told: which request, by both its names, and yes or no.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) id: Uuid,
    pub(crate) nonce: Hex32,
    pub(crate) verdict: Verdict,
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// It is anybody's, or about nothing that waits: not worth a word.
    Noise,
    /// A listed device sent it, and it is not as it must be.
    Refused {
        /// Whose device.
        who: String,
        /// Why, for the record.
        why: String,
    },
}

/// The answer for the ledger, and whose it is.
pub(super) fn read<'a>(
    desk: &Desk,
    phones: &'a [Phone],
    named: Named,
    envelope: &[u8],
) -> Result<(Answer, &'a Phone), No> {
    let case = desk.case_named(named.id, &named.nonce).ok_or(No::Noise)?;
    let envelope = Envelope::parse(envelope).map_err(|_| No::Noise)?;
    let phone = phones
        .iter()
        .find(|phone| phone.address() == envelope.sender())
        .ok_or(No::Noise)?;
    let reply = case.reply(phone.address()).ok_or(No::Noise)?;
    let opened = reply.open(&envelope, &phone.seal).map_err(|_| No::Noise)?;
    // From here on it is known to come from that device.
    let refused = |why: &str| No::Refused {
        who: phone.approver.clone(),
        why: format!("{}: {why}", phone.key.id()),
    };
    let signed: Signed =
        serde_json::from_slice(&opened.body).map_err(|_| refused("the answer cannot be read"))?;
    let statement = &signed.statement;
    if (statement.digest, statement.nonce) != (case.row.digest, case.nonce) {
        return Err(refused("the answer is for another request"));
    }
    if statement.verdict != named.verdict {
        return Err(refused("it says one thing and was sent as the other"));
    }
    // The device's own key, and not that of another device of the list.
    signed
        .verify([&phone.key])
        .map_err(|why| refused(&why.to_string()))?;
    let answer = Answer {
        id: named.id,
        digest: statement.digest,
        nonce: Some(statement.nonce),
        verdict: statement.verdict,
        approver: phone.approver.clone(),
        note: Some(statement.note.clone()).filter(|note| !note.is_empty()),
        evidence: Evidence::App(Box::new(AppEvidence {
            device: signed.device,
            signed_at_ms: statement.at_ms,
            proof: signed.proof.clone(),
        })),
        decider: None,
    };
    Ok((answer, phone))
}

/// The nonce in a request's frozen bytes, if these are what they are said to be.
pub(super) fn nonce_of(body: &str, digest: &Hex32) -> Option<Hex32> {
    let request = aisudo_core::request::Request::parse(body).ok()?;
    (request_digest(body.as_bytes()) == *digest).then_some(request.nonce)
}
