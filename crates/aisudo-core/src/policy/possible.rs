//! The conditions as the stricter rules read them: what is not certain may be so.

use super::{
    matching::{arguments, base, yes},
    read::Text,
    rule::{Place, Rule},
    word::{self, Fit, Kind, all_fit},
};
use crate::{
    request::{Call, Request},
    sudo_argv::Mode,
};

/// With or without its domain, in capitals or not.
pub(super) fn host(rule: &Rule, request: &Request) -> Fit {
    let name = request.host.name.as_ref();
    let Some(hosts) = &rule.host else {
        return Fit::Yes;
    };
    if name.is_empty() {
        return Fit::Perhaps;
    }
    let short = |name| <[u8]>::split(name, |byte: &u8| *byte == b'.').next();
    yes(hosts.0.iter().any(|host| {
        let host = host.0.as_bytes();
        host.eq_ignore_ascii_case(name)
            || match (short(host), short(name)) {
                (Some(one), Some(other)) => {
                    one.eq_ignore_ascii_case(other) && (one == host || other == name)
                }
                _ => false,
            }
    }))
}

pub(super) fn mode(rule: &Rule, request: &Request) -> Fit {
    match (rule.modes(), &request.call) {
        (None, _) => Fit::Yes,
        (Some(_), None) => Fit::Perhaps,
        (Some(modes), Some(call)) => yes(modes.contains(&call.mode)),
    }
}

pub(super) fn target(rule: &Rule, request: &Request) -> Fit {
    let Some(targets) = &rule.target else {
        return Fit::Yes;
    };
    let Some(call) = &request.call else {
        return Fit::Perhaps;
    };
    let target: &[u8] = match (&call.user, &call.group) {
        (Some(user), _) => user.as_ref(),
        (None, Some(_)) => request.requester.name.as_ref(),
        (None, None) => b"root",
    };
    any_name(&targets.0, |name| names(name.as_bytes(), target))
}

pub(super) fn target_group(rule: &Rule, request: &Request) -> Fit {
    let Some(groups) = &rule.target_group else {
        return Fit::Yes;
    };
    match &request.call {
        None => Fit::Perhaps,
        Some(call) => match &call.group {
            None => Fit::No,
            Some(group) => any_name(&groups.0, |name| names(name.as_bytes(), group.as_ref())),
        },
    }
}

fn any_name(names: &[Text], fit: impl Fn(&str) -> Fit) -> Fit {
    best(names.iter().map(|name| fit(&name.0)))
}

/// Whether a user's or group's name is that of what `-u` or `-g` says. A number may be anyone's,
/// but root's is known: sudo once took `#-1` for it (CVE-2019-14287).
fn names(name: &[u8], asked: &[u8]) -> Fit {
    let Some(number) = asked.strip_prefix(b"#") else {
        return yes(name.eq_ignore_ascii_case(asked));
    };
    match (usual_id(number), name) {
        (Some(0), b"root") => Fit::Yes,
        (Some(0), _) | (Some(_), b"root") => Fit::No,
        _ => Fit::Perhaps,
    }
}

/// An id in the usual decimal form that is not -1.
fn usual_id(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let number: u32 = text.parse().ok()?;
    let usual = number.to_string() == text && number != u32::MAX;
    usual.then_some(number)
}

/// By its path, the file behind it, or the word that was typed for it.
pub(super) fn program(rule: &Rule, request: &Request) -> Fit {
    let Some(places) = &rule.program else {
        return Fit::Yes;
    };
    let Some(call) = &request.call else {
        return Fit::Perhaps;
    };
    let word = match call.mode {
        Mode::Run | Mode::List => call.argv.first().map(AsRef::as_ref),
        Mode::Shell | Mode::LoginShell => None,
        Mode::Edit | Mode::Validate => return Fit::No,
    };
    let known = [&request.program.path, &request.program.real];
    let meant = places.0.iter().any(|place| {
        word.is_some_and(|word| is_called(place, word))
            || known
                .into_iter()
                .flatten()
                .any(|path| may_be(place, path.as_ref()))
    });
    if meant {
        return Fit::Yes;
    }
    let unknown = call.mode != Mode::List && known.iter().any(|path| path.is_none());
    if unknown { Fit::Perhaps } else { Fit::No }
}

fn is_called(place: &Place, word: &[u8]) -> bool {
    match place {
        Place::Path(path) => base(path.as_bytes()) == base(word),
        Place::Under(_) => word.starts_with(b"/") && may_be(place, word),
    }
}

/// Whether an absolute path is this place, in whatever way it is written.
fn may_be(place: &Place, path: &[u8]) -> bool {
    match place {
        Place::Path(own) => own.as_bytes() == path,
        Place::Under(directory) => word::may_be_below(directory.as_bytes(), b"", path) != Fit::No,
    }
}

pub(super) fn args(rule: &Rule, request: &Request) -> Fit {
    let Some(args) = &rule.args else {
        return Fit::Yes;
    };
    let Some(call) = &request.call else {
        return Fit::Perhaps;
    };
    all_fit(args, arguments(call), |arg, word| {
        if arg.fits(word) {
            return Fit::Yes;
        }
        match (&arg.kind, arg.value(word)) {
            (Kind::Under(directory), Some(path)) => {
                may_be_in(directory.as_bytes(), path, request, call)
            }
            _ => Fit::No,
        }
    })
}

/// Whether a word might mean something in the directory: a relative path, one with `..`, or one
/// that the requester can make a link.
fn may_be_in(directory: &[u8], path: &[u8], request: &Request, call: &Call) -> Fit {
    let fit = word::may_be_below(directory, request.cwd.as_ref(), path);
    let elsewhere = !path.starts_with(b"/") && (call.chdir.is_some() || request.cwd.0.is_empty());
    let changeable = request
        .operands
        .iter()
        .any(|operand| ends_alike(operand.path.as_ref(), path));
    match fit {
        Fit::No if elsewhere || changeable => Fit::Perhaps,
        fit => fit,
    }
}

/// Whether an operand's path is that of a word, which may be relative.
fn ends_alike(operand: &[u8], word: &[u8]) -> bool {
    operand
        .strip_suffix(word)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
}

pub(super) fn cwd(rule: &Rule, request: &Request) -> Fit {
    let Some(places) = &rule.cwd else {
        return Fit::Yes;
    };
    let cwd = request.cwd.as_ref();
    let elsewhere = request
        .call
        .as_ref()
        .is_none_or(|call| call.chdir.is_some());
    if places.0.iter().any(|place| may_be(place, cwd)) {
        Fit::Yes
    } else if cwd.is_empty() || elsewhere {
        Fit::Perhaps
    } else {
        Fit::No
    }
}

fn best(fits: impl Iterator<Item = Fit>) -> Fit {
    let mut best = Fit::No;
    for fit in fits {
        match fit {
            Fit::Yes => return Fit::Yes,
            Fit::Perhaps => best = Fit::Perhaps,
            Fit::No => {}
        }
    }
    best
}
