//! What rings when nobody looks. The push service is ours, and opens what it gets with another program
//! than the one that seals it (RFC 8291); what it got is handed to the browser's worker.

use std::time::{Duration, Instant};

use aisudo_core::base64url;
use aisudo_push::Vapid;
use aisudo_push_sim::{Push, PushService};
use aisudo_seal::envelope::{PUSH, SIZES};
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    host::{Host, PATIENCE},
    stories::PLAIN_KEY,
};

/// A phone that is paired and takes pushes.
fn with_pushes(phone: &mut Browser, service: &PushService, timeout: u32) -> Host {
    let push = format!("push = {{ services = [\"{}\"] }}\n", service.origin());
    let host = Host::start_with(timeout, &push);
    let key = Vapid::from_bytes(&secret()).expect("a key").public();
    let given = service.subscription(&key);
    phone.run(&json!({
        "do": "subscription", "endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth,
    }));
    host.pair(phone, PLAIN_KEY);
    phone.click("link", "Hosts");
    phone.run(&json!({"do": "click", "role": "link", "name": "testbed", "exact": false}));
    phone.press("Turn on notifications");
    phone.run(&json!({"do": "ready", "role": "button", "name": "Turn off notifications"}));
    host
}

/// The daemon's key for push services, which it makes when it starts.
fn secret() -> Vec<u8> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match std::fs::read("/var/lib/aisudo/push.key") {
            Ok(secret) => return secret,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

/// Hands over what the push service got.
fn deliver(phone: &mut Browser, push: &Push) {
    phone.run(&json!({"do": "push", "payload": base64url::encode(&push.payload)}));
}

/// The notification that is shown, once there is one that fits.
#[track_caller]
fn notification(phone: &mut Browser, fits: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = phone.run(&json!({"do": "notifications"}));
        let found = shown
            .as_array()
            .and_then(|all| all.iter().find(|one| fits(one)));
        if let Some(found) = found {
            return found.clone();
        }
        assert!(Instant::now() < deadline, "{shown}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn i7_a_push_shows_the_command_and_is_answered_without_opening_the_app() {
    let mut phone = Browser::start();
    let service = PushService::start();
    let host = with_pushes(&mut phone, &service, 60);
    let sudo = host.agent("sudo id -u");
    let pushes = service.wait_for(1);
    let size = pushes[0].payload.len();
    assert!(
        size <= PUSH && SIZES.contains(&size),
        "{size}: its length says little"
    );
    assert!(pushes[0].ttl_s <= 60, "no longer than it waits");
    assert_eq!(pushes[0].urgency.as_deref(), Some("high"));
    let body = String::from_utf8_lossy(&pushes[0].body).into_owned();
    assert!(!body.contains("id -u") && !body.contains("agent"));

    deliver(&mut phone, &pushes[0]);
    let asks = |one: &Value| one["actions"] == json!(["approve", "deny"]);
    let shown = notification(&mut phone, asks);
    let text = format!("{} {}", shown["title"], shown["body"]);
    assert!(text.contains("id -u") && text.contains("agent"), "{text}");
    phone.run(&json!({"do": "tap", "tag": shown["tag"], "action": "approve"}));
    assert_eq!(sudo.wait(PATIENCE).expect_success().stdout, "0\n");
    assert_eq!(
        host.entries("approved")[0]["decision"]["evidence"]["kind"],
        "app"
    );

    // What is over takes the place of the question, at the push service and on the phone.
    let pushes = service.wait_for(2);
    assert_eq!(pushes[1].topic, pushes[0].topic);
    deliver(&mut phone, &pushes[1]);
    let tag = shown["tag"].clone();
    notification(&mut phone, |one| {
        one["tag"] == tag && one["actions"] == json!([])
    });
    assert_eq!(service.mistakes(), Vec::<String>::new());
}

#[test]
fn a_subscription_that_has_expired_is_dropped_and_shown() {
    let mut phone = Browser::start();
    let service = PushService::start();
    let host = with_pushes(&mut phone, &service, 6);
    assert!(host.root(&["devices"]).stdout.contains("on"));
    service.answer(aisudo_push_sim::Answer::status(410));
    let sudo = host.agent("sudo id -u");
    let deadline = Instant::now() + PATIENCE;
    while !host.root(&["devices"]).stdout.contains("expired") {
        assert!(
            Instant::now() < deadline,
            "{}",
            host.root(&["devices"]).stdout
        );
    }
    sudo.wait(PATIENCE);
    phone.goto(&host.url);
    phone.click("link", "Hosts");
    phone.run(&json!({"do": "click", "role": "link", "name": "testbed", "exact": false}));
    phone.see("Turn them on again");
}
