//! Root's command and a phone, which learn each other's keys through the daemon.

use aisudo_core::{
    base64url::Base64,
    device::KeyId,
    state::Tick,
    wire::{FromControl, ToControl},
};
use aisudo_seal::{
    device::pairing::answer,
    envelope::{Kind, SecretKey, seal},
    pairing::{FromHost, Host, Link, Offer},
};
use rand_core::OsRng;

use crate::{
    phone::Phone,
    place::{Control, Place, until},
    web::Stream,
};

const APP: &str = "https://box.example";
const NOW: Tick = Tick(0);

fn key(place: &Place) -> SecretKey {
    SecretKey::from_bytes(&std::fs::read(place.paths.host_key()).unwrap()).unwrap()
}

fn offer(place: &Place) -> (Offer, Link) {
    let host = Host {
        name: "box",
        key: &place.host(),
        address: "",
        app: APP,
    };
    let offer = Offer::new(host, NOW, 0, &mut OsRng).unwrap();
    let url = offer.url();
    let link = Link::from_fragment(url.strip_prefix(APP).unwrap()).unwrap();
    (offer, link)
}

fn begin(place: &Place) -> Control {
    let mut root = place.control();
    assert_eq!(root.ask(&FromControl::Pair), ToControl::Pairing);
    root
}

fn heard(root: &mut Control) -> Vec<u8> {
    match root.hear() {
        ToControl::PairAnswer { message } => message.0,
        other => panic!("{other:?}"),
    }
}

fn send(to: KeyId, message: Vec<u8>, last: bool) -> FromControl {
    FromControl::PairSend {
        to,
        message: Base64(message),
        last,
    }
}

#[test]
fn a_phone_pairs_through_the_daemon_and_may_lose_its_connection() {
    let phone = Phone::new("blue");
    let place = Place::with(&[]);
    let (offer, link) = offer(&place);
    let (waiting, message) = answer(&link, &phone.seal, &phone.signer, "blue", &mut OsRng).unwrap();
    assert_eq!(
        place.post("/pair", &message),
        place.not_found(),
        "nobody pairs"
    );

    let mut root = begin(&place);
    let mut stream = Stream::open(place.address(), "/pair", &message);
    let received = heard(&mut root);
    assert_eq!(received, message);
    let answered = offer.answer(&received, &key(&place), NOW).unwrap();
    let reveal = answered.reveal(&key(&place), &mut OsRng).unwrap();
    let to = phone.seal.public().id();
    assert_eq!(
        root.ask(&send(to, reveal.clone(), false)),
        ToControl::PairSent
    );
    let first = stream.next().unwrap();
    assert_eq!(first, reveal);
    let words = waiting.hear(&first, &phone.seal).unwrap();
    assert_eq!(words, answered.words());

    // The very same answer attaches again, and is not passed on twice.
    drop(stream);
    let mut stream = Stream::open(place.address(), "/pair", &message);
    assert_eq!(stream.next().unwrap(), reveal);
    let paired = FromHost::Paired
        .seal(&key(&place), phone.seal.public(), &mut OsRng)
        .unwrap();
    assert_eq!(
        root.ask(&send(to, paired.clone(), true)),
        ToControl::PairSent
    );
    assert_eq!(stream.next().unwrap(), paired);
    assert!(stream.next().is_none(), "that was all");
    let mut late = Stream::open(place.address(), "/pair", &message);
    assert_eq!(late.next().unwrap(), reveal);
    assert_eq!(late.next().unwrap(), paired);
    assert!(late.next().is_none());

    drop(root);
    until("the window is closed", || {
        place.post("/pair", &message) == place.not_found()
    });
}

#[test]
fn one_command_pairs_at_a_time_and_streams_end_with_it() {
    let phone = Phone::new("blue");
    let place = Place::with(&[]);
    let root = begin(&place);
    let mut second = place.control();
    let ToControl::Error { message } = second.ask(&FromControl::Pair) else {
        panic!("two at once");
    };
    assert!(message.contains("another `aisudo pair` runs"), "{message}");
    let stranger = send(KeyId([1; 8]), vec![1], false);
    assert!(matches!(second.ask(&stranger), ToControl::Error { .. }));
    let (_, link) = offer(&place);
    let (_, message) = answer(&link, &phone.seal, &phone.signer, "blue", &mut OsRng).unwrap();
    let mut stream = Stream::open(place.address(), "/pair", &message);
    drop(root);
    assert!(stream.next().is_none());
    until("the next one may", || {
        place.control().ask(&FromControl::Pair) == ToControl::Pairing
    });
}

/// Whoever has not seen the link does not know the host's key, and can use nothing up.
#[test]
fn a_stranger_cannot_be_in_the_way_of_pairing() {
    let phone = Phone::new("blue");
    let place = Place::with(&[]);
    let mut root = begin(&place);
    let (_, link) = offer(&place);
    let (_, right) = answer(&link, &phone.seal, &phone.signer, "blue", &mut OsRng).unwrap();
    for _ in 0..40 {
        let stranger = SecretKey::generate(&mut OsRng);
        let elsewhere = SecretKey::generate(&mut OsRng);
        let mut envelope = seal(
            Kind::Pairing,
            &stranger,
            elsewhere.public(),
            b"{}",
            &mut OsRng,
        )
        .unwrap();
        // It says that it is for this host.
        envelope[10..18].copy_from_slice(&place.host().id().0);
        let message = [&stranger.public().to_bytes()[..], &envelope].concat();
        assert_eq!(place.post("/pair", &message), place.not_found());
    }
    // Neither can somebody who changes what they saw on its way.
    for at in [0, 32, 33, 34, 50, 74, right.len() - 1] {
        let mut flipped = right.clone();
        flipped[at] ^= 1;
        assert_eq!(place.post("/pair", &flipped), place.not_found(), "{at}");
    }
    let of_other_kind = [
        &phone.seal.public().to_bytes()[..],
        &seal(Kind::Update, &phone.seal, &place.host(), b"{}", &mut OsRng).unwrap(),
    ]
    .concat();
    assert_eq!(place.post("/pair", &of_other_kind), place.not_found());
    let _stream = Stream::open(place.address(), "/pair", &right);
    assert_eq!(heard(&mut root), right);
    // Another answer with the same key is not the phone's.
    let (_, other) = answer(&link, &phone.seal, &phone.signer, "red", &mut OsRng).unwrap();
    assert_eq!(place.post("/pair", &other), place.not_found());
}

#[test]
fn who_has_seen_the_link_is_heard_sixteen_times_at_most() {
    let place = Place::with(&[]);
    let mut root = begin(&place);
    let (_, link) = offer(&place);
    let answers: Vec<Vec<u8>> = (0..17)
        .map(|_| {
            let phone = Phone::new("evil");
            let made = answer(&link, &phone.seal, &phone.signer, "evil", &mut OsRng);
            made.unwrap().1
        })
        .collect();
    let (last, first) = answers.split_last().unwrap();
    let _streams: Vec<Stream> = first
        .iter()
        .map(|message| Stream::open(place.address(), "/pair", message))
        .collect();
    for message in first {
        assert_eq!(heard(&mut root), *message);
    }
    assert_eq!(place.post("/pair", last), place.not_found());
}
