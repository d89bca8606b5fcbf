//! What a message from Signal means, and whether it may be believed. Pure.
//!
//! An answer counts only from the account that root pinned, in a direct message that is not an edit,
//! and only for requests that this very approver was asked about by a message of ours: named by code,
//! by quote, by reaction or by poll. To strangers nothing is said.

use aisudo_core::{
    approvers::{Approvers, SignalAccount},
    config::Forms,
    evidence::{SignalForm, Verdict},
    raw::Hex32,
    wire::{MAX_NOTE_BYTES, Row},
};
use aisudo_signal::{Author, Content, Incoming, Quoted, Reaction, Vote};
use uuid::Uuid;

use super::{
    desk::{Desk, Key, Message},
    prompt::Help,
    words::Words,
};
use crate::record::PromptForm;

/// Our own account.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// Its number.
    pub(super) account: String,
    /// Its identity (ACI), as far as signal-cli says.
    pub(super) aci: Option<Uuid>,
    /// Whether the approver is the account itself.
    pub(super) note_to_self: bool,
}

/// What there is to believe by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) own: &'a Own,
    pub(super) approvers: &'a Approvers,
    pub(super) desk: &'a Desk,
    pub(super) words: &'a Words,
    pub(super) forms: Forms,
}

/// What is to be done about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// It tries to decide, and may not.
    Refused(Refused),
    /// Its sender is an approver, and gets a line of help.
    Help(Uuid, Help),
    /// An answer, if the sender's key is still the one that root pinned.
    Answer(Box<Answered>),
    /// It is about a message of ours that is not known; perhaps not yet.
    Unknown(Uuid),
}

/// An attempt to decide that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// What it is about.
    pub(super) requests: Vec<Uuid>,
    /// Who tried.
    pub(super) who: String,
    /// Why it does not count.
    pub(super) why: &'static str,
    /// Whom to help, when that is an approver.
    pub(super) help: Option<(Uuid, Help)>,
}

/// An approver's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) approver: String,
    pub(super) account: SignalAccount,
    pub(super) verdict: Verdict,
    pub(super) note: Option<String>,
    pub(super) targets: Vec<Target>,
    pub(super) form: SignalForm,
    pub(super) device: u32,
    pub(super) answered_at_ms: u64,
    pub(super) received_at_ms: u64,
}

/// A request that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: Uuid,
    /// The digest of what was shown.
    pub(super) digest: Hex32,
    /// The timestamp of the message that asked.
    pub(super) asked_at_ms: u64,
}

/// What a message says, whoever sent it.
enum Said {
    Nothing,
    Help(Help),
    /// About a message of ours that is not known.
    Unknown,
    Decides {
        verdict: Verdict,
        note: Option<String>,
        targets: Vec<Target>,
        form: SignalForm,
    },
}

pub(super) fn hear(known: &Known<'_>, incoming: &Incoming) -> Heard {
    let Some(sender) = incoming.sender else {
        return Heard::Nothing;
    };
    if incoming
        .account
        .as_ref()
        .is_some_and(|account| *account != known.own.account)
    {
        return Heard::Nothing;
    }
    let (name, account) = match approver(known, incoming, sender) {
        Ok(approver) => approver,
        Err(why) => return refused(known, incoming, sender, format!("signal:{sender}"), why),
    };
    if incoming.group {
        let why = "it was said in a group";
        return refused(known, incoming, sender, name.to_owned(), why);
    }
    if incoming.received_at_ms < account.since_ms {
        let why = "it was sent before root trusted the sender's key";
        return refused(known, incoming, sender, name.to_owned(), why);
    }
    if incoming.edits.is_some() {
        let why = "it is an edited message";
        return match refused(known, incoming, sender, name.to_owned(), why) {
            Heard::Refused(refused) => Heard::Refused(Refused {
                help: Some((sender, Help::Edited)),
                ..refused
            }),
            heard => heard,
        };
    }
    match said(known, incoming, sender) {
        Said::Nothing => Heard::Nothing,
        Said::Help(help) => Heard::Help(sender, help),
        Said::Unknown => Heard::Unknown(sender),
        Said::Decides {
            verdict,
            note,
            targets,
            form,
        } => Heard::Answer(Box::new(Answered {
            approver: name.to_owned(),
            account: account.clone(),
            verdict,
            note,
            targets,
            form,
            device: incoming.device,
            answered_at_ms: incoming.timestamp,
            received_at_ms: incoming.received_at_ms,
        })),
    }
}

/// The approver who sent it, or why the sender is none.
fn approver<'a>(
    known: &Known<'a>,
    incoming: &Incoming,
    sender: Uuid,
) -> Result<(&'a str, &'a SignalAccount), &'static str> {
    let is_own = known.own.aci == Some(sender) || incoming.sync;
    match (known.own.note_to_self, is_own) {
        (false, true) => return Err("it comes from the account that asks"),
        (true, false) => return Err("only the account's own notes count"),
        (true, true) if !(incoming.sync && incoming.destination == Some(sender)) => {
            return Err("it is no note to oneself");
        }
        _ => {}
    }
    known
        .approvers
        .on_signal()
        .find(|(_, account)| account.aci == sender)
        .ok_or("the sender is no approver")
}

/// Recorded if it would have decided something.
fn refused(
    known: &Known<'_>,
    incoming: &Incoming,
    sender: Uuid,
    who: String,
    why: &'static str,
) -> Heard {
    let requests = match said(known, incoming, sender) {
        Said::Decides { targets, .. } => targets.into_iter().map(|target| target.id).collect(),
        // Others were not asked, so no message of ours names a request to them: codes do.
        Said::Help(Help::NotAsked { code }) => known
            .desk
            .by_code(&code)
            .map(|case| case.row.id)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    if requests.is_empty() {
        return Heard::Nothing;
    }
    Heard::Refused(Refused {
        requests,
        who,
        why,
        help: None,
    })
}

fn said(known: &Known<'_>, incoming: &Incoming, sender: Uuid) -> Said {
    match &incoming.content {
        Content::Text { text, quotes } => text_said(known, text, quotes.as_ref(), sender),
        Content::Reaction(reaction) => reaction_said(known, reaction, sender),
        Content::Vote(vote) => vote_said(known, vote, sender),
        Content::Other => Said::Nothing,
    }
}

fn text_said(known: &Known<'_>, text: &str, quotes: Option<&Quoted>, sender: Uuid) -> Said {
    let desk = known.desk;
    let reading = known.words.read(text, |code| desk.by_code(code).is_some());
    let quotes = quotes.filter(|quoted| is_ours(known.own, &quoted.author));
    let quoted = match quotes {
        None => None,
        Some(quoted) => match question(desk, quoted.timestamp, sender) {
            Some(found) => Some(found),
            None => return Said::Unknown,
        },
    };
    let named = !reading.codes.is_empty() || quoted.is_some();
    let Some(verdict) = reading.verdict else {
        // An owner's own notes are not for us, unless they name a request.
        let meant = named || !known.own.note_to_self && !desk.waiting().is_empty();
        return match meant {
            true => Said::Help(Help::NotUnderstood {
                waiting: desk.waiting(),
            }),
            false => Said::Nothing,
        };
    };
    if !named {
        return match desk.waiting().is_empty() && known.own.note_to_self {
            true => Said::Nothing,
            false => Said::Help(Help::NoCode {
                waiting: desk.waiting(),
            }),
        };
    }
    if !known.forms.reply {
        return Said::Help(Help::SwitchedOff {
            form: "answers by message",
        });
    }
    let note = reading.note;
    if let Some(bytes) = note.as_ref().map(String::len)
        && bytes > MAX_NOTE_BYTES
    {
        return Said::Help(Help::NoteTooLong { bytes });
    }
    if let Some((key, message)) = quoted.filter(|_| reading.codes.is_empty()) {
        return decides(desk, key, message, verdict, note, SignalForm::Quote);
    }
    let mut targets = Vec::new();
    for code in &reading.codes {
        let Some(case) = desk.by_code(code) else {
            return Said::Help(Help::UnknownCode {
                code: code.clone(),
                waiting: desk.waiting(),
            });
        };
        let Row { id, digest, .. } = case.row;
        let asked = match quoted {
            Some((_, message)) if !message.requests.contains(&id) => {
                return Said::Help(Help::Ambiguous);
            }
            Some(quoted) => Some(quoted),
            None => desk.asked(id, sender),
        };
        match asked {
            Some((_, message)) if cannot_approve(message, verdict) => {
                return Said::Help(Help::NotShown { code: code.clone() });
            }
            Some((key, _)) => targets.push(Target {
                id,
                digest,
                asked_at_ms: key.sent_at_ms,
            }),
            None => return Said::Help(Help::NotAsked { code: code.clone() }),
        }
    }
    Said::Decides {
        verdict,
        note,
        targets,
        form: match quoted {
            Some(_) => SignalForm::Quote,
            None => SignalForm::Code,
        },
    }
}

fn reaction_said(known: &Known<'_>, reaction: &Reaction, sender: Uuid) -> Said {
    // What was decided stays decided: to take a reaction back means nothing.
    if reaction.removed || !is_ours(known.own, &reaction.author) {
        return Said::Nothing;
    }
    let Some(verdict) = thumb(&reaction.emoji) else {
        return Said::Nothing;
    };
    let Some((key, message)) = question(known.desk, reaction.timestamp, sender) else {
        return Said::Unknown;
    };
    if !known.forms.reaction {
        return Said::Help(Help::SwitchedOff { form: "reactions" });
    }
    decides(
        known.desk,
        key,
        message,
        verdict,
        None,
        SignalForm::Reaction,
    )
}

fn vote_said(known: &Known<'_>, vote: &Vote, sender: Uuid) -> Said {
    if !is_ours(known.own, &vote.author) {
        return Said::Nothing;
    }
    // The order in which `worker` gives the options.
    let verdict = match vote.options.as_slice() {
        [0] => Verdict::Approve,
        [1] => Verdict::Deny,
        _ => return Said::Nothing,
    };
    let key = Key {
        sent_at_ms: vote.timestamp,
        to: sender,
    };
    match known.desk.message(key) {
        Some(message) if message.form == PromptForm::Poll => {
            decides(known.desk, key, message, verdict, None, SignalForm::Poll)
        }
        Some(_) => Said::Nothing,
        None => Said::Unknown,
    }
}

/// A decision about all that a message asks about.
fn decides(
    desk: &Desk,
    key: Key,
    message: &Message,
    verdict: Verdict,
    note: Option<String>,
    form: SignalForm,
) -> Said {
    if cannot_approve(message, verdict) {
        let code = message.requests.iter().find_map(|id| desk.case(*id));
        let code = code.map(|case| case.row.code.clone()).unwrap_or_default();
        return Said::Help(Help::NotShown { code });
    }
    let targets = message.requests.iter().filter_map(|id| {
        let row = &desk.case(*id)?.row;
        Some(Target {
            id: *id,
            digest: row.digest,
            asked_at_ms: key.sent_at_ms,
        })
    });
    Said::Decides {
        verdict,
        note,
        targets: targets.collect(),
        form,
    }
}

/// What was not shown whole is not approved (I4).
fn cannot_approve(message: &Message, verdict: Verdict) -> bool {
    verdict == Verdict::Approve && message.form == PromptForm::Pointer
}

/// The question that this approver was sent at that time.
fn question(desk: &Desk, sent_at_ms: u64, to: Uuid) -> Option<(Key, &Message)> {
    let key = Key { sent_at_ms, to };
    desk.message(key)
        .filter(|message| message.form != PromptForm::Poll)
        .map(|message| (key, message))
}

fn is_ours(own: &Own, author: &Author) -> bool {
    match (author.uuid, own.aci) {
        (Some(author), Some(own)) => author == own,
        _ => author.number.as_ref() == Some(&own.account),
    }
}

/// A thumb of any skin.
fn thumb(emoji: &str) -> Option<Verdict> {
    let bare: String = emoji
        .chars()
        .filter(|c| !matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0f}'))
        .collect();
    match bare.as_str() {
        "👍" => Some(Verdict::Approve),
        "👎" => Some(Verdict::Deny),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
