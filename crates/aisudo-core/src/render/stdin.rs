//! Programs for which standard input is half of the command (a25).
//!
//! A label for people, like all of this: what is not in the tables is not therefore harmless, and
//! the field that says where standard input comes from is always shown.

use crate::{
    raw::Raw,
    request::{Call, Request},
    sudo_argv::Mode,
};

/// A program, and what it does with standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    /// Its name; nothing for the shell that sudo itself chooses.
    pub(super) name: Option<Raw>,
    pub(super) reads: Reads,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Takes its commands from there: nothing else was given to it.
    Commands,
    /// It can, beside what the command says.
    MoreCommands,
    /// Acts on it: writes it to a file, applies it.
    Content,
}

/// Shells and interpreters, without the version that may follow the name.
const INTERPRETERS: &[&str] = &[
    "ash", "at", "bash", "batch", "bun", "busybox", "csh", "dash", "deno", "ed", "ex", "expect",
    "fish", "gdb", "guile", "irb", "ksh", "lua", "luajit", "mariadb", "mksh", "mysql", "node",
    "nodejs", "nu", "parallel", "perl", "php", "psql", "pwsh", "pypy", "python", "R", "rbash",
    "Rscript", "ruby", "sh", "sqlite", "tclsh", "tcsh", "xargs", "zsh",
];

/// Programs that do with standard input what it says, or put it where it counts.
const WRITERS: &[&str] = &[
    "apt-key",
    "chpasswd",
    "cpio",
    "crontab",
    "dd",
    "debconf-set-selections",
    "gpg",
    "install",
    "iptables-restore",
    "kubectl",
    "newusers",
    "nft",
    "patch",
    "sponge",
    "tar",
    "tee",
];

/// Programs that start the one which is named among their words.
const WRAPPERS: &[&str] = &[
    "busybox",
    "chroot",
    "doas",
    "env",
    "flock",
    "ionice",
    "nice",
    "nohup",
    "nsenter",
    "runuser",
    "setpriv",
    "setsid",
    "stdbuf",
    "su",
    "sudo",
    "systemd-run",
    "time",
    "timeout",
    "unshare",
];

/// What this command does with standard input, as far as its name tells.
pub(super) fn reader(request: &Request, call: &Call) -> Option<Reader> {
    let shell = |reads| Some(Reader { name: None, reads });
    match call.mode {
        Mode::Shell | Mode::LoginShell if call.argv.is_empty() => shell(Reads::Commands),
        Mode::Shell | Mode::LoginShell => shell(Reads::MoreCommands),
        Mode::Run => of_command(request, &call.argv),
        Mode::Edit | Mode::List | Mode::Validate => None,
    }
}

fn of_command(request: &Request, argv: &[Raw]) -> Option<Reader> {
    let program = request
        .program
        .path
        .iter()
        .map(|path| (path, arguments(argv, 1)));
    let first = argv.iter().take(1).map(|word| (word, arguments(argv, 1)));
    // A wrapper's options are not parsed: any of its words could be the program.
    let wrapped = argv
        .first()
        .is_some_and(|word| WRAPPERS.contains(&stem(word)))
        .then(|| argv.iter().enumerate().skip(1))
        .into_iter()
        .flatten()
        .map(|(index, word)| (word, arguments(argv, index + 1)));
    program
        .chain(first)
        .chain(wrapped)
        .find_map(|(name, arguments)| of_program(name, arguments))
}

fn arguments(argv: &[Raw], from: usize) -> &[Raw] {
    argv.get(from..).unwrap_or_default()
}

fn of_program(name: &Raw, arguments: &[Raw]) -> Option<Reader> {
    // `bash -x`, `python3 -`: nothing but options is no script.
    let only_options = arguments.iter().all(|word| word.0.starts_with(b"-"));
    let reads = if INTERPRETERS.contains(&stem(name)) {
        if only_options {
            Reads::Commands
        } else {
            Reads::MoreCommands
        }
    } else if WRITERS.contains(&stem(name)) {
        Reads::Content
    } else {
        return None;
    };
    Some(Reader {
        name: Some(Raw(base(name).to_vec())),
        reads,
    })
}

/// The name without directory.
fn base(name: &Raw) -> &[u8] {
    name.0
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default()
}

/// … and without version (`python3.11`).
fn stem(name: &Raw) -> &str {
    let name = std::str::from_utf8(base(name)).unwrap_or_default();
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}
