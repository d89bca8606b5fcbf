//! The JSON of what arrives.

use serde_json::{Value, json};

use crate::people::{Account, Person};
use crate::state::Setup;

/// The times of an envelope, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The sender's word.
    pub(crate) sent: u64,
    /// When the server took it.
    pub(crate) received: u64,
}

/// `params` of a notification: an envelope with one part.
pub(crate) fn params(
    account: &Account,
    sender: &Person,
    times: Times,
    part: &str,
    content: Value,
) -> Value {
    let mut envelope = json!({
        "source": sender.source(),
        "sourceNumber": sender.known_number(),
        "sourceUuid": sender.aci.to_string(),
        "sourceName": sender.name,
        "sourceDevice": sender.device,
        "timestamp": times.sent,
        "serverReceivedTimestamp": times.received,
        "serverDeliveredTimestamp": times.received + 50,
    });
    envelope[part] = content;
    json!({"envelope": envelope, "account": account.number})
}

/// What a message from an untrusted key becomes: who, and that it was not read.
pub(crate) fn untrusted(mail: &Value) -> Value {
    let mut params = mail.clone();
    let source = params["envelope"]["source"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(envelope) = params["envelope"].as_object_mut() {
        for part in [
            "dataMessage",
            "editMessage",
            "receiptMessage",
            "typingMessage",
        ] {
            envelope.remove(part);
        }
    }
    params["exception"] = json!({
        "message": format!("Untrusted identity: {source}"),
        "type": "UntrustedIdentityException",
    });
    params
}

/// A `dataMessage`.
pub(crate) fn data(setup: &Setup, timestamp: u64, message: Option<&str>) -> Value {
    let mut data = json!({
        "timestamp": timestamp,
        "message": message,
        "expiresInSeconds": 0,
        "viewOnce": false,
    });
    if setup.is_since([0, 13, 21]) {
        data["isExpirationUpdate"] = false.into();
    }
    data
}

/// `quote` in a `dataMessage`.
pub(crate) fn quote(author: &Person, timestamp: u64, text: &str) -> Value {
    json!({
        "id": timestamp,
        "author": author.source(),
        "authorNumber": author.known_number(),
        "authorUuid": author.aci.to_string(),
        "text": text,
        "attachments": [],
    })
}

/// `reaction` in a `dataMessage`.
pub(crate) fn reaction(author: &Person, timestamp: u64, emoji: &str, removed: bool) -> Value {
    json!({
        "emoji": emoji,
        "targetAuthor": author.source(),
        "targetAuthorNumber": author.known_number(),
        "targetAuthorUuid": author.aci.to_string(),
        "targetSentTimestamp": timestamp,
        "isRemove": removed,
    })
}

/// `pollVote` in a `dataMessage`; the author is the poll's.
pub(crate) fn vote(author: &Person, timestamp: u64, options: &[u32], count: u32) -> Value {
    json!({
        "author": author.source(),
        "authorNumber": author.known_number(),
        "authorUuid": author.aci.to_string(),
        "targetSentTimestamp": timestamp,
        "optionIndexes": options,
        "voteCount": count,
    })
}

/// `groupInfo` in a `dataMessage`.
pub(crate) fn group(id: &str) -> Value {
    json!({"groupId": id, "groupName": "A group", "revision": 1, "type": "DELIVER"})
}

/// `receiptMessage`.
pub(crate) fn receipt(when: u64, read: bool, timestamps: &[u64]) -> Value {
    json!({
        "when": when,
        "isDelivery": !read,
        "isRead": read,
        "isViewed": false,
        "timestamps": timestamps,
    })
}

/// `syncMessage`: what the owner wrote on another device. `data` is a `dataMessage`, or for an edit an
/// object with an `editMessage`.
pub(crate) fn sync(destination: Option<&Person>, data: Value) -> Value {
    let mut sent = data;
    sent["destination"] = destination.map(Person::source).into();
    sent["destinationNumber"] = destination.and_then(Person::known_number).into();
    sent["destinationUuid"] = destination.map(|person| person.aci.to_string()).into();
    json!({"sentMessage": sent})
}
