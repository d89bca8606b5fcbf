//! What a browser gets.

use aisudo_push::{Message, Sent, Topic, Unsendable, Urgency};

use crate::sender::{CONTACT, HELLO, World, check, now_s, push, rng, sender};

#[tokio::test]
async fn a_browser_reads_what_was_sent_to_it() {
    let world = World::new();
    let before = now_s();
    let message = Message {
        payload: "what you see is what runs: é".as_bytes(),
        ttl_s: 90,
        urgency: Urgency::High,
        topic: Some(Topic::of(b"request 1")),
    };
    assert_eq!(world.send(&message).await, Sent::Accepted);
    let [arrived] = &world.service.wait_for(1)[..] else {
        panic!("one push, not more");
    };
    assert_eq!(arrived.payload, message.payload);
    assert_eq!(arrived.ttl_s, 90);
    assert_eq!(arrived.urgency.as_deref(), Some("high"));
    assert_eq!(
        arrived.topic.as_deref(),
        message.topic.as_ref().map(Topic::as_str)
    );
    assert_eq!(arrived.contact, CONTACT);
    let half_a_day = 12 * 3600;
    assert!((before + half_a_day..=now_s() + half_a_day).contains(&arrived.expires_at_s));
    assert_eq!(world.service.mistakes(), [""; 0]);
}

/// The push service sees the length, and nothing else about the text.
#[tokio::test]
async fn nothing_of_a_message_is_in_the_clear() {
    let world = World::new();
    let message = Message {
        payload: b"SECRET-SECRET",
        topic: Some(Topic::of(b"SECRET-ID")),
        ..HELLO
    };
    assert_eq!(world.send(&message).await, Sent::Accepted);
    let arrived = &world.service.wait_for(1)[0];
    let seen = format!("{:?} {}", arrived.headers, arrived.body.escape_ascii());
    assert!(!seen.contains("SECRET"), "{seen}");
    let names: Vec<&str> = arrived
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "host",
            "authorization",
            "content-encoding",
            "content-type",
            "ttl",
            "urgency",
            "topic",
            "content-length"
        ]
    );
}

#[tokio::test]
async fn each_urgency_and_no_topic() {
    let world = World::new();
    for (urgency, word) in [
        (Urgency::VeryLow, "very-low"),
        (Urgency::Low, "low"),
        (Urgency::Normal, "normal"),
        (Urgency::High, "high"),
    ] {
        assert_eq!(
            world.send(&Message { urgency, ..HELLO }).await,
            Sent::Accepted
        );
        let arrived = world.service.received().pop().unwrap();
        assert_eq!(arrived.urgency.as_deref(), Some(word));
        assert_eq!(arrived.topic, None);
    }
}

#[tokio::test]
async fn the_shortest_and_the_longest_message_arrive() {
    let world = World::new();
    let longest = vec![b'x'; 3993];
    for payload in [&b""[..], &longest] {
        assert_eq!(
            world.send(&Message { payload, ..HELLO }).await,
            Sent::Accepted
        );
    }
    let arrived = world.service.wait_for(2);
    assert_eq!(arrived[0].payload, b"");
    assert_eq!(arrived[1].payload, longest);
    assert_eq!(arrived[1].body.len(), 4096);

    let payload = &[b'x'; 3994];
    let error = world
        .sender
        .push(
            &world.to,
            &Message { payload, ..HELLO },
            now_s(),
            &mut rng(),
        )
        .unwrap_err();
    assert_eq!(error, Unsendable::TooLong(3994));
}

/// A push may be sent again, and each browser reads its own.
#[tokio::test]
async fn several_pushes_at_once_to_several_browsers() {
    let world = World::new();
    let other = world.service.subscription(&world.sender.vapid().public());
    let other = check(&other, &world.service.origin());
    let one = world.push(&Message {
        payload: b"one",
        ..HELLO
    });
    let two = push(
        &world.sender,
        &other,
        &Message {
            payload: b"two",
            ..HELLO
        },
    );
    let client = &world.client;
    let sent = tokio::join!(
        client.send(&one),
        client.send(&two),
        client.send(&one),
        client.send(&two)
    );
    let accepted = Sent::Accepted;
    assert_eq!(
        [sent.0, sent.1, sent.2, sent.3],
        [(); 4].map(|()| accepted.clone())
    );
    let mut arrived: Vec<(String, Vec<u8>)> = world
        .service
        .wait_for(4)
        .into_iter()
        .map(|push| (push.endpoint, push.payload))
        .collect();
    arrived.sort();
    let origin = world.service.origin();
    let expected = [("1", "one"), ("1", "one"), ("2", "two"), ("2", "two")]
        .map(|(id, text)| (format!("{origin}/push/{id}"), text.as_bytes().to_vec()));
    assert_eq!(arrived, expected);
}

#[tokio::test]
async fn a_browser_that_subscribed_for_another_key_gets_nothing() {
    let world = World::new();
    let push = push(&sender(), &world.to, &HELLO);
    let sent = world.client.send(&push).await;
    let expected = Sent::Refused {
        status: 403,
        why: "subscribed for another key".to_owned(),
    };
    assert_eq!(sent, expected);
    assert!(world.service.received().is_empty());
}

#[tokio::test]
async fn a_token_of_yesterday_is_refused() {
    let world = World::new();
    let yesterday = now_s() - 13 * 3600;
    let push = world
        .sender
        .push(&world.to, &HELLO, yesterday, &mut rng())
        .unwrap();
    let sent = world.client.send(&push).await;
    assert!(
        matches!(&sent, Sent::Refused { status: 403, why } if why.starts_with("exp is in -")),
        "{sent:?}"
    );
}
