//! What an allow rule requires beside its conditions: nobody looks at what it lets through, so it
//! is about nothing that its writer did not think of.

use super::{
    matching::{Facts, Why, conditions},
    rule::Rule,
    word::{Arg, Fit, Kind},
};
use crate::{
    raw::Raw,
    request::{Call, Found, Request, Role},
    sudo_argv::{self, Mode, SudoCall},
    variables::loads_code,
};

/// The first thing for which the rule does not allow the request.
pub(super) fn refuses(rule: &Rule, facts: &Facts<'_>) -> Option<Why> {
    let request = facts.request;
    if !matches!(request.sudo.service.as_ref(), b"sudo" | b"sudo-i") {
        return Some(Why::NotSudo);
    }
    let Some(call) = &request.call else {
        return Some(Why::Unreadable);
    };
    conditions(true)
        .iter()
        .find(|(condition, _)| condition(rule, request, facts.now) != Fit::Yes)
        .map(|(_, why)| *why)
        .or_else(|| program(call, request))
        .or_else(|| files(rule, request, call))
        .or_else(|| environment(rule, call))
        .or_else(|| options(facts, call))
}

/// That the program is certain, and not the requester's to change.
fn program(call: &Call, request: &Request) -> Option<Why> {
    let program = &request.program;
    let certain = match call.mode {
        Mode::Run => {
            let word = call.argv.first().filter(|word| word.0.starts_with(b"/"));
            program.path.is_some()
                && (program.found == Found::Sudo
                    || (program.found == Found::Gate && word == program.path.as_ref()))
        }
        Mode::Shell | Mode::LoginShell => program.path.is_some() && program.found == Found::Sudo,
        Mode::Edit | Mode::List | Mode::Validate => true,
    };
    if !certain {
        return Some(Why::SearchedProgram);
    }
    request
        .operands
        .iter()
        .any(|operand| matches!(operand.role, Role::Program | Role::Interpreter))
        .then_some(Why::ChangeableProgram)
}

/// That no file which is named by its directory is the requester's to swap.
fn files(rule: &Rule, request: &Request, call: &Call) -> Option<Why> {
    let args = rule.args.as_deref().unwrap_or_default();
    let first = usize::from(matches!(call.mode, Mode::Run | Mode::List));
    let words = call.argv.get(first..).unwrap_or_default();
    let changeable = |path: &[u8]| {
        request
            .operands
            .iter()
            .any(|operand| operand.path.as_ref() == path)
    };
    words
        .iter()
        .enumerate()
        .filter_map(|(index, word)| Some((pattern(args, index)?, word)))
        .filter(|(arg, _)| matches!(arg.kind, Kind::Under(_)))
        .filter_map(|(arg, word)| arg.value(word.as_ref()))
        .any(changeable)
        .then_some(Why::ChangeableArgument)
}

/// The pattern for a word: the last one is for all that follow.
fn pattern(args: &[Arg], index: usize) -> Option<&Arg> {
    args.get(index).or_else(|| args.last())
}

fn environment(rule: &Rule, call: &Call) -> Option<Why> {
    if call.environment.preserve_all {
        return Some(Why::WholeEnvironment);
    }
    let set = call
        .environment
        .set
        .iter()
        .filter_map(|setting| setting.0.split(|byte| *byte == b'=').next());
    let kept = call.environment.preserve.iter().map(AsRef::as_ref);
    set.chain(kept).find_map(|name: &[u8]| {
        let named = rule
            .env
            .iter()
            .flat_map(|names| &names.0)
            .any(|own| own.0.as_bytes() == name);
        if !named {
            Some(Why::Environment)
        } else if loads_code(name) && !rule.dangerous {
            Some(Why::CodeVariable)
        } else {
            None
        }
    })
}

/// Options of sudo that change what a command does in ways that no condition is about.
fn options(facts: &Facts<'_>, call: &Call) -> Option<Why> {
    if call.chdir.is_some() {
        return Some(Why::Chdir);
    }
    if call.chroot.is_some() {
        return Some(Why::Chroot);
    }
    let Some(again) = facts.again.get_or_init(|| read_again(facts.request, call)) else {
        return Some(Why::Unreadable);
    };
    let rare = [
        (again.host.is_some(), "host"),
        (again.preserve_groups, "preserve-groups"),
        (again.close_from.is_some(), "close-from"),
        (again.role.is_some(), "role"),
        (again.selinux_type.is_some(), "type"),
        (again.other_user.is_some(), "other-user"),
        (again.command_timeout.is_some(), "command-timeout"),
        (again.auth_type.is_some(), "auth-type"),
        (again.login_class.is_some(), "login-class"),
    ];
    rare.into_iter()
        .find(|(given, _)| *given)
        .map(|(_, option)| Why::RareOption(option))
}

/// sudo's own words, read once more: the reading that is the request's, if there is one.
fn read_again(request: &Request, call: &Call) -> Option<SudoCall> {
    let argv: Vec<Vec<u8>> = request
        .sudo
        .argv
        .iter()
        .map(|word| word.0.clone())
        .collect();
    [sudo_argv::parse, sudo_argv::parse_c_sudo]
        .into_iter()
        .filter_map(|parse| parse(&argv).ok())
        .find(|again| agrees(again, call))
}

fn agrees(again: &SudoCall, call: &Call) -> bool {
    let one = |read: &Option<Vec<u8>>, held: &Option<Raw>| {
        read.as_deref() == held.as_ref().map(AsRef::as_ref)
    };
    let many = |read: &[Vec<u8>], held: &[Raw]| {
        read.iter()
            .map(Vec::as_slice)
            .eq(held.iter().map(AsRef::as_ref))
    };
    again.mode == call.mode
        && many(&again.command, &call.argv)
        && one(&again.user, &call.user)
        && one(&again.group, &call.group)
        && one(&again.chdir, &call.chdir)
        && one(&again.chroot, &call.chroot)
        && again.preserve_all == call.environment.preserve_all
        && many(&again.preserve, &call.environment.preserve)
        && many(&again.set, &call.environment.set)
        && again.background == call.background
}
