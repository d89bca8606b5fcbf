use aisudo_core::{
    evidence::{Decision, Evidence, EvidenceKind, Verdict},
    raw::Hex32,
    state::{End, Tick, Ticket},
};

use super::*;
use crate::{broker::Stored, record::Prompt};

pub(crate) const OWNER: Uuid = Uuid::from_u128(0xa);
pub(crate) const SECOND: Uuid = Uuid::from_u128(0xb);

/// When nothing is gathered any more.
const LATER: u64 = 1_000_000;

pub(crate) fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

/// Request `number` has the code `CODE<number>`, and the bytes of others with the same `alike`.
pub(crate) fn row(number: u8, alike: u8) -> Row {
    Row {
        id: id(number),
        code: format!("C0DE{number}"),
        digest: Hex32([number; 32]),
        fingerprint: Hex32([alike; 32]),
        uid: 1000,
        asked_at_ms: 1_000 + u64::from(number),
        remaining_ms: Some(60_000),
        state: Standing::Live(LiveState::Pending),
    }
}

pub(crate) fn new(number: u8, alike: u8) -> Letter {
    Letter {
        row: row(number, alike),
        body: Some("{}".to_owned()),
    }
}

pub(crate) fn over(number: u8) -> Letter {
    Letter {
        row: Row {
            state: Standing::Ended(End::Expired),
            remaining_ms: None,
            ..row(number, number)
        },
        body: None,
    }
}

fn approved(number: u8) -> Letter {
    let decision = Decision {
        id: id(number),
        digest: Hex32([number; 32]),
        nonce: Hex32([0; 32]),
        verdict: Verdict::Approve,
        approver: "root".to_owned(),
        note: None,
        at_ms: 0,
        evidence: Evidence::Terminal { uid: 0, pid: 1 },
    };
    Letter {
        row: Row {
            state: Standing::Live(LiveState::Approved { decision }),
            ..row(number, number)
        },
        body: None,
    }
}

pub(crate) fn key(sent_at_ms: u64, to: Uuid) -> Key {
    Key { sent_at_ms, to }
}

fn ask(requests: &[u8], to: Uuid) -> Result<Option<Todo>, u64> {
    let requests = requests.iter().map(|number| id(*number)).collect();
    Ok(Some(Todo::Ask { requests, to }))
}

#[test]
fn each_approver_is_asked_once_and_about_those_that_are_alike_together() {
    let mut desk = Desk::default();
    for letter in [new(1, 7), new(2, 8), new(3, 7)] {
        desk.take(letter, 0);
    }
    let approvers = [OWNER, SECOND];
    assert_eq!(desk.next_question(&approvers, LATER), ask(&[1, 3], OWNER));
    desk.asked_by(&[id(1), id(3)], key(70, OWNER), PromptForm::Whole);
    assert_eq!(desk.next_question(&approvers, LATER), ask(&[1, 3], SECOND));
    desk.asked_by(&[id(1), id(3)], key(71, SECOND), PromptForm::Whole);
    assert_eq!(desk.next_question(&approvers, LATER), ask(&[2], OWNER));
    desk.tried(&[id(2)], OWNER);
    desk.tried(&[id(2)], SECOND);
    assert_eq!(desk.next_question(&approvers, LATER), Ok(None));
    assert_eq!(
        desk.unasked(),
        [id(2)],
        "those who could not be asked were not"
    );

    desk.take(new(4, 7), 0);
    assert_eq!(
        desk.next_question(&approvers, LATER),
        ask(&[4], OWNER),
        "a message that was sent names no more than it did"
    );
}

#[test]
fn a21_after_a_question_others_like_it_are_gathered() {
    let mut desk = Desk::default();
    desk.take(new(1, 7), 0);
    desk.asked_by(&[id(1)], key(10_000, OWNER), PromptForm::Whole);
    desk.take(new(2, 7), 0);
    assert_eq!(desk.next_question(&[OWNER], 10_001), Err(12_000));
    desk.take(new(3, 7), 0);
    desk.take(new(4, 9), 0);
    assert_eq!(
        desk.next_question(&[OWNER], 11_999),
        ask(&[4], OWNER),
        "others do not wait for them"
    );
    assert_eq!(
        desk.next_question(&[OWNER, SECOND], 11_999),
        ask(&[1, 2, 3], SECOND),
        "nor other approvers"
    );
    desk.tried(&[id(4)], OWNER);
    assert_eq!(desk.next_question(&[OWNER], 12_000), ask(&[2, 3], OWNER));
}

#[test]
fn the_same_command_of_another_user_is_another_question() {
    let mut desk = Desk::default();
    desk.take(new(1, 7), 0);
    let mut other = new(2, 7);
    other.row.uid = 1001;
    desk.take(other, 0);
    assert_eq!(desk.next_question(&[OWNER], LATER), ask(&[1], OWNER));
}

#[test]
fn what_no_longer_waits_is_not_asked_about() {
    let mut desk = Desk::default();
    desk.take(new(1, 1), 0);
    desk.take(new(2, 2), 0);
    desk.take(approved(1), 0);
    desk.take(over(2), 0);
    assert_eq!(desk.next_question(&[OWNER], LATER), Ok(None));
    assert!(desk.unasked().is_empty());
    assert!(desk.case(id(2)).is_none(), "nobody was asked: forgotten");
    assert_eq!(desk.next_outcome(), None);
}

#[test]
fn a_question_on_its_way_is_not_forgotten_when_its_request_ends() {
    let mut desk = Desk::default();
    desk.take(new(1, 1), 0);
    desk.on_its_way(&[id(1)], true);
    desk.take(over(1), 0);
    desk.asked_by(&[id(1)], key(70, OWNER), PromptForm::Whole);
    desk.on_its_way(&[id(1)], false);
    assert_eq!(desk.next_outcome(), Some(Todo::Tell(key(70, OWNER))));
    assert!(desk.case(id(1)).unwrap().body.is_some());

    desk.take(new(2, 2), 0);
    desk.on_its_way(&[id(2)], true);
    desk.take(over(2), 0);
    desk.nothing_on_its_way();
    assert!(desk.case(id(2)).is_none());
}

#[test]
fn the_outcome_is_told_once_all_of_a_message_is_over() {
    let mut desk = Desk::default();
    desk.take(new(1, 7), 0);
    desk.take(new(2, 7), 0);
    let message = key(70, OWNER);
    desk.asked_by(&[id(1), id(2)], message, PromptForm::Whole);
    desk.take(over(1), 0);
    desk.take(approved(2), 0);
    assert_eq!(desk.next_outcome(), None, "approved is not the end");
    desk.take(over(2), 0);
    assert_eq!(desk.next_outcome(), Some(Todo::Tell(message)));
    assert_eq!(desk.told(message, false), None, "it is tried again");
    assert_eq!(desk.next_outcome(), Some(Todo::Tell(message)));
    assert!(desk.told(message, true).is_some());
    assert_eq!(desk.next_outcome(), None);
    let case = desk.case(id(1)).unwrap();
    assert!(case.body.is_none(), "what was asked is held no longer");
    assert_eq!(desk.by_code("C0DE1").map(|case| case.row.id), Some(id(1)));
}

#[test]
fn an_outcome_that_cannot_be_told_is_given_up() {
    let mut desk = Desk::default();
    desk.take(new(1, 1), 0);
    desk.asked_by(&[id(1)], key(70, OWNER), PromptForm::Whole);
    desk.take(over(1), 0);
    let tries = (0..9).take_while(|_| desk.told(key(70, OWNER), false).is_none());
    assert_eq!(tries.count(), 2);
    assert_eq!(desk.next_outcome(), None);
}

#[test]
fn a_poll_follows_its_question_and_is_ended_with_it() {
    let mut desk = Desk::default();
    desk.take(new(1, 1), 0);
    let (question, poll) = (key(70, OWNER), key(71, OWNER));
    desk.asked_by(&[id(1)], question, PromptForm::Whole);
    assert_eq!(desk.next_poll(), Some(Todo::Poll(question)));
    desk.polled(question, Some(poll));
    assert_eq!(desk.next_poll(), None);
    assert_eq!(desk.message(poll).unwrap().requests, [id(1)]);
    assert_eq!(desk.asked(id(1), OWNER).unwrap().0, question);
    desk.take(over(1), 0);
    desk.told(question, true);
    assert_eq!(desk.next_outcome(), Some(Todo::Tell(poll)));
}

#[test]
fn after_a_restart_messages_are_known_and_their_ends_are_told() {
    let mut desk = Desk::default();
    let prompted = |number: u8, sent_at_ms, open| Prompted {
        prompt: Prompt {
            channel: EvidenceKind::Signal,
            request: id(number),
            address: OWNER.to_string(),
            reference: sent_at_ms,
            form: PromptForm::Whole,
        },
        open,
        request: Stored {
            ticket: Ticket {
                id: id(number),
                digest: Hex32([number; 32]),
                nonce: Hex32([0; 32]),
                code: String::new(),
                fingerprint: Hex32([0; 32]),
                uid: 1000,
                pid: 1,
                start_time: 1,
                deadline: Tick(0),
            },
            standing: Standing::Ended(End::Expired),
            asked_at_ms: 0,
            boot_id: String::new(),
        },
        body: open.then(|| "{}".to_owned()),
    };
    let ended = over(2).row;
    desk.restore(
        vec![
            (prompted(1, 72, true), row(1, 1)),
            (prompted(2, 71, true), ended),
            (prompted(3, 70, false), over(3).row),
        ],
        5_000,
    );
    assert_eq!(
        desk.next_question(&[OWNER], LATER),
        Ok(None),
        "asked before"
    );
    assert_eq!(desk.case(id(1)).unwrap().deadline_ms, 65_000);
    assert_eq!(desk.next_outcome(), Some(Todo::Tell(key(71, OWNER))));
    assert!(desk.message(key(70, OWNER)).is_some(), "for late answers");
    // The writer announces it again.
    desk.take(new(1, 1), 6_000);
    assert_eq!(desk.next_question(&[OWNER], LATER), Ok(None));
    assert_eq!(desk.next_question(&[SECOND], LATER), ask(&[1], SECOND));
}

#[test]
fn old_messages_are_forgotten_and_open_ones_are_not() {
    let mut desk = Desk::default();
    desk.take(new(1, 1), 0);
    desk.asked_by(&[id(1)], key(1, OWNER), PromptForm::Whole);
    for sent_at_ms in 2..2_000 {
        desk.take(new(2, 2), 0);
        desk.asked_by(&[id(2)], key(sent_at_ms, OWNER), PromptForm::Whole);
        desk.take(over(2), 0);
        desk.told(key(sent_at_ms, OWNER), true);
    }
    assert!(desk.messages.len() <= MAX_REMEMBERED + 1);
    assert!(desk.message(key(1, OWNER)).is_some());
}
