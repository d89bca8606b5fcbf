//! The methods that send something to Signal.

use serde_json::{Value, json};

use crate::envelope::{self, Times};
use crate::faults::SendFailure;
use crate::methods::Context;
use crate::people::{Account, UNTRUSTED};
use crate::record::{Message, Poll, Quote, Reaction};
use crate::rpc::Error;
use crate::state::{Mail, State, now_ms};

/// Runs one of them.
pub(crate) fn run(context: &Context<'_>) -> Result<Value, Error> {
    let account = context.account()?;
    let mut message = Message {
        method: context.call.method.clone(),
        account: account.number.clone(),
        recipients: context.texts("recipient"),
        note_to_self: context.is("noteToSelf"),
        no_urgent: context.is("noUrgent"),
        at_ns: context.call.at_ns,
        ..Message::default()
    };
    let usernames = context.texts("username").into_iter();
    message
        .recipients
        .extend(usernames.map(|name| format!("u:{name}")));
    for recipient in &message.recipients {
        check_recipient(recipient)?;
    }
    if message.recipients.is_empty() && !message.note_to_self {
        return Err(Error::user("No recipients given"));
    }
    fill(context, &mut message)?;
    let is_message = !matches!(message.method.as_str(), "sendTyping" | "sendReceipt");
    context
        .shared
        .change(|state| post(state, &account, message, is_message))
}

/// What signal-cli can tell from the name alone.
fn check_recipient(recipient: &str) -> Result<(), Error> {
    let is_number = |text: &str| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let uuid = recipient.strip_prefix("PNI:").unwrap_or(recipient);
    if is_number(recipient) || recipient.starts_with("u:") || uuid.parse::<uuid::Uuid>().is_ok() {
        return Ok(());
    }
    Err(Error::user(format!(
        "Invalid phone number '{recipient}': The string supplied did not seem to be a phone number."
    )))
}

/// Reads what the method says beside its recipients.
fn fill(context: &Context<'_>, message: &mut Message) -> Result<(), Error> {
    let text = |name| context.text(name).unwrap_or_default().to_owned();
    match message.method.as_str() {
        "send" => {
            message.text = text("message");
            message.styles = context.texts("textStyle");
            message
                .styles
                .iter()
                .try_for_each(|style| check_style(style))?;
            message.edits = context.number("editTimestamp")?;
            if let Some(timestamp) = context.number("quoteTimestamp")? {
                let author = context.text("quoteAuthor");
                let author =
                    author.ok_or_else(|| Error::user("Quote author parameter is missing"))?;
                message.quote = Some(Quote {
                    timestamp,
                    author: author.to_owned(),
                    text: text("quoteMessage"),
                });
            }
        }
        "sendPollCreate" => {
            message.text = text("question");
            let options = context.texts("option");
            check_options(&options)?;
            message.poll = Some(Poll {
                options,
                no_multi: context.is("noMulti"),
            });
        }
        "sendPollTerminate" => message.ends_poll = context.number("pollTimestamp")?,
        "sendReaction" => {
            message.reaction = Some(Reaction {
                emoji: text("emoji"),
                author: text("targetAuthor"),
                timestamp: context.number("targetTimestamp")?.unwrap_or_default(),
                removed: context.is("remove"),
            });
        }
        "remoteDelete" => message.deletes = context.number("targetTimestamp")?,
        _ => {}
    }
    Ok(())
}

fn check_style(style: &str) -> Result<(), Error> {
    let mut parts = style.splitn(3, ':');
    let number = |part: Option<&str>| part.is_some_and(|text| text.parse::<u32>().is_ok());
    let places = number(parts.next()) && number(parts.next());
    match parts.next() {
        Some("BOLD" | "ITALIC" | "SPOILER" | "STRIKETHROUGH" | "MONOSPACE") if places => Ok(()),
        Some(name) if places => Err(Error::user(format!("Invalid style: {name}"))),
        _ => Err(Error::user(format!(
            "Invalid textStyle syntax ({style}) expected 'start:length:STYLE'"
        ))),
    }
}

fn check_options(options: &[String]) -> Result<(), Error> {
    if options.len() < 2 {
        return Err(Error::user("Poll needs at least two options"));
    }
    if options.len() > 10 {
        return Err(Error::user("Poll cannot have more than 10 options"));
    }
    if options.iter().any(String::is_empty) {
        return Err(Error::user("Poll options must not be empty"));
    }
    Ok(())
}

/// Sends to each recipient. If at least one had success it is a result, else an error.
fn post(
    state: &mut State,
    account: &Account,
    mut message: Message,
    is_message: bool,
) -> Result<Value, Error> {
    let planned = state.faults.sends_fail.pop_front();
    let failure = planned.or_else(|| state.faults.every_send_fails.clone());
    if let Some(error) = failure.as_ref().and_then(whole_error) {
        return Err(error);
    }
    message.timestamp = state.next_timestamp();
    let mut results = Vec::new();
    if message.note_to_self {
        results.push(result(&own_address(account), failure.as_ref()));
    }
    for recipient in &message.recipients {
        results.push(send_to(state, account, recipient, failure.as_ref())?);
    }
    let response = json!({"timestamp": message.timestamp, "results": results});
    if !results.iter().any(|result| result["type"] == "SUCCESS") {
        return Err(all_failed(&results, response));
    }
    // A note to self reaches nobody where no phone is linked, and has success all the same.
    let is_lost = message.recipients.is_empty() && !account.linked;
    if is_message && !is_lost {
        state.sent.push(message);
    }
    Ok(response)
}

fn send_to(
    state: &mut State,
    account: &Account,
    recipient: &str,
    failure: Option<&SendFailure>,
) -> Result<Value, Error> {
    if recipient == account.number || recipient == account.aci.to_string() {
        return Ok(result(&own_address(account), failure));
    }
    let Some(known) = state.named(recipient) else {
        if let Some(name) = recipient.strip_prefix("u:") {
            return Err(Error::user(format!("The user {name} is not registered.")));
        }
        let is_number = recipient.starts_with('+');
        let address = json!({
            "uuid": (!is_number).then_some(recipient),
            "number": is_number.then_some(recipient),
            "username": null,
        });
        return Ok(result(&address, Some(&SendFailure::Unregistered)));
    };
    // Whoever is written to by number is known by it from then on.
    let shows_number = known.person.shows_number || recipient == known.person.number;
    let address = json!({
        "uuid": known.person.aci.to_string(),
        "number": shows_number.then_some(&known.person.number),
        "username": null,
    });
    if failure.is_none() && known.trust == UNTRUSTED {
        return Ok(result(&address, Some(&SendFailure::Identity)));
    }
    known.met.get_or_insert_with(now_ms);
    Ok(result(&address, failure))
}

fn own_address(account: &Account) -> Value {
    json!({"uuid": account.aci.to_string(), "number": account.number, "username": null})
}

/// An entry of `results`.
fn result(address: &Value, failure: Option<&SendFailure>) -> Value {
    let mut entry = json!({"recipientAddress": address, "type": "SUCCESS"});
    entry["type"] = match failure {
        None => return entry,
        Some(SendFailure::RateLimit(seconds)) => {
            if let Some(seconds) = seconds {
                entry["retryAfterSeconds"] = (*seconds).into();
            }
            "RATE_LIMIT_FAILURE"
        }
        Some(SendFailure::Captcha(token, seconds)) => {
            entry["token"] = token.as_str().into();
            entry["retryAfterSeconds"] = (*seconds).into();
            "RATE_LIMIT_FAILURE"
        }
        Some(SendFailure::Unregistered) => "UNREGISTERED_FAILURE",
        Some(SendFailure::Network) => "NETWORK_FAILURE",
        Some(SendFailure::InvalidPreKey) => "INVALID_PRE_KEY_FAILURE",
        Some(_) => "IDENTITY_FAILURE",
    }
    .into();
    entry
}

/// A failure that has no results.
fn whole_error(failure: &SendFailure) -> Option<Error> {
    match failure {
        SendFailure::User(message) => Some(Error::user(message)),
        SendFailure::Io(message) => Some(Error::new(-3, message)),
        SendFailure::Offline => Some(Error::new(
            -32603,
            "Failed to send message: Connection refused (IOException) (UnexpectedErrorException)",
        )),
        _ => None,
    }
}

fn all_failed(results: &[Value], response: Value) -> Error {
    let only = |kind: &str| results.iter().all(|result| result["type"] == kind);
    let (code, message) = if only("IDENTITY_FAILURE") {
        (-4, "Failed to send message due to untrusted identities")
    } else if only("RATE_LIMIT_FAILURE") {
        (-5, "Failed to send message due to rate limiting")
    } else {
        (-1, "Failed to send message")
    };
    Error {
        code,
        message: message.to_owned(),
        data: json!({"response": response}),
    }
}

/// The recipients' phones say that it has arrived.
pub(crate) fn confirm(state: &mut State, message: &Message) {
    let own = |account: &&Account| account.number == message.account;
    let Some(account) = state.accounts.iter().find(own).cloned() else {
        return;
    };
    for recipient in &message.recipients {
        let Some(known) = state.named(recipient) else {
            continue;
        };
        let person = known.person.clone();
        let when = now_ms();
        let times = Times {
            sent: when,
            received: when,
        };
        let content = envelope::receipt(when, false, &[message.timestamp]);
        state.mail.push_back(Mail {
            account: account.number.clone(),
            sender: Some(person.aci),
            params: envelope::params(&account, &person, times, "receiptMessage", content),
        });
    }
}
