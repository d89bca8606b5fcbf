//! What a key does.

use aisudo_core::{evidence::Verdict, wire::MAX_NOTE_BYTES};

use super::{Action, Answer, Arming, Link, Mode, Model, Pane};
use crate::{
    fetch::Fetched,
    watch::{
        keys::Key,
        page::{Move, Page},
    },
};
use aisudo_core::state::Tick;

impl Model {
    /// What a key does.
    pub(in super::super) fn key(&mut self, now: Tick, key: Key) -> Option<Action> {
        match key {
            Key::Control('c') => return Some(Action::Quit),
            Key::Control('z') => return Some(Action::Suspend),
            Key::Control('l') => return Some(Action::Redraw),
            _ => {}
        }
        match self.mode {
            Mode::Queue => self.queue_key(now, &key),
            Mode::Words { .. } => self.words_key(key),
            Mode::Help(_) | Mode::History { .. } => {
                self.reading_key(&key);
                None
            }
        }
    }

    fn queue_key(&mut self, now: Tick, key: &Key) -> Option<Action> {
        self.said = None;
        match key {
            Key::Char('a') => return self.answer(now, Verdict::Approve),
            Key::Char('d') => return self.answer(now, Verdict::Deny),
            Key::Char('D' | 'r') => self.begin_words(now),
            Key::Char('q') => return Some(Action::Quit),
            Key::Char('h') => return Some(Action::ReadHistory),
            Key::Char('?') => {
                self.leave_question();
                self.mode = Mode::Help(Page::default());
                self.lay_out_mode();
            }
            Key::Char('n') | Key::Right | Key::Tab => self.choose(Towards::Next),
            Key::Char('p') | Key::Left | Key::BackTab => self.choose(Towards::Previous),
            Key::Enter if matches!(self.pane, Pane::Over { .. }) => self.choose(Towards::Next),
            Key::Paste(_) => self.said = Some("pasted text is no command".to_owned()),
            key => {
                if let Some(by) = scroll(key) {
                    self.page.scroll(by);
                }
            }
        }
        self.insists = false;
        None
    }

    /// The requests that a key decides now; nothing, and the guard anew, when it came too early.
    fn targets(&mut self, now: Tick) -> Option<Vec<Fetched>> {
        let refused = match (&self.link, self.arming(now)) {
            (Link::Down(_), _) => "not connected: nothing can be decided",
            (Link::Up, Arming::Nothing) => "nothing is selected: nothing was decided",
            (Link::Up, Arming::In(_)) => {
                self.shown_since = self.shown_since.map(|_| now);
                "too early: nothing was decided, read and press again"
            }
            (Link::Up, Arming::Armed) => {
                let group = self.question()?;
                let in_time = |one: &&Fetched| self.remaining_ms(one, now) > 0;
                let targets: Vec<Fetched> = group.members.iter().filter(in_time).cloned().collect();
                if !targets.is_empty() {
                    return Some(targets);
                }
                "its time is over: nothing was decided"
            }
        };
        self.said = Some(refused.to_owned());
        None
    }

    fn answer(&mut self, now: Tick, verdict: Verdict) -> Option<Action> {
        let targets = self.targets(now)?;
        let unseen = self.page.unseen();
        if verdict == Verdict::Approve && unseen > 0 && !self.insists {
            let lines = if unseen == 1 {
                "is 1 line"
            } else {
                "are lines"
            };
            let lines = lines.replace("lines", &format!("{unseen} lines"));
            self.said = Some(format!(
                "there {lines} you have not seen: read on, or press a again"
            ));
            self.disarm();
            self.insists = true;
            return None;
        }
        Some(Action::Decide(Answer {
            targets,
            verdict,
            note: None,
        }))
    }

    fn begin_words(&mut self, now: Tick) {
        if let Some(targets) = self.targets(now) {
            self.mode = Mode::Words {
                targets,
                text: String::new(),
            };
        }
    }

    fn words_key(&mut self, key: Key) -> Option<Action> {
        let Mode::Words { text, .. } = &mut self.mode else {
            return None;
        };
        match key {
            Key::Enter => return self.end_words(),
            Key::Escape => {
                self.back();
                self.said = Some("nothing was denied".to_owned());
            }
            Key::Backspace => {
                text.pop();
            }
            Key::Control('u') => text.clear(),
            Key::Char(c) => type_into(text, c),
            Key::Paste(pasted) => pasted.chars().for_each(|c| type_into(text, c)),
            _ => {}
        }
        None
    }

    fn end_words(&mut self) -> Option<Action> {
        let Mode::Words { targets, text } = &self.mode else {
            return None;
        };
        if let Link::Down(_) = self.link {
            self.said = Some("not connected: nothing can be decided yet".to_owned());
            return None;
        }
        if !self.is_readable() {
            return None;
        }
        // One that came meanwhile is not meant, one that has gone needs no answer.
        let waits = |one: &&Fetched| self.queue.iter().any(|group| group.has(one.row.id));
        let targets: Vec<Fetched> = targets.iter().filter(waits).cloned().collect();
        let note = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self.back();
        if targets.is_empty() {
            self.said = Some("it was over already: nothing was denied".to_owned());
            return None;
        }
        Some(Action::Decide(Answer {
            targets,
            verdict: Verdict::Deny,
            note,
        }))
    }

    fn reading_key(&mut self, key: &Key) {
        let last = match (&mut self.mode, scroll(key)) {
            (Mode::Help(page) | Mode::History { page, .. }, Some(by)) => return page.scroll(by),
            (Mode::History { requests, .. }, None) => requests.len().saturating_sub(1),
            (_, None) => 0,
            (Mode::Queue | Mode::Words { .. }, Some(_)) => return,
        };
        match key {
            Key::Char('q' | 'h' | '?') | Key::Escape | Key::Enter => self.back(),
            Key::Char('n') | Key::Right | Key::Tab => self.read_other(|at| (at + 1).min(last)),
            Key::Char('p') | Key::Left | Key::BackTab => {
                self.read_other(|at| at.saturating_sub(1));
            }
            _ => {}
        }
    }

    fn read_other(&mut self, other: impl Fn(usize) -> usize) {
        if let Mode::History { at, .. } = &mut self.mode {
            *at = other(*at);
            self.lay_out_mode();
        }
    }

    fn choose(&mut self, towards: Towards) {
        let place = match (&self.pane, self.selected(), towards) {
            (Pane::Over { place, .. }, _, Towards::Next) => *place,
            (Pane::Over { place, .. }, _, Towards::Previous) => place.saturating_sub(1),
            (_, None, _) => 0,
            (_, Some(at), Towards::Next) => at + 1,
            (_, Some(at), Towards::Previous) => at.saturating_sub(1),
        };
        self.select(place);
    }
}

#[derive(Clone, Copy, Debug)]
enum Towards {
    Next,
    Previous,
}

fn scroll(key: &Key) -> Option<Move> {
    match key {
        Key::Up | Key::Char('k') => Some(Move::Up),
        Key::Down | Key::Char('j') => Some(Move::Down),
        Key::PageUp | Key::Char('b') => Some(Move::PageUp),
        Key::PageDown | Key::Char(' ') => Some(Move::PageDown),
        Key::Home | Key::Char('g') => Some(Move::Home),
        Key::End | Key::Char('G') => Some(Move::End),
        _ => None,
    }
}

/// Another character of a note, while there is room.
fn type_into(text: &mut String, c: char) {
    let c = if matches!(c, '\r' | '\n' | '\t') {
        ' '
    } else {
        c
    };
    if !c.is_control() && text.len() + c.len_utf8() <= MAX_NOTE_BYTES {
        text.push(c);
    }
}
