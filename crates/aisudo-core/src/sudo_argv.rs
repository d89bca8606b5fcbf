//! What a command line of sudo asks for.
//!
//! There are two sudos, and they read the same words differently: the C one (`src/parse_args.c`
//! with `getopt_long(3)`) and sudo-rs (`src/sudo/cli/mod.rs`). What only one of them accepts is
//! certain, since the other one stops before it calls PAM. What both accept and read differently
//! is refused here: nobody may approve a guess. Compared with C sudo 1.9.13p3 and 1.9.18, and with
//! sudo-rs 0.2.5, 0.2.8 and 0.2.14. (Before 0.2.2, `-E` of sudo-rs took the next word.)

mod options;

use std::fmt;

use serde::{Deserialize, Serialize};

use options::{HOST, OPTIONS, Opt, Takes};

/// What sudo is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Run a command.
    #[default]
    Run,
    /// `-s`: run a shell. Which one is the caller's `$SHELL`, not on the command line.
    Shell,
    /// `-i`: run the target user's login shell.
    LoginShell,
    /// `-e`, or called as `sudoedit`: edit files.
    Edit,
    /// `-l`: list what is permitted, or whether one command is.
    List,
    /// `-v`: authenticate, run nothing.
    Validate,
}

/// What a command line of sudo asks for; sudoers may still refuse it. Options are those of sudo(8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SudoCall {
    /// Run, edit, list …
    pub mode: Mode,
    /// The words after the options: of the command to run or to ask about, for the shell, or the
    /// files to edit.
    pub command: Vec<Vec<u8>>,
    /// `-u`. Without it: root, or the caller when there is a `-g`, or what sudoers says.
    pub user: Option<Vec<u8>>,
    /// `-g`.
    pub group: Option<Vec<u8>>,
    /// `-D`: the directory to run in.
    pub chdir: Option<Vec<u8>>,
    /// `-R`: the new root directory.
    pub chroot: Option<Vec<u8>>,
    /// `-h host`: another host's rules; sudoers takes it with `-l` only.
    pub host: Option<Vec<u8>>,
    /// `-E`: keep the caller's environment. sudo-rs warns and ignores it.
    pub preserve_all: bool,
    /// `--preserve-env=A,B`: the names.
    pub preserve: Vec<Vec<u8>>,
    /// `VAR=value` words before the command, whole, in order.
    pub set: Vec<Vec<u8>>,
    /// `-H`: HOME of the target user.
    pub set_home: bool,
    /// `-P`: keep the caller's groups.
    pub preserve_groups: bool,
    /// `-b`: sudo does not wait for the command.
    pub background: bool,
    /// `-S`: the password comes from standard input.
    pub stdin_password: bool,
    /// `-A`: the password comes from a helper program.
    pub askpass: bool,
    /// `-n`: no question may be asked.
    pub non_interactive: bool,
    /// `-B`: ring the bell with the prompt.
    pub bell: bool,
    /// `-k` with something to do: ignore the cached ticket.
    pub reset_timestamp: bool,
    /// `-N`: leave the cached ticket as it is.
    pub no_update: bool,
    /// `-l` given twice: the long format.
    pub long_list: bool,
    /// `-C`: close descriptors from this one on.
    pub close_from: Option<Vec<u8>>,
    /// `-r`: SELinux role.
    pub role: Option<Vec<u8>>,
    /// `-t`: SELinux type.
    pub selinux_type: Option<Vec<u8>>,
    /// `-U`: whose permissions are listed.
    pub other_user: Option<Vec<u8>>,
    /// `-T`: how long the command may run.
    pub command_timeout: Option<Vec<u8>>,
    /// `-p`: the password prompt.
    pub prompt: Option<Vec<u8>>,
    /// `-a`: BSD authentication type (BSD only).
    pub auth_type: Option<Vec<u8>>,
    /// `-c`: BSD login class (BSD only).
    pub login_class: Option<Vec<u8>>,
}

/// Why a command line is not a request that can be read with certainty. Options are named by
/// their long names; [`fmt::Display`] gives one short phrase for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Nothing to run or to edit.
    NoCommand,
    /// `-h`, `-V`, `-K`, or `-k` alone: sudo does these without PAM.
    NotARequest(&'static str),
    /// No sudo has this option here (`sudoedit` has fewer); escaped and cut.
    UnknownOption(String),
    /// An abbreviation of more than one long option; escaped and cut.
    AmbiguousOption(String),
    /// An option lacks its value.
    MissingValue(&'static str),
    /// An option has a value and takes none.
    UnexpectedValue(&'static str),
    /// An option has a value that sudo refuses.
    BadValue(&'static str),
    /// An option may be given once.
    Repeated(&'static str),
    /// Two things that sudo refuses together.
    Conflict(&'static str, &'static str),
    /// Different sudos read this differently.
    TwoReadings(&'static str),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommand => f.write_str("no command"),
            Self::NotARequest(option) => write!(f, "--{option} runs nothing"),
            Self::UnknownOption(option) => write!(f, "unknown option {option}"),
            Self::AmbiguousOption(option) => write!(f, "{option} may be several options"),
            Self::MissingValue(option) => write!(f, "--{option} lacks its value"),
            Self::UnexpectedValue(option) => write!(f, "--{option} takes no value"),
            Self::BadValue(option) => write!(f, "--{option} has a value that sudo refuses"),
            Self::Repeated(option) => write!(f, "--{option} is given twice"),
            Self::Conflict(one, other) => write!(f, "sudo refuses {one} with {other}"),
            Self::TwoReadings(what) => write!(f, "not every sudo reads {what} alike"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads a whole command line, the program's name first, so that it holds for every sudo.
///
/// # Errors
/// When it is not certain what sudo was asked to do. Also for `sudoedit FILE`: sudo-rs before 0.2.8
/// (Debian 13 has 0.2.5) takes no notice of its name, which is the caller's to choose, and *runs*
/// FILE. Who knows which sudo this is may use [`parse_c_sudo`].
pub fn parse(argv: &[Vec<u8>]) -> Result<SudoCall, ParseError> {
    read(argv, Sudo::Any)
}

/// Reads a whole command line as C sudo does. For a caller who knows for certain that it is in C
/// sudo, and therefore which reading of `sudoedit FILE`, `-`, `=x` and `a.b=c` is the right one.
///
/// # Errors
/// When it is not certain what sudo was asked to do.
pub fn parse_c_sudo(argv: &[Vec<u8>]) -> Result<SudoCall, ParseError> {
    read(argv, Sudo::C)
}

/// Which sudo the words may have been given to.
#[derive(Clone, Copy, PartialEq)]
enum Sudo {
    Any,
    C,
}

fn read(argv: &[Vec<u8>], sudo: Sudo) -> Result<SudoCall, ParseError> {
    let (name, words) = argv.split_first().ok_or(ParseError::NoCommand)?;
    let by_name = called_sudoedit(name, sudo)?;
    let mut reader = Reader {
        by_name,
        edit: by_name,
        words,
        ..Reader::default()
    };
    while let Some((word, rest)) = reader.words.split_first() {
        match word.as_slice() {
            b"--" => {
                reader.words = rest;
                break;
            }
            // C sudo: a command. sudo-rs: no option, skipped.
            b"-" if sudo == Sudo::Any => return Err(ParseError::TwoReadings("a lone -")),
            b"-" => break,
            [b'-', b'-', long @ ..] => {
                reader.words = rest;
                reader.long(long)?;
            }
            [b'-', letters @ ..] => {
                reader.words = rest;
                reader.letters(letters)?;
            }
            word if is_assignment(word, sudo)? => {
                reader.words = rest;
                reader.call.set.push(word.to_vec());
            }
            _ => break,
        }
    }
    reader.finish()
}

/// Whether sudo takes itself for `sudoedit`. C sudo: what follows the last slash, less libtool's
/// `lt-`; before 1.9.5 any name that ended in `edit` would do. sudo-rs: never before 0.2.8, since
/// then if the last path component begins so (`sudoedit-rs`, also `sudoedit/.`).
fn called_sudoedit(name: &[u8], sudo: Sudo) -> Result<bool, ParseError> {
    if sudo == Sudo::C && name.rsplit(|byte| *byte == b'/').next() == Some(b"sudoedit") {
        return Ok(true);
    }
    if mentions(name, b"edit") {
        return Err(ParseError::TwoReadings("its own name"));
    }
    Ok(false)
}

/// Whether sudo takes a word before the command for a variable. C sudo: there is a `=`, and the
/// word does not begin with `/` or `=`. sudo-rs: before the `=` there are letters, digits and `_`
/// only, or nothing. (Its letters are Unicode's; those are refused here.)
fn is_assignment(word: &[u8], sudo: Sudo) -> Result<bool, ParseError> {
    let Some(end) = word.iter().position(|byte| *byte == b'=') else {
        return Ok(false);
    };
    let plain = word
        .iter()
        .take(end)
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let by_c = !matches!(word.first(), Some(b'/' | b'='));
    if sudo == Sudo::Any && plain != by_c {
        return Err(ParseError::TwoReadings("a word with ="));
    }
    Ok(by_c)
}

/// What has been read so far, and the words that are left.
#[derive(Default)]
struct Reader<'a> {
    words: &'a [Vec<u8>],
    by_name: bool,
    shell: bool,
    login: bool,
    edit: bool,
    list: bool,
    validate: bool,
    call: SudoCall,
}

impl Reader<'_> {
    /// The options that there are.
    fn options(&self) -> impl Iterator<Item = &'static Opt> {
        let by_name = self.by_name;
        OPTIONS
            .iter()
            .filter(move |option| option.in_sudoedit || !by_name)
    }

    /// The letters after a single `-`.
    fn letters(&mut self, letters: &[u8]) -> Result<(), ParseError> {
        let alone = letters.len() == 1;
        let mut letters = letters;
        while let Some((letter, rest)) = letters.split_first() {
            let option = self
                .options()
                .find(|option| option.short == Some(*letter))
                .ok_or_else(|| ParseError::UnknownOption(format!("-{}", letter.escape_ascii())))?;
            match option.takes {
                Takes::Nothing(flag) => *flag(self) = true,
                Takes::Exit => return Err(ParseError::NotARequest(option.long)),
                Takes::Names => self.call.preserve_all = true,
                Takes::HelpOrHost => return self.help_or_host(rest, alone),
                Takes::Value(..) if rest.is_empty() => return self.next_word(option),
                Takes::Value(..) => return self.take(option, rest),
            }
            letters = rest;
        }
        Ok(())
    }

    /// What follows `--`: a name or an unambiguous beginning of it, and perhaps `=value`.
    fn long(&mut self, text: &[u8]) -> Result<(), ParseError> {
        let mut parts = text.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let value = parts.next();
        let option = self.named(name)?;
        match (option.takes, value) {
            (Takes::Names, Some(list)) => return self.preserve(list),
            (Takes::Value(..), Some(value)) => return self.take(option, value),
            (_, Some(_)) => return Err(ParseError::UnexpectedValue(option.long)),
            (Takes::Nothing(flag), None) => *flag(self) = true,
            (Takes::Names, None) => self.call.preserve_all = true,
            (Takes::Value(..), None) => return self.next_word(option),
            (Takes::Exit | Takes::HelpOrHost, None) => {
                return Err(ParseError::NotARequest(option.long));
            }
        }
        Ok(())
    }

    fn named(&self, name: &[u8]) -> Result<&'static Opt, ParseError> {
        if let Some(option) = self.options().find(|option| option.long.as_bytes() == name) {
            return Ok(option);
        }
        let mut begun = self
            .options()
            .filter(|option| option.long.as_bytes().starts_with(name));
        match (begun.next(), begun.next()) {
            (Some(option), None) => Ok(option),
            (None, _) => Err(ParseError::UnknownOption(shown(name))),
            (Some(_), Some(_)) => Err(ParseError::AmbiguousOption(shown(name))),
        }
    }

    /// `-hHOST`; `-h HOST` where `-h` is a word of its own and HOST neither an option nor an
    /// assignment; else `-h` asks for help.
    fn help_or_host(&mut self, attached: &[u8], alone: bool) -> Result<(), ParseError> {
        if !attached.is_empty() {
            return self.take(&HOST, attached);
        }
        match self.words.first() {
            // No sudo-rs takes `-h` with a value, so C sudo's reading is the only one.
            Some(word) if alone && !word.starts_with(b"-") && !is_assignment(word, Sudo::C)? => {
                self.next_word(&HOST)
            }
            _ => Err(ParseError::NotARequest("help")),
        }
    }

    /// An option whose value is the next word, whatever that looks like.
    fn next_word(&mut self, option: &Opt) -> Result<(), ParseError> {
        let (word, rest) = self
            .words
            .split_first()
            .ok_or(ParseError::MissingValue(option.long))?;
        // After `-u --` C sudo reads `A=b` as the command, sudo-rs as a variable.
        if word == b"--" {
            return Err(ParseError::TwoReadings("-- as a value"));
        }
        self.words = rest;
        self.take(option, word)
    }

    fn take(&mut self, option: &Opt, value: &[u8]) -> Result<(), ParseError> {
        let Takes::Value(slot, accepts) = option.takes else {
            return Err(ParseError::UnexpectedValue(option.long));
        };
        if !accepts(value) {
            return Err(ParseError::BadValue(option.long));
        }
        // sudo-rs takes the last one; C sudo refuses.
        match slot(&mut self.call).replace(value.to_vec()) {
            Some(_) => Err(ParseError::Repeated(option.long)),
            None => Ok(()),
        }
    }

    fn preserve(&mut self, list: &[u8]) -> Result<(), ParseError> {
        if list.contains(&b'=') {
            return Err(ParseError::BadValue("preserve-env"));
        }
        let names = list
            .split(|byte| *byte == b',')
            .filter(|name| !name.is_empty());
        self.call.preserve.extend(names.map(<[u8]>::to_vec));
        Ok(())
    }

    /// `-l`: the second one is for the long format.
    fn list(&mut self) -> &mut bool {
        if self.list {
            &mut self.call.long_list
        } else {
            &mut self.list
        }
    }

    /// The mode, and what sudo refuses once it has seen all words.
    fn finish(self) -> Result<SudoCall, ParseError> {
        let (mode, name) = self.mode()?;
        let call = SudoCall {
            mode,
            command: self.words.to_vec(),
            ..self.call
        };
        let runs = matches!(mode, Mode::Run | Mode::Shell | Mode::LoginShell);
        let edits = mode == Mode::Edit;
        let lists = mode == Mode::List;
        let no_words = call.command.is_empty();
        let lists_all = lists && no_words;
        let refused = [
            (call.askpass && call.stdin_password, "-S", "-A"),
            (call.reset_timestamp && call.no_update, "-N", "-k"),
            (call.preserve_all && mode == Mode::LoginShell, "-E", name),
            (call.preserve_all && !runs, "-E", name),
            (call.background && !runs, "-b", name),
            (call.set_home && !runs, "-H", name),
            (call.preserve_groups && !runs, "-P", name),
            (call.other_user.is_some() && !lists, "-U", name),
            (call.user.is_some() && lists_all, "-u", "-l alone"),
            (call.group.is_some() && lists_all, "-g", "-l alone"),
            (!call.set.is_empty() && edits, "a variable", name),
            (!call.preserve.is_empty() && edits, "--preserve-env", name),
            (!no_words && mode == Mode::Validate, "a command", name),
        ];
        if let Some((_, one, other)) = refused.iter().find(|(refused, ..)| *refused) {
            return Err(ParseError::Conflict(one, other));
        }
        let sudoedit = call.command.first().map(|word| mentions(word, b"sudoedit"));
        match mode {
            Mode::Run if no_words && call.reset_timestamp => {
                Err(ParseError::NotARequest("reset-timestamp"))
            }
            // C sudo starts a shell then if sudoers says so (`shell_noargs`).
            Mode::Run | Mode::Edit if no_words => Err(ParseError::NoCommand),
            // C sudo and sudo-rs since 0.2.8 edit, if the name is right, on which they differ;
            // before, it is run.
            Mode::Run if sudoedit == Some(true) => Err(ParseError::TwoReadings("sudo sudoedit")),
            _ => Ok(call),
        }
    }

    /// The one mode asked for, and the option for it.
    fn mode(&self) -> Result<(Mode, &'static str), ParseError> {
        let modes = [
            (self.shell, Mode::Shell, "-s"),
            (self.login, Mode::LoginShell, "-i"),
            (self.edit, Mode::Edit, "-e"),
            (self.list, Mode::List, "-l"),
            (self.validate, Mode::Validate, "-v"),
        ];
        let mut asked = modes.into_iter().filter(|(asked, ..)| *asked);
        match (asked.next(), asked.next()) {
            (Some((_, _, one)), Some((_, _, other))) => Err(ParseError::Conflict(one, other)),
            (Some((_, mode, name)), None) => Ok((mode, name)),
            (None, _) => Ok((Mode::Run, "a command")),
        }
    }
}

fn mentions(word: &[u8], part: &[u8]) -> bool {
    word.windows(part.len()).any(|window| window == part)
}

/// A long option's name for a person, escaped and short.
fn shown(name: &[u8]) -> String {
    let (head, dots) = match name.get(..40) {
        Some(head) if name.len() > 40 => (head, "…"),
        _ => (name, ""),
    };
    format!("--{}{dots}", head.escape_ascii())
}

#[cfg(test)]
mod tests;
