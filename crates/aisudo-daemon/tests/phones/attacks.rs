//! Whatever is wrong gets the same bytes, and decides nothing.

use std::thread;

use aisudo_core::{
    evidence::Verdict,
    raw::Hex32,
    wire::{FromControl, ToControl},
};
use aisudo_seal::device::Signer as _;
use aisudo_seal::{
    envelope::{Kind, SecretKey, seal},
    message::{DeviceSays, HostSays},
    statement::{Signed, Statement},
};
use rand_core::OsRng;
use uuid::Uuid;

use crate::{
    gate::Gate,
    phone::{Asked, Phone},
    place::{Place, until},
    web::call,
};

/// A request that a phone was asked about.
struct Scene {
    gate: Gate,
    asked: Asked,
    signed: Signed,
}

impl Scene {
    fn new(place: &Place, phone: &Phone) -> Self {
        let gate = Gate::ask(place);
        let asked = phone.listen(place).asked(&gate);
        let signed = phone.sign(&gate, Verdict::Approve, "");
        Self {
            gate,
            asked,
            signed,
        }
    }

    #[track_caller]
    fn is_refused(&self, place: &Place, envelope: &[u8]) {
        let answer = place.post(&self.gate.path("approve"), envelope);
        assert_eq!(answer, place.not_found());
    }

    #[track_caller]
    fn still_waits(&self, place: &Place) {
        let state = place.get(&self.gate.path("status"));
        assert_eq!(state.text(), r#"{"state":"pending"}"#);
    }

    /// All that went before did not spoil the right one.
    #[track_caller]
    fn can_be_answered(mut self, place: &Place, phone: &Phone) {
        self.still_waits(place);
        let right = phone.answer(&self.asked, &self.signed);
        let answer = place.post(&self.gate.path("approve"), &right);
        assert_eq!(answer.status, 204);
        assert_eq!(self.gate.decided().verdict, Verdict::Approve);
    }
}

#[test]
fn a11_without_a_signature_nothing_is_decided() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let scene = Scene::new(&place, &phone);
    let (id, nonce) = (scene.gate.id, scene.gate.nonce);
    let other = Hex32([9; 32]);
    for (method, path) in [
        ("POST", format!("/approve/{id}")),
        ("POST", format!("/approve/{id}/")),
        ("POST", format!("/approve/{id}/{other}")),
        ("POST", format!("/approve/{id}/{nonce}")),
        ("POST", format!("/approve/{}/{nonce}", Uuid::nil())),
        ("POST", format!("/approve/{}/{nonce}", id.simple())),
        ("POST", format!("/approve/%ff/{nonce}")),
        (
            "POST",
            format!("/approve/{id}/{}", nonce.to_string().to_uppercase()),
        ),
        ("GET", format!("/approve/{id}/{nonce}")),
        ("HEAD", format!("/approve/{id}/{nonce}")),
        ("PUT", format!("/approve/{id}/{nonce}")),
        ("DELETE", format!("/deny/{id}/{nonce}")),
        ("OPTIONS", format!("/deny/{id}/{nonce}")),
        ("GET", "/inbox".to_owned()),
        ("GET", "/messages".to_owned()),
        ("GET", "/pair".to_owned()),
        ("POST", "/".to_owned()),
        ("POST", "/health".to_owned()),
        ("POST", "/index.html".to_owned()),
        ("POST", format!("/status/{id}/{nonce}")),
        ("GET", format!("/status/{id}/{other}")),
        ("GET", format!("/status/{id}")),
        ("GET", format!("/status/%ff/{nonce}")),
        ("POST", "/pair".to_owned()),
        ("POST", "/inbox".to_owned()),
        ("POST", "/messages".to_owned()),
        ("GET", "/../etc/passwd".to_owned()),
        ("GET", "/%2e%2e/Cargo.toml".to_owned()),
    ] {
        let answer = call(place.address(), method, &path, b"");
        let mut expected = place.not_found();
        if method == "HEAD" {
            expected.body.clear();
        }
        assert_eq!(answer, expected, "{method} {path}");
    }
    // The signed answer itself, by whoever read it on its way, but sealed with another key, or not at all.
    let open = serde_json::to_vec(&scene.signed).unwrap();
    scene.is_refused(&place, &open);
    let stranger = SecretKey::generate(&mut OsRng);
    let sealed = seal(
        Kind::Decision,
        &stranger,
        &scene.asked.reply,
        &open,
        &mut OsRng,
    );
    scene.is_refused(&place, &sealed.unwrap());
    let to_host = seal(
        Kind::Decision,
        &phone.seal,
        &place.host(),
        &open,
        &mut OsRng,
    );
    scene.is_refused(&place, &to_host.unwrap());
    assert!(place.entries("decision_refused").is_empty(), "it is noise");
    scene.can_be_answered(&place, &phone);
}

#[test]
fn a11_a_device_that_signs_wrongly_is_refused_and_recorded() {
    let (phone, other) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&phone, &other]);
    let scene = Scene::new(&place, &phone);
    let second = Gate::ask(&place);
    let statement = scene.signed.statement.clone();
    let resigned = |change: &dyn Fn(&mut Statement)| {
        let mut statement = statement.clone();
        change(&mut statement);
        phone.signer.answer(statement).unwrap()
    };
    let unsigned = |change: &dyn Fn(&mut Statement)| Signed {
        statement: resigned(change).statement,
        ..scene.signed.clone()
    };
    for (signed, why) in [
        (
            resigned(&|one| one.digest = second.digest()),
            "another request",
        ),
        (resigned(&|one| one.nonce = second.nonce), "another request"),
        (
            resigned(&|one| one.verdict = Verdict::Deny),
            "sent as the other",
        ),
        (
            unsigned(&|one| one.note = "more".to_owned()),
            "does not fit",
        ),
        (unsigned(&|one| one.at_ms += 1), "does not fit"),
        (
            other.sign(&scene.gate, Verdict::Approve, ""),
            "not in approvers.toml",
        ),
    ] {
        scene.is_refused(&place, &phone.answer(&scene.asked, &signed));
        let refused = place.entries("decision_refused");
        let last = refused.last().expect("an entry");
        assert_eq!(last["id"], scene.gate.id.to_string());
        assert!(last["why"].as_str().unwrap().contains(why), "{last} {why}");
        assert_eq!(last["who"], "owner");
    }
    // One device's signature with another's envelope, and its key.
    scene.is_refused(&place, &other.answer(&scene.asked, &scene.signed));
    scene.can_be_answered(&place, &phone);
}

#[test]
fn a14_a_device_that_was_never_paired_gets_nothing() {
    let (phone, stranger) = (Phone::new("blue"), Phone::new("evil"));
    let place = Place::with(&[&phone]);
    let scene = Scene::new(&place, &phone);
    let listen = stranger.sealed(&place, &DeviceSays::Listen { known: None });
    assert_eq!(place.post("/inbox", &listen), place.not_found());
    let shown = DeviceSays::Shown { id: scene.gate.id };
    assert_eq!(stranger.say(&place, &shown), place.not_found());
    let signed = stranger.sign(&scene.gate, Verdict::Approve, "");
    scene.is_refused(&place, &stranger.answer(&scene.asked, &signed));
    assert!(place.entries("decision_refused").is_empty(), "it is noise");
    scene.can_be_answered(&place, &phone);
}

#[test]
fn a14_a_revoked_device_is_told_and_counts_no_more() {
    let (phone, other) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&phone, &other]);
    let mut inbox = phone.listen(&place);
    let mut stays = other.listen(&place);
    let gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    place.list(&[&other]);
    // At once, before anything was noticed.
    let answer = place.post(&gate.path("approve"), &phone.answer(&asked, &signed));
    assert_eq!(answer, place.not_found());
    let listen = phone.sealed(&place, &DeviceSays::Listen { known: None });
    assert_eq!(place.post("/inbox", &listen), place.not_found());
    assert_eq!(inbox.hear(), HostSays::Revoked);
    assert!(inbox.next().is_none(), "it is closed");
    let asked = stays.asked(&gate);
    let signed = other.sign(&gate, Verdict::Deny, "");
    let answer = place.post(&gate.path("deny"), &other.answer(&asked, &signed));
    assert_eq!(answer.status, 204);
}

/// Whoever edits the file by hand makes mistakes: nobody is believed meanwhile, and nobody is lost.
#[test]
fn a_list_that_cannot_be_read_revokes_nobody() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let path = place.paths.approvers();
    std::fs::write(&path, "version = 1\n[[approver]]\nname =").unwrap();
    until("that is seen", || place.health().contains("approvers.toml"));
    let refused = place.post(&gate.path("approve"), &phone.answer(&asked, &signed));
    assert_eq!(refused, place.not_found());
    place.list(&[&phone]);
    until("that is seen", || place.health().contains("1 device"));
    let next = Gate::ask(&place);
    inbox.asked(&next);
    let again = phone.answer(&asked, &signed);
    assert_eq!(place.post(&gate.path("approve"), &again).status, 204);
}

/// Whether an answer comes in time is judged by the host's clock.
#[test]
fn a14_a_phone_whose_clock_is_off_by_a_day_can_answer() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    for at_ms in [0, u64::MAX] {
        let mut scene = Scene::new(&place, &phone);
        let mut statement = scene.signed.statement.clone();
        statement.at_ms = at_ms;
        scene.signed = phone.signer.answer(statement).unwrap();
        scene.can_be_answered(&place, &phone);
    }
}

#[test]
fn a29_one_decision_counts_once_however_it_is_repeated() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let scene = Scene::new(&place, &phone);
    let path = scene.gate.path("approve");
    let envelope = phone.answer(&scene.asked, &scene.signed);
    let address = place.address();
    let counted: usize = thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| call(address, "POST", &path, &envelope).status))
            .collect();
        let counts = posts.into_iter().map(|post| post.join().unwrap());
        counts.filter(|status| *status == 204).count()
    });
    assert_eq!(counted, 1);
    scene.is_refused(&place, &envelope);
    // Replayed by whoever carries it, it fills nothing.
    assert!(place.entries("decision_refused").is_empty());
    assert_eq!(place.entries("approved").len(), 1);
}

#[test]
fn a29_a30_at_the_phone_and_at_a_terminal_at_once_one_counts() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    for _ in 0..5 {
        let mut scene = Scene::new(&place, &phone);
        let path = scene.gate.path("approve");
        let envelope = phone.answer(&scene.asked, &scene.signed);
        let mut control = place.control();
        let deny = FromControl::Decide {
            id: scene.gate.id,
            digest: scene.gate.digest(),
            verdict: Verdict::Deny,
            note: None,
        };
        let address = place.address();
        let (by_phone, by_terminal) = thread::scope(|scope| {
            let post = scope.spawn(|| call(address, "POST", &path, &envelope).status == 204);
            let decided = control.ask(&deny) == ToControl::Decided;
            (post.join().unwrap(), decided)
        });
        assert!(by_phone ^ by_terminal, "exactly one");
        let verdict = scene.gate.decided().verdict;
        assert_eq!(verdict == Verdict::Approve, by_phone);
    }
}

#[test]
fn a31_what_was_changed_on_its_way_is_nothing() {
    let (phone, other) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&phone, &other]);
    let scene = Scene::new(&place, &phone);
    let envelope = phone.answer(&scene.asked, &scene.signed);
    // The version, the kind, both names, the nonce, the tag, and the body.
    for at in [0, 1, 2, 10, 18, 42, 58, 100, envelope.len() - 1] {
        let mut flipped = envelope.clone();
        flipped[at] ^= 1;
        scene.is_refused(&place, &flipped);
    }
    for length in [0, 1, 41, 512, envelope.len() - 1] {
        scene.is_refused(&place, &envelope[..length]);
    }
    scene.is_refused(&place, &[&envelope[..], &[0]].concat());
    let mut future = envelope.clone();
    future[0] = 2;
    scene.is_refused(&place, &future);
    // Sealed to the key of another device, of another request.
    let theirs = other.listen(&place).asked(&scene.gate);
    scene.is_refused(&place, &phone.answer(&theirs, &scene.signed));
    let second = Scene::new(&place, &phone);
    scene.is_refused(&place, &phone.answer(&second.asked, &scene.signed));
    // Of another kind.
    let body = serde_json::to_vec(&scene.signed).unwrap();
    let update = seal(
        Kind::Update,
        &phone.seal,
        &scene.asked.reply,
        &body,
        &mut OsRng,
    );
    scene.is_refused(&place, &update.unwrap());
    scene.can_be_answered(&place, &phone);
    second.can_be_answered(&place, &phone);
}

#[test]
fn a31_an_envelope_that_was_heard_is_not_heard_again() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let listen = phone.sealed(&place, &DeviceSays::Listen { known: None });
    let _stream = crate::web::Stream::open(place.address(), "/inbox", &listen);
    assert_eq!(place.post("/inbox", &listen), place.not_found());
    let shown = DeviceSays::Shown { id: Uuid::nil() };
    let shown = phone.sealed(&place, &shown);
    assert_eq!(place.post("/messages", &shown).status, 204);
    assert_eq!(place.post("/messages", &shown), place.not_found());
    // One for another place, and one of the host's own, sent back.
    assert_eq!(place.post("/inbox", &shown), place.not_found());
    assert_eq!(place.post("/messages", &listen), place.not_found());
}
