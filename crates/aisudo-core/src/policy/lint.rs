//! What is wrong with a policy although it can be read: allow rules that give more than they seem
//! to, and rules that do nothing. Never called in sudo.
//!
//! The facts about programs are in [`programs`]. They are those that everyone knows; that a program
//! is not there does not mean that it is harmless.

pub(super) mod known;
mod programs;
mod reach;

use std::{fmt, path::Path};

use super::{
    Policy,
    rule::{Place, Rule, Verb},
    word::{Arg, Kind},
};
use crate::{sudo_argv::Mode, variables::loads_code};

/// One thing that is wrong with one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
    /// Why root takes the risk (`dangerous` and `reason`); nothing when root does not.
    pub accepted: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            problem,
            remedy,
            accepted,
        } = self;
        match accepted {
            None => write!(f, "rule \"{rule}\": {problem}; {remedy}"),
            Some(reason) => write!(f, "rule \"{rule}\": {problem}; accepted: {reason}"),
        }
    }
}

/// All findings, in the order of the rules. A file with one that is not accepted is not to be used.
///
/// `who_else` says who but root can change what is at a path, or the way to it; nothing when nobody
/// can.
#[must_use]
pub fn findings(policy: &Policy, who_else: &dyn Fn(&Path) -> Option<String>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        let before = policy.rules.get(..index).unwrap_or_default();
        let mut notes = Notes {
            rule,
            found: &mut found,
        };
        reach::dead(rule, before, &mut notes);
        if rule.effect == Verb::Allow {
            modes(rule, &mut notes);
            programs(rule, &mut notes);
            words(rule, &mut notes);
            variables(rule, &mut notes);
            reach::negation(rule, before, &mut notes);
            places(rule, who_else, &mut notes);
        }
    }
    found
}

/// Where the findings of one rule go.
struct Notes<'a> {
    rule: &'a Rule,
    found: &'a mut Vec<Finding>,
}

impl Notes<'_> {
    /// A risk that root can take.
    fn risk(&mut self, problem: String, remedy: &'static str) {
        let accepted = self.rule.reason.as_ref().map(|reason| reason.0.clone());
        self.found.push(Finding {
            rule: self.rule.name.0.clone(),
            problem,
            remedy,
            accepted,
        });
    }

    /// A mistake: there is nothing in it to accept.
    fn mistake(&mut self, problem: String, remedy: &'static str) {
        self.found.push(Finding {
            rule: self.rule.name.0.clone(),
            problem,
            remedy,
            accepted: None,
        });
    }
}

fn modes(rule: &Rule, notes: &mut Notes<'_>) {
    for mode in rule.modes().unwrap_or_default() {
        let problem = match mode {
            Mode::Shell | Mode::LoginShell => "it allows a shell, in which anything can be typed",
            Mode::Edit => {
                "it allows edits: what is written, and with which editor, is the requester's to choose"
            }
            Mode::Run | Mode::List | Mode::Validate => continue,
        };
        notes.risk(
            problem.to_owned(),
            "leave it to be asked about, or add dangerous = true and a reason",
        );
    }
}

fn programs(rule: &Rule, notes: &mut Notes<'_>) {
    let runs = rule
        .modes()
        .unwrap_or_default()
        .iter()
        .any(|mode| matches!(mode, Mode::Run | Mode::Shell | Mode::LoginShell));
    let Some(places) = &rule.program else {
        if runs {
            notes.risk("it allows any program".to_owned(), "name the program");
        }
        return;
    };
    for place in &places.0 {
        match place {
            Place::Under(directory) => notes.risk(
                format!("it allows every program below {directory}"),
                "name each program",
            ),
            Place::Path(path) => {
                if let Some(risk) = programs::risk(path, rule.args.as_deref().unwrap_or_default()) {
                    notes.risk(format!("{path} {}", risk.problem), risk.remedy);
                }
            }
        }
    }
}

/// Words that could be options.
fn words(rule: &Rule, notes: &mut Notes<'_>) {
    for arg in rule.args.iter().flatten() {
        let prefix = &arg.prefix;
        if prefix.is_empty() {
            match &arg.kind {
                Kind::Word => notes.risk(
                    "{ type = \"word\" } takes options, too".to_owned(),
                    "use one_of, under, name, package, integer, or at least operand",
                ),
                Kind::Integer { min, .. } if *min < 0 => notes.risk(
                    "a negative integer looks like an option".to_owned(),
                    "set min = 0 or more",
                ),
                _ => {}
            }
        }
        if let Some(path) = relative(&arg.kind).filter(|_| rule.cwd.is_none()) {
            notes.risk(
                format!("what \"{path}\" is depends on where sudo is started"),
                "write an absolute path, or add cwd",
            );
        }
        if !prefix.is_empty() && is_open_option(arg) {
            notes.risk(
                format!("the prefix \"{prefix}\" and what follows can be other options"),
                "let the prefix end in =, or give the value a word of its own",
            );
        }
    }
}

/// A word that is plainly a relative path.
fn relative(kind: &Kind) -> Option<&str> {
    let words = match kind {
        Kind::Exact(word) => std::slice::from_ref(word),
        Kind::OneOf(words) => words.as_slice(),
        _ => &[],
    };
    words.iter().map(String::as_str).find(|word| {
        matches!(*word, "." | "..") || word.starts_with("./") || word.starts_with("../")
    })
}

/// Letters after a `-` are more options, unless they are digits or a path.
fn is_open_option(arg: &Arg) -> bool {
    let open = matches!(
        arg.kind,
        Kind::Word | Kind::Operand | Kind::Name | Kind::Package
    );
    open && arg.prefix.starts_with('-') && !arg.prefix.contains('=')
}

fn variables(rule: &Rule, notes: &mut Notes<'_>) {
    for name in rule.env.iter().flat_map(|names| &names.0) {
        if loads_code(name.0.as_bytes()) {
            notes.risk(
                format!("the variable {} can make programs run other code", name.0),
                "leave it out of env",
            );
        }
    }
}

/// Where others than root can write, a path says nothing about what is there.
fn places(rule: &Rule, who_else: &dyn Fn(&Path) -> Option<String>, notes: &mut Notes<'_>) {
    let programs = rule.program.iter().flat_map(|places| &places.0);
    let directories = rule.cwd.iter().flat_map(|places| &places.0);
    let named = rule.args.iter().flatten().flat_map(|arg| match &arg.kind {
        Kind::Under(path) | Kind::Exact(path) => std::slice::from_ref(path),
        Kind::OneOf(words) => words.as_slice(),
        _ => &[],
    });
    let mut paths: Vec<&str> = programs
        .chain(directories)
        .map(Place::path)
        .chain(named.filter_map(|word| path_in(word)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        if let Some(who) = who_else(Path::new(path)) {
            notes.risk(
                format!("others than root can change {path} ({who})"),
                "let it and all directories above it belong to root and be writable by nobody else, or name another path",
            );
        }
    }
}

/// The absolute path in a word that is written in a rule: the word, or what follows its `=`.
fn path_in(word: &str) -> Option<&str> {
    let value = word.split_once('=').map_or(word, |(_, value)| value);
    [word, value]
        .into_iter()
        .find(|path| path.starts_with('/') && *path != "/dev/null")
}
