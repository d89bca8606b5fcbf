//! Which entries were asked for.

use std::collections::{HashSet, VecDeque};

use aisudo_core::{digest::normalize_code, raw::Raw};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cli::Filters;

/// Requests that are remembered at once, to recognise the entries that follow about them.
const MAX_KNOWN: usize = 65_536;

/// No request waits longer, so what is needed to judge an entry is not further behind it.
pub(super) const LONGEST_REQUEST: SignedDuration = SignedDuration::from_mins(65);

/// Judges the entries of a log in their order.
pub(super) struct Filter {
    asked: Filters,
    known: Known,
}

impl Filter {
    pub(super) fn new(asked: &Filters) -> Self {
        let mut asked = asked.clone();
        asked.code = asked.code.map(|code| normalize_code(&code));
        Self {
            asked,
            known: Known::default(),
        }
    }

    /// Whether this entry was asked for.
    pub(super) fn takes(&mut self, line: &str) -> bool {
        // What cannot be read is never hidden.
        let Ok(entry) = serde_json::from_str::<Value>(line) else {
            return true;
        };
        // Also where the answer is no: its request must become known.
        let request = self.takes_request(&entry);
        request && self.takes_entry(&entry)
    }

    fn takes_request(&mut self, entry: &Value) -> bool {
        if !self.asked.about_requests() {
            return true;
        }
        let id = text(entry, "id");
        match entry.get("request") {
            Some(request) => {
                let takes = self.fits(entry, request);
                if takes {
                    self.known.insert(id);
                }
                takes
            }
            None => self.known.contains(id),
        }
    }

    fn fits(&self, entry: &Value, request: &Value) -> bool {
        let Filters {
            user,
            agent,
            program,
            contains,
            ..
        } = &self.asked;
        holds(user, |name| raw(entry.get("user")) == *name)
            && holds(agent, |name| is_of_agent(request, name))
            && holds(program, |name| runs(request, name))
            && holds(contains, |text| words(request).contains(text))
    }

    fn takes_entry(&self, entry: &Value) -> bool {
        let asked = &self.asked;
        let at = time(entry);
        let events = &asked.events;
        holds(&asked.uid, |uid| {
            entry.get("uid").and_then(Value::as_u64) == Some(u64::from(*uid))
        }) && (events.is_empty() || events.iter().any(|event| event == text(entry, "event")))
            && holds(&asked.since, |since| at.is_none_or(|at| at >= *since))
            && holds(&asked.until, |until| at.is_none_or(|at| at < *until))
            && holds(&asked.code, |code| text(entry, "code") == code)
            && holds(&asked.approver, |name| approver(entry) == *name)
    }
}

fn holds<T>(filter: &Option<T>, test: impl FnOnce(&T) -> bool) -> bool {
    filter.as_ref().is_none_or(test)
}

/// When an entry was written; nothing when that cannot be read.
pub(super) fn time(entry: &Value) -> Option<Timestamp> {
    text(entry, "at").parse().ok()
}

/// A field's text; empty when it has none.
pub(super) fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Bytes that somebody chose, as far as they are text.
pub(super) fn raw(value: Option<&Value>) -> String {
    value
        .and_then(|value| serde_json::from_value::<Raw>(value.clone()).ok())
        .map(|raw| String::from_utf8_lossy(&raw.0).into_owned())
        .unwrap_or_default()
}

/// The path of the program that a request wants to run, or else its first word.
pub(super) fn program(request: &Value) -> String {
    let path = raw(request.pointer("/program/path"));
    if path.is_empty() {
        raw(request.pointer("/call/argv/0"))
    } else {
        path
    }
}

/// The agents that a request's parents look like.
pub(super) fn agents(request: &Value) -> impl Iterator<Item = &str> {
    let agents = request.get("agents").and_then(Value::as_array);
    agents.into_iter().flatten().filter_map(Value::as_str)
}

fn is_of_agent(request: &Value, name: &str) -> bool {
    let name = name.to_lowercase();
    agents(request).any(|agent| agent.to_lowercase().contains(&name))
}

fn runs(request: &Value, name: &str) -> bool {
    let paths = [program(request), raw(request.pointer("/program/real"))];
    paths.iter().any(|path| {
        let last = path.rsplit('/').next().unwrap_or_default();
        !path.is_empty() && (path == name || last == name)
    })
}

/// The command's words, or sudo's own where they could not be read.
fn words(request: &Value) -> String {
    let words = request
        .pointer("/call/argv")
        .or_else(|| request.pointer("/sudo/argv"))
        .and_then(Value::as_array);
    let words = words.into_iter().flatten().map(|word| raw(Some(word)));
    words.collect::<Vec<_>>().join(" ")
}

fn approver(entry: &Value) -> String {
    let decided = entry.pointer("/decision/approver");
    let name = decided
        .or_else(|| entry.get("approver"))
        .or_else(|| entry.get("who"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The latest requests that were asked for.
#[derive(Default)]
struct Known {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Known {
    fn insert(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log() -> Vec<String> {
        let request = |id: &str, user: &str, program: &str, agents: &[&str]| {
            json!({
                "id": id, "event": "requested", "at": "2024-05-01T10:00:00.000Z", "user": user, "uid": 1001,
                "code": "K7Q2M",
                "request": {
                    "program": {"path": program, "real": "/usr/bin/real"}, "agents": agents,
                    "call": {"argv": [program, "install", {"hex": "ff6e"}]},
                },
            })
        };
        [
            json!({"event": "started", "at": "2024-05-01T09:00:00.000Z"}),
            request("a", "agent", "/usr/bin/apt", &["Claude Code"]),
            request("b", "other", "/bin/ls", &[]),
            json!({"id": "a", "event": "approved", "at": "2024-05-01T10:00:05.000Z", "uid": 1001, "code": "K7Q2M",
                "decision": {"approver": "alice"}}),
            json!({"id": "b", "event": "denied", "at": "2024-05-01T11:00:05.000Z", "uid": 1002, "code": "XXXXX",
                "decision": {"approver": "root"}}),
            json!({"id": "a", "event": "released", "at": "2024-05-01T12:00:00.000Z", "uid": 1001, "code": "K7Q2M",
                "approver": "alice"}),
            json!({"id": "b", "event": "decision_refused", "at": "2024-05-01T13:00:00.000Z", "who": "uid 7"}),
        ]
        .iter()
        .map(Value::to_string)
        .chain(["no JSON".to_owned()])
        .collect()
    }

    /// The numbers of the entries that are taken, but for the one that is no JSON, from 0.
    fn taken(asked: &Filters) -> Vec<usize> {
        let mut filter = Filter::new(asked);
        let mut taken: Vec<usize> = log()
            .iter()
            .enumerate()
            .filter(|(_, line)| filter.takes(line))
            .map(|(index, _)| index)
            .collect();
        assert_eq!(taken.pop(), Some(7), "what cannot be read is never hidden");
        taken
    }

    fn by(set: impl FnOnce(&mut Filters)) -> Vec<usize> {
        let mut asked = Filters::default();
        set(&mut asked);
        taken(&asked)
    }

    #[test]
    fn what_a_request_says_counts_for_all_entries_about_it() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(by(|asked| asked.user = some("agent")), [1, 3, 5]);
        assert_eq!(by(|asked| asked.agent = some("claude")), [1, 3, 5]);
        assert_eq!(by(|asked| asked.program = some("ls")), [2, 4, 6]);
        assert_eq!(by(|asked| asked.program = some("/usr/bin/apt")), [1, 3, 5]);
        assert_eq!(
            by(|asked| asked.program = some("real")),
            [1, 2, 3, 4, 5, 6],
            "also behind a link"
        );
        assert_eq!(by(|asked| asked.contains = some("apt install")), [1, 3, 5]);
        assert!(by(|asked| asked.contains = some("no such")).is_empty());
        let both = by(|asked| {
            asked.user = some("agent");
            asked.events = vec!["released".to_owned(), "denied".to_owned()];
        });
        assert_eq!(both, [5]);
    }

    #[test]
    fn what_an_entry_says_of_itself_counts_for_it_alone() {
        let some = |text: &str| Some(text.to_owned());
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(by(|_| {}), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(by(|asked| asked.uid = Some(1002)), [4]);
        assert_eq!(by(|asked| asked.code = some("k7q2m")), [1, 2, 3, 5]);
        assert_eq!(by(|asked| asked.approver = some("alice")), [3, 5]);
        assert_eq!(by(|asked| asked.approver = some("uid 7")), [6]);
        assert_eq!(
            by(|asked| asked.since = at("2024-05-01T11:00:05Z")),
            [4, 5, 6],
            "the moment itself is in"
        );
        assert_eq!(
            by(|asked| asked.until = at("2024-05-01T10:00:00Z")),
            [0],
            "the moment itself is out"
        );
    }
}
