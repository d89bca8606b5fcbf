//! What is publicly known of programs that do more under sudo than they seem to: GTFOBins
//! (gtfobins.github.io), advisories on sudoers files, and the programs' own manuals.

use super::known::{ALWAYS, FIXED, INPUT, NAMES, PAGED, READERS, VERBS, WORDS};
use crate::{
    policy::word::{Arg, Kind},
    runners::stem,
};

/// What is wrong with allowing a program, and what to do.
pub(super) struct Risk {
    pub(super) problem: &'static str,
    pub(super) remedy: &'static str,
}

/// What is wrong with allowing this program with these words.
pub(super) fn risk(path: &str, args: &[Arg]) -> Option<Risk> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = stem(name);
    let is_one_of = |names: &[&str]| names.contains(&name) || names.contains(&stem);
    if let Some((_, problem)) = ALWAYS.iter().find(|(names, _)| is_one_of(names)) {
        return Some(Risk {
            problem,
            remedy: "leave it to be asked about, or add dangerous = true and a reason",
        });
    }
    if name.starts_with("ld-linux") || name.starts_with("ld-musl") {
        return Some(Risk {
            problem: "runs any program it is given",
            remedy: "leave it to be asked about",
        });
    }
    if let Some((_, verbs, quiet)) = VERBS.iter().find(|(names, ..)| is_one_of(names)) {
        return by_verb(verbs, quiet, args);
    }
    if is_one_of(PAGED) {
        return paged(args).or_else(|| not_plain(args));
    }
    if is_one_of(NAMES) {
        return not_plain(args);
    }
    if is_one_of(FIXED) {
        return fixed(args).or_else(|| word_of(name, args));
    }
    if is_one_of(READERS) && args.iter().any(|arg| arg.kind == Kind::Operand) {
        return Some(Risk {
            problem: "shows any file that an operand names",
            remedy: "use under or one_of",
        });
    }
    None
}

/// Programs that do what their verb says: only with a verb that is known to do no more, and with
/// words that cannot be options or paths.
fn by_verb(verbs: &[&str], quiet: &[&str], args: &[Arg]) -> Option<Risk> {
    let verb = args.iter().find(|arg| match &arg.kind {
        Kind::Exact(word) => !word.starts_with('-'),
        _ => true,
    });
    let all_in = |list: &[&str]| match verb.map(|arg| &arg.kind) {
        Some(Kind::Exact(word)) => list.contains(&word.as_str()),
        Some(Kind::OneOf(words)) => words.iter().all(|word| list.contains(&word.as_str())),
        _ => false,
    };
    if all_in(verbs) {
        not_plain(args)
    } else if all_in(quiet) {
        paged(args).or_else(|| not_plain(args))
    } else {
        Some(Risk {
            problem: "can install or run other code, or open an editor or a pager, with what this rule lets through",
            remedy: "let args begin with a verb that is harmless, or add dangerous = true and a reason",
        })
    }
}

fn paged(args: &[Arg]) -> Option<Risk> {
    let quiet = args
        .iter()
        .any(|arg| matches!(&arg.kind, Kind::Exact(word) if word == "--no-pager"));
    (!quiet).then_some(Risk {
        problem: "shows its output in a pager, from which other programs can be started",
        remedy: "put \"--no-pager\" into args",
    })
}

/// Words that are open, and are more than a name or a number.
fn not_plain(args: &[Arg]) -> Option<Risk> {
    let plain = |arg: &Arg| {
        matches!(
            arg.kind,
            Kind::Exact(_) | Kind::OneOf(_) | Kind::Name | Kind::Package | Kind::Integer { .. }
        )
    };
    (!args.iter().all(plain)).then_some(Risk {
        problem: "takes paths and options that do more than this rule seems to allow",
        remedy: "use one_of, name or integer for what is open",
    })
}

fn fixed(args: &[Arg]) -> Option<Risk> {
    (!args.iter().all(|arg| arg.kind.is_fixed())).then_some(Risk {
        problem: "can run other programs, or write or read any file, by its words",
        remedy: "write out all words, or add dangerous = true and a reason",
    })
}

/// Words that do something else even where they are written out.
fn word_of(name: &str, args: &[Arg]) -> Option<Risk> {
    let any = |words: &[&str]| {
        args.iter().any(|arg| match &arg.kind {
            Kind::Exact(word) => words.contains(&word.as_str()),
            Kind::OneOf(all) => all.iter().any(|word| words.contains(&word.as_str())),
            _ => false,
        })
    };
    if any(INPUT) {
        return Some(Risk {
            problem: "takes its content from standard input, which is the requester's",
            remedy: "name a file that only root can write",
        });
    }
    WORDS
        .iter()
        .find(|(program, words)| *program == name && any(words))
        .map(|_| Risk {
            problem: "runs other programs, or removes or writes files, by a word that is written in this rule",
            remedy: "leave it to be asked about, or add dangerous = true and a reason",
        })
}
