//! Reading sudoers(5): defaults, rules, aliases and includes, each with its place.
//!
//! `cvtsudoers -f json` is not used: it leaves out what its sudo does not know, mixes up settings for
//! target users with those for users, and up to 1.9.13 writes what is no JSON. sudo-rs has none. What is
//! wrong is left out here, and told by `visudo -c`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::super::view::View;

/// Most files, and most includes within each other: sudo's own limit is 128.
const MOST_FILES: usize = 512;

/// Aliases within aliases, at most.
const MOST_ALIASES: usize = 16;

/// All that the files say.
#[derive(Debug, Default)]
pub(in super::super) struct Sudoers {
    pub(in super::super) files: Vec<PathBuf>,
    /// Of included directories, too.
    pub(in super::super) directories: Vec<PathBuf>,
    pub(super) defaults: Vec<Setting>,
    pub(super) rules: Vec<Rule>,
    aliases: BTreeMap<String, Vec<String>>,
}

/// One setting of a `Defaults` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) scope: Scope,
    pub(super) name: String,
    pub(super) value: Value,
    /// `file, line n`.
    pub(super) at: String,
}

/// For what a setting counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Users(Vec<String>),
    Hosts(Vec<String>),
    /// Some commands or target users.
    Some,
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    On,
    Off,
    Is(String),
    Add(String),
    Remove(String),
}

/// Who may run what, on which hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) users: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) commands: Vec<Command>,
    pub(super) at: String,
}

/// One command of a rule, with the tags that count for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) text: String,
    /// Whether it may be run as anybody.
    pub(super) as_all: bool,
    pub(super) no_password: bool,
    pub(super) setenv: bool,
}

/// Reads all files, beginning with this one.
pub(in super::super) fn read(view: &View<'_>, first: &Path, host: &str) -> Sudoers {
    let mut sudoers = Sudoers::default();
    file(view, first, host, &mut sudoers);
    sudoers
}

fn file(view: &View<'_>, path: &Path, host: &str, sudoers: &mut Sudoers) {
    if sudoers.files.len() >= MOST_FILES || sudoers.files.iter().any(|known| known == path) {
        return;
    }
    sudoers.files.push(path.to_path_buf());
    let text = view.text(path).unwrap_or_default();
    for (number, line) in lines(&text) {
        let at = format!("{}, line {number}", path.display());
        match include(&line) {
            Some((directory, named)) => {
                let named = named.replace("%h", host);
                let place = path.parent().unwrap_or(Path::new("/")).join(named);
                if directory {
                    sudoers.directories.push(place.clone());
                    for entry in view.list(&place) {
                        let name = entry.file_name().unwrap_or_default().to_string_lossy();
                        if !name.contains('.') && !name.ends_with('~') {
                            file(view, &entry, host, sudoers);
                        }
                    }
                } else {
                    file(view, &place, host, sudoers);
                }
            }
            None => one(&line, &at, sudoers),
        }
    }
}

/// Lines without comments, joined where a backslash says so, with their numbers.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, mut whole) = open.take().unwrap_or((index + 1, String::new()));
        let continued = line.ends_with('\\') && !line.trim_start().starts_with('#');
        whole.push_str(line.strip_suffix('\\').unwrap_or(line));
        if continued {
            open = Some((number, whole));
        } else {
            found.push((number, without_comment(&whole)));
        }
    }
    found.extend(open);
    found.retain(|(_, line)| !line.trim().is_empty());
    found
}

/// `#` begins a comment, unless it is quoted, a uid (`#1000`, `%#1000`) or an include.
fn without_comment(line: &str) -> String {
    if include(line).is_some() {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut quoted = false;
    let mut escaped = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let is_uid = characters.peek().is_some_and(char::is_ascii_digit);
        if c == '#' && !quoted && !escaped && !is_uid {
            break;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        kept.push(c);
    }
    kept
}

/// Whether a directory, and which path, is included.
fn include(line: &str) -> Option<(bool, String)> {
    let line = line.trim();
    let rest = line.strip_prefix(['@', '#'])?;
    let (word, path) = rest.split_once(char::is_whitespace)?;
    let directory = match word {
        "include" => false,
        "includedir" => true,
        _ => return None,
    };
    let path = path.trim().trim_matches('"').replace("\\ ", " ");
    Some((directory, path))
}

fn one(line: &str, at: &str, sudoers: &mut Sudoers) {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("Defaults") {
        defaults(rest, at, sudoers);
        return;
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if matches!(
        word,
        "User_Alias" | "Runas_Alias" | "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias"
    ) {
        for alias in split(rest, ':') {
            if let Some((name, list)) = alias.split_once('=') {
                let members = split(list, ',');
                sudoers.aliases.insert(name.trim().to_owned(), members);
            }
        }
        return;
    }
    rule(line, at, sudoers);
}

fn defaults(rest: &str, at: &str, sudoers: &mut Sudoers) {
    let (scope, settings) = match rest.chars().next() {
        Some(kind @ (':' | '@' | '>' | '!')) => {
            let rest = tight(rest.get(1..).unwrap_or_default());
            let end = end_of_word(&rest);
            let (names, settings) = rest.split_at(end);
            let names = split(names, ',');
            let scope = match kind {
                ':' => Scope::Users(names),
                '@' => Scope::Hosts(names),
                _ => Scope::Some,
            };
            (scope, settings.to_owned())
        }
        Some(c) if c.is_whitespace() => (Scope::All, rest.to_owned()),
        _ => return,
    };
    for setting in split(&settings, ',') {
        if let Some((name, value)) = value(&setting) {
            sudoers.defaults.push(Setting {
                scope: scope.clone(),
                name,
                value,
                at: at.to_owned(),
            });
        }
    }
}

/// `name`, `!name`, `name = value`, `name += value`, `name -= value`.
fn value(setting: &str) -> Option<(String, Value)> {
    let Some((name, value)) = setting.split_once('=') else {
        let bangs = setting
            .chars()
            .take_while(|c| *c == '!' || *c == ' ')
            .count();
        let off = setting.matches('!').count() % 2 == 1;
        let name = setting.get(bangs..)?.trim().to_owned();
        let value = if off { Value::Off } else { Value::On };
        return (!name.is_empty()).then_some((name, value));
    };
    let value = value.trim().trim_matches('"').to_owned();
    let name = name.trim();
    Some(if let Some(name) = name.strip_suffix('+') {
        (name.trim().to_owned(), Value::Add(value))
    } else if let Some(name) = name.strip_suffix('-') {
        (name.trim().to_owned(), Value::Remove(value))
    } else {
        (name.to_owned(), Value::Is(value))
    })
}

fn rule(line: &str, at: &str, sudoers: &mut Sudoers) {
    let mut users = Vec::new();
    for part in parts(line) {
        let Some((left, right)) = split_once(&part, '=') else {
            continue;
        };
        let left = tight(&left);
        let hosts = if users.is_empty() {
            let (names, hosts) = left.split_at(end_of_word(&left));
            users = split(names, ',');
            hosts.to_owned()
        } else {
            left
        };
        sudoers.rules.push(Rule {
            users: users.clone(),
            hosts: split(&hosts, ','),
            commands: commands(&right),
            at: at.to_owned(),
        });
    }
}

/// The tags of sudoers(5): what stands before a colon and does not end a part of a rule.
const TAGS: [&str; 18] = [
    "EXEC",
    "NOEXEC",
    "FOLLOW",
    "NOFOLLOW",
    "INTERCEPT",
    "NOINTERCEPT",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "MAIL",
    "NOMAIL",
    "PASSWD",
    "NOPASSWD",
    "SETENV",
    "NOSETENV",
    "sha256",
    "sha512",
];

/// Splits `users hosts = commands : hosts = commands` at its colons.
fn parts(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in split(line, ':') {
        let continues = found.last().is_some_and(|before| {
            let word = before
                .rsplit(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | ')' | ':'))
                .next()
                .unwrap_or_default();
            TAGS.contains(&word)
                || matches!(word, "sha224" | "sha384")
                || word.ends_with('%')
                || split_once(before, '=').is_none()
        });
        match found.last_mut() {
            Some(before) if continues => {
                before.push(':');
                before.push_str(&piece);
            }
            _ => found.push(piece),
        }
    }
    found
}

fn commands(list: &str) -> Vec<Command> {
    let mut tags = Command::default();
    let mut found = Vec::new();
    for item in split(list, ',') {
        let mut rest = item.trim();
        if let Some(inside) = rest.strip_prefix('(') {
            let (runas, behind) = inside.split_once(')').unwrap_or((inside, ""));
            let users = runas.split(':').next().unwrap_or_default();
            tags.as_all = users.split(',').any(|user| user.trim() == "ALL");
            rest = behind.trim_start();
        }
        loop {
            let end = rest
                .find(|c: char| c.is_whitespace() || c == ':')
                .unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let behind_colon = behind.trim_start().strip_prefix(':');
            match (word, behind_colon) {
                ("NOPASSWD", Some(_)) => tags.no_password = true,
                ("PASSWD", Some(_)) => tags.no_password = false,
                ("SETENV", Some(_)) => tags.setenv = true,
                ("NOSETENV", Some(_)) => tags.setenv = false,
                (tag, Some(_)) if TAGS.contains(&tag) => {}
                // ROLE=, CWD=, TIMEOUT= and others.
                (option, None) if is_option(option) => {
                    rest = behind.trim_start();
                    continue;
                }
                _ => break,
            }
            rest = behind_colon.unwrap_or_default().trim_start();
        }
        found.push(Command {
            text: rest.to_owned(),
            ..tags.clone()
        });
    }
    found
}

fn is_option(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

impl Sudoers {
    /// A list with its aliases replaced, in order. `!` of an alias turns its members round.
    pub(super) fn expanded(&self, list: &[String]) -> Vec<(bool, String)> {
        let mut found = Vec::new();
        self.expand(list, false, MOST_ALIASES, &mut found);
        found
    }

    fn expand(&self, list: &[String], not: bool, left: usize, found: &mut Vec<(bool, String)>) {
        for member in list {
            let name = member.trim_start_matches(['!', ' ']);
            let bangs = member.chars().take_while(|c| matches!(c, '!' | ' '));
            let not = not ^ (bangs.filter(|c| *c == '!').count() % 2 == 1);
            match (self.aliases.get(name), left.checked_sub(1)) {
                (Some(members), Some(left)) => self.expand(members, not, left, found),
                _ => found.push((not, name.trim_matches('"').to_owned())),
            }
        }
    }
}

/// Blanks beside commas and behind `!` mean nothing.
fn tight(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut joined = words.join(" ");
    for (loose, tight) in [(" ,", ","), (", ", ","), ("! ", "!")] {
        joined = joined.replace(loose, tight);
    }
    joined
}

/// Where the first word ends, quotes and escapes minded.
fn end_of_word(text: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == ' ' && !quoted && !escaped {
            return at;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// The pieces between separators that are neither quoted, escaped nor within brackets, trimmed.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' if !quoted && !escaped => depth += 1,
            ')' if !quoted && !escaped => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == separator && !quoted && !escaped && depth == 0 {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    pieces
        .into_iter()
        .map(|piece| piece.trim().to_owned())
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn split_once(text: &str, separator: char) -> Option<(String, String)> {
    let pieces = split(text, separator);
    let (first, rest) = pieces.split_first()?;
    // What is behind may hold further ones: CWD=/.
    (!rest.is_empty()).then(|| (first.clone(), rest.join(&separator.to_string())))
}

#[cfg(test)]
mod tests {
    use super::{super::super::commands::Said, *};

    struct None_;

    impl super::super::super::commands::Commands for None_ {
        fn run(&self, _: &str, _: &[&str]) -> Option<Said> {
            None
        }
    }

    fn sudoers(files: &[(&str, &str)]) -> Sudoers {
        let keep = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = keep.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        read(
            &View::scripted(keep.path(), &None_),
            Path::new("/etc/sudoers"),
            "here",
        )
    }

    #[test]
    fn includes_are_followed_as_sudo_does() {
        let read = sudoers(&[
            (
                "/etc/sudoers",
                "#includedir /etc/sudoers.d\n@include local-%h\n@include /etc/sudoers\n",
            ),
            ("/etc/sudoers.d/a.b", "Defaults a\n"),
            ("/etc/sudoers.d/c~", "Defaults c\n"),
            ("/etc/sudoers.d/d", "Defaults d\n"),
            ("/etc/local-here", "Defaults l\n"),
        ]);
        let names: Vec<&str> = read.defaults.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["d", "l"]);
        assert_eq!(read.defaults[0].at, "/etc/sudoers.d/d, line 1");
        assert_eq!(read.directories, [Path::new("/etc/sudoers.d")]);
    }

    #[test]
    fn settings_are_read_with_their_scope() {
        let read = sudoers(&[(
            "/etc/sudoers",
            "Defaults env_reset, !authenticate # not !x\n\
             Defaults:agent , %staff timestamp_timeout = -1,passwd_tries=1\n\
             Defaults:#1000 a\n\
             Defaults@h b\n\
             Defaults>root !c\n\
             Defaults!/bin/x d\n\
             Defaults env_keep += \"A, B\"\n\
             # Defaults e \\\n\
             Defaults secure_path=\"/a:/b\", \\\n   f\n",
        )]);
        let said: Vec<(Scope, &str, Value)> = read
            .defaults
            .iter()
            .map(|one| (one.scope.clone(), one.name.as_str(), one.value.clone()))
            .collect();
        let users = |names: &[&str]| Scope::Users(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(
            said,
            [
                (Scope::All, "env_reset", Value::On),
                (Scope::All, "authenticate", Value::Off),
                (
                    users(&["agent", "%staff"]),
                    "timestamp_timeout",
                    Value::Is("-1".into())
                ),
                (
                    users(&["agent", "%staff"]),
                    "passwd_tries",
                    Value::Is("1".into())
                ),
                (users(&["#1000"]), "a", Value::On),
                (Scope::Hosts(vec!["h".into()]), "b", Value::On),
                (Scope::Some, "c", Value::Off),
                (Scope::Some, "d", Value::On),
                (Scope::All, "env_keep", Value::Add("A, B".into())),
                (Scope::All, "secure_path", Value::Is("/a:/b".into())),
                (Scope::All, "f", Value::On),
            ]
        );
        assert_eq!(read.defaults[10].at, "/etc/sudoers, line 9");
    }

    #[test]
    fn rules_are_read_with_their_tags() {
        let read = sudoers(&[(
            "/etc/sudoers",
            "User_Alias A = agent, !bob : B = b\n\
             A , carol ALL=(root, x:y) NOPASSWD: /bin/id -u, PASSWD : /bin/ls\\,x, SETENV:ALL : h = NOPASSWD:ALL\n\
             %:ads ALL = (ALL) CWD=/ TIMEOUT=3 NOEXEC:NOPASSWD:sha224:00 /bin/su\n\
             %#12 ALL=ALL\n",
        )]);
        let said = |rule: usize| -> Vec<(&str, bool, bool, bool)> {
            read.rules[rule]
                .commands
                .iter()
                .map(|one| (one.text.as_str(), one.as_all, one.no_password, one.setenv))
                .collect()
        };
        assert_eq!(read.rules.len(), 4);
        assert_eq!(read.rules[0].users, ["A", "carol"]);
        assert_eq!(
            said(0),
            [
                ("/bin/id -u", false, true, false),
                ("/bin/ls\\,x", false, false, false),
                ("ALL", false, false, true)
            ]
        );
        assert_eq!(read.rules[1].hosts, ["h"]);
        assert_eq!(said(1), [("ALL", false, true, false)]);
        assert_eq!(read.rules[2].users, ["%:ads"]);
        assert_eq!(said(2), [("sha224:00 /bin/su", true, true, false)]);
        assert_eq!(read.rules[3].users, ["%#12"]);
        let all = read.expanded(&["!A".into()]);
        assert_eq!(all, [(true, "agent".to_owned()), (false, "bob".to_owned())]);
    }
}
