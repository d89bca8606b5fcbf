//! What is said of a push, by what the push service answers.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use aisudo_push::{MAX_AT_ONCE, Sent};
use aisudo_push_sim::{Answer, PushService};
use tokio::{task::JoinSet, time::Instant};

use crate::sender::{HELLO, World, check, push};

#[tokio::test]
async fn each_answer_says_what_to_do() {
    let world = World::new();
    let after = |seconds| Sent::Later {
        after: Some(Duration::from_secs(seconds)),
    };
    for (answer, expected) in [
        (Answer::status(201), Sent::Accepted),
        (Answer::status(404), Sent::Gone),
        (Answer::status(410), Sent::Gone),
        (Answer::status(413), Sent::TooLarge),
        (Answer::status(429).header("Retry-After", "7"), after(7)),
        (Answer::status(503).header("retry-after", "120"), after(120)),
        (Answer::status(500), Sent::Later { after: None }),
        (
            Answer::status(403).body(r#"{"reason":"BadJwtToken"}"#),
            Sent::Refused {
                status: 403,
                why: r#"{"reason":"BadJwtToken"}"#.to_owned(),
            },
        ),
    ] {
        world.service.answer(answer.clone());
        assert_eq!(world.send(&HELLO).await, expected, "{answer:?}");
    }
    assert!(world.service.received().is_empty());
}

#[tokio::test]
async fn a_browser_that_has_unsubscribed_is_gone() {
    let world = World::new();
    let subscription = world.service.subscription(&world.sender.vapid().public());
    let to = check(&subscription, &world.service.origin());
    world.service.unsubscribe(&subscription);
    let push = push(&world.sender, &to, &HELLO);
    assert_eq!(world.client.send(&push).await, Sent::Gone);
}

/// It would go where nobody looked.
#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::new();
    let elsewhere = PushService::start();
    for status in [301, 302, 307, 308] {
        let location = format!("{}/push/1", elsewhere.origin());
        let answer = Answer::status(status).header("Location", &location);
        world.service.answer(answer);
        let why = String::new();
        assert_eq!(world.send(&HELLO).await, Sent::Refused { status, why });
    }
    assert_eq!(world.service.requests(), 4);
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn what_does_not_answer_as_a_push_service() {
    let world = World::new();
    let long_head = [
        b"HTTP/1.1 201 Created\r\nX: ".to_vec(),
        vec![b'x'; 64 << 10],
        b"\r\n\r\n".to_vec(),
    ];
    let many_headers = ["HTTP/1.1 201 Created\r\n", &"X: y\r\n".repeat(200), "\r\n"];
    for answer in [
        Answer::HangUp,
        Answer::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Answer::Raw(b"HTTP/1.1 201".to_vec()),
        Answer::Raw(long_head.concat()),
        Answer::Raw(many_headers.concat().into_bytes()),
    ] {
        world.service.answer(answer.clone());
        let sent = world.send(&HELLO).await;
        let expected = format!(
            "{} does not answer as a push service: ",
            world.service.origin()
        );
        assert!(
            matches!(&sent, Sent::Unreachable(why) if why.starts_with(&expected)),
            "{answer:?}: {sent:?}"
        );
    }
}

/// A text without an end is not read to its end.
#[tokio::test]
async fn a_long_text_is_cut() {
    let world = World::new();
    let head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 99999999999\r\n\r\n";
    let bytes = [&head[..], &[b'x'; 8 << 20]].concat();
    world.service.answer(Answer::Raw(bytes));
    let why = "x".repeat(300);
    assert_eq!(world.send(&HELLO).await, Sent::Refused { status: 400, why });
}

#[tokio::test]
async fn nobody_is_there() {
    let world = World::new();
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let mut subscription = world.service.subscription(&world.sender.vapid().public());
    subscription.endpoint = format!("http://{closed}/push/1");
    let to = check(&subscription, &format!("http://{closed}"));
    let sent = world.client.send(&push(&world.sender, &to, &HELLO)).await;
    let expected = format!("http://{closed} cannot be reached: ");
    assert!(
        matches!(&sent, Sent::Unreachable(why) if why.starts_with(&expected)),
        "{sent:?}"
    );
}

/// Time runs as fast as nothing happens.
#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_is_given_up() {
    let world = World::new();
    let push = world.push(&HELLO);
    let start = Instant::now();
    // More than are under way at once: the others wait no longer than they, and are not sent.
    let count = MAX_AT_ONCE + 1;
    for _ in 0..count {
        world.service.answer(Answer::Silence);
    }
    let mut sends = JoinSet::new();
    let client = Arc::new(world.client);
    for _ in 0..count {
        let (client, push) = (Arc::clone(&client), push.clone());
        sends.spawn(async move { client.send(&push).await });
    }
    for sent in sends.join_all().await {
        let why = format!("{} does not answer", world.service.origin());
        assert_eq!(sent, Sent::Unreachable(why));
    }
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    assert!(world.service.requests() <= MAX_AT_ONCE);
}
