//! What counts for one user on this host.

use std::collections::BTreeMap;

use aisudo_core::variables;

use super::{
    super::users::Subject,
    read::{Scope, Setting, Sudoers, Value},
};

/// The settings in force, each with its last occurrence.
pub(super) struct Effective<'a> {
    settings: BTreeMap<&'a str, &'a Setting>,
    kept: Vec<String>,
}

impl<'a> Effective<'a> {
    /// Settings are applied in the order of the files, whatever their scope.
    pub(super) fn of(sudoers: &'a Sudoers, subject: &Subject, host: &str) -> Self {
        let mut settings = BTreeMap::new();
        let mut kept = Vec::new();
        for setting in &sudoers.defaults {
            let counts = match &setting.scope {
                Scope::All => true,
                Scope::Users(users) => matches_user(&sudoers.expanded(users), subject),
                Scope::Hosts(hosts) => matches_host(&sudoers.expanded(hosts), host),
                Scope::Some => false,
            };
            if !counts {
                continue;
            }
            if setting.name == "env_keep" {
                keep(&setting.value, &mut kept);
            }
            settings.insert(setting.name.as_str(), setting);
        }
        Self { settings, kept }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.settings.get(name).map(|setting| &setting.value)
    }

    pub(super) fn at(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|setting| setting.at.as_str())
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.value(name) == Some(&Value::On)
    }

    pub(super) fn is_off(&self, name: &str) -> bool {
        self.value(name) == Some(&Value::Off)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Is(text)) => Some(text),
            _ => None,
        }
    }

    /// Variables of env_keep by which programs load code, as they are written.
    pub(super) fn kept_that_load_code(&self) -> Vec<String> {
        let loads = |name: &&String| {
            // `NAME=value` keeps that value alone.
            let name = name.split('=').next().unwrap_or_default();
            match name.split_once('*') {
                None => variables::seldom_there_by_chance(name.as_bytes()),
                Some((before, _)) => {
                    let known = [
                        "LD_PRELOAD",
                        "PYTHONPATH",
                        "PERL5LIB",
                        "BASH_ENV",
                        "GIT_DIR",
                    ];
                    known.iter().any(|one| one.starts_with(before))
                        || variables::seldom_there_by_chance(before.as_bytes())
                }
            }
        };
        self.kept.iter().filter(loads).cloned().collect()
    }
}

fn keep(value: &Value, kept: &mut Vec<String>) {
    let names = |text: &str| -> Vec<String> {
        let names = text.split(|c: char| c.is_whitespace() || c == ',');
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    match value {
        Value::Is(text) => *kept = names(text),
        Value::Add(text) => kept.extend(names(text)),
        Value::Remove(text) => {
            let gone = names(text);
            kept.retain(|name| !gone.contains(name));
        }
        Value::Off => kept.clear(),
        Value::On => {}
    }
}

/// The last member that matches decides. Netgroups and groups of other sources are not known here.
pub(super) fn matches_user(list: &[(bool, String)], subject: &Subject) -> bool {
    last(list, |member| {
        if member == "ALL" || member == subject.name {
            return true;
        }
        if let Some(gid) = member.strip_prefix("%#") {
            let gid = gid.parse().ok();
            return subject.groups.iter().any(|(_, known)| Some(*known) == gid);
        }
        if let Some(group) = member.strip_prefix('%') {
            return subject.is_in(group.trim_matches('"'));
        }
        member
            .strip_prefix('#')
            .is_some_and(|uid| uid.parse().ok() == Some(subject.uid))
    })
}

/// An address or a netgroup may be this host.
pub(super) fn matches_host(list: &[(bool, String)], host: &str) -> bool {
    let short = host.split('.').next().unwrap_or(host);
    last(list, |member| {
        let of_name = member.split('.').next().unwrap_or(member);
        member == "ALL"
            || member == host
            || of_name == short
            || member.starts_with('+')
            || member.contains(['/', '*', ':'])
            || member.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

fn last(list: &[(bool, String)], matches: impl Fn(&str) -> bool) -> bool {
    list.iter()
        .rev()
        .find(|(_, member)| matches(member))
        .is_some_and(|(not, _)| !not)
}
