//! What signal-cli reports: messages, receipts, keys that have changed. Reading is total: whatever
//! signal-cli may say, it is an event or nothing.

use serde_json::Value;
use uuid::Uuid;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message came.
    Message(Box<Incoming>),
    /// A message of ours reached a device, or was read there.
    Receipt {
        /// Whose device.
        sender: Uuid,
        /// It arrived.
        delivered: bool,
        /// It was read.
        read: bool,
        /// Our messages' timestamps.
        timestamps: Vec<u64>,
    },
    /// A message was held back: the identity key of its sender is not trusted.
    Untrusted {
        /// Whose key.
        sender: Option<Uuid>,
    },
    /// So many events were dropped, because nobody took them, or they were too long.
    Lost(usize),
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The account that received it, as signal-cli names it.
    pub account: Option<String>,
    /// The sender's account identity (ACI). Nothing for one that shows only its number.
    pub sender: Option<Uuid>,
    /// The sender's device; 1 is the phone.
    pub device: u32,
    /// The message's own timestamp, by the sender's clock, in milliseconds since 1970.
    pub timestamp: u64,
    /// When Signal's server took it, in milliseconds since 1970; 0 if that is not known.
    pub received_at_ms: u64,
    /// Whether another device of the receiving account sent it.
    pub sync: bool,
    /// To whom such a one was sent.
    pub destination: Option<Uuid>,
    /// Whether it was said in a group.
    pub group: bool,
    /// The timestamp of the message that it takes the place of.
    pub edits: Option<u64>,
    /// What it says.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// The message that is answered by them.
        quotes: Option<Quoted>,
    },
    /// An emoji on a message.
    Reaction(Reaction),
    /// A vote in a poll.
    Vote(Vote),
    /// Anything else.
    Other,
}

/// A message that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its timestamp.
    pub timestamp: u64,
    /// Who wrote it, as the sender of the answer says.
    pub author: Author,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// By account identity.
    pub uuid: Option<Uuid>,
    /// By number.
    pub number: Option<String>,
}

/// An emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who wrote the message.
    pub author: Author,
    /// The message's timestamp.
    pub timestamp: u64,
    /// Whether it was taken back.
    pub removed: bool,
}

/// A vote in a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who asked.
    pub author: Author,
    /// The poll's timestamp.
    pub timestamp: u64,
    /// The options that are voted for now, from 0.
    pub options: Vec<u32>,
}

/// What the parameters of a `receive` notification mean, if anything: those of an automatic receive
/// mode, or of a subscription.
#[must_use]
pub fn event_of(parameters: &Value) -> Option<Event> {
    let parameters = match parameters.get("subscription") {
        Some(_) => parameters.get("result")?,
        None => parameters,
    };
    let envelope = parameters.get("envelope")?;
    let sender = uuid(envelope, "sourceUuid");
    if let Some(exception) = parameters.get("exception") {
        let kind = exception.get("type").and_then(Value::as_str);
        let untrusted = kind == Some("UntrustedIdentityException");
        return untrusted.then_some(Event::Untrusted { sender });
    }
    if let Some(receipt) = object(envelope, "receiptMessage") {
        let timestamps = receipt.get("timestamps").and_then(Value::as_array);
        return Some(Event::Receipt {
            sender: sender?,
            delivered: flag(receipt, "isDelivery"),
            read: flag(receipt, "isRead"),
            timestamps: timestamps
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect(),
        });
    }
    let sent = object(envelope, "syncMessage").and_then(|sync| object(sync, "sentMessage"));
    let carrier = sent.unwrap_or(envelope);
    let edit = object(carrier, "editMessage");
    let data = match (edit, sent) {
        (Some(edit), _) => object(edit, "dataMessage")?,
        (None, Some(sent)) => sent,
        (None, None) => object(envelope, "dataMessage")?,
    };
    let in_group = |message: &Value| {
        ["groupInfo", "groupV2", "groupContext"]
            .iter()
            .any(|name| object(message, name).is_some())
    };
    Some(Event::Message(Box::new(Incoming {
        account: text(parameters, "account"),
        sender,
        device: envelope
            .get("sourceDevice")
            .and_then(Value::as_u64)
            .and_then(|device| u32::try_from(device).ok())
            .unwrap_or_default(),
        timestamp: number(envelope, "timestamp")?,
        received_at_ms: number(envelope, "serverReceivedTimestamp").unwrap_or_default(),
        sync: sent.is_some(),
        destination: sent.and_then(|sent| uuid(sent, "destinationUuid")),
        group: in_group(data) || in_group(carrier),
        edits: edit.map(|edit| number(edit, "targetSentTimestamp").unwrap_or_default()),
        content: content(data),
    })))
}

/// What makes a message something else, whatever its words.
const OTHER: [&str; 4] = [
    "remoteDelete",
    "storyContext",
    "pollCreate",
    "pollTerminate",
];

/// What a message says. One that says several things at once says nothing: no phone writes such.
fn content(data: &Value) -> Content {
    let is_other = OTHER.iter().any(|name| object(data, name).is_some());
    let words = text(data, "message").filter(|words| !words.is_empty());
    let content = match (object(data, "reaction"), object(data, "pollVote"), words) {
        (Some(reaction), None, None) => reaction_of(reaction),
        (None, Some(vote), None) => vote_of(vote),
        (None, None, Some(text)) => Some(Content::Text {
            text,
            quotes: object(data, "quote").map(|quote| Quoted {
                timestamp: number(quote, "id").unwrap_or_default(),
                author: author(quote, "author"),
            }),
        }),
        _ => None,
    };
    content.filter(|_| !is_other).unwrap_or(Content::Other)
}

fn reaction_of(reaction: &Value) -> Option<Content> {
    let (author, timestamp) = target(reaction, "targetAuthor")?;
    Some(Content::Reaction(Reaction {
        emoji: text(reaction, "emoji").unwrap_or_default(),
        author,
        timestamp,
        // Only a reaction that surely stands is one.
        removed: reaction.get("isRemove").and_then(Value::as_bool) != Some(false),
    }))
}

fn vote_of(vote: &Value) -> Option<Content> {
    let (author, timestamp) = target(vote, "author")?;
    let options = vote.get("optionIndexes").and_then(Value::as_array);
    let index = |option: &Value| option.as_u64().and_then(|index| u32::try_from(index).ok());
    let options: Option<Vec<u32>> = options.into_iter().flatten().map(index).collect();
    Some(Content::Vote(Vote {
        author,
        timestamp,
        options: options?,
    }))
}

/// The message that something is about: its author, and its timestamp.
fn target(value: &Value, name: &str) -> Option<(Author, u64)> {
    let timestamp = number(value, "targetSentTimestamp")?;
    Some((author(value, name), timestamp))
}

fn author(value: &Value, name: &str) -> Author {
    Author {
        uuid: uuid(value, &format!("{name}Uuid")),
        number: text(value, &format!("{name}Number")),
    }
}

fn object<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|field| field.is_object())
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

fn uuid(value: &Value, name: &str) -> Option<Uuid> {
    // "PNI:…", by which an account shows only its number, is none.
    value.get(name)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
