//! What the push service refuses: pushes that are in order, with one thing changed.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use aisudo_push::{Allowed, Client, Contact, Message, Sender, Sent, Topic, Urgency, Vapid};
use aisudo_push_sim::{Push, PushService, Subscription};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

const HOUR_S: u64 = 3600;

/// A push service, and the last push that it took.
struct World {
    service: PushService,
    sender: Sender,
    subscription: Subscription,
}

impl World {
    fn new() -> Self {
        let service = PushService::start();
        let key = Vapid::generate(&mut rng());
        let subscription = service.subscription(&key.public());
        let contact = Contact::new("mailto:admin@example.com").expect("a contact");
        Self {
            service,
            sender: Sender::new(key, contact),
            subscription,
        }
    }

    /// Sends a push whose token was signed some hours from now.
    fn send(&self, hours: u64) -> Sent {
        let mut allowed = Allowed::services();
        allowed.add(&self.service.origin()).expect("an origin");
        let subscription = aisudo_push::Subscription {
            endpoint: self.subscription.endpoint.clone(),
            p256dh: self.subscription.p256dh.clone(),
            auth: self.subscription.auth.clone(),
        };
        let to = subscription.check(&allowed).expect("a subscription");
        let message = Message {
            payload: b"hello",
            ttl_s: 60,
            urgency: Urgency::High,
            topic: Some(Topic::of(b"id")),
        };
        let signed_at = now_s() + hours * HOUR_S;
        let push = self.sender.push(&to, &message, signed_at, &mut rng());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let client = Client::trusting(vec![]).expect("TLS");
        let sending = client.send(push.as_ref().expect("a push"));
        runtime.expect("a runtime").block_on(sending)
    }

    fn good(&self) -> Push {
        assert_eq!(self.send(0), Sent::Accepted);
        self.service.received().pop().expect("a push")
    }

    /// What the service says to this push, as it stands.
    fn repeat(&self, push: &Push) -> String {
        post(&self.service, "/push/1", push)
    }
}

#[test]
fn a_push_that_is_in_order_can_be_repeated() {
    let world = World::new();
    let push = world.good();
    assert_eq!(world.repeat(&push), "201 ");
    assert_eq!(world.service.received(), [push.clone(), push]);
    assert_eq!(world.service.mistakes(), [""; 0]);
}

#[test]
fn one_header_is_wrong() {
    let world = World::new();
    let good = world.good();
    for (name, value, expected) in [
        ("host", None, "400 the host is another"),
        ("host", Some("localhost"), "400 the host is another"),
        ("content-encoding", None, "400 not aes128gcm"),
        ("content-encoding", Some("aesgcm"), "400 not aes128gcm"),
        ("ttl", None, "400 no TTL"),
        ("ttl", Some("-1"), "400 no TTL"),
        ("ttl", Some("soon"), "400 no TTL"),
        ("urgency", Some("urgent"), "400 an unknown urgency"),
        ("urgency", None, "201 "),
        ("topic", Some("a topic"), "400 not a topic"),
        ("topic", Some(""), "400 not a topic"),
        ("topic", Some(&"x".repeat(33)), "400 not a topic"),
        ("topic", Some(&"x".repeat(32)), "201 "),
        ("topic", None, "201 "),
        ("authorization", None, "401 no authorization"),
        (
            "authorization",
            Some("WebPush x"),
            "403 not of the form: vapid t=…, k=…",
        ),
    ] {
        let mut push = good.clone();
        push.headers.retain(|(other, _)| other != name);
        if let Some(value) = value {
            push.headers.push((name.to_owned(), value.to_owned()));
        }
        assert_eq!(world.repeat(&push), expected, "{name}: {value:?}");
    }
    let mut twice = good.clone();
    twice.headers.push(("topic".to_owned(), "other".to_owned()));
    assert_eq!(world.repeat(&twice), "400 more than one topic");
}

#[test]
fn the_body_is_wrong() {
    let world = World::new();
    let good = world.good();
    let body = |change: fn(&mut Vec<u8>)| {
        let mut push = good.clone();
        change(&mut push.body);
        world.repeat(&push)
    };
    let unread = "400 the browser cannot read it: ";
    let flipped = body(|body| *body.last_mut().expect("a byte") ^= 1);
    assert!(flipped.starts_with(unread), "{flipped}");
    let other_salt = body(|body| body[0] ^= 1);
    assert!(other_salt.starts_with(unread), "{other_salt}");
    assert_eq!(
        body(|body| body.truncate(86)),
        format!("{unread}not one key and one record")
    );
    // The record has 5 + 1 + 16 bytes.
    assert_eq!(
        body(|body| body[16..20].copy_from_slice(&[0, 0, 0, 21])),
        format!("{unread}more than one record")
    );
    assert_eq!(
        body(|body| body.resize(4097, 0)),
        "413 the body is too long"
    );
}

#[test]
fn the_token_is_wrong() {
    let world = World::new();
    let good = world.good();
    let token = |change: &dyn Fn(&str) -> String| {
        let mut push = good.clone();
        for (name, value) in &mut push.headers {
            if name == "authorization" {
                *value = change(value);
            }
        }
        world.repeat(&push)
    };
    let signature_wrong = "403 the signature is wrong";
    // The claims begin with {"aud, in base64url.
    assert_eq!(
        token(&|value| value.replacen(".eyJhdWQ", ".eyJhdWR", 1)),
        signature_wrong
    );
    assert_eq!(
        token(&|value| {
            let (start, key) = value.rsplit_once(", k=").expect("a key");
            let (claims, _signature) = start.rsplit_once('.').expect("a signature");
            format!("{claims}.{}, k={key}", "A".repeat(86))
        }),
        signature_wrong
    );
    assert_eq!(
        token(&|value| format!("{value}A")),
        "403 subscribed for another key"
    );
}

#[test]
fn a_token_is_good_for_a_day_at_most() {
    let world = World::new();
    // The sender's are good for 12 hours.
    assert_eq!(world.send(11), Sent::Accepted);
    let sent = world.send(13);
    assert!(
        matches!(&sent, Sent::Refused { status: 403, why } if why.starts_with("exp is in ")),
        "{sent:?}"
    );
}

#[test]
fn a_token_is_for_one_push_service() {
    let world = World::new();
    let mut push = world.good();
    let elsewhere = PushService::start();
    let _ = elsewhere.subscription(&world.sender.vapid().public());
    for (name, value) in &mut push.headers {
        if name == "host" {
            *value = elsewhere.origin().replace("http://", "");
        }
    }
    assert_eq!(
        post(&elsewhere, "/push/1", &push),
        format!("403 aud is {}", world.service.origin())
    );
}

#[test]
fn an_unknown_subscription_is_gone() {
    let world = World::new();
    let push = world.good();
    assert_eq!(post(&world.service, "/push/2", &push), "410 ");
    world.service.unsubscribe(&world.subscription);
    assert_eq!(world.repeat(&push), "410 ");
}

/// Status and text of the answer.
fn post(service: &PushService, path: &str, push: &Push) -> String {
    let address = service.origin().replace("http://", "");
    let mut connection = TcpStream::connect(address).expect("a connection");
    let mut request = format!("POST {path} HTTP/1.1\r\n");
    for (name, value) in &push.headers {
        if name != "content-length" {
            request += &format!("{name}: {value}\r\n");
        }
    }
    request += &format!("Content-Length: {}\r\n\r\n", push.body.len());
    connection.write_all(request.as_bytes()).expect("to write");
    connection.write_all(&push.body).expect("to write");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("to read");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).expect("a status");
    format!("{status} {body}")
}

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed(aisudo_sys::random::random_bytes().expect("randomness"))
}

fn now_s() -> u64 {
    aisudo_sys::clock::unix_ms() / 1000
}
