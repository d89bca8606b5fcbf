//! What the daemon's lists and answers do to the screen.

use aisudo_core::{display, evidence::Verdict, state::Tick, wire::Row};
use uuid::Uuid;

use super::{Link, Model, Outcome, Pane};
use crate::{
    fetch::{Fetched, is_pending, standing},
    group::{Group, Waiting, codes, groups},
};

impl Model {
    /// A row came from the daemon. What it changes, the next list says.
    pub(in super::super) fn heard(&mut self, row: &Row) {
        let on_screen = self.question().is_some_and(|group| group.has(row.id));
        if on_screen && !is_pending(row) {
            let code = display::word(row.code.as_bytes()).text;
            self.heard
                .push(format!("{code}: it {}", standing(&row.state)));
        }
    }

    /// This is what waits.
    pub(in super::super) fn listed(&mut self, now: Tick, waiting: Waiting) {
        if self.link != Link::Up {
            self.link = Link::Up;
            self.said = Some("aisudo-daemon is back".to_owned());
            self.disarm();
        }
        self.listed_at = now;
        self.beside = beside(&waiting);
        let before = std::mem::take(&mut self.queue);
        self.queue = groups(waiting.requests);
        // Who waits longest stays where they were.
        let place = |group: &Group| {
            let known = before
                .iter()
                .position(|b| b.fingerprint == group.fingerprint);
            known.unwrap_or(usize::MAX)
        };
        self.queue.sort_by_key(place);
        self.keep_selection(now, &before);
        if matches!(self.pane, Pane::Nothing) {
            self.select(0);
        }
    }

    fn keep_selection(&mut self, now: Tick, before: &[Group]) {
        let Pane::Question(fingerprint) = self.pane else {
            return;
        };
        let is_it = |group: &&Group| group.fingerprint == fingerprint;
        let place = before.iter().position(|group| is_it(&group));
        let Some(old) = before.iter().find(is_it) else {
            return;
        };
        let heard = std::mem::take(&mut self.heard);
        let Some(new) = self.queue.iter().find(is_it) else {
            let how = match heard.as_slice() {
                [] => format!("{}: it does not wait any more", codes(&old.members)),
                heard => heard.join("; "),
            };
            self.put_over(old.clone(), how, place.unwrap_or(0), now);
            return;
        };
        let joined = new.members.iter().any(|member| !old.has(member.row.id));
        let left = old.members.iter().any(|member| !new.has(member.row.id));
        if joined {
            let count = new.members.len();
            self.said = Some(format!(
                "a further identical one came: now {count} ask this"
            ));
        } else if left {
            self.said = Some(match heard.as_slice() {
                [] => "one that asked the same has gone".to_owned(),
                heard => heard.join("; "),
            });
        }
        // Their order is on the screen, too.
        if !old.ids().eq(new.ids()) {
            self.lay_out();
        }
    }

    /// What came of an answer.
    pub(in super::super) fn decided(&mut self, now: Tick, verdict: Verdict, outcomes: &[Outcome]) {
        let (done, failed): (Vec<&Outcome>, Vec<&Outcome>) =
            outcomes.iter().partition(|outcome| outcome.done.is_ok());
        let mut how: Vec<String> = Vec::new();
        if !done.is_empty() {
            let done: Vec<Fetched> = done.into_iter().map(|one| one.fetched.clone()).collect();
            how.push(match verdict {
                Verdict::Approve => format!("approved {}; sudo goes on", codes(&done)),
                Verdict::Deny => format!("denied {}; nothing is run", codes(&done)),
            });
        }
        for Outcome { fetched, done } in failed {
            let why = done.as_ref().err().map_or("", String::as_str);
            how.push(format!("{} was not decided: {why}", fetched.row.code));
        }
        let place = self.selected().unwrap_or(0);
        let group = self.question().cloned();
        let gone = |id: Uuid| outcomes.iter().any(|one| one.fetched.row.id == id);
        for group in &mut self.queue {
            group.members.retain(|member| !gone(member.row.id));
        }
        self.queue.retain(|group| !group.members.is_empty());
        match group {
            Some(group) => self.put_over(group, how.join("; "), place, now),
            None => self.said = Some(how.join("; ")),
        }
    }

    /// The question at this place, or the last one; nothing when there is none.
    pub(super) fn select(&mut self, place: usize) {
        let place = place.min(self.queue.len().saturating_sub(1));
        let before = self.selected();
        self.pane = match self.queue.get(place) {
            Some(group) => Pane::Question(group.fingerprint),
            None => Pane::Nothing,
        };
        if before.is_none() || before != self.selected() {
            self.heard.clear();
            self.lay_out();
        }
    }

    fn put_over(&mut self, group: Group, how: String, place: usize, since: Tick) {
        self.pane = Pane::Over {
            group,
            how,
            place,
            since,
        };
        self.lay_out();
    }
}

fn beside(waiting: &Waiting) -> Option<String> {
    let unshown = waiting.unshown.first().map(|(_, why)| {
        let count = waiting.unshown.len();
        format!("{count} cannot be shown ({why})")
    });
    let left_out = (waiting.left_out > 0).then(|| format!("{} more wait", waiting.left_out));
    let all: Vec<String> = unshown.into_iter().chain(left_out).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
