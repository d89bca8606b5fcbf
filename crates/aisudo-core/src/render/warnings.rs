//! What deserves a second look, the most important first.

use super::{
    Safe, fields, runs,
    stdin::{Reads, reader},
};
use crate::{
    asked_by::Asker,
    raw::Raw,
    request::{Call, Content, Found, Operand, Request, Role, Stream},
    sealed::Sealed,
    sudo_argv::Mode,
    variables::loads_code,
};

/// A command of more words or bytes than this does not fit on a screen.
const LONG_WORDS: usize = 40;
const LONG_BYTES: usize = 1000;

pub(super) fn of(request: &Request, safe: &mut Safe) -> Vec<String> {
    let mut warnings = Vec::new();
    asker(request, &mut warnings, safe);
    raw(request, &mut warnings, safe);
    if let Some(call) = &request.call {
        shell(call, &mut warnings);
        if runs(call) {
            input(request, call, &mut warnings, safe);
            program(request, call, &mut warnings, safe);
        }
        ticket(call, &mut warnings);
        environment(request, call, &mut warnings, safe);
        other_root(call, &mut warnings);
    }
    files(request, &mut warnings, safe);
    long(request, &mut warnings);
    first_word(request, &mut warnings, safe);
    warnings
}

/// Another program than sudo has rules of its own for who may do what.
fn asker(request: &Request, warnings: &mut Vec<String>, safe: &mut Safe) {
    match Asker::of(request) {
        Asker::Sudo => {}
        Asker::Other => warnings.push(format!(
            "It was not asked for with sudo, but with a program that aisudo does not know (PAM service {}).",
            safe.word("the service", &request.sudo.service)
        )),
        asker => warnings.push(format!(
            "It was asked for with {}, not with sudo.",
            asker.name()
        )),
    }
}

fn raw(request: &Request, warnings: &mut Vec<String>, safe: &mut Safe) {
    let asker = Asker::of(request).name();
    if request.call.is_none() {
        let why = request
            .unreadable
            .as_deref()
            .unwrap_or("no reason is given");
        let why = safe.text("why it could not be read", why);
        warnings.push(format!(
            "RAW: {asker}'s command line could not be read ({why}): shown as it is."
        ));
    } else if let Some(why) = &request.unreadable {
        let why = safe.text("why it could not be read", why);
        warnings.push(format!(
            "aisudo is not certain how {asker} reads this: {why}"
        ));
    }
}

fn shell(call: &Call, warnings: &mut Vec<String>) {
    if matches!(call.mode, Mode::Shell | Mode::LoginShell) && call.argv.is_empty() {
        warnings.push(
            "A SHELL: whatever is typed into it runs, and nobody is asked about it.".to_owned(),
        );
    }
}

fn ticket(call: &Call, warnings: &mut Vec<String>) {
    if call.mode == Mode::Validate {
        warnings.push(
            "After this, sudo may not ask for a password for a while; aisudo still asks for each command.".to_owned(),
        );
    }
}

/// Commands or content that nobody sees (a25).
fn input(request: &Request, call: &Call, warnings: &mut Vec<String>, safe: &mut Safe) {
    const FIELD: &str = "the input";
    let [input, ..] = &request.stdio;
    let from = match input {
        Stream::Pipe => "a pipe from another process".to_owned(),
        Stream::Socket => "a socket".to_owned(),
        Stream::File { path } => format!("the file {}", safe.word(FIELD, path)),
        Stream::Other { path } => safe.word(FIELD, path),
        Stream::Terminal { .. } | Stream::Null | Stream::Closed => return,
    };
    let Some(reader) = reader(request, call) else {
        return;
    };
    let name = match &reader.name {
        Some(name) => safe.word("the program", name),
        None => "The shell".to_owned(),
    };
    warnings.push(match reader.reads {
        Reads::Commands => {
            format!("{name} takes its commands from {from}: what will run cannot be seen here.")
        }
        Reads::MoreCommands => {
            format!("{name} can read more commands from {from}: they cannot be seen here.")
        }
        Reads::Content => format!("{name} acts on what comes from {from}: it cannot be seen here."),
    });
}

/// Which program it is, and whether it stays the same (a20).
fn program(request: &Request, call: &Call, warnings: &mut Vec<String>, safe: &mut Safe) {
    const FIELD: &str = "the program";
    let program = &request.program;
    let asker = Asker::of(request).name();
    match (&program.path, program.found) {
        (None, _) | (_, Found::Unknown) => warnings.push(format!(
            "The program is not known: which file {asker} will run was not found."
        )),
        (Some(path), Found::Gate) => warnings.push(format!(
            "The program {} is what aisudo's own search found: {asker} may run another.",
            safe.word(FIELD, path)
        )),
        (Some(_), Found::Sudo) => {}
    }
    if let (Mode::Run, Some(path), Some(word)) = (call.mode, &program.path, call.argv.first())
        && base(path) != base(word)
    {
        warnings.push(format!(
            "The program is {}, although the command says {}.",
            safe.word(FIELD, path),
            safe.word("the command", word)
        ));
    }
}

fn base(path: &Raw) -> Option<&[u8]> {
    path.0.rsplit(|byte| *byte == b'/').next()
}

/// What survives into the command's environment (a26).
fn environment(request: &Request, call: &Call, warnings: &mut Vec<String>, safe: &mut Safe) {
    const FIELD: &str = "the environment";
    let environment = &call.environment;
    if environment.preserve_all {
        warnings.push(format!(
            "All of the requester's environment is kept{}: it can change what programs do.",
            super::by_option(request)
        ));
    }
    let names = environment
        .set
        .iter()
        .filter_map(|setting| setting.0.split(|byte| *byte == b'=').next())
        .chain(environment.preserve.iter().map(AsRef::as_ref));
    let mut said: Vec<&[u8]> = Vec::new();
    for name in names.filter(|name| loads_code(name)) {
        if !said.contains(&name) {
            said.push(name);
            warnings.push(format!(
                "The variable {} can make programs run other code.",
                safe.word(FIELD, name)
            ));
        }
    }
}

fn other_root(call: &Call, warnings: &mut Vec<String>) {
    if call.chroot.is_some() {
        warnings.push(
            "It runs inside another root directory (-R): paths mean other files there.".to_owned(),
        );
    }
}

/// What the requester could still change (a23, a24).
fn files(request: &Request, warnings: &mut Vec<String>, safe: &mut Safe) {
    let who = safe.word("the user", &request.requester.name);
    let sealed = Sealed::of(request);
    let (copied, open): (Vec<&Operand>, Vec<&Operand>) = request
        .operands
        .iter()
        .partition(|operand| sealed.as_ref().is_some_and(|it| it.covers(operand)));
    for operand in copied {
        warnings.push(format!(
            "{} is {who}'s own code: a copy of it runs that has the SHA-256 in this request, whatever becomes of the file.",
            safe.word("a changeable file", &operand.path),
        ));
    }
    let is_code = |operand: &&&Operand| matches!(operand.role, Role::Program | Role::Interpreter);
    for operand in open.iter().filter(is_code) {
        warnings.push(format!(
            "{who} can change {}, which is code that will run{}.",
            safe.word("a changeable file", &operand.path),
            if is_pinned(operand) {
                " (checked again before it runs)"
            } else {
                " (NOT checked again)"
            },
        ));
    }
    let (pinned, loose): (Vec<&Operand>, Vec<&Operand>) = open
        .iter()
        .filter(|operand| !is_code(operand))
        .partition(|operand| is_pinned(operand));
    for (files, check) in [
        (pinned, "checked again before it runs"),
        (loose, "NOT checked again"),
    ] {
        match files.as_slice() {
            [] => {}
            [file] => warnings.push(format!(
                "{who} can change {}, which the command uses ({check}).",
                safe.word("a changeable file", &file.path)
            )),
            more => warnings.push(format!(
                "{who} can change {} files or directories that the command uses ({check}): see \"changeable\".",
                more.len()
            )),
        }
    }
}

fn is_pinned(operand: &Operand) -> bool {
    matches!(operand.content, Content::Hashed { .. })
}

/// a18: said, because a screen hides it; not cut.
fn long(request: &Request, warnings: &mut Vec<String>) {
    let words = request
        .call
        .as_ref()
        .map_or(&request.sudo.argv, |call| &call.argv);
    let bytes: usize = words.iter().map(|word| word.0.len()).sum();
    if words.len() > LONG_WORDS || bytes > LONG_BYTES {
        warnings.push(format!(
            "The command is long: {}. All of it is shown; read to its end.",
            fields::length(words)
        ));
    }
}

/// a19: the first word of a command line is its caller's to choose.
fn first_word(request: &Request, warnings: &mut Vec<String>, safe: &mut Safe) {
    let asker = Asker::of(request);
    let names: &[&[u8]] = match asker {
        Asker::Sudo => &[b"sudo", b"sudoedit", b"sudo-rs", b"sudoedit-rs"],
        Asker::Su => &[b"su"],
        Asker::Doas => &[b"doas"],
        // Nobody knows its name.
        Asker::Other => return,
    };
    let first = request.sudo.argv.first();
    let usual = first.is_some_and(|word| {
        let directory_is_absolute = word.0.starts_with(b"/") || !word.0.contains(&b'/');
        directory_is_absolute && base(word).is_some_and(|name| names.contains(&name))
    });
    if !usual {
        let first = first.map(AsRef::as_ref).unwrap_or_default();
        warnings.push(format!(
            "{} was started under another name, {}: its caller chose that.",
            asker.name(),
            safe.word("sudo's own words", first)
        ));
    }
}
