use std::collections::HashSet;

use super::*;

/// Somebody who has read the secret off the screen answers in the phone's place, with keys of their own.
#[test]
fn a_man_in_the_middle_who_knows_the_secret_shows_other_words() {
    let mut world = world();
    let offer = world.offer();
    let link = seen(&offer);
    let phone = Ed25519::from_seed(&[7; 32]);
    let (waiting, _held_back) =
        answer(&link, &world.phone, &phone, "phone", &mut world.rng).unwrap();
    let their_key = SecretKey::generate(&mut world.rng);
    let their_signer = Ed25519::from_seed(&[8; 32]);
    let theirs = answer(&link, &their_key, &their_signer, "phone", &mut world.rng)
        .unwrap()
        .1;
    let answered = offer.answer(&theirs, &world.host, START).unwrap();
    // They pass the reveal on, as the daemon that has the host's key could.
    let reveal = Hex32(reveal_of(&answered, &world, &their_key));
    let passed_on = FromHost::Reveal { reveal }
        .seal(&world.host, world.phone.public(), &mut world.rng)
        .unwrap();
    let shown = waiting.hear(&passed_on, &world.phone).unwrap();
    assert_ne!(shown, answered.words());
}

/// They show the phone a link of their own. Whatever they know when they make it, the phone's nonce is
/// drawn afterwards: one link, answered again and again, never leads to the same words.
#[test]
fn words_cannot_be_searched_for() {
    let mut world = world();
    let offer = world.offer();
    let link = seen(&offer);
    let signer = Ed25519::from_seed(&[7; 32]);
    let mut shown = HashSet::new();
    for _ in 0..64 {
        let (waiting, _) = answer(&link, &world.phone, &signer, "phone", &mut world.rng).unwrap();
        let reveal = Hex32(**offer.reveal);
        let message = FromHost::Reveal { reveal }
            .seal(&world.host, world.phone.public(), &mut world.rng)
            .unwrap();
        let words = waiting.hear(&message, &world.phone).unwrap();
        shown.insert(words.to_string());
    }
    assert_eq!(shown.len(), 64);
    // And a reveal that was chosen afterwards, to make the words fit, is noticed.
    let (waiting, _) = answer(&link, &world.phone, &signer, "phone", &mut world.rng).unwrap();
    let chosen = FromHost::Reveal {
        reveal: Hex32([1; 32]),
    };
    let message = chosen
        .seal(&world.host, world.phone.public(), &mut world.rng)
        .unwrap();
    assert_eq!(waiting.hear(&message, &world.phone), Err(Why::Reveal));
}

fn reveal_of(answered: &Answered, world: &World, theirs: &SecretKey) -> [u8; 32] {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let message = answered.reveal(&world.host, &mut rng).unwrap();
    let envelope = Envelope::parse(&message).unwrap();
    let opened = envelope.open(theirs, world.host.public()).unwrap();
    match serde_json::from_slice(&opened.body).unwrap() {
        FromHost::Reveal { reveal } => reveal.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reveal_by_another_host_or_of_another_kind_is_refused() {
    let mut world = world();
    let offer = world.offer();
    let link = seen(&offer);
    let signer = Ed25519::from_seed(&[7; 32]);
    let reveal = FromHost::Reveal {
        reveal: Hex32(**offer.reveal),
    };
    let body = serde_json::to_vec(&reveal).unwrap();
    let other = SecretKey::generate(&mut world.rng);
    let to = *world.phone.public();
    for (kind, from, body) in [
        (Kind::Pairing, &other, &body[..]),
        (Kind::Update, &world.host, &body),
        (Kind::Pairing, &world.host, br#"{"step":"paired"}"#),
    ] {
        let (waiting, _) = answer(&link, &world.phone, &signer, "phone", &mut world.rng).unwrap();
        let message = seal(kind, from, &to, body, &mut world.rng).unwrap();
        assert_eq!(waiting.hear(&message, &world.phone), Err(Why::NotAnAnswer));
    }
}
