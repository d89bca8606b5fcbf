//! How phones are reached, for root; and what they ask for besides.

use std::thread;

use aisudo_core::{
    digest::sha256,
    wire::{FromControl, Head, ToControl, ToGate},
};
use aisudo_seal::message::{DeviceSays, HostSays};
use aisudo_sys::frames;
use serde_json::json;

use crate::{
    gate::Gate,
    phone::Phone,
    place::{CHANNEL, Place, until},
};

#[test]
fn root_sees_which_phones_listen_and_when_they_were_heard() {
    let (blue, red) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&blue, &red]);
    assert_eq!(place.health(), "2 devices, none listens, push off");
    let before = aisudo_sys::clock::unix_ms();
    let inbox = blue.listen(&place);
    assert_eq!(place.health(), "2 devices, 1 listens, push off");
    let ToControl::Devices { devices } = place.control().ask(&FromControl::Devices) else {
        panic!("no devices");
    };
    let of = |phone: &Phone| devices.iter().find(|one| one.device == phone.device());
    let (first, second) = (of(&blue).unwrap(), of(&red).unwrap());
    assert!(first.listens && !second.listens);
    assert!((before..before + 60_000).contains(&first.heard_at_ms.unwrap()));
    assert_eq!(second.heard_at_ms, None);
    assert_eq!(first.push, "off");
    drop(inbox);
    until("that it left", || {
        place.health() == "2 devices, none listens, push off"
    });
    place.list(&[]);
    assert_eq!(place.health(), "no phone is paired; run: aisudo pair NAME");
}

#[test]
fn a_test_is_confirmed_by_the_phone_that_it_was_sent_to() {
    let (blue, red) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&blue, &red]);
    let mut inbox = blue.listen(&place);
    inbox.hear();
    let test = |phone: &Phone| FromControl::TestDevice {
        device: phone.device(),
    };
    let mut control = place.control();
    let tested = thread::scope(|scope| {
        let root = scope.spawn(|| control.ask(&test(&blue)));
        let HostSays::Test { nonce } = inbox.hear() else {
            panic!("no test");
        };
        let confirmed = blue.say(&place, &DeviceSays::Tested { nonce });
        assert_eq!(confirmed.status, 204);
        root.join().unwrap()
    });
    let ToControl::Tested { after_ms, pushed } = tested else {
        panic!("{tested:?}");
    };
    assert!(after_ms < 10_000 && !pushed);
    let refused = |answer: ToControl| match answer {
        ToControl::Error { message } => message,
        other => panic!("{other:?}"),
    };
    let away = refused(control.ask(&test(&red)));
    assert!(
        away.contains("it does not listen and takes no pushes"),
        "{away}"
    );
    let unknown = refused(control.ask(&test(&Phone::new("evil"))));
    assert!(unknown.contains("no such device is listed"), "{unknown}");
}

#[test]
fn nobody_can_be_asked_where_no_phone_is_listed_and_that_is_known_at_once() {
    let phone = Phone::new("blue");
    let place = Place::with(&[]);
    let ask = |place: &Place| {
        let mut gate = Gate::connect(place);
        frames::send(&mut gate, &Gate::fresh()).unwrap();
        frames::receive::<ToGate>(&mut gate).unwrap().unwrap()
    };
    let channels = |heard: ToGate| match heard {
        ToGate::Waiting { channels, .. } => channels,
        other => panic!("{other:?}"),
    };
    assert_eq!(channels(ask(&place)), ["terminal"]);
    place.list(&[&phone]);
    assert_eq!(channels(ask(&place)), ["terminal", "app"]);
}

#[test]
fn the_last_phone_is_removed_while_a_command_waits_and_the_fallback_applies() {
    let phone = Phone::new("blue");
    let place = Place::accepting("[\"app\"]", CHANNEL, &[&phone]);
    let mut gate = Gate::ask(&place);
    place.list(&[]);
    let (why, fallback) = gate.refused();
    assert!(why.contains("no phone is paired"), "{why}");
    assert!(fallback);
}

#[test]
fn a_file_is_shown_while_its_gate_waits_and_to_nobody_else() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let content = b"#!/bin/sh\n";
    let hash = sha256(content);
    let mut gate = Gate::ask_with(&place, |body| {
        body["operands"] = json!([{
            "path": "/tmp/script", "role": "argument", "content": {"kind": "hashed", "sha256": hash, "size": content.len()},
        }]);
    });
    inbox.asked(&gate);
    let wanted = DeviceSays::Content {
        id: gate.id,
        sha256: hash,
    };
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| phone.say(&place, &wanted).status);
        gate.shows(hash, content);
        asked.join().unwrap()
    });
    assert_eq!(answer, 204);
    let HostSays::Content {
        id,
        sha256: named,
        content: shown,
    } = inbox.hear()
    else {
        panic!("no content");
    };
    assert_eq!((id, named), (gate.id, hash));
    assert_eq!(shown.unwrap().0, content);
    let none = DeviceSays::Content {
        id: uuid::Uuid::nil(),
        sha256: hash,
    };
    assert_eq!(phone.say(&place, &none), place.not_found());
}

#[test]
fn a_phone_is_a_witness_of_the_audit_log() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let first = inbox.next().unwrap().log;
    let gate = Gate::ask(&place);
    let second = inbox.next().unwrap().log;
    assert_eq!(second.sequence, first.sequence + 1);
    let hash_of = |sequence: u64| {
        let entries = place.entries("requested");
        let entry = entries.iter().find(|one| one["sequence"] == sequence);
        entry.unwrap()["entry_hash"].as_str().unwrap().to_owned()
    };
    assert_eq!(second.hash, hash_of(second.sequence));
    let known = |number: u64| -> Option<Head> {
        let listen = DeviceSays::Listen {
            known: Some(number),
        };
        let envelope = phone.sealed(&place, &listen);
        let mut stream = crate::web::Stream::open(place.address(), "/inbox", &envelope);
        match phone.open(&place.host(), &stream.next().unwrap()).said {
            HostSays::Inbox { known, .. } => known,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(known(first.sequence), Some(first));
    assert_eq!(known(second.sequence), Some(second.clone()));
    assert_eq!(known(second.sequence + 1), None);
    assert_eq!(known(0), None);
    drop(gate);
}

/// Otherwise each of a thousand would hold all of them.
#[test]
fn a_phone_hears_of_itself_first_and_of_so_many_others() {
    let phones: Vec<Phone> = (0..70).map(|_| Phone::new("one of many")).collect();
    let all: Vec<&Phone> = phones.iter().collect();
    let place = Place::with(&all);
    let last = all.last().unwrap();
    let HostSays::Inbox { devices, .. } = last.listen(&place).hear() else {
        panic!("not the inbox first");
    };
    assert_eq!(devices.len(), 64);
    assert_eq!(devices[0].key, last.device());
}

/// Between two looks of the daemon at root's list.
#[test]
fn a_phone_that_was_listed_for_a_moment_is_let_go() {
    let phone = Phone::new("blue");
    let place = Place::with(&[]);
    // The look that finds nobody was a moment ago, and the next is a second away: often enough it comes and
    // goes in between.
    for _ in 0..3 {
        place.list(&[&phone]);
        let mut inbox = phone.listen(&place);
        assert!(matches!(inbox.hear(), HostSays::Inbox { .. }));
        place.list(&[]);
        assert_eq!(inbox.hear(), HostSays::Revoked);
        assert!(inbox.next().is_none(), "its inbox is closed");
    }
}
