//! `aisudo audit stats`: what the log says of how aisudo is used. One pass, and memory that does
//! not grow with the log.

mod text;

use std::collections::{BTreeMap, HashMap, VecDeque};

use aisudo_core::paths::Paths;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    Log,
    filter::{Filter, agents, program, raw, text, time},
};
use crate::{
    cli::{Filters, Stats as Arguments},
    failure::Failure,
    output::Output,
};

/// Names that are counted apart, of each kind; the rest is counted together.
const MAX_NAMES: usize = 4096;

/// Requests whose answer is waited for at once.
const MAX_WAITING: usize = 16_384;

/// Nobody reads a command in less time, in milliseconds.
const QUICK_MS: u64 = 2000;

/// The latest quick approvals, which are shown one by one.
const MAX_QUICK: usize = 10;

/// To what times are rounded down, in milliseconds: none is longer than an hour, so there are few.
const STEP_MS: u64 = 100;

pub(super) fn run(
    paths: &Paths,
    arguments: &Arguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let asked = Filters {
        since: arguments.since,
        until: arguments.until,
        ..Filters::default()
    };
    let mut log = Log::open(paths, 0)?;
    log.seek_for(&asked)?;
    let mut filter = Filter::new(&asked);
    let mut stats = Stats::new(TimeZone::system());
    log.each(|line| {
        if filter.takes(line) {
            stats.take(line);
        }
        Ok(())
    })?;
    if arguments.json {
        return output.json(&stats.summary());
    }
    output.text(&text::of(&stats.summary()))
}

/// What has been counted so far.
struct Stats {
    zone: TimeZone,
    counted: Summary,
    days: Names<u64>,
    outcomes: BTreeMap<&'static str, u64>,
    approved: u64,
    waiting: HashMap<String, Waiting>,
    /// How many answers took so long.
    times: BTreeMap<u64, u64>,
    quick_by: Names<u64>,
    quick: VecDeque<Quick>,
    programs: Names<Share>,
    users: Names<Share>,
    agents: Names<Share>,
    policy: Names<Ruled>,
    refused: Names<u64>,
    answers_refused: Names<u64>,
}

/// A request without an answer.
struct Waiting {
    since: Option<Timestamp>,
    program: String,
    user: String,
    agents: Vec<String>,
}

/// What became of the prompts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Share {
    prompts: u64,
    approved: u64,
    denied: u64,
}

/// What one rule of the policy did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Ruled {
    allowed: u64,
    rejected: u64,
    password: u64,
}

/// An approval that was hardly read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Quick {
    entry: u64,
    code: String,
    approver: String,
    ms: u64,
}

/// The stable form for programs, and what the text is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Summary {
    entries: u64,
    #[serde(serialize_with = "as_text")]
    first: Option<Timestamp>,
    #[serde(serialize_with = "as_text")]
    last: Option<Timestamp>,
    prompts: u64,
    /// Prompts of each day, of the zone of whoever reads.
    #[serde(serialize_with = "by_name")]
    days: Vec<(String, u64)>,
    /// From the first to the last, in days.
    span: u64,
    outcomes: BTreeMap<&'static str, u64>,
    /// Prompts without an end so far.
    open: u64,
    decisions: u64,
    median_ms: Option<u64>,
    p90_ms: Option<u64>,
    quick_approvals: u64,
    #[serde(serialize_with = "by_name")]
    quick_by: Vec<(String, u64)>,
    quick_latest: Vec<Quick>,
    #[serde(serialize_with = "by_name")]
    programs: Vec<(String, Share)>,
    #[serde(serialize_with = "by_name")]
    users: Vec<(String, Share)>,
    #[serde(serialize_with = "by_name")]
    agents: Vec<(String, Share)>,
    #[serde(serialize_with = "by_name")]
    policy: Vec<(String, Ruled)>,
    #[serde(serialize_with = "by_name")]
    refused: Vec<(String, u64)>,
    #[serde(serialize_with = "by_name")]
    answers_refused: Vec<(String, u64)>,
}

fn as_text<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

/// An object with a field for each name, in the order of the rows.
fn by_name<S: Serializer, T: Serialize>(
    rows: &[(String, T)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(rows.iter().map(|(name, value)| (name, value)))
}

impl Stats {
    fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            counted: Summary::default(),
            days: Names::default(),
            outcomes: ["released", "denied", "expired", "cancelled", "unused"]
                .map(|name| (name, 0))
                .into(),
            approved: 0,
            waiting: HashMap::new(),
            times: BTreeMap::new(),
            quick_by: Names::default(),
            quick: VecDeque::new(),
            programs: Names::default(),
            users: Names::default(),
            agents: Names::default(),
            policy: Names::default(),
            refused: Names::default(),
            answers_refused: Names::default(),
        }
    }

    fn take(&mut self, line: &str) {
        self.counted.entries += 1;
        let Ok(entry) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let at = time(&entry);
        self.counted.first = self.counted.first.or(at);
        self.counted.last = at.or(self.counted.last);
        let event = text(&entry, "event");
        match event {
            "requested" => self.requested(&entry, at),
            "approved" | "denied" => self.decided(&entry, at, event == "approved"),
            "allowed" => self.ruled(&entry).allowed += 1,
            "rejected" => self.ruled(&entry).rejected += 1,
            "password" => self.ruled(&entry).password += 1,
            "refused" => *self.refused.of(text(&entry, "why")) += 1,
            "decision_refused" => *self.answers_refused.of(text(&entry, "why")) += 1,
            _ => {}
        }
        if let Some(count) = self.outcomes.get_mut(event) {
            *count += 1;
            self.waiting.remove(text(&entry, "id"));
        }
    }

    fn requested(&mut self, entry: &Value, at: Option<Timestamp>) {
        self.counted.prompts += 1;
        if let Some(at) = at {
            let day = at.to_zoned_datetime(self.zone.clone()).date().to_string();
            *self.days.of(&day) += 1;
        }
        let request = entry.get("request").unwrap_or(&Value::Null);
        let waiting = Waiting {
            since: at,
            program: program(request),
            user: raw(entry.get("user")),
            agents: agents(request).map(str::to_owned).collect(),
        };
        self.share(&waiting, |share| share.prompts += 1);
        if self.waiting.len() < MAX_WAITING {
            self.waiting.insert(text(entry, "id").to_owned(), waiting);
        }
    }

    fn decided(&mut self, entry: &Value, at: Option<Timestamp>, approved: bool) {
        self.approved += u64::from(approved);
        let Some(waiting) = self.waiting.remove(text(entry, "id")) else {
            return;
        };
        self.share(&waiting, |share| {
            if approved {
                share.approved += 1;
            } else {
                share.denied += 1;
            }
        });
        let (Some(since), Some(at)) = (waiting.since, at) else {
            return;
        };
        let ms = at.as_millisecond().saturating_sub(since.as_millisecond());
        let ms = u64::try_from(ms).unwrap_or_default();
        self.counted.decisions += 1;
        *self.times.entry(ms - ms % STEP_MS).or_default() += 1;
        if approved && ms < QUICK_MS {
            self.quick(entry, ms);
        }
    }

    fn quick(&mut self, entry: &Value, ms: u64) {
        let approver = entry.pointer("/decision/approver").and_then(Value::as_str);
        let approver = approver.unwrap_or_default().to_owned();
        self.counted.quick_approvals += 1;
        *self.quick_by.of(&approver) += 1;
        self.quick.push_back(Quick {
            entry: entry
                .get("sequence")
                .and_then(Value::as_u64)
                .unwrap_or_default(),
            code: text(entry, "code").to_owned(),
            approver,
            ms,
        });
        if self.quick.len() > MAX_QUICK {
            self.quick.pop_front();
        }
    }

    fn share(&mut self, waiting: &Waiting, count: impl Fn(&mut Share)) {
        count(self.programs.of(&waiting.program));
        count(self.users.of(&waiting.user));
        if waiting.agents.is_empty() {
            count(self.agents.of("none"));
        }
        for agent in &waiting.agents {
            count(self.agents.of(agent));
        }
    }

    fn ruled(&mut self, entry: &Value) -> &mut Ruled {
        let rule = entry
            .pointer("/decision/evidence/rule")
            .or_else(|| entry.get("rule"))
            .and_then(Value::as_str);
        self.policy.of(rule.unwrap_or("(default)"))
    }

    fn summary(&self) -> Summary {
        let ended: u64 = self.outcomes.values().sum();
        let day = |at: Timestamp| at.to_zoned_datetime(self.zone.clone()).date();
        let span = match (self.counted.first, self.counted.last) {
            (Some(first), Some(last)) => (day(last) - day(first)).get_days().max(0) + 1,
            _ => 0,
        };
        Summary {
            days: self.days.by_name(),
            span: u64::try_from(span).unwrap_or_default(),
            outcomes: self.outcomes.clone(),
            open: self.counted.prompts.saturating_sub(ended),
            median_ms: self.quantile(50),
            p90_ms: self.quantile(90),
            quick_by: self.quick_by.by(|count| *count),
            quick_latest: self.quick.iter().cloned().collect(),
            programs: self.programs.by(|share| share.prompts),
            users: self.users.by(|share| share.prompts),
            agents: self.agents.by(|share| share.prompts),
            policy: self
                .policy
                .by(|ruled| ruled.allowed + ruled.rejected + ruled.password),
            refused: self.refused.by(|count| *count),
            answers_refused: self.answers_refused.by(|count| *count),
            ..self.counted.clone()
        }
    }

    /// The shortest time within which so many of a hundred answers came.
    fn quantile(&self, percent: u64) -> Option<u64> {
        let rank = (self.counted.decisions * percent).div_ceil(100);
        let mut seen = 0;
        self.times
            .iter()
            .find(|(_, count)| {
                seen += **count;
                seen >= rank
            })
            .map(|(ms, _)| *ms)
    }
}

/// Something for each name, and once more for all names that are too many.
#[derive(Debug)]
struct Names<T> {
    known: BTreeMap<String, T>,
    others: Option<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            others: None,
        }
    }
}

impl<T: Clone + Default> Names<T> {
    fn of(&mut self, name: &str) -> &mut T {
        if self.known.len() >= MAX_NAMES && !self.known.contains_key(name) {
            return self.others.get_or_insert_default();
        }
        self.known.entry(name.to_owned()).or_default()
    }

    fn by_name(&self) -> Vec<(String, T)> {
        let known = self.known.iter();
        let mut all: Vec<_> = known
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        all.extend(
            self.others
                .clone()
                .map(|value| ("(others)".to_owned(), value)),
        );
        all
    }

    /// Those with the most first.
    fn by(&self, count: impl Fn(&T) -> u64) -> Vec<(String, T)> {
        let mut all = self.by_name();
        all.sort_by_key(|(_, value)| std::cmp::Reverse(count(value)));
        all
    }
}

#[cfg(test)]
mod tests;
