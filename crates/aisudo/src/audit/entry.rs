//! Entries for people. Which fields an entry has is the daemon's; what is not known is shown as it
//! is, and safely.

use aisudo_core::{
    display,
    raw::Hex32,
    render::{self, Label, View},
    request::Request,
};
use serde_json::{Map, Value};

use crate::{fetch::who_as_whom, times};

/// Fields that stand in front, or are the chain's own.
const IN_FRONT: &[&str] = &[
    "sequence",
    "at",
    "event",
    "code",
    "entry_hash",
    "previous_hash",
];

/// One entry.
pub(super) struct Entry {
    fields: Map<String, Value>,
}

impl Entry {
    pub(super) fn parse(line: &str) -> Option<Self> {
        match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => Some(Self { fields }),
            _ => None,
        }
    }

    /// Whether it is about this request.
    pub(super) fn is_about(&self, id_or_code: &str) -> bool {
        ["id", "code"]
            .iter()
            .any(|field| self.text(field) == id_or_code)
    }

    /// On one line.
    pub(super) fn line(&self) -> String {
        let mut parts = self.front();
        // Not every entry with a request names its digest; on one line it is not shown.
        let digest = self.digest().unwrap_or(Hex32([0; 32]));
        match self.view_with(digest) {
            Some(view) => parts.push(format!(
                "{}: {}",
                who_as_whom(&self.user(), &view),
                view.command
            )),
            None => parts.extend(
                self.rest()
                    .into_iter()
                    .filter(|(name, _)| !matches!(name.as_str(), "id" | "digest" | "token"))
                    .filter(|(name, _)| !name.starts_with("decision."))
                    .map(|(name, value)| format!("{name}={value}")),
            ),
        }
        parts.extend(self.decision());
        parts.join("  ")
    }

    /// Whole, on several lines.
    pub(super) fn whole(&self) -> String {
        let mut text = self.front().join("  ");
        text.push('\n');
        let fields = self.rest();
        let chain = ["previous_hash", "entry_hash"].map(|name| (name.to_owned(), self.word(name)));
        for (name, value) in fields.into_iter().chain(chain) {
            text.push_str(&format!("    {name:<20}    {value}\n"));
        }
        if let Some(view) = self.view() {
            text.push_str(&format!("\n{view}"));
        }
        text
    }

    fn front(&self) -> Vec<String> {
        let sequence = self.fields.get("sequence").map(shown).unwrap_or_default();
        let mut parts = vec![
            format!("{sequence:>5}"),
            times::local_of(self.text("at")),
            format!("{:<9}", self.word("event")),
        ];
        if self.fields.contains_key("code") {
            parts.push(self.word("code"));
        }
        parts
    }

    /// The other fields, those within others with a dotted name.
    fn rest(&self) -> Vec<(String, String)> {
        let mut flat = Vec::new();
        for (name, value) in &self.fields {
            let is_view = name == "request" && self.view().is_some();
            if !IN_FRONT.contains(&name.as_str()) && !is_view {
                flatten(name, value, &mut flat);
            }
        }
        flat
    }

    fn user(&self) -> String {
        let uid = self.fields.get("uid").map(shown).unwrap_or_default();
        format!("{} (uid {uid})", self.word("user"))
    }

    /// Who decided, and their words.
    fn decision(&self) -> Option<String> {
        let decision = self.fields.get("decision")?;
        let approver = shown(decision.get("approver")?);
        let note = match decision.get("note") {
            None | Some(Value::Null) => String::new(),
            Some(note) => format!(": {}", shown(note)),
        };
        Some(format!("by {approver}{note}"))
    }

    /// A request that was recorded, as its approvers saw it.
    fn view(&self) -> Option<View> {
        self.view_with(self.digest()?)
    }

    fn digest(&self) -> Option<Hex32> {
        self.text("digest").parse().ok()
    }

    fn view_with(&self, digest: Hex32) -> Option<View> {
        let request = Request::parse(&self.fields.get("request")?.to_string()).ok()?;
        let label = Label {
            code: self.text("code"),
            digest,
            remaining_ms: None,
        };
        Some(render::request(&request, &label))
    }

    fn text(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn word(&self, field: &str) -> String {
        self.fields.get(field).map(shown).unwrap_or_default()
    }
}

/// What is no entry, to be shown all the same.
pub(super) fn unreadable(line: &str) -> String {
    format!("(no JSON object) {}", display::text(line.as_bytes()).text)
}

fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (inner, value) in fields {
                flatten(&format!("{name}.{inner}"), value, into);
            }
        }
        Value::Null => {}
        value => into.push((display::word(name.as_bytes()).text, shown(value))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => display::word(text.as_bytes()).text,
        other => display::text(other.to_string().as_bytes()).text,
    }
}
