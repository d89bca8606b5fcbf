//! What stands on the phone: the question, its outcome, and the lines that help.
//!
//! All that others chose passes the one safe display, by way of the one renderer; here is chosen what
//! of it a phone needs. Left out is what neither warns nor says what runs on what: process numbers,
//! digests, the id, where the output goes. `aisudo show` has it.

mod help;
mod outcome;
mod text;

use std::fmt::Write as _;

use aisudo_core::{
    config::Forms,
    digest::request_digest,
    display,
    render::{self, Label, View},
    request::{Content, Request, Stream},
};
use jiff::{Timestamp, tz::TimeZone};

use self::text::{TITLE, WARNING};
pub(super) use self::{help::Help, outcome::outcome, text::Text};
use super::words::Words;

/// The longest text that is sent, in bytes. Signal's programs send what is longer as an attachment,
/// of which the phone shows the beginning: nothing that is approved may be cut.
pub(super) const MAX_TEXT_BYTES: usize = 2000;

/// A host's or user's name longer than this, in bytes, is left out where there is no room.
const MAX_NAME_BYTES: usize = 64;

/// A request about which is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Its frozen bytes.
    pub(super) body: &'a str,
    /// Its code; several, if as many identical requests wait.
    pub(super) codes: &'a [String],
    /// When it was asked, in milliseconds since 1970.
    pub(super) asked_at_ms: u64,
    /// From when on no answer means no, in milliseconds since 1970.
    pub(super) deadline_ms: u64,
    /// In which the deadline is written.
    pub(super) zone: &'a TimeZone,
}

/// What is sent to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// All of the request.
    Whole(Text),
    /// It does not fit a message: where to see it. A yes to this is none.
    TooLong(Text),
}

/// The question.
pub(super) fn question(asked: &Asked<'_>, words: &Words, forms: &Forms) -> Question {
    let Ok(request) = Request::parse(asked.body) else {
        // The daemon parses what it takes; by then it could be read.
        return Question::TooLong(elsewhere(asked, None, words, forms));
    };
    let view = view(asked, &request);
    let mut text = Text::default();
    facts(&mut text, asked, &request, &view);
    until(&mut text, asked);
    answer(&mut text, asked.codes, words, forms);
    if text.text.len() <= MAX_TEXT_BYTES {
        Question::Whole(text)
    } else {
        let too_long = Some((&request, &view, text.text.len()));
        Question::TooLong(elsewhere(asked, too_long, words, forms))
    }
}

impl<'a> Asked<'a> {
    /// The code by which the request is named where one is enough.
    fn code(&self) -> &'a str {
        self.codes.first().map_or("", String::as_str)
    }
}

fn view(asked: &Asked<'_>, request: &Request) -> View {
    let label = Label {
        code: asked.code(),
        digest: request_digest(asked.body.as_bytes()),
        remaining_ms: None,
    };
    render::request(request, &label)
}

/// What of the renderer's lines a phone needs, in this order, and what it is called there.
const FACTS: [(&str, &str); 11] = [
    ("program", "Program"),
    ("directory", "Directory"),
    ("inside", "Inside"),
    ("input", "Input"),
    ("environment", "Environment"),
    ("background", "Background"),
    ("changeable", "Changeable"),
    ("agent", "Agent"),
    ("started by", "Started by"),
    ("reason", "Reason"),
    ("sudo's part", "Sudo's part"),
];

fn facts(text: &mut Text, asked: &Asked<'_>, request: &Request, view: &View) {
    text.line(TITLE).bold(&view.title);
    if asked.codes.len() > 1 {
        let codes = asked.codes.join(" ");
        let identical = format!("{} requests, codes {codes}", asked.codes.len());
        text.fact("Identical", &identical);
    }
    text.gap();
    for warning in &view.warnings {
        text.line(WARNING).plain(warning);
    }
    if !view.warnings.is_empty() {
        text.gap();
    }
    command(text, view);
    text.gap();
    for (label, name) in FACTS {
        match label {
            "started by" => started_by(text, request),
            "changeable" => changeable(text, request, view),
            "input" if is_harmless(request) => {}
            "sudo's part" if !has_options(request) => {}
            _ => {
                for field in view.lines.iter().filter(|field| field.label == label) {
                    text.fact(name, &field.value);
                }
            }
        }
    }
}

/// The remark on how it runs is no part of the command.
fn command(text: &mut Text, view: &View) {
    if view.words.is_empty() {
        text.fact("Command", view.remark);
        return;
    }
    let label = match view.remark {
        "" => "Command".to_owned(),
        remark => format!("Command {remark}"),
    };
    text.fact(&label, "").monospace(&view.words.join(" "));
}

/// The processes above sudo by their names, which they choose.
fn started_by(text: &mut Text, request: &Request) {
    let names: Vec<String> = request
        .parents
        .iter()
        .map(|process| display::word(process.name.as_ref()).text)
        .collect();
    if !names.is_empty() {
        let names = format!("{} (claimed, nearest first)", names.join(", "));
        text.fact("Started by", &names);
    }
}

/// Without the hashes: nobody compares them on a phone, and the gate does.
fn changeable(text: &mut Text, request: &Request, view: &View) {
    let fields = view
        .lines
        .iter()
        .filter(|field| field.label == "changeable");
    for (field, operand) in fields.zip(&request.operands) {
        let without_hash = match &operand.content {
            Content::Hashed { sha256, .. } => {
                field.value.strip_suffix(&format!(", SHA-256 {sha256})"))
            }
            Content::Directory | Content::Unpinned { .. } => None,
        };
        match without_hash {
            Some(value) => text.fact("Changeable", value).plain(")"),
            None => text.fact("Changeable", &field.value),
        };
    }
}

/// Whether nothing that is not seen comes in by standard input.
fn is_harmless(request: &Request) -> bool {
    let [input, ..] = &request.stdio;
    matches!(input, Stream::Terminal { .. } | Stream::Null)
}

/// Whether sudo was given anything but the command.
fn has_options(request: &Request) -> bool {
    let command = request.call.as_ref().map_or(0, |call| call.argv.len());
    request.sudo.argv.len().saturating_sub(command) > 1
}

fn until(text: &mut Text, asked: &Asked<'_>) {
    let seconds = asked.deadline_ms.saturating_sub(asked.asked_at_ms) / 1000;
    let clock = i64::try_from(asked.deadline_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map(|time| {
            let time = time.to_zoned_datetime(asked.zone.clone());
            format!("{}, ", time.strftime("%H:%M:%S %Z"))
        });
    text.gap();
    text.fact(
        "Until",
        &format!(
            "{}{seconds} s after it was asked; no answer means no",
            clock.unwrap_or_default()
        ),
    );
}

fn answer(text: &mut Text, codes: &[String], words: &Words, forms: &Forms) {
    text.fact("Answer", "");
    let codes = codes.join(" ");
    let mut ways = 0;
    let mut way = |text: &mut Text| {
        if ways > 0 {
            text.plain("; or ");
        }
        ways += 1;
    };
    if forms.reply {
        way(text);
        text.bold(&format!("{} {codes}", words.yes()))
            .plain(", or ")
            .bold(&format!("{} {codes}", words.no()))
            .plain(" and why");
    }
    if forms.reaction {
        way(text);
        text.plain("👍 or 👎 on this message");
    }
    if forms.poll {
        way(text);
        text.plain("vote below");
    }
}

/// That the question does not fit, and where it does. `whole` is what was read, and the bytes that a
/// message would have.
fn elsewhere(
    asked: &Asked<'_>,
    whole: Option<(&Request, &View, usize)>,
    words: &Words,
    forms: &Forms,
) -> Text {
    let code = asked.code();
    let mut text = Text::default();
    let others = match asked.codes.len() {
        0 | 1 => String::new(),
        more => format!(" (and {} identical)", more - 1),
    };
    text.line(TITLE)
        .bold(&format!("Request {code}{others} does not fit a message"));
    text.gap();
    if let Some((request, view, bytes)) = whole {
        text.fact("Host", &short(request.host.name.as_ref()));
        text.fact("Asked by", &short(request.requester.name.as_ref()));
        let length = view.lines.iter().find(|field| field.label == "length");
        let length = length.map_or("", |field| field.value.as_str());
        let length = format!(
            "the command has {length}; all there is to see of it has {bytes} bytes, and a message {MAX_TEXT_BYTES}"
        );
        text.fact("Length", &length);
    }
    let see = format!("on that host: aisudo show {code}, or aisudo watch");
    text.fact("See and answer it", &see);
    let mut here = "it cannot be approved from here".to_owned();
    if forms.reply {
        let _ = write!(here, "; to deny it unseen: {} {code} and why", words.no());
    }
    text.fact("Here", &here);
    until(&mut text, asked);
    text
}

fn short(name: &[u8]) -> String {
    let name = display::word(name).text;
    if name.len() <= MAX_NAME_BYTES {
        name
    } else {
        format!("(a name of {} bytes)", name.len())
    }
}

#[cfg(test)]
mod tests;
