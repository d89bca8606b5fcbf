//! JSON-RPC as signal-cli speaks it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::lines::Connection;
use crate::methods;
use crate::record::Call;
use crate::send;
use crate::state::Shared;

/// An error of JSON-RPC or of signal-cli.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Value,
}

impl Error {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: Value::Null,
        }
    }

    /// -1: the caller's mistake.
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self::new(-1, message)
    }

    pub(crate) fn not_implemented() -> Self {
        Self::new(-32601, "Method not implemented")
    }
}

/// Whether the line waits for a person. Everything else is done at once, in its order.
pub(crate) fn blocks(line: &str) -> bool {
    line.contains("\"finishLink\"")
}

/// When the answer to this line is written; nothing: never.
pub(crate) fn fate(shared: &Shared, line: &str) -> Option<Duration> {
    let faults = &mut shared.lock().faults;
    if faults.answers_lost > 0 {
        faults.answers_lost -= 1;
        return None;
    }
    if faults.sends_unanswered > 0 && line.contains("\"method\":\"send") {
        faults.sends_unanswered -= 1;
        return None;
    }
    Some(faults.next_latencies.pop_front().unwrap_or(faults.latency))
}

/// Does what a text says. Nothing: it wants no answer.
pub(crate) fn answer(
    shared: &Shared,
    text: &str,
    connection: Option<&Arc<Connection>>,
    at_ns: u64,
) -> Option<Value> {
    let refused = |code, message: &str| Some(failure(&Error::new(code, message), &Value::Null));
    if text.trim().is_empty() {
        return match connection {
            Some(_) => refused(-32700, "Empty input line"),
            None => refused(-32600, "unexpected type: MISSING"),
        };
    }
    let parsed = match serde_json::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => return refused(-32700, &error.to_string()),
    };
    let one = |request| answer_one(shared, request, connection, at_ns);
    match parsed {
        Value::Object(_) => one(parsed),
        Value::Array(requests) if requests.is_empty() => refused(-32600, "invalid request"),
        Value::Array(requests) => {
            let answers: Vec<Value> = requests.into_iter().filter_map(one).collect();
            (!answers.is_empty()).then_some(answers.into())
        }
        Value::String(_) => refused(-32600, "unexpected type: STRING"),
        Value::Number(_) => refused(-32600, "unexpected type: NUMBER"),
        Value::Bool(_) => refused(-32600, "unexpected type: BOOLEAN"),
        Value::Null => refused(-32600, "unexpected type: NULL"),
    }
}

fn answer_one(
    shared: &Shared,
    mut request: Value,
    connection: Option<&Arc<Connection>>,
    at_ns: u64,
) -> Option<Value> {
    if request.get("result").is_some() || request.get("error").is_some() {
        return None;
    }
    let id = match request.get("id") {
        Some(Value::Array(_) | Value::Object(_)) | None => Value::Null,
        Some(id) => id.clone(),
    };
    if let Some(what) = malformed(&request) {
        return Some(failure(&Error::new(-32600, what), &id));
    }
    // Null is an id as well.
    let wants_answer = request.get("id").is_some();
    if request["jsonrpc"] != "2.0" {
        let error = Error::new(-32600, "only jsonrpc version 2.0 is supported");
        return Some(failure(&error, &id));
    }
    let params = request["params"].take();
    let method = match &request["method"] {
        Value::String(method) => method.clone(),
        Value::Null => {
            let error = Error::new(-32600, "method field must be set");
            return Some(failure(&error, &id));
        }
        // Its parser makes a text of it.
        other => other.to_string(),
    };
    let call = Call {
        method,
        params,
        at_ns,
    };
    shared.change(|state| state.calls.push(call.clone()));
    let result = methods::run(shared, &call, connection);
    if !wants_answer {
        return None;
    }
    Some(match result {
        Ok(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}),
        Err(error) => failure(&error, &id),
    })
}

/// What signal-cli's parser of JSON has against a request. Its words are another parser's; the code is
/// the same.
fn malformed(request: &Value) -> Option<&'static str> {
    const KNOWN: [&str; 4] = ["jsonrpc", "method", "id", "params"];
    let Some(fields) = request.as_object() else {
        return Some("a request is an object");
    };
    if fields.keys().any(|name| !KNOWN.contains(&&**name)) {
        return Some("an unknown field");
    }
    if matches!(fields.get("id"), Some(Value::Array(_) | Value::Object(_))) {
        return Some("an id is no object");
    }
    if matches!(
        fields.get("method"),
        Some(Value::Array(_) | Value::Object(_))
    ) {
        return Some("a method is no object");
    }
    match fields.get("params") {
        None | Some(Value::Null | Value::Object(_)) => None,
        Some(_) => Some("params is no object"),
    }
}

fn failure(error: &Error, id: &Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "error": {"code": error.code, "message": error.message, "data": error.data},
        "id": id,
    })
}

/// What was sent by the call of this moment may be seen: its caller has the answer, or will not have it
/// soon. The phones have it, too.
pub(crate) fn show(shared: &Shared, at_ns: u64) {
    shared.change(|state| {
        let mut arrived = Vec::new();
        for message in state.sent.iter_mut().rev().take(64) {
            if message.at_ns == at_ns && !message.answered {
                message.answered = true;
                arrived.push(message.clone());
            }
        }
        if !state.faults.phones_are_off {
            for message in &arrived {
                send::confirm(state, message);
            }
        }
    });
}
