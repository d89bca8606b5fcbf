//! Any line of signal-cli's is read: a notification is an event or nothing, and an error is a failure with
//! one line to show. What signal-cli held back never comes through.
#![no_main]

use aisudo_fuzz::{
    events::{Content, Event, event_of},
    failure_of, harmless, one_line,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|line: &str| {
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return;
    };
    if let Some(error) = value.get("error") {
        let shown = failure_of(error).to_string();
        one_line(&shown);
        harmless(&shown);
        assert!(shown.len() < 4096, "{shown}");
    }
    let Some(parameters) = value.get("params") else {
        return;
    };
    let event = event_of(parameters);
    if parameters.get("subscription").is_none() {
        let subscribed = json!({"subscription": 2, "result": parameters});
        assert_eq!(event_of(&subscribed), event);
    }
    let Some(Event::Message(message)) = event else {
        return;
    };
    if let Content::Text { text, .. } = &message.content {
        assert!(!text.is_empty());
    }
    assert!(message.sync || message.destination.is_none());
    let mut held = parameters
        .get("result")
        .filter(|_| parameters.get("subscription").is_some())
        .unwrap_or(parameters)
        .clone();
    if let Some(fields) = held.as_object_mut() {
        fields.insert("exception".to_owned(), json!({"type": "X"}));
        assert_eq!(event_of(&held), None);
    }
});
