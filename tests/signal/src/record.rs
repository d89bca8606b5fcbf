//! What the daemon was asked to do.

use serde_json::Value;

/// One call, as it came.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: String,
    /// Its parameters; null where there were none.
    pub params: Value,
    /// When the line was read: `CLOCK_MONOTONIC`, in nanoseconds.
    pub at_ns: u64,
}

/// One message that went out to Signal: text, edit, poll, reaction or deletion.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its timestamp, by which Signal knows it: milliseconds since 1970, unique.
    pub timestamp: u64,
    /// The method by which it was sent.
    pub method: String,
    /// The account it went out from.
    pub account: String,
    /// To whom, in the words of the caller.
    pub recipients: Vec<String>,
    /// To the account's own "note to self".
    pub note_to_self: bool,
    /// The text, or a poll's question.
    pub text: String,
    /// `start:length:STYLE`, in UTF-16 units.
    pub styles: Vec<String>,
    /// The message that it replaces.
    pub edits: Option<u64>,
    /// The message that it quotes.
    pub quote: Option<Quote>,
    /// The poll that it opens.
    pub poll: Option<Poll>,
    /// The poll that it ends.
    pub ends_poll: Option<u64>,
    /// The reaction that it is.
    pub reaction: Option<Reaction>,
    /// The message that it deletes.
    pub deletes: Option<u64>,
    /// Whether it was sent without waking the phone.
    pub no_urgent: bool,
    /// When its line was read: `CLOCK_MONOTONIC`, in nanoseconds.
    pub at_ns: u64,
    /// Its caller has the answer, or will not have it soon. Only then can the tests see it, so that
    /// what they answer comes after it unless they ask for the opposite.
    pub(crate) answered: bool,
}

/// A quoted message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The quoted message's timestamp.
    pub timestamp: u64,
    /// Who wrote it.
    pub author: String,
    /// What it is said to say.
    pub text: String,
}

/// A poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// What can be chosen.
    pub options: Vec<String>,
    /// Only one of them.
    pub no_multi: bool,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who wrote the message reacted to.
    pub author: String,
    /// Its timestamp.
    pub timestamp: u64,
    /// Taken back.
    pub removed: bool,
}

impl Message {
    /// The text between a style's offsets, as a phone would show it; nothing where they point outside.
    #[must_use]
    pub fn styled(&self, style: &str) -> Vec<String> {
        let units: Vec<u16> = self.text.encode_utf16().collect();
        let styled = |text: &String| {
            let mut parts = text.splitn(3, ':');
            let start: usize = parts.next()?.parse().ok()?;
            let length: usize = parts.next()?.parse().ok()?;
            let range = units.get(start..start.checked_add(length)?)?;
            (parts.next()? == style).then(|| String::from_utf16_lossy(range))
        };
        self.styles.iter().filter_map(styled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn styles_count_in_utf_16_units() {
        let message = Message {
            text: "\u{1f44d} sudo id".to_owned(),
            styles: vec![
                "3:7:MONOSPACE".to_owned(),
                "0:2:BOLD".to_owned(),
                "9:9:BOLD".to_owned(),
            ],
            ..Message::default()
        };
        assert_eq!(message.styled("MONOSPACE"), ["sudo id"]);
        assert_eq!(message.styled("BOLD"), ["\u{1f44d}"]);
    }
}
