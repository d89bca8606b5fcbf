use aisudo_core::{
    device::Proof,
    evidence::{AppEvidence, Verdict},
};

use super::*;
use crate::channels::app::sample::{at, body, decision, id, moved, nonce, pending, rng};

const BLUE: KeyId = KeyId([1; 8]);
const RED: KeyId = KeyId([2; 8]);

fn ask(desk: &mut Desk, number: u8, to: KeyId, now: u64) -> Option<HostSays> {
    // Each its own randomness.
    let seed = now * 10_000 + u64::from(number) * 10 + u64::from(to.0[0]);
    desk.says(id(number), to, Tick(now), &mut rng(seed))
}

fn reply(desk: &mut Desk, number: u8, to: KeyId) -> KeyId {
    match ask(desk, number, to, 0) {
        Some(HostSays::Ask { reply, .. }) => reply.id(),
        other => panic!("{other:?}"),
    }
}

fn end(number: u8) -> Letter {
    moved(number, Standing::Ended(End::Expired))
}

fn state(desk: &mut Desk, number: u8) -> (String, Option<String>) {
    match ask(desk, number, BLUE, 0) {
        Some(HostSays::Changed { state, note, .. }) => (state, note),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_phone_is_asked_with_the_frozen_bytes_and_the_time_that_is_left() {
    let mut desk = Desk::default();
    assert_eq!(desk.take(pending(1), at(500)), Some(News::Waits(id(1))));
    let Some(HostSays::Ask {
        code,
        asked_at_ms,
        remaining_ms,
        request,
        ..
    }) = ask(&mut desk, 1, BLUE, 5_500)
    else {
        panic!("no question");
    };
    assert_eq!((code.as_str(), asked_at_ms), ("CODE1", 1_000_001));
    // Twenty seconds since 500, of which five are over.
    assert_eq!(remaining_ms, 15_000);
    assert_eq!(request, body(1));
    let Some(HostSays::Ask { remaining_ms, .. }) = ask(&mut desk, 1, BLUE, 99_999) else {
        panic!("no question");
    };
    assert_eq!(remaining_ms, 0);
}

#[test]
fn each_phone_has_one_key_for_each_request_and_it_goes_with_the_request() {
    let mut desk = Desk::default();
    desk.take(pending(1), at(0));
    desk.take(pending(2), at(0));
    let keys = [
        reply(&mut desk, 1, BLUE),
        reply(&mut desk, 1, RED),
        reply(&mut desk, 2, BLUE),
    ];
    assert_eq!(
        reply(&mut desk, 1, BLUE),
        keys[0],
        "the same when it is asked again"
    );
    assert!(keys[0] != keys[1] && keys[0] != keys[2]);
    desk.take(pending(1), at(5));
    assert_eq!(reply(&mut desk, 1, BLUE), keys[0], "announced again");
    let found = |desk: &Desk, key: KeyId| desk.keyed(key).map(|(case, to, _)| (case.row.id, to));
    assert_eq!(found(&desk, keys[0]), Some((id(1), BLUE)));
    assert_eq!(found(&desk, keys[1]), Some((id(1), RED)));
    desk.take(end(1), at(0));
    assert_eq!(found(&desk, keys[0]), None);
    assert_eq!(found(&desk, keys[1]), None);
    assert_eq!(found(&desk, keys[2]), Some((id(2), BLUE)));
    assert_eq!(desk.by_key.len(), 1, "nothing is left of them");
    // Asked again after a restart of its gate: another key.
    desk.take(pending(1), at(0));
    let Some(HostSays::Ask { reply, .. }) = ask(&mut desk, 1, BLUE, 7) else {
        panic!("no question");
    };
    assert_ne!(reply.id(), keys[0]);
}

#[test]
fn what_was_answered_or_has_ended_is_told_until_it_is_long_ago() {
    let mut desk = Desk::default();
    let app = Evidence::App(Box::new(AppEvidence {
        device: RED,
        signed_at_ms: 5,
        proof: Proof::Ed25519 {
            signature: aisudo_core::base64url::Base64(vec![0; 64]),
        },
    }));
    desk.take(pending(1), at(0));
    let approved = LiveState::Approved {
        decision: decision(1, Verdict::Approve, app),
    };
    let news = desk.take(moved(1, Standing::Live(approved)), at(3));
    assert_eq!(news, Some(News::WaitsNoMore(id(1))));
    let expected = HostSays::Changed {
        id: id(1),
        state: "approved".to_owned(),
        approver: Some("owner".to_owned()),
        device: Some(RED),
        note: Some("words".to_owned()),
        at_ms: 7,
    };
    assert_eq!(ask(&mut desk, 1, BLUE, 0), Some(expected));
    for number in 2..=200 {
        desk.take(pending(number), at(0));
        desk.take(end(number), at(0));
    }
    assert_eq!(state(&mut desk, 1).0, "approved", "it can still run");
    assert_eq!(desk.over().count(), MOST_OVER + 1);
    assert_eq!(ask(&mut desk, 100, BLUE, 0), None, "long ago");
    assert_eq!(state(&mut desk, 101).0, "expired");
    let terminal = Evidence::Terminal { uid: 0, pid: 1 };
    let released = End::Released {
        decision: decision(1, Verdict::Approve, terminal),
        token: Hex32([0; 32]),
    };
    let news = desk.take(moved(1, Standing::Ended(released)), at(9));
    assert_eq!(news, Some(News::Changed(id(1))));
    let Some(HostSays::Changed { at_ms, device, .. }) = ask(&mut desk, 1, BLUE, 0) else {
        panic!("no end");
    };
    assert_eq!((at_ms, device), (1_000_009, None));
    assert_eq!(desk.over().count(), MOST_OVER);
}

#[test]
fn why_it_was_not_run_is_told_where_nobody_said_anything() {
    let mut desk = Desk::default();
    desk.take(pending(1), at(0));
    let why = "interrupted".to_owned();
    desk.take(moved(1, Standing::Ended(End::Cancelled { why })), at(0));
    assert_eq!(
        state(&mut desk, 1),
        ("cancelled".to_owned(), Some("interrupted".to_owned()))
    );
}

#[test]
fn a_request_that_ended_before_it_was_seen_is_asked_about_of_nobody() {
    let mut desk = Desk::default();
    let mut letter = end(1);
    letter.body = Some(body(1));
    assert_eq!(desk.take(letter, at(0)), Some(News::Changed(id(1))));
    assert!(desk.waiting().is_empty());
    assert_eq!(state(&mut desk, 1).0, "expired");
    assert_eq!(desk.take(end(2), at(0)), None, "never heard of");
    let mut other = pending(3);
    other.body = Some(body(4));
    assert_eq!(desk.take(other, at(0)), None, "not what the digest says");
}

#[test]
fn only_who_knows_the_nonce_sees_where_a_request_stands() {
    let mut desk = Desk::default();
    desk.take(pending(2), at(0));
    desk.take(pending(1), at(0));
    assert_eq!(desk.waiting(), [id(1), id(2)], "the oldest first");
    assert_eq!(desk.standing(id(1), &nonce(1)), Some("pending"));
    assert_eq!(desk.standing(id(1), &nonce(2)), None);
    assert_eq!(desk.standing(id(3), &nonce(1)), None);
    desk.take(end(1), at(0));
    assert_eq!(desk.standing(id(1), &nonce(1)), Some("expired"));
    assert_eq!(desk.standing(id(1), &nonce(2)), None);
}

#[test]
fn what_ended_before_a_restart_is_recalled_and_what_waits_is_not() {
    let mut desk = Desk::default();
    desk.recall(&end(1).row, nonce(1));
    desk.recall(&pending(2).row, nonce(2));
    assert_eq!(desk.standing(id(1), &nonce(1)), Some("expired"));
    assert_eq!(desk.standing(id(2), &nonce(2)), None, "the gate asks again");
}
