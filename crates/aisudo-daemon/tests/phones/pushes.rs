//! What rings at phones that do not listen, by a push service that decrypts as a browser does.

use std::{fs, os::unix::fs::PermissionsExt as _, thread};

use aisudo_core::{
    base64url::{self, Base64},
    evidence::Verdict,
    wire::{FromControl, ToControl},
};
use aisudo_push_sim::{Answer, PushService, Subscription};
use aisudo_seal::message::{self, DeviceSays, HostSays};

use crate::{
    gate::Gate,
    phone::{Asked, Phone},
    place::{CHANNEL, Place, until},
};

/// A host, a phone, and its browser's push service.
struct Scene {
    service: PushService,
    subscription: Subscription,
    place: Place,
}

impl Scene {
    /// The phone has subscribed, and does not listen.
    fn new(phone: &Phone) -> Self {
        let service = PushService::start();
        let channel = format!(
            "{CHANNEL}push = {{ services = [\"{}\"], contact = \"mailto:root@box.example\" }}\n",
            service.origin()
        );
        let place = Place::configured(&channel, &[phone]);
        let HostSays::Inbox { push, pushing, .. } = phone.listen(&place).hear() else {
            panic!("no inbox");
        };
        assert_eq!(pushing, None);
        let subscription = service.subscription(&push.expect("a key").0);
        let scene = Self {
            service,
            subscription,
            place,
        };
        assert_eq!(phone.say(&scene.place, &scene.subscribe()).status, 204);
        assert_eq!(scene.place.health(), "1 device, none listens, push on");
        scene
    }

    fn subscribe(&self) -> DeviceSays {
        let bytes = |text: &str| Base64(base64url::decode(text).unwrap());
        DeviceSays::Push {
            subscription: Some(message::Subscription {
                endpoint: self.subscription.endpoint.clone(),
                p256dh: bytes(&self.subscription.p256dh),
                auth: bytes(&self.subscription.auth),
            }),
        }
    }

    /// What the last of so many pushes says.
    fn said(&self, phone: &Phone, count: usize) -> HostSays {
        let pushes = self.service.wait_for(count);
        assert_eq!(pushes.len(), count);
        phone
            .open(&self.place.host(), &pushes[count - 1].payload)
            .said
    }

    fn push_of(&self, phone: &Phone) -> String {
        let control = self.place.control().ask(&FromControl::Devices);
        let ToControl::Devices { devices } = control else {
            panic!("no devices");
        };
        let of = devices.iter().find(|one| one.device == phone.device());
        of.unwrap().push.clone()
    }
}

#[test]
fn a_question_rings_can_be_answered_at_once_and_is_withdrawn() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    let mut gate = Gate::ask(&scene.place);
    let HostSays::Ask { request, reply, .. } = scene.said(&phone, 1) else {
        panic!("no question");
    };
    assert_eq!(request, gate.body);
    let signed = phone.sign(&gate, Verdict::Deny, "");
    let envelope = phone.answer(&Asked { reply }, &signed);
    let answer = scene.place.post(&gate.path("deny"), &envelope);
    assert_eq!(answer.status, 204);
    assert_eq!(gate.decided().verdict, Verdict::Deny);
    let HostSays::Changed { id, state, .. } = scene.said(&phone, 2) else {
        panic!("not withdrawn");
    };
    assert_eq!((id, state.as_str()), (gate.id, "denied"));
    let pushes = scene.service.received();
    assert!((1..=20).contains(&pushes[0].ttl_s), "{}", pushes[0].ttl_s);
    assert_eq!(pushes[0].urgency.as_deref(), Some("high"));
    assert_eq!(pushes[0].contact, "mailto:root@box.example");
    assert!(pushes[0].topic.is_some() && pushes[0].topic == pushes[1].topic);
    assert!(pushes[1].ttl_s <= 600);
    assert!(scene.service.mistakes().is_empty());
}

#[test]
fn what_is_too_long_for_a_push_points_to_the_inbox() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    let long = "x".repeat(4000);
    let gate = Gate::ask_with(&scene.place, |body| body["unreadable"] = long.into());
    let said = scene.said(&phone, 1);
    let code = gate.code.clone();
    assert_eq!(said, HostSays::Waits { id: gate.id, code });
    phone.listen(&scene.place).asked(&gate);
}

#[test]
fn a_push_that_is_not_taken_now_is_tried_again() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    scene
        .service
        .answer(Answer::status(503).header("Retry-After", "1"));
    scene.service.answer(Answer::status(429));
    let gate = Gate::ask(&scene.place);
    let HostSays::Ask { request, .. } = scene.said(&phone, 1) else {
        panic!("no question");
    };
    assert_eq!(request, gate.body);
    assert_eq!(scene.service.requests(), 3);
}

/// The question is being sent when its request ends: nobody hears of it after its end.
#[test]
fn a_question_that_is_tried_again_does_not_come_after_its_end() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    scene.service.answer(Answer::status(503));
    let gate = Gate::ask(&scene.place);
    until("the first try", || scene.service.requests() == 1);
    let id = gate.id;
    gate.give_up();
    let HostSays::Changed {
        id: gone, state, ..
    } = scene.said(&phone, 1)
    else {
        panic!("the question");
    };
    assert_eq!((gone, state.as_str()), (id, "cancelled"));
    assert_eq!(scene.service.requests(), 2);
}

#[test]
fn a_subscription_that_is_gone_is_dropped_and_shown() {
    let phone = Phone::new("blue");
    let mut scene = Scene::new(&phone);
    scene.service.unsubscribe(&scene.subscription);
    let gate = Gate::ask(&scene.place);
    until("it is seen", || {
        scene.push_of(&phone).starts_with("expired")
    });
    assert_eq!(
        scene.place.health(),
        "1 device, none listens, push off, expired for 1"
    );
    let HostSays::Inbox { push, pushing, .. } = phone.listen(&scene.place).hear() else {
        panic!("no inbox");
    };
    assert_eq!(pushing, Some(false));
    gate.give_up();
    assert_eq!(scene.service.requests(), 1, "not tried again");
    scene.subscription = scene.service.subscription(&push.unwrap().0);
    assert_eq!(phone.say(&scene.place, &scene.subscribe()).status, 204);
    assert_eq!(scene.push_of(&phone), "on");
}

#[test]
fn what_a_push_service_refuses_is_shown_until_it_takes_something() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    scene.service.answer(Answer::status(403).body("bad key"));
    let _first = Gate::ask(&scene.place);
    until("it is seen", || scene.push_of(&phone) != "on");
    assert_eq!(
        scene.push_of(&phone),
        "refused by the push service: 403 bad key"
    );
    let _second = Gate::ask(&scene.place);
    assert!(matches!(scene.said(&phone, 1), HostSays::Ask { .. }));
    until("it is seen", || scene.push_of(&phone) == "on");
}

#[test]
fn subscriptions_are_kept_for_us_alone_until_they_are_taken_back() {
    let phone = Phone::new("blue");
    let mut scene = Scene::new(&phone);
    let file = scene.place.paths.subscriptions();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    scene.place.kill();
    scene.place.start();
    assert_eq!(scene.push_of(&phone), "on");
    let _gate = Gate::ask(&scene.place);
    assert!(matches!(scene.said(&phone, 1), HostSays::Ask { .. }));
    let off = DeviceSays::Push { subscription: None };
    assert_eq!(phone.say(&scene.place, &off).status, 204);
    assert_eq!(scene.push_of(&phone), "off");
    assert!(!fs::read_to_string(&file).unwrap().contains("endpoint"));
}

#[test]
fn a_phone_that_is_removed_takes_its_subscription_with_it() {
    let (phone, other) = (Phone::new("blue"), Phone::new("red"));
    let scene = Scene::new(&phone);
    scene.place.list(&[&other]);
    let file = scene.place.paths.subscriptions();
    until("it is gone", || {
        !fs::read_to_string(&file).unwrap().contains("endpoint")
    });
    scene.place.list(&[&phone]);
    assert_eq!(scene.push_of(&phone), "off");
}

/// Whatever a phone says, the daemon sends to push services and nowhere else.
#[test]
fn a_phone_cannot_make_the_daemon_call_other_addresses() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    let mut gates = Vec::new();
    for endpoint in [
        "http://127.0.0.1:22/push/1",
        "http://169.254.169.254/latest",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/x",
        "",
    ] {
        let DeviceSays::Push {
            subscription: Some(mut subscription),
        } = scene.subscribe()
        else {
            panic!("a subscription");
        };
        subscription.endpoint = endpoint.to_owned();
        let said = DeviceSays::Push {
            subscription: Some(subscription),
        };
        phone.say(&scene.place, &said);
        gates.push(Gate::ask(&scene.place));
    }
    assert_eq!(scene.push_of(&phone), "on", "the one before stays");
    // Five may wait at once; what waits is pushed to where it was before.
    assert_eq!(scene.service.wait_for(gates.len()).len(), gates.len());
}

#[test]
fn a_test_rings_where_the_phone_does_not_listen() {
    let phone = Phone::new("blue");
    let scene = Scene::new(&phone);
    let test = FromControl::TestDevice {
        device: phone.device(),
    };
    let mut control = scene.place.control();
    let tested = thread::scope(|scope| {
        let root = scope.spawn(|| control.ask(&test));
        let HostSays::Test { nonce } = scene.said(&phone, 1) else {
            panic!("no test");
        };
        phone.say(&scene.place, &DeviceSays::Tested { nonce });
        root.join().unwrap()
    });
    assert!(
        matches!(tested, ToControl::Tested { pushed: true, .. }),
        "{tested:?}"
    );
}

#[test]
fn where_root_wants_no_pushes_none_are_offered() {
    let phone = Phone::new("blue");
    let place = Place::configured(
        &format!("{CHANNEL}push = {{ enabled = false }}\n"),
        &[&phone],
    );
    let HostSays::Inbox { push, pushing, .. } = phone.listen(&place).hear() else {
        panic!("no inbox");
    };
    assert_eq!((push, pushing), (None, None));
    assert!(place.health().ends_with("push not offered"));
    assert!(!place.paths.push_key().exists());
}
