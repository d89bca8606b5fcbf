//! How much anybody may send, and at once.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpStream},
};

use aisudo_seal::message::{DeviceSays, HostSays};

use crate::{
    gate::Gate,
    phone::Phone,
    place::{CHANNEL, Place, until},
    web::{Answer, Stream, ask, call_with, connect, head},
};

const BEHIND_PROXY: &str = "behind_proxy = true\n";

#[test]
fn what_is_too_long_is_not_read() {
    let place = Place::with(&[]);
    let nonce = "0".repeat(64);
    let id = uuid::Uuid::nil();
    for (path, most) in [
        ("/inbox".to_owned(), 1024),
        ("/messages".to_owned(), 4096),
        ("/pair".to_owned(), 8192),
        (format!("/approve/{id}/{nonce}"), 8192),
        (format!("/deny/{id}/{nonce}"), 8192),
    ] {
        assert_eq!(place.post(&path, &vec![1; most]).status, 404, "{path}");
        let long = place.post(&path, &vec![1; most + 1]);
        assert_eq!(
            (long.status, long.text().as_str()),
            (413, r#"{"error":"too long"}"#)
        );
    }
    // However its length is hidden.
    let mut stream = connect(place.address());
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let text = format!(
        "POST /inbox HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
    assert_eq!(head(&mut std::io::BufReader::new(stream)).status, 413);
}

fn post_for(place: &Place, client: &str) -> Answer {
    let headers = [("x-forwarded-for", client)];
    call_with(place.address(), "POST", "/messages", &headers, b"")
}

#[test]
fn one_address_may_post_so_often_and_a_proxy_says_whose_it_is() {
    let place = Place::configured(&format!("{CHANNEL}{BEHIND_PROXY}"), &[]);
    let too_many = |client: &str| post_for(&place, client).status == 429;
    // One comes back each quarter of a second.
    let posts = (0..2000).find(|_| too_many("192.0.2.1")).unwrap();
    assert!(posts >= 240, "{posts}");
    let refused = loop {
        let answer = post_for(&place, "192.0.2.9, 192.0.2.1");
        if answer.status == 429 {
            break answer;
        }
    };
    assert_eq!(refused.text(), r#"{"error":"too many"}"#);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(
        !too_many("192.0.2.1, 192.0.2.2"),
        "what the proxy itself says"
    );
    assert!(!too_many("192.0.2.3"));
    assert_eq!(place.get("/health").status, 200, "only what is posted");
}

#[test]
fn without_a_proxy_nobody_says_who_they_are() {
    let place = Place::with(&[]);
    let mut number = 0;
    let refused = (0..2000).any(|_| {
        number += 1;
        post_for(&place, &format!("192.0.2.{}", number % 250)).status == 429
    });
    assert!(refused);
}

/// Whether the daemon still talks on this connection.
fn answers(stream: &TcpStream) -> bool {
    let asked = ask(stream, "GET", "/health", &[], b"");
    let mut reader = asked;
    let mut first = [0];
    matches!(reader.read(&mut first), Ok(1))
}

#[test]
fn one_address_may_hold_so_many_connections() {
    let place = Place::with(&[]);
    let address: SocketAddr = place.address();
    let open: Vec<TcpStream> = (0..64).map(|_| connect(address)).collect();
    assert!(open.iter().all(answers));
    let mut one_more = connect(address);
    assert!(
        matches!(one_more.read(&mut [0]), Ok(0) | Err(_)),
        "it is closed"
    );
    drop(open);
    until("there is room again", || answers(&connect(address)));
}

#[test]
fn behind_a_proxy_one_address_may_hold_so_many_streams() {
    let phones: Vec<Phone> = (0..9).map(|_| Phone::new("blue")).collect();
    let listed: Vec<&Phone> = phones.iter().collect();
    let place = Place::configured(&format!("{CHANNEL}{BEHIND_PROXY}"), &listed);
    let listen = |phone: &Phone, client: &str| {
        let envelope = phone.sealed(&place, &DeviceSays::Listen { known: None });
        let headers = [("x-forwarded-for", client)];
        let mut reader = ask(
            connect(place.address()),
            "POST",
            "/inbox",
            &headers,
            &envelope,
        );
        (head(&mut reader).status, reader)
    };
    let streams: Vec<_> = phones[..8]
        .iter()
        .flat_map(|phone| (0..8).map(|_| listen(phone, "192.0.2.1")))
        .collect();
    assert!(streams.iter().all(|(status, _)| *status == 200));
    assert_eq!(listen(&phones[8], "192.0.2.1").0, 429);
    assert_eq!(listen(&phones[8], "192.0.2.2").0, 200);
    drop(streams);
    until("there is room again", || {
        listen(&phones[8], "192.0.2.1").0 == 200
    });
}

#[test]
fn of_one_phone_the_newest_inboxes_stay_open() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inboxes: Vec<_> = (0..9).map(|_| phone.listen(&place)).collect();
    let gate = Gate::ask(&place);
    let mut oldest = inboxes.remove(0);
    assert!(matches!(oldest.hear(), HostSays::Inbox { .. }));
    assert!(oldest.next().is_none(), "it was closed for the newest");
    for inbox in &mut inboxes {
        inbox.asked(&gate);
    }
}

/// Whoever reads nothing costs nothing: what they are to be told is made when they take it.
#[test]
fn a_phone_that_takes_nothing_is_told_how_things_are_when_it_does() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let envelope = phone.sealed(&place, &DeviceSays::Listen { known: None });
    let mut slow = Stream::open(place.address(), "/inbox", &envelope);
    let padding = "x".repeat(60_000);
    for _ in 0..200 {
        let gate = Gate::ask_with(&place, |body| body["unreadable"] = padding.clone().into());
        gate.give_up();
    }
    let gate = Gate::ask(&place);
    // As many as the kernel holds for a connection that is not read, 10 MB at most.
    let mut old_questions = 0;
    loop {
        let message = phone.open(&place.host(), &slow.next().unwrap());
        match message.said {
            HostSays::Ask { request, .. } if request == gate.body => break,
            HostSays::Ask { .. } => old_questions += 1,
            _ => {}
        }
    }
    assert!(old_questions < 100, "{old_questions}");
}
