//! Whoever follows the audit log.

use std::io::Read as _;

use super::*;

fn after(after: u64) -> FromControl {
    FromControl::Audit {
        after,
        limit: 10,
        wait: true,
    }
}

fn events_of(answer: ToControl) -> Vec<String> {
    match answer {
        ToControl::Audit { entries, .. } => entries
            .iter()
            .map(|entry| serde_json::from_str::<Value>(entry).unwrap())
            .map(|entry| entry["event"].as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_follower_hears_the_next_entry_when_it_is_on_disk_and_not_before() {
    let daemon = Daemon::start();
    let mut follower = daemon.control();
    assert_eq!(events_of(follower.ask(&after(0))), ["started"]);

    follower.send(&after(1));
    follower.0.set_nonblocking(true).unwrap();
    // Somebody else is served meanwhile, so the question was heard.
    assert_eq!(daemon.events(), ["started"]);
    let nothing = follower.0.read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    follower.0.set_nonblocking(false).unwrap();

    let mut gate = daemon.gate();
    gate.ask_gate(&plain());
    assert_eq!(events_of(follower.receive().unwrap()), ["requested"]);

    follower.send(&after(2));
    drop(gate);
    assert_eq!(events_of(follower.receive().unwrap()), ["cancelled"]);
}

#[test]
fn a_follower_beyond_the_end_hears_at_once_where_the_end_is() {
    let daemon = Daemon::start();
    match daemon.control().ask(&after(7)) {
        ToControl::Audit { entries, head, .. } => {
            assert_eq!((entries.len(), head.sequence), (0, 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_follower_that_says_something_else_is_answered_in_order() {
    let daemon = Daemon::start();
    let mut follower = daemon.control();
    follower.send(&after(1));
    follower.send(&FromControl::Status);
    assert_eq!(
        events_of(follower.receive().unwrap()),
        Vec::<String>::new(),
        "the first question is answered as it stands"
    );
    assert!(matches!(follower.receive(), Some(ToControl::Status { .. })));
}

#[test]
fn i2_a_follower_who_begins_to_ask_is_refused() {
    let daemon = Daemon::start();
    let mut follower = daemon.control();
    follower.send(&after(1));
    assert_eq!(daemon.events(), ["started"]);
    let mut gate = daemon.gate();
    gate.ask_gate(&request(|request| {
        request["requester"]["uid"] = geteuid().as_raw().into();
    }));
    assert_eq!(
        error(follower.receive().unwrap()),
        "whoever has a request waiting may not use this socket; ask another approver"
    );
}

#[test]
fn a35_followers_count_as_connections_and_stop_counting_when_they_go() {
    let daemon = Daemon::start();
    let follow = || {
        let mut follower = daemon.control();
        follower.send(&after(1));
        follower
    };
    let followers: Vec<Client> = (0..8).map(|_| follow()).collect();
    let mut ninth = daemon.control();
    assert_eq!(
        error(ninth.receive().unwrap()),
        "aisudo-daemon has too many connections; try again later"
    );
    drop(followers);
    let deadline = clock::boottime().0 + 10_000;
    let served = || {
        let mut stream = UnixStream::connect(daemon.path("control")).ok()?;
        frames::send(&mut stream, &Hello::default()).ok()?;
        frames::send(&mut stream, &FromControl::Status).ok()?;
        frames::receive::<ToControl>(&mut stream).ok()?
    };
    // A connection that has gone is noticed in its own time.
    while !matches!(served(), Some(ToControl::Status { .. })) {
        assert!(clock::boottime().0 < deadline, "the places stay taken");
    }
}
