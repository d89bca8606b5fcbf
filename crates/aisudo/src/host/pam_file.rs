//! A file of `/etc/pam.d`, as text: what its lines say, whether ours stand where they must, and the
//! text with ours or without.
//!
//! Read as pam.d(5) of Linux-PAM and pam.conf(5) of OpenPAM say: a backslash at its end joins a line
//! with the next one, `#` begins a comment, `[…]` holds blanks together.

use super::{block, module};

/// Whose PAM reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Linux-PAM: `[value=action …]`, `@include`.
    Linux,
    /// OpenPAM: words only. On macOS, `account` lines of `sudo_local` are not read.
    OpenPam,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facility {
    Auth,
    Account,
    Password,
    Session,
}

impl Facility {
    fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "auth" => Some(Self::Auth),
            "account" => Some(Self::Account),
            "password" => Some(Self::Password),
            "session" => Some(Self::Session),
            _ => None,
        }
    }
}

/// A line's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nothing, or a comment.
    Nothing,
    /// A module is called.
    Module {
        facility: Facility,
        /// `required`, `[success=1 default=ignore]`: as it stands, blanks made one.
        control: String,
        /// Its path or name.
        module: String,
        arguments: Vec<String>,
        /// `-auth`: nothing is said if it is missing.
        quiet: bool,
    },
    /// Another service's lines: all of them (`@include`), or those of one facility.
    Include {
        facility: Option<Facility>,
        service: String,
        /// `substack`: done and die end there only.
        substack: bool,
    },
    /// What PAM would not understand either.
    Unreadable,
}

/// A line and its continuations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The first of its lines in the file; they count from 1.
    pub(crate) number: usize,
    /// As it stands, line ends included.
    pub(crate) text: &'a str,
    pub(crate) entry: Entry,
}

/// All lines of a file.
pub(crate) fn parse(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = text;
    let mut number = 1;
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(length_of_first(rest));
        lines.push(Line {
            number,
            text: line,
            entry: entry(line),
        });
        number += line.matches('\n').count();
        rest = behind;
    }
    lines
}

/// How long the first line is, with those that a backslash joins to it.
fn length_of_first(text: &str) -> usize {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        // A comment is not continued.
        let is_comment = length == line.len() && content.trim_start().starts_with('#');
        if is_comment || !content.ends_with('\\') {
            break;
        }
    }
    length
}

fn entry(line: &str) -> Entry {
    let joined = line.replace("\\\r\n", " ").replace("\\\n", " ");
    let content = joined.split('#').next().unwrap_or_default();
    let words = words(content);
    let mut words = words.iter().map(String::as_str);
    let Some(first) = words.next() else {
        return Entry::Nothing;
    };
    read(first, &mut words).unwrap_or(Entry::Unreadable)
}

fn read<'a>(first: &str, words: &mut impl Iterator<Item = &'a str>) -> Option<Entry> {
    if first.eq_ignore_ascii_case("@include") {
        return Some(Entry::Include {
            facility: None,
            service: words.next()?.to_owned(),
            substack: false,
        });
    }
    let quiet = first.starts_with('-');
    let facility = Facility::parse(first.trim_start_matches('-'))?;
    let control = words.next()?.to_owned();
    let module = words.next()?.to_owned();
    Some(match control.to_ascii_lowercase().as_str() {
        kind @ ("include" | "substack") => Entry::Include {
            facility: Some(facility),
            service: module,
            substack: kind == "substack",
        },
        _ => Entry::Module {
            facility,
            control,
            module,
            arguments: words.map(str::to_owned).collect(),
            quiet,
        },
    })
}

/// What blanks separate; `[…]` is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('[') {
            // `\]` does not end it.
            Some(_) => rest
                .match_indices(']')
                .map(|(at, _)| at)
                .find(|at| !rest.get(..*at).unwrap_or_default().ends_with('\\'))
                .map_or(rest.len(), |at| at + 1),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, behind) = rest.split_at(end);
        words.push(word.split_whitespace().collect::<Vec<_>>().join(" "));
        rest = behind.trim_start();
    }
    words
}

impl Entry {
    /// Whether it calls our module.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Module { module, .. } if is_our_file(module))
    }

    /// Whether it could decide before a line below it: for these two facilities alone.
    fn decides(&self) -> bool {
        use Facility::{Account, Auth};
        matches!(
            self,
            Self::Module {
                facility: Auth | Account,
                ..
            } | Self::Include {
                facility: None | Some(Auth | Account),
                ..
            }
        )
    }
}

fn is_our_file(module: &str) -> bool {
    module.rsplit('/').next() == Some(module::FILE)
}

/// Our lines, with this for the module.
pub(crate) fn our_lines(dialect: Dialect, module: &str) -> String {
    match dialect {
        // What is missing or cannot be loaded is `module_unknown`: the password serves (I9).
        Dialect::Linux => format!(
            "auth    [success=done ignore=ignore module_unknown=ignore default=die] {module}\n\
             account [success=ok ignore=ignore module_unknown=ignore default=die] {module}\n"
        ),
        // `binding` is done by a yes, and a no of it is final; but it goes on to ask for a password in vain.
        // `requisite` ends it there, with the verdict that the first line left.
        Dialect::OpenPam => {
            format!("auth       binding        {module}\nauth       requisite      {module}\n")
        }
    }
}

/// The text with our block above all that could decide before it. What of ours was there already,
/// wherever and however often, goes.
pub(crate) fn with_ours(text: &str, dialect: Dialect, module: &str) -> String {
    let text = without_ours(text);
    let place: usize = parse(&text)
        .iter()
        .take_while(|line| !line.entry.decides())
        .map(|line| line.text.len())
        .sum();
    let (above, below) = text.split_at(place);
    let newline = if above.is_empty() || above.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!(
        "{above}{newline}{}{below}",
        block::marked(&our_lines(dialect, module))
    )
}

/// The text without our block, and without any other line that calls our module.
pub(crate) fn without_ours(text: &str) -> String {
    let text = block::without(text, |_| false);
    parse(&text)
        .iter()
        .filter(|line| !line.entry.is_ours())
        .map(|line| line.text)
        .collect()
}

/// A module that is called, and where that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The service in whose file the line is.
    pub(crate) service: String,
    /// Its line there.
    pub(crate) line: usize,
    pub(crate) control: String,
    pub(crate) module: String,
    pub(crate) arguments: Vec<String>,
    /// How many substacks it is in: what ends the stack there does not end the service.
    pub(crate) depth: usize,
}

impl Call {
    pub(crate) fn is_ours(&self) -> bool {
        is_our_file(&self.module)
    }
}

/// Includes that are followed within each other, at most.
const MAX_DEPTH: usize = 16;

/// What a service calls for one facility, in order, includes followed. `text_of` gives the text of a
/// service's file.
///
/// # Errors
/// One line: a file that is missing, a line that cannot be read, includes in a circle.
pub(crate) fn calls(
    service: &str,
    facility: Facility,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    follow(service, facility, text_of, (MAX_DEPTH, 0), &mut calls)?;
    Ok(calls)
}

fn follow(
    service: &str,
    wanted: Facility,
    text_of: &dyn Fn(&str) -> Option<String>,
    (depth, substacks): (usize, usize),
    calls: &mut Vec<Call>,
) -> Result<(), String> {
    let Some(left) = depth.checked_sub(1) else {
        return Err(format!(
            "PAM's service {service} is included within itself; take the circle out"
        ));
    };
    let text = text_of(service)
        .ok_or_else(|| format!("PAM's service {service} cannot be read; put its file there"))?;
    for line in parse(&text) {
        match line.entry {
            Entry::Module {
                facility,
                control,
                module,
                arguments,
                ..
            } if facility == wanted => calls.push(Call {
                service: service.to_owned(),
                line: line.number,
                control,
                module,
                arguments,
                depth: substacks,
            }),
            Entry::Include {
                facility,
                service: other,
                substack,
            } if facility.is_none_or(|facility| facility == wanted) => {
                // `@include` may give a path.
                let other = other.strip_prefix("/etc/pam.d/").unwrap_or(&other);
                let inner = (left, substacks + usize::from(substack));
                follow(other, wanted, text_of, inner, calls)?;
            }
            Entry::Unreadable => {
                return Err(format!(
                    "PAM's service {service}, line {}: not understood; correct it",
                    line.number
                ));
            }
            Entry::Module { .. } | Entry::Include { .. } | Entry::Nothing => {}
        }
    }
    Ok(())
}

/// How our module stands in one facility of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not called.
    Missing,
    /// This is called before it, and may decide without it.
    Behind(Call),
    /// It is called first, and its answer does not count as it must; its control.
    Weak(Call),
    /// As it must be.
    First(Call),
}

/// Judges what [`calls`] found.
pub(crate) fn standing(calls: &[Call], facility: Facility) -> Standing {
    let Some(ours) = calls.iter().find(|call| call.is_ours()) else {
        return Standing::Missing;
    };
    match calls.first() {
        Some(first) if first != ours => Standing::Behind(first.clone()),
        _ if counts(&ours.control, facility) && ours.depth == 0 => Standing::First(ours.clone()),
        _ => Standing::Weak(ours.clone()),
    }
}

/// Whether a no of ours ends the stack or at least fails it, and `ignore` leaves the rest to it.
fn counts(control: &str, facility: Facility) -> bool {
    let control = control.to_ascii_lowercase();
    if let Some(pairs) = control
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let action = |value: &str| {
            let own = format!("{value}=");
            pairs
                .split_whitespace()
                .find_map(|pair| pair.strip_prefix(own.as_str()))
        };
        let otherwise = action("default").unwrap_or("bad");
        // What the module says: abort in auth, perm_denied in account, and what else it may.
        let noes = [
            "abort",
            "perm_denied",
            "auth_err",
            "authinfo_unavail",
            "system_err",
        ];
        let ignored = action("ignore").unwrap_or(otherwise) == "ignore";
        let success = action("success").unwrap_or(otherwise);
        let yes = match facility {
            Facility::Auth => success == "done",
            _ => matches!(success, "ok" | "done"),
        };
        return ignored
            && yes
            && noes
                .iter()
                .all(|no| matches!(action(no).unwrap_or(otherwise), "die" | "bad"));
    }
    match facility {
        // `sufficient` lets each no fall through.
        Facility::Auth => control == "binding",
        _ => matches!(control.as_str(), "required" | "requisite" | "binding"),
    }
}

#[cfg(test)]
mod tests;
