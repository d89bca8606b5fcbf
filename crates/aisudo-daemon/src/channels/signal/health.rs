//! How the channel is: for `aisudo status`, and for whoever is about to ask.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::channels::Reach;

/// Messages in a row without a receipt from which on that is worth a word.
const SILENT_AFTER: u32 = 3;

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    inner: Arc<Mutex<Inner>>,
    reach: Reach,
}

#[derive(Debug, Default)]
struct Inner {
    link: Link,
    /// Why nothing is sent for a while.
    pause: Option<Pause>,
    /// Approvers who cannot be asked, and why.
    blocked: BTreeMap<Uuid, String>,
    /// Approvers who can.
    approvers: usize,
    /// Why nobody may be asked, whatever signal-cli says.
    nobody: Option<String>,
    /// Questions in a row that no phone has received.
    silent: u32,
    /// What root should know besides.
    advice: Option<String>,
}

/// The connection to signal-cli.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// Not tried yet.
    #[default]
    Starting,
    /// There is one, to this version.
    Up(String),
    /// There was one a moment ago.
    Lost(String),
    /// There is none.
    Down(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    /// In one short phrase that everybody may read.
    pub(super) why: String,
    /// What root can do about it.
    pub(super) remedy: Option<String>,
}

impl Health {
    pub(super) fn reach(&self) -> Reach {
        self.reach.clone()
    }

    pub(super) fn link(&self, link: Link) {
        self.change(|inner| inner.link = link);
    }

    pub(super) fn pause(&self, pause: Option<Pause>) {
        self.change(|inner| inner.pause = pause);
    }

    /// Those who can be asked, and those who cannot.
    pub(super) fn approvers(&self, can: usize, cannot: BTreeMap<Uuid, String>) {
        self.change(|inner| {
            inner.approvers = can;
            inner.blocked = cannot;
            inner.nobody = None;
        });
    }

    /// Nobody may be asked.
    pub(super) fn nobody(&self, why: String) {
        self.change(|inner| inner.nobody = Some(why));
    }

    pub(super) fn silent(&self, messages: u32) {
        self.lock().silent = messages;
    }

    pub(super) fn advice(&self, advice: Option<String>) {
        self.lock().advice = advice;
    }

    /// In one short phrase, for approvers.
    pub(super) fn text(&self) -> String {
        let inner = self.lock();
        let mut parts = vec![match &inner.link {
            Link::Starting => "connecting to signal-cli".to_owned(),
            Link::Up(version) => format!("connected to signal-cli {version}"),
            Link::Lost(why) | Link::Down(why) => format!("not connected: {why}"),
        }];
        if let Some(Pause { why, remedy, .. }) = &inner.pause {
            parts.push(why.clone());
            parts.extend(remedy.clone());
        }
        match &inner.nobody {
            Some(why) => parts.push(why.clone()),
            None if matches!(inner.link, Link::Up(_)) => parts.push(match inner.approvers {
                1 => "1 approver".to_owned(),
                count => format!("{count} approvers"),
            }),
            None => {}
        }
        parts.extend(inner.blocked.values().cloned());
        if inner.silent >= SILENT_AFTER {
            parts.push(format!(
                "no phone has received the last {} questions: it is off, or signal-cli is deaf (restart it)",
                inner.silent
            ));
        }
        parts.extend(inner.advice.clone());
        parts.join("; ")
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        change(&mut inner);
        self.reach.set(inner.why_not());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Why nobody can be asked, if so; agents read it.
    fn why_not(&self) -> Option<String> {
        if let Link::Down(_) = &self.link {
            return Some("signal-cli cannot be reached".to_owned());
        }
        if let Some(pause) = &self.pause {
            return Some(pause.why.clone());
        }
        if self.nobody.is_some() {
            return Some("nobody is paired".to_owned());
        }
        let is_up = matches!(self.link, Link::Up(_));
        (is_up && self.approvers == 0).then(|| "no approver's account can be asked".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_may_come_back_and_a_missing_one_reaches_nobody() {
        let health = Health::default();
        let reach = health.reach();
        assert_eq!(reach.why_not(), None, "it may yet connect");
        health.link(Link::Up("0.13.19".to_owned()));
        assert_eq!(
            reach.why_not().as_deref(),
            Some("no approver's account can be asked")
        );
        health.approvers(1, BTreeMap::new());
        assert_eq!(reach.why_not(), None);
        assert_eq!(health.text(), "connected to signal-cli 0.13.19; 1 approver");
        health.link(Link::Lost("closed".to_owned()));
        assert_eq!(reach.why_not(), None);
        health.link(Link::Down("refused".to_owned()));
        assert!(reach.why_not().is_some());
        assert_eq!(health.text(), "not connected: refused");
    }

    #[test]
    fn what_root_can_do_is_not_told_to_agents() {
        let health = Health::default();
        health.link(Link::Up("0.13.19".to_owned()));
        health.approvers(1, BTreeMap::new());
        health.pause(Some(Pause {
            why: "Signal wants a captcha".to_owned(),
            remedy: Some("token 2fc05128".to_owned()),
        }));
        assert_eq!(
            health.reach().why_not().as_deref(),
            Some("Signal wants a captcha")
        );
        assert!(health.text().contains("token 2fc05128"));
    }
}
