//! What was found.

use std::{collections::BTreeSet, path::PathBuf};

use aisudo_core::display;
use serde::Serialize;

use super::catalogue::{self, Check};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Shut.
    Ok,
    /// Worth knowing, and nothing to be done about it by itself.
    Note,
    /// A way around that needs more than the agent has by itself, or a nuisance.
    Warn,
    /// Open, or nobody can work.
    Fail,
}

impl Severity {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// What there is.
    pub(super) what: String,
    /// Why it matters.
    pub(super) why: &'static str,
    /// What to do.
    pub(super) fix: String,
    /// Whether `--fix` does it.
    pub(super) fixable: bool,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

/// What `--fix` may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repair {
    pub(super) path: PathBuf,
    /// The owner and group from now on.
    pub(super) owner: Option<(u32, Option<u32>)>,
    pub(super) mode: u32,
}

/// All that was looked at, and all that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    looked: BTreeSet<&'static str>,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    /// This check was made.
    pub(super) fn looked(&mut self, id: &'static str) {
        self.looked.insert(id);
    }

    /// All checks whose ids begin so were made.
    pub(super) fn looked_at(&mut self, family: &str) {
        let made = catalogue::CHECKS.iter().map(|check| check.id);
        self.looked.extend(made.filter(|id| id.starts_with(family)));
    }

    /// Nobody was there to be looked at: checks about gated users were not made.
    pub(super) fn without_users(&mut self) {
        self.looked.retain(|id| {
            let about_users = id.starts_with("sudoers.") || id.starts_with("door.");
            !about_users || catalogue::ABOUT_NO_USER.contains(id)
        });
    }

    /// A finding. Words of others in it are made safe to show.
    pub(super) fn add(&mut self, id: &'static str, what: impl AsRef<str>, fix: impl AsRef<str>) {
        self.push(id, what.as_ref(), fix.as_ref(), None);
    }

    /// A finding that `--fix` can deal with.
    pub(super) fn add_fixable(
        &mut self,
        id: &'static str,
        what: impl AsRef<str>,
        fix: impl AsRef<str>,
        repair: Repair,
    ) {
        self.push(id, what.as_ref(), fix.as_ref(), Some(repair));
    }

    fn push(&mut self, id: &'static str, what: &str, fix: &str, repair: Option<Repair>) {
        let check = catalogue::of(id);
        let finding = Finding {
            id,
            severity: check.severity,
            what: safe(what),
            why: check.why,
            fix: safe(fix),
            fixable: repair.is_some(),
            repair,
        };
        self.looked.insert(id);
        let known = |one: &Finding| one.id == id && one.what == finding.what;
        if !self.findings.iter().any(known) {
            self.findings.push(finding);
        }
    }

    /// The worst of what was found.
    pub(super) fn worst(&self) -> Severity {
        let severities = self.findings.iter().map(|one| one.severity);
        severities.max().unwrap_or(Severity::Ok)
    }

    /// Whether something of this family was found.
    pub(super) fn has(&self, family: &str) -> bool {
        self.findings.iter().any(|one| one.id.starts_with(family))
    }

    /// How many checks were made.
    pub(super) fn count(&self) -> usize {
        self.looked.len()
    }

    /// The checks that found nothing.
    pub(super) fn shut(&self) -> impl Iterator<Item = &'static Check> {
        catalogue::CHECKS.iter().filter(|check| {
            self.looked.contains(check.id) && !self.findings.iter().any(|one| one.id == check.id)
        })
    }

    #[cfg(test)]
    pub(super) fn ids(&self) -> Vec<&'static str> {
        let mut ids: Vec<&str> = self.findings.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
}
