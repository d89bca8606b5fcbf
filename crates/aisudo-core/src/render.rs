//! One request as a person reads it. Everything that shows a request shows this.
//!
//! Every byte that somebody else chose passes [`display`], and what it noticed becomes a warning
//! that names the field. Nothing is shortened: a long command is said to be long, and shown.

mod fields;
mod stdin;
mod warnings;

use std::fmt;

use crate::{
    asked_by::Asker,
    display::{self, Mark, Shown},
    raw::{Hex32, Raw},
    request::{Call, Request},
    sudo_argv::Mode,
};

/// What the request's bytes do not say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// The name by which people answer.
    pub code: &'a str,
    /// The digest of the bytes.
    pub digest: Hex32,
    /// Milliseconds until the deadline; nothing when it is over.
    pub remaining_ms: Option<u64>,
}

/// A request, ready to be shown. All of it is safe: single lines in which everything can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Who asks to do what, as whom, where.
    pub title: String,
    /// What deserves a second look. To be shown before the command.
    pub warnings: Vec<String>,
    /// The command as separate words, whole. A remark in parentheses may stand before it, which no
    /// command can imitate: a word with a parenthesis is quoted.
    pub command: String,
    /// That remark; empty when there is none.
    pub remark: &'static str,
    /// The words of the command, each as it stands in it.
    pub words: Vec<String>,
    /// The rest, in order.
    pub lines: Vec<Field>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name. The same name can stand several times.
    pub label: &'static str,
    /// What it is.
    pub value: String,
}

/// Turns a request into what a person reads.
#[must_use]
pub fn request(request: &Request, label: &Label<'_>) -> View {
    let mut safe = Safe::default();
    let title = title(request, label, &mut safe);
    let (remark, words) = command(request, &mut safe);
    let lines = fields::of(request, label, &mut safe);
    let mut warnings = warnings::of(request, &mut safe);
    warnings.extend(safe.warnings());
    View {
        title,
        warnings,
        command: joined(remark, &words),
        remark,
        words,
        lines,
    }
}

impl View {
    /// The whole view as lines for a terminal, of whatever width.
    ///
    /// Lines are not wrapped, so that nothing is broken that was one word; the terminal wraps. What
    /// it wraps to the next line cannot be taken for another field: fields begin with four blanks,
    /// and [`display`] never writes four blanks in a row.
    #[must_use]
    pub fn plain(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        for warning in &self.warnings {
            writeln!(f, "  ! {warning}")?;
        }
        if !self.warnings.is_empty() {
            writeln!(f)?;
        }
        writeln!(f, "      {}\n", self.command)?;
        let width = self
            .lines
            .iter()
            .map(|field| field.label.len())
            .max()
            .unwrap_or(0);
        for Field { label, value } in &self.lines {
            writeln!(f, "    {label:width$}    {value}")?;
        }
        Ok(())
    }
}

fn title(request: &Request, label: &Label<'_>, safe: &mut Safe) -> String {
    let who = safe.word("the user", &request.requester.name);
    let host = safe.word("the host", &request.host.name);
    let code = safe.word("the code", label.code);
    let what = match &request.call {
        None => "for something that could not be read".to_owned(),
        Some(call) => format!("to {}", doing(call, &target(request, call, safe))),
    };
    format!("Request {code}: {who} on {host} asks {what}")
}

/// The mode in words.
fn doing(call: &Call, target: &str) -> String {
    let with_words = !call.argv.is_empty();
    match call.mode {
        Mode::Run => format!("run a command as {target}"),
        Mode::Shell if with_words => format!("run a command in a shell as {target}"),
        Mode::Shell => format!("open a SHELL as {target}"),
        Mode::LoginShell if with_words => format!("run a command in a login shell as {target}"),
        Mode::LoginShell => format!("open a LOGIN SHELL as {target}"),
        Mode::Edit => format!("edit files as {target}"),
        Mode::List => "list what sudo permits (nothing is run)".to_owned(),
        Mode::Validate => "renew sudo's ticket (nothing is run now)".to_owned(),
    }
}

/// As whom. Without `-u`, `-g` alone means the requester with another group: sudo(8).
fn target(request: &Request, call: &Call, safe: &mut Safe) -> String {
    let user = match (&call.user, &call.group) {
        (Some(user), _) => safe.word("the target user", user),
        (None, None) => "root".to_owned(),
        (None, Some(_)) => safe.word("the user", &request.requester.name),
    };
    match &call.group {
        Some(group) => format!("{user} with group {}", safe.word("the target group", group)),
        None => user,
    }
}

/// A remark on how it runs, and its words.
fn command(request: &Request, safe: &mut Safe) -> (&'static str, Vec<String>) {
    let (remark, words) = match &request.call {
        None => ("(RAW)", &request.sudo.argv),
        Some(call) => (remark(call), &call.argv),
    };
    let words = words.iter().map(|word| safe.word("the command", word));
    (remark, words.collect())
}

fn remark(call: &Call) -> &'static str {
    match call.mode {
        Mode::Run => "",
        Mode::Shell if call.argv.is_empty() => "(a shell)",
        Mode::Shell => "(in a shell)",
        Mode::LoginShell if call.argv.is_empty() => "(a login shell)",
        Mode::LoginShell => "(in a login shell)",
        Mode::Edit => "(edit)",
        Mode::List => "(list)",
        Mode::Validate => "(renew sudo's ticket)",
    }
}

fn joined(remark: &str, words: &[String]) -> String {
    match (remark, words) {
        (remark, []) => remark.to_owned(),
        ("", words) => words.join(" "),
        (remark, words) => format!("{remark} {}", words.join(" ")),
    }
}

/// The option of sudo that keeps the whole environment. su needs none.
fn by_option(request: &Request) -> &'static str {
    match Asker::of(request) {
        Asker::Sudo => " (-E)",
        _ => "",
    }
}

/// Whether something will be run.
fn runs(call: &Call) -> bool {
    matches!(call.mode, Mode::Run | Mode::Shell | Mode::LoginShell)
}

/// Shows bytes safely, and remembers what was noticed in which field.
#[derive(Default)]
struct Safe {
    noticed: Vec<(&'static str, Vec<Mark>)>,
}

impl Safe {
    /// Something behind which text of ours may follow: quoted where it is not plain.
    fn word(&mut self, field: &'static str, bytes: impl AsRef<[u8]>) -> String {
        self.keep(field, display::word(bytes.as_ref()))
    }

    fn words(&mut self, field: &'static str, words: &[Raw]) -> String {
        self.keep(field, display::words(words))
    }

    /// Free text, for the end of a line only.
    fn text(&mut self, field: &'static str, bytes: impl AsRef<[u8]>) -> String {
        self.keep(field, display::text(bytes.as_ref()))
    }

    fn keep(&mut self, field: &'static str, shown: Shown) -> String {
        if !shown.marks.is_empty() {
            match self.noticed.iter_mut().find(|(known, _)| *known == field) {
                Some((_, marks)) => marks.extend(shown.marks),
                None => self.noticed.push((field, shown.marks)),
            }
        }
        shown.text
    }

    /// One line for each field in which something was noticed.
    fn warnings(self) -> impl Iterator<Item = String> {
        self.noticed.into_iter().map(|(field, mut marks)| {
            marks.sort_unstable();
            marks.dedup();
            let marks: Vec<String> = marks.iter().map(ToString::to_string).collect();
            format!("Look closely at {field}: {}.", marks.join(", "))
        })
    }
}

#[cfg(test)]
mod tests;
