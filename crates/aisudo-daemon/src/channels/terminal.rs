//! Approvers at a shell of this machine: whoever watches on `control.sock`.

use aisudo_core::{evidence::EvidenceKind, wire::Row};
use tokio::sync::mpsc;

use super::{Announcement, Channel, Reach};

/// The screens that watch.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    screens: Vec<Screen>,
}

#[derive(Debug)]
struct Screen {
    uid: u32,
    events: mpsc::Sender<Row>,
}

impl Terminal {
    pub(super) fn watch(&mut self, uid: u32, events: mpsc::Sender<Row>) {
        self.screens.push(Screen { uid, events });
    }

    /// A screen that does not take its events in time is dropped: its memory is bounded, and it
    /// sees that it must look again.
    fn send(&mut self, row: &Row) {
        self.screens
            .retain(|screen| screen.events.try_send(row.clone()).is_ok());
    }
}

impl Channel for Terminal {
    fn kind(&self) -> EvidenceKind {
        EvidenceKind::Terminal
    }

    fn announce(&mut self, announcement: &Announcement<'_>) {
        // Whoever asks may not be an approver as well (I2).
        let requester = announcement.row.uid;
        self.screens.retain(|screen| screen.uid != requester);
        self.send(announcement.row);
    }

    fn update(&mut self, row: &Row) {
        self.send(row);
    }

    /// Always: whoever may approve can come and look.
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn health(&self) -> String {
        let watching = self
            .screens
            .iter()
            .filter(|screen| !screen.events.is_closed())
            .count();
        match watching {
            0 => "ready, nobody watches".to_owned(),
            1 => "ready, 1 watches".to_owned(),
            count => format!("ready, {count} watch"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aisudo_core::{
        raw::Hex32,
        wire::{LiveState, Standing},
    };
    use uuid::Uuid;

    use super::*;

    fn row(uid: u32) -> Row {
        Row {
            id: Uuid::nil(),
            code: "AAAAA".to_owned(),
            digest: Hex32([0; 32]),
            fingerprint: Hex32([0; 32]),
            uid,
            asked_at_ms: 0,
            remaining_ms: Some(1),
            state: Standing::Live(LiveState::Pending),
        }
    }

    #[test]
    fn a_slow_screen_and_a_requesters_screen_are_dropped() {
        let mut terminal = Terminal::default();
        let (slow, mut slow_events) = mpsc::channel(1);
        let (own, mut own_events) = mpsc::channel(9);
        let (good, mut good_events) = mpsc::channel(9);
        terminal.watch(0, slow);
        terminal.watch(1000, own);
        terminal.watch(7, good);
        assert_eq!(terminal.health(), "ready, 3 watch");
        let row = row(1000);
        terminal.announce(&Announcement {
            row: &row,
            body: "{}",
            again: false,
        });
        terminal.update(&row);
        assert_eq!(terminal.health(), "ready, 1 watches");
        assert!(own_events.try_recv().is_err());
        assert!(slow_events.try_recv().is_ok());
        assert!(slow_events.try_recv().is_err());
        assert!(good_events.try_recv().is_ok());
        assert!(good_events.try_recv().is_ok());
    }
}
