//! Rules that stand in each other's way.

use super::Notes;
use crate::policy::{
    read::Many,
    rule::{Place, Rule, Verb},
    word::{Arg, Kind},
};

/// A rule that no request reaches, because an earlier one takes them all.
pub(super) fn dead(rule: &Rule, before: &[Rule], notes: &mut Notes<'_>) {
    if let Some(first) = before.iter().find(|earlier| takes_all_of(earlier, rule)) {
        notes.mistake(
            format!(
                "it is never reached: rule \"{}\" comes first and takes everything that it is about",
                first.name.0
            ),
            "move it up, or remove it",
        );
    }
}

/// Whether each request that `later` is about ends at `earlier`. Only what is plain is seen.
fn takes_all_of(earlier: &Rule, later: &Rule) -> bool {
    // A rule with `agent` ends nothing.
    if earlier.agent.is_some() {
        return false;
    }
    // An allow rule leaves out what is not certain, and so takes from allow rules only.
    if earlier.effect == Verb::Allow {
        let more_variables = later
            .env
            .iter()
            .flat_map(|names| &names.0)
            .any(|name| !earlier.env.as_ref().is_some_and(|own| own.0.contains(name)));
        let same_target =
            earlier.target == later.target && earlier.target_group == later.target_group;
        if later.effect != Verb::Allow
            || more_variables
            || !same_target
            || (later.dangerous && !earlier.dangerous)
        {
            return false;
        }
    } else if earlier.target.is_some() && later.target.is_none() {
        return false;
    }
    let modes = match (earlier.modes(), later.modes()) {
        (None, _) => true,
        (Some(own), Some(others)) => others.iter().all(|mode| own.contains(mode)),
        (Some(_), None) => false,
    };
    modes
        && within(&earlier.user, &later.user)
        && within(&earlier.group, &later.group)
        && within(&earlier.host, &later.host)
        && within(&earlier.target, &later.target)
        && within(&earlier.target_group, &later.target_group)
        && within(&earlier.cwd, &later.cwd)
        && within(&earlier.stdin, &later.stdin)
        && within(&earlier.hours, &later.hours)
        && within(&earlier.days, &later.days)
        && earlier.tty.is_none_or(|tty| later.tty == Some(tty))
        && programs_within(earlier, later)
        && earlier.args.as_ref().is_none_or(|own| {
            later
                .args
                .as_ref()
                .is_some_and(|args| args_within(own, args))
        })
}

fn within<T: PartialEq>(own: &Option<Many<T>>, others: &Option<Many<T>>) -> bool {
    own.as_ref().is_none_or(|own| {
        others
            .as_ref()
            .is_some_and(|others| others.0.iter().all(|other| own.0.contains(other)))
    })
}

fn programs_within(earlier: &Rule, later: &Rule) -> bool {
    let Some(own) = &earlier.program else {
        return true;
    };
    later.program.as_ref().is_some_and(|others| {
        others.0.iter().all(|other| {
            own.0.contains(other)
                || match other {
                    Place::Path(path) => own.0.iter().any(|own| own.holds(path.as_bytes())),
                    Place::Under(_) => false,
                }
        })
    })
}

fn args_within(own: &[Arg], others: &[Arg]) -> bool {
    let takes_any = |arg: &Arg| arg.rest && arg.prefix.is_empty() && arg.kind == Kind::Word;
    match own.split_last() {
        Some((last, head)) if takes_any(last) => others
            .get(..head.len())
            .is_some_and(|others| words_within(head, others)),
        _ => own.len() == others.len() && words_within(own, others),
    }
}

fn words_within(own: &[Arg], others: &[Arg]) -> bool {
    own.iter().zip(others).all(|(own, other)| {
        own == other
            || match &other.kind {
                Kind::Exact(word) => !other.rest && own.fits(word.as_bytes()),
                Kind::OneOf(words) => {
                    other.prefix.is_empty()
                        && own.rest == other.rest
                        && words.iter().all(|word| own.fits(word.as_bytes()))
                }
                _ => false,
            }
    })
}

/// An allow rule that is wider than a deny before it on the same program: what the deny rule says in
/// one way can be said in another.
pub(super) fn negation(rule: &Rule, before: &[Rule], notes: &mut Notes<'_>) {
    let open = rule.args.iter().flatten().any(|arg| !arg.kind.is_fixed());
    if !open {
        return;
    }
    let narrower = before.iter().find(|earlier| {
        earlier.effect != Verb::Allow && earlier.args.is_some() && share_a_program(earlier, rule)
    });
    if let Some(earlier) = narrower {
        notes.risk(
            format!(
                "rule \"{}\" before it takes some words of the same program away, and the same can be said in other words",
                earlier.name.0
            ),
            "list in the allow rule what may be said",
        );
    }
}

fn share_a_program(one: &Rule, other: &Rule) -> bool {
    let (Some(ones), Some(others)) = (&one.program, &other.program) else {
        return true;
    };
    let base = |path: &str| path.rsplit('/').next().map(str::to_owned);
    ones.0.iter().any(|one| {
        others.0.iter().any(|other| match (one, other) {
            (Place::Path(one), Place::Path(other)) => base(one) == base(other),
            (Place::Path(path), place) | (place, Place::Path(path)) => place.holds(path.as_bytes()),
            (Place::Under(_), Place::Under(_)) => one == other,
        })
    })
}
