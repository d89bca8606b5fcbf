//! Who is gated, and in which groups they are.

use std::path::PathBuf;

use aisudo_core::config::{Config, When};
use aisudo_sys::{changeable::Who, users};

use super::view::View;

/// A line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: PathBuf,
}

/// A line of group(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) members: Vec<String>,
}

/// A gated user.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) home: PathBuf,
    /// The primary one among them.
    pub(super) groups: Vec<(String, u32)>,
    pub(super) when: When,
}

impl Subject {
    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|(name, _)| name == group)
    }

    pub(super) fn who(&self) -> Who {
        let ids = self.groups.iter().map(|(_, gid)| *gid).collect();
        Who::with(self.uid, ids)
    }
}

/// All users that are gated by the configuration, those of its groups included. Root never is.
pub(super) fn gated(view: &View<'_>, config: &Config) -> Vec<Subject> {
    let groups = groups(view);
    let mut accounts = accounts(view);
    if view.is_host() {
        // A database behind NSS may know users whom it does not list.
        let named = config.gate.who.iter().filter_map(|who| who.user.clone());
        let members = config
            .gate
            .who
            .iter()
            .filter_map(|who| who.group.as_deref())
            .flat_map(|name| members(view, name));
        for name in named.chain(members) {
            if !accounts.iter().any(|one| one.name == name) {
                accounts.extend(account_behind(view, &name));
            }
        }
    }
    accounts
        .into_iter()
        .filter(|account| account.uid != 0)
        .filter_map(|account| {
            let groups = groups_of(view, &account, &groups);
            let names: Vec<String> = groups.iter().map(|(name, _)| name.clone()).collect();
            let when = config.gate.when(&account.name, &names)?;
            Some(Subject {
                name: account.name,
                uid: account.uid,
                home: account.home,
                groups,
                when,
            })
        })
        .collect()
}

/// The users that passwd(5) lists.
pub(super) fn accounts(view: &View<'_>) -> Vec<Account> {
    let text = view.text("/etc/passwd").unwrap_or_default();
    text.lines().filter_map(account).collect()
}

/// The groups that group(5) lists.
pub(super) fn groups(view: &View<'_>) -> Vec<Group> {
    let text = view.text("/etc/group").unwrap_or_default();
    text.lines().filter_map(group).collect()
}

/// The groups of one user.
pub(super) fn groups_of(
    view: &View<'_>,
    account: &Account,
    groups: &[Group],
) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = groups
        .iter()
        .filter(|group| group.gid == account.gid || group.members.contains(&account.name))
        .map(|group| (group.name.clone(), group.gid))
        .collect();
    if view.is_host() {
        for name in users::group_names(account.uid) {
            let Some(gid) = users::group_id(&name) else {
                continue;
            };
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, gid));
            }
        }
    }
    found
}

fn members(view: &View<'_>, group_name: &str) -> Vec<String> {
    let said = view.run("getent", &["group", "--", group_name]);
    let line = said.filter(|said| said.done).map(|said| said.stdout);
    line.as_deref()
        .and_then(|line| group(line.trim_end()))
        .map(|group| group.members)
        .unwrap_or_default()
}

fn account_behind(view: &View<'_>, name: &str) -> Option<Account> {
    let said = view.run("getent", &["passwd", "--", name])?;
    account(said.stdout.trim_end())
}

fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let _password = fields.next()?;
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let home = PathBuf::from(fields.nth(1)?);
    (!name.is_empty() && !name.starts_with(['+', '-', '#'])).then_some(Account {
        name,
        uid,
        gid,
        home,
    })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let _password = fields.next()?;
    let gid = fields.next()?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',');
    let members = members
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    Some(Group { name, gid, members })
}
