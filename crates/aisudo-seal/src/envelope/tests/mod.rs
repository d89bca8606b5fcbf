mod keys;

use std::collections::HashSet;

use crypto_box::aead::AeadInPlace as _;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

struct World {
    host: SecretKey,
    phone: SecretKey,
    rng: ChaCha20Rng,
}

fn world() -> World {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    World {
        host: SecretKey::generate(&mut rng),
        phone: SecretKey::generate(&mut rng),
        rng,
    }
}

impl World {
    fn send(&mut self, kind: Kind, body: &[u8]) -> Vec<u8> {
        seal(kind, &self.host, self.phone.public(), body, &mut self.rng).unwrap()
    }

    fn receive(&self, bytes: &[u8]) -> Result<Opened, CannotOpen> {
        let envelope = Envelope::parse(bytes).map_err(|_| CannotOpen)?;
        envelope.open(&self.phone, self.host.public())
    }
}

#[test]
fn what_is_sealed_opens_at_the_other_end_and_nowhere_else() {
    let mut world = world();
    let sealed = world.send(Kind::Request, b"sudo id");
    let envelope = Envelope::parse(&sealed).unwrap();
    assert_eq!(envelope.kind(), Kind::Request);
    assert_eq!(envelope.sender(), world.host.public().id());
    assert_eq!(envelope.recipient(), world.phone.public().id());
    let opened = world.receive(&sealed).unwrap();
    assert_eq!(
        (opened.kind, &opened.body[..]),
        (Kind::Request, &b"sudo id"[..])
    );
    let stranger = SecretKey::generate(&mut world.rng);
    assert!(envelope.open(&stranger, world.host.public()).is_err());
    assert!(envelope.open(&world.phone, stranger.public()).is_err());
    assert!(!sealed.windows(4).any(|four| four == b"sudo"));
}

/// The box is NaCl's: another implementation opens it, and finds what the table says.
#[test]
fn the_box_is_a_crypto_box() {
    let mut world = world();
    let sealed = world.send(Kind::Update, b"body");
    let theirs = crypto_box::SalsaBox::new(
        &world.host.public().to_bytes().into(),
        &crypto_box::SecretKey::from(*world.phone.to_bytes()),
    );
    let (header, boxed) = sealed.split_at(42);
    let mut content = boxed[16..].to_vec();
    theirs
        .decrypt_in_place_detached(header[18..].into(), b"", &mut content, boxed[..16].into())
        .unwrap();
    let mut expected = Sha256::digest(header).to_vec();
    expected.extend(b"\0\0\0\x04body");
    expected.resize(512 - 42 - 16, 0);
    assert_eq!(content, expected);
}

#[test]
fn there_are_eight_sizes_and_answers_are_alike() {
    let mut world = world();
    let mut size = |kind, body: usize| world.send(kind, &vec![b'x'; body]).len();
    let room = |size: usize| size - 42 - 16 - 32 - 4;
    for (index, whole) in SIZES.into_iter().enumerate() {
        assert_eq!(size(Kind::Request, room(whole)), whole);
        if let Some(next) = SIZES.get(index + 1) {
            assert_eq!(size(Kind::Request, room(whole) + 1), *next);
        }
    }
    assert_eq!(size(Kind::Receipt, 0), 512);
    assert_eq!(size(Kind::Decision, 0), 2048);
    assert_eq!(size(Kind::Decision, room(2048)), 2048);
    assert_eq!(MAX_BODY, room(524_288));
    const { assert!(PUSH <= 3993) };
    let World {
        host,
        phone,
        mut rng,
    } = world;
    let body = vec![0; MAX_BODY + 1];
    let refused = seal(Kind::Request, &host, phone.public(), &body, &mut rng);
    assert_eq!(refused, Err(TooLong));
}

#[test]
fn a31_a_replayed_envelope_is_known_by_its_id() {
    let mut world = world();
    let first = world.send(Kind::Update, b"same words");
    let second = world.send(Kind::Update, b"same words");
    assert_ne!(first, second);
    let mut seen = HashSet::new();
    // Out of order, and the first twice.
    for (bytes, is_new) in [(&second, true), (&first, true), (&first, false)] {
        assert_eq!(seen.insert(world.receive(bytes).unwrap().id), is_new);
    }
}

#[test]
fn a31_an_envelope_cut_at_any_length() {
    let mut world = world();
    for body in [4, 500, 1800] {
        let sealed = world.send(Kind::Request, &vec![b'x'; body]);
        for length in 0..sealed.len() {
            assert!(world.receive(&sealed[..length]).is_err(), "{length}");
        }
        let longer = [&sealed[..], &[0]].concat();
        let error = Envelope::parse(&longer).unwrap_err();
        assert_eq!(error, NotAnEnvelope::Length);
        let next = SIZES.into_iter().find(|size| *size > sealed.len()).unwrap();
        let mut padded = sealed.clone();
        padded.resize(next, 0);
        assert!(
            world.receive(&padded).is_err(),
            "with zeros to the next size"
        );
    }
}

#[test]
fn a31_an_envelope_with_any_bit_flipped() {
    let mut world = world();
    let sealed = world.send(Kind::Request, b"sudo id");
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(world.receive(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a31_an_envelope_for_another_device() {
    let mut world = world();
    let sealed = world.send(Kind::Request, b"sudo id");
    let other = SecretKey::generate(&mut world.rng);
    // Its name in the header does not help.
    let mut renamed = sealed.clone();
    renamed[10..18].copy_from_slice(&other.public().id().0);
    for bytes in [&sealed, &renamed] {
        let envelope = Envelope::parse(bytes).unwrap();
        assert!(envelope.open(&other, world.host.public()).is_err());
    }
    assert!(world.receive(&renamed).is_err());
}

#[test]
fn a31_an_envelope_under_an_old_key() {
    let mut world = world();
    let sealed = world.send(Kind::Request, b"sudo id");
    let old = std::mem::replace(
        &mut world.host,
        SecretKey::generate(&mut ChaCha20Rng::from_seed([2; 32])),
    );
    assert!(world.receive(&sealed).is_err(), "the host has a new key");
    let envelope = Envelope::parse(&sealed).unwrap();
    assert_ne!(envelope.sender(), world.host.public().id());
    let replaced = SecretKey::generate(&mut world.rng);
    assert!(
        envelope.open(&replaced, old.public()).is_err(),
        "the phone has one"
    );
}

#[test]
fn a31_an_envelope_of_a_future_version_is_named_so() {
    let mut world = world();
    let sealed = world.send(Kind::Request, b"sudo id");
    let with = |version: u8, kind: u8| [&[version, kind], &sealed[2..]].concat();
    for version in [0, 2, 255] {
        let bytes = with(version, 1);
        let error = Envelope::parse(&bytes).unwrap_err();
        assert_eq!(error, NotAnEnvelope::Version(version));
        // Its sizes may be others.
        let error = Envelope::parse(&bytes[..100]).unwrap_err();
        assert_eq!(error, NotAnEnvelope::Version(version));
    }
    for kind in [0, 6, 255] {
        let bytes = with(1, kind);
        let error = Envelope::parse(&bytes).unwrap_err();
        assert_eq!(error, NotAnEnvelope::Kind(kind));
    }
    // Another known kind is a changed header.
    for kind in [2, 3, 4, 5] {
        assert!(world.receive(&with(1, kind)).is_err(), "{kind}");
    }
}

/// Everything inside fits, it is only not sealed: what does not decrypt must not be read as it stands.
#[test]
fn a31_an_envelope_that_was_never_sealed() {
    let mut world = world();
    let sealed = world.send(Kind::Update, b"");
    let mut bare = sealed[..58].to_vec();
    bare.extend(Sha256::digest(&sealed[..42]));
    bare.extend(b"\0\0\0\x06run it");
    bare.resize(512, 0);
    assert_eq!(world.receive(&bare).err(), Some(CannotOpen));
}

/// Both directions of a crypto_box have one key: what the host sent could be sent back to it.
#[test]
fn a31_an_envelope_turned_round() {
    let mut world = world();
    let sealed = world.send(Kind::Update, b"run it");
    let mut turned = sealed.clone();
    turned[2..10].copy_from_slice(&sealed[10..18]);
    turned[10..18].copy_from_slice(&sealed[2..10]);
    for bytes in [&sealed, &turned] {
        let envelope = Envelope::parse(bytes).unwrap();
        assert!(envelope.open(&world.host, world.phone.public()).is_err());
    }
}

/// Whoever has a key of the two can box any content; only one form of it is read.
#[test]
fn content_of_another_form_is_refused() {
    let mut world = world();
    let boxed = |world: &mut World, kind: u8, size: usize, at: usize, to: u8| {
        let mut sealed = world.send(Kind::Update, b"")[..42].to_vec();
        sealed[1] = kind;
        let mut content = Sha256::digest(&sealed).to_vec();
        content.extend(b"\0\0\0\x02ok");
        content.resize(size - 58, 0);
        content[at] = to;
        let nonce = *sealed.last_chunk::<24>().unwrap();
        let tag = cipher(&world.host, world.phone.public())
            .encrypt_in_place_detached(&nonce.into(), b"", &mut content)
            .unwrap();
        sealed.extend(tag);
        sealed.extend(content);
        world.receive(&sealed).map(|opened| opened.body.to_vec())
    };
    let world = &mut world;
    // Byte 35 is the length as it is.
    assert_eq!(boxed(world, 5, 512, 35, 2).unwrap(), b"ok");
    for (what, kind, size, at, to) in [
        ("a larger size than needed", 5, 1024, 35, 2),
        ("a smaller size than its kind has", 4, 512, 35, 2),
        ("another header's hash", 5, 512, 0, 0),
        ("a last byte that is not zero", 5, 512, 453, 1),
        ("a length that is too short", 5, 512, 35, 1),
        ("a length beyond the end", 5, 512, 34, 2),
        ("a length beyond memory", 5, 512, 32, 255),
    ] {
        let opened = boxed(world, kind, size, at, to);
        assert_eq!(opened, Err(CannotOpen), "{what}");
    }
}

proptest! {
    #[test]
    fn any_body_comes_back(
        seed: [u8; 32],
        kind in proptest::sample::select(Kind::ALL.to_vec()),
        body in proptest::collection::vec(any::<u8>(), 0..5000),
    ) {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let phone = SecretKey::generate(&mut rng);
        let to = ReplyKey::generate(&mut rng);
        let sealed = seal(kind, &phone, to.public(), &body, &mut rng).unwrap();
        prop_assert!(SIZES.contains(&sealed.len()));
        let envelope = Envelope::parse(&sealed).unwrap();
        let opened = envelope.open_any(to.secret(), phone.public(), true).unwrap();
        prop_assert_eq!(opened.kind, kind);
        prop_assert_eq!(&opened.body[..], &body[..]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let world = world();
        prop_assert!(world.receive(&bytes).is_err());
    }
}
