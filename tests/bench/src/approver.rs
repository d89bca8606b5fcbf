//! An approver who answers by program.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use aisudo_core::{
    evidence::Verdict,
    paths::Paths,
    wire::{FromControl, Hello, Row, ToControl},
};
use aisudo_sys::frames::{receive, send};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A screen that hears of requests, and a hand that answers them.
#[derive(Debug)]
pub(crate) struct Approver {
    screen: UnixStream,
    hand: UnixStream,
}

impl Approver {
    pub(crate) fn new() -> Self {
        let mut screen = control();
        send(&mut screen, &FromControl::Watch).expect("watch");
        let first: Option<ToControl> = receive(&mut screen).expect("an answer to watch");
        assert_eq!(first, Some(ToControl::Changed { row: None }));
        Self {
            screen,
            hand: control(),
        }
    }

    /// The next request that waits; nothing when the daemon has ended.
    pub(crate) fn next(&mut self) -> Option<Row> {
        loop {
            match receive::<ToControl>(&mut self.screen).ok()?? {
                ToControl::Changed { row: Some(row) } if row.state.name() == "pending" => {
                    return Some(row);
                }
                _ => {}
            }
        }
    }

    /// Says yes; returns when that is on disk.
    pub(crate) fn approve(&mut self, row: &Row) {
        let decide = FromControl::Decide {
            id: row.id,
            digest: row.digest,
            verdict: Verdict::Approve,
            note: None,
        };
        send(&mut self.hand, &decide).expect("decide");
        let answer: Option<ToControl> = receive(&mut self.hand).expect("an answer to decide");
        assert_eq!(answer, Some(ToControl::Decided));
    }
}

fn control() -> UnixStream {
    let mut stream =
        UnixStream::connect(Paths::default().control_socket()).expect("reach the daemon");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("set a timeout");
    send(&mut stream, &Hello::default()).expect("greet the daemon");
    stream
}
