//! What is sent, and to whom.

use std::ops::Range;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Failure;

/// Who receives a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The account of this identity (ACI).
    Account(Uuid),
    /// A number (`+1555…`) or a username (`u:name.01`).
    Address(String),
    /// The sending account's own "note to self".
    NoteToSelf,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub text: String,
    /// Parts of fixed width, in UTF-16 code units.
    pub monospace: Vec<Range<usize>>,
    /// Bold parts, in UTF-16 code units.
    pub bold: Vec<Range<usize>>,
    /// The timestamp of the message of our own that it takes the place of.
    pub edits: Option<u64>,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// By which Signal tells it from others of the same sender, in milliseconds since 1970.
    pub timestamp: u64,
    /// The recipient's identity, as signal-cli knows it.
    pub uuid: Option<Uuid>,
}

impl Recipient {
    /// The parameters that name it.
    pub(crate) fn parameters(&self) -> Map<String, Value> {
        let (name, value) = match self {
            Self::Account(aci) => ("recipient", json!([aci])),
            Self::Address(address) => ("recipient", json!([address])),
            Self::NoteToSelf => ("noteToSelf", json!(true)),
        };
        Map::from_iter([(name.to_owned(), value)])
    }
}

impl Message {
    /// The parameters of `send`. signal-cli ignores those that it does not know, so a mistake here
    /// would go unnoticed: the tests hold the names.
    pub(crate) fn parameters(&self, to: &Recipient) -> Map<String, Value> {
        let mut parameters = to.parameters();
        let mut put = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
        put("message", json!(self.text));
        let styled = |ranges: &[Range<usize>], style: &str| -> Vec<String> {
            let one = |range: &Range<usize>| format!("{}:{}:{style}", range.start, range.len());
            ranges.iter().map(one).collect()
        };
        let styles = [
            styled(&self.bold, "BOLD"),
            styled(&self.monospace, "MONOSPACE"),
        ]
        .concat();
        if !styles.is_empty() {
            put("textStyle", json!(styles));
        }
        if let Some(timestamp) = self.edits {
            put("editTimestamp", json!(timestamp));
        }
        parameters
    }
}

impl Sent {
    /// Reads the result of a call that sends.
    ///
    /// # Errors
    /// The failure inside, when nobody received it.
    pub(crate) fn of_result(result: &Value) -> Result<Self, Failure> {
        let results = result.get("results");
        if let Some(failure) = results.and_then(Failure::of_results) {
            return Err(failure);
        }
        let timestamp = result.get("timestamp").and_then(Value::as_u64);
        let timestamp = timestamp.ok_or_else(|| Failure::Refused {
            code: 0,
            message: "it does not say what it sent".to_owned(),
        })?;
        let uuid = result.pointer("/results/0/recipientAddress/uuid");
        Ok(Self {
            timestamp,
            uuid: uuid
                .and_then(Value::as_str)
                .and_then(|uuid| uuid.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACI: Uuid = Uuid::from_u128(7);

    #[test]
    fn a_message_has_the_names_that_signal_cli_knows() {
        let message = Message {
            text: "sudo".to_owned(),
            bold: vec![0..4, 6..7],
            monospace: vec![2..4, 5..9],
            edits: Some(1_767_225_600_001),
        };
        let expected = json!({
            "recipient": ["00000000-0000-0000-0000-000000000007"],
            "message": "sudo",
            "textStyle": ["0:4:BOLD", "6:1:BOLD", "2:2:MONOSPACE", "5:4:MONOSPACE"],
            "editTimestamp": 1_767_225_600_001_u64,
        });
        let parameters = message.parameters(&Recipient::Account(ACI));
        assert_eq!(Value::Object(parameters), expected);
        let note = Message::default().parameters(&Recipient::NoteToSelf);
        assert_eq!(
            Value::Object(note),
            json!({"noteToSelf": true, "message": ""})
        );
    }

    #[test]
    fn what_was_sent_is_known_by_its_timestamp() {
        let result = json!({"timestamp": 1_795_471_736_456_u64, "results": [
            {"recipientAddress": {"uuid": ACI, "number": "+15550002222", "username": null}, "type": "SUCCESS"}
        ]});
        let sent = Sent::of_result(&result).unwrap();
        assert_eq!((sent.timestamp, sent.uuid), (1_795_471_736_456, Some(ACI)));
        let inside = json!({"timestamp": 1, "results": [{"type": "IDENTITY_FAILURE"}]});
        assert_eq!(Sent::of_result(&inside), Err(Failure::Untrusted));
    }
}
