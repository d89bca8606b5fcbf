//! The conditions as an allow rule reads them: what is not certain is not so.

use super::{
    matching::{arguments, base, yes},
    rule::Rule,
    word::{Fit, all_fit},
};
use crate::request::Request;

pub(super) fn host(rule: &Rule, request: &Request) -> Fit {
    let name = request.host.name.as_ref();
    yes(rule
        .host
        .as_ref()
        .is_none_or(|hosts| hosts.0.iter().any(|host| host.0.as_bytes() == name)))
}

pub(super) fn mode(rule: &Rule, request: &Request) -> Fit {
    let Some(call) = &request.call else {
        return Fit::No;
    };
    yes(rule.modes().is_none_or(|modes| modes.contains(&call.mode)))
}

/// Root is `root` and `#0`. What other numbers mean is for the user database to say.
pub(super) fn target(rule: &Rule, request: &Request) -> Fit {
    let Some(call) = &request.call else {
        return Fit::No;
    };
    let target: &[u8] = match (&call.user, &call.group) {
        (Some(user), _) if user.as_ref() == b"#0" => b"root",
        (Some(user), _) => user.as_ref(),
        (None, Some(_)) => request.requester.name.as_ref(),
        (None, None) => b"root",
    };
    yes(match &rule.target {
        Some(targets) => {
            !target.starts_with(b"#") && targets.0.iter().any(|user| user.0.as_bytes() == target)
        }
        None => target == b"root",
    })
}

pub(super) fn target_group(rule: &Rule, request: &Request) -> Fit {
    let group = request.call.as_ref().and_then(|call| call.group.as_ref());
    yes(match (&rule.target_group, group) {
        (None, None) => true,
        (Some(groups), Some(group)) => {
            let group = group.as_ref();
            !group.starts_with(b"#") && groups.0.iter().any(|name| name.0.as_bytes() == group)
        }
        (None, Some(_)) | (Some(_), None) => false,
    })
}

/// The file that is named, or the one behind a link of the same name: `/bin/df` is
/// `/usr/bin/df` where the directories were merged, but `/usr/bin/vi` is not what it links to.
pub(super) fn program(rule: &Rule, request: &Request) -> Fit {
    let Some(places) = &rule.program else {
        return Fit::Yes;
    };
    let Some(path) = &request.program.path else {
        return Fit::No;
    };
    let path = path.as_ref();
    let real = request.program.real.as_ref().map(AsRef::as_ref);
    let same = real.filter(|real| base(real) == base(path));
    yes(places
        .0
        .iter()
        .any(|place| place.holds(path) || same.is_some_and(|real| place.holds(real))))
}

pub(super) fn args(rule: &Rule, request: &Request) -> Fit {
    let (Some(args), Some(call)) = (&rule.args, &request.call) else {
        return Fit::No;
    };
    all_fit(args, arguments(call), |arg, word| yes(arg.fits(word)))
}

pub(super) fn cwd(rule: &Rule, request: &Request) -> Fit {
    let cwd = request.cwd.as_ref();
    yes(rule
        .cwd
        .as_ref()
        .is_none_or(|places| places.0.iter().any(|place| place.holds(cwd))))
}
