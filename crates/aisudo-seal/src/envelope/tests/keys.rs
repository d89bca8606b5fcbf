use super::*;

/// I7: who has recorded everything and then steals the host's key learns no old answer.
#[test]
fn i7_a_stolen_host_key_opens_no_old_answer() {
    let World {
        host,
        phone,
        mut rng,
    } = world();
    let reply = ReplyKey::generate(&mut rng);
    let request = seal(
        Kind::Request,
        &host,
        phone.public(),
        &reply.public().to_bytes(),
        &mut rng,
    )
    .unwrap();
    let answer = seal(Kind::Decision, &phone, reply.public(), b"yes", &mut rng).unwrap();
    let envelope = Envelope::parse(&answer).unwrap();
    assert_eq!(
        &reply.open(&envelope, phone.public()).unwrap().body[..],
        b"yes"
    );
    drop(reply);
    // All that is left: the host's key and what went over the wire. It opens the request, and in it
    // finds the public half only.
    let theirs = cipher(&host, phone.public());
    let mut content = request[58..].to_vec();
    theirs
        .decrypt_in_place_detached(
            request[18..42].into(),
            b"",
            &mut content,
            request[42..58].into(),
        )
        .unwrap();
    let public = PublicKey::from_bytes(content[36..68].try_into().unwrap()).unwrap();
    assert_eq!(public.id(), envelope.recipient());
    for (secret, other) in [
        (&host, phone.public()),
        (&host, &public),
        (&host, host.public()),
    ] {
        assert!(envelope.open_any(secret, other, true).is_err());
    }
    let stolen = ReplyKey::from_bytes(&*host.to_bytes()).unwrap();
    assert!(stolen.open(&envelope, phone.public()).is_err());
}

/// So that no program can forget to use reply keys.
#[test]
fn a_decision_opens_with_a_reply_key_only_and_nothing_else_does() {
    let World {
        host,
        phone,
        mut rng,
    } = world();
    let reply = ReplyKey::generate(&mut rng);
    for kind in Kind::ALL {
        let to_host = seal(kind, &phone, host.public(), b"", &mut rng).unwrap();
        let opened = Envelope::parse(&to_host)
            .unwrap()
            .open(&host, phone.public());
        assert_eq!(opened.is_ok(), kind != Kind::Decision, "{kind:?}");
        let to_reply = seal(kind, &phone, reply.public(), b"", &mut rng).unwrap();
        let opened = reply.open(&Envelope::parse(&to_reply).unwrap(), phone.public());
        assert_eq!(opened.is_ok(), kind == Kind::Decision, "{kind:?}");
    }
}

#[test]
fn keys_survive_their_files_and_broken_files_are_refused() {
    let World { host, mut rng, .. } = world();
    let again = SecretKey::from_bytes(&*host.to_bytes()).unwrap();
    assert_eq!(again.public(), host.public());
    let reply = ReplyKey::generate(&mut rng);
    let again = ReplyKey::from_bytes(&*reply.to_bytes()).unwrap();
    assert_eq!(again.public(), reply.public());
    for broken in [&[0; 32][..], &[1; 31], &[1; 33], &[]] {
        assert!(SecretKey::from_bytes(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn secrets_are_wiped_and_not_shown() {
    fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
    let mut world = world();
    wiped(&world.host.to_bytes());
    let sealed = world.send(Kind::Update, b"hidden");
    let opened = world.receive(&sealed).unwrap();
    wiped(&opened.body);
    assert!(!format!("{opened:?}").contains(&format!("{:?}", b"hidden")));
    let shown = format!("{:?}", world.host);
    assert_eq!(shown, format!("SecretKey({})", world.host.public().id()));
}

/// RFC 7748, section 6.1.
#[test]
fn x25519_of_the_rfc() {
    let bytes = |text: &str| aisudo_core::raw::from_hex(text).unwrap();
    let key = |text: &str| SecretKey::from_bytes(&bytes(text)).unwrap();
    let alice = key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    let bob = key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    assert_eq!(
        alice.public().to_bytes()[..],
        bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    );
    assert_eq!(
        bob.public().to_bytes()[..],
        bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    );
    let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_eq!(alice.agree(bob.public())[..], shared);
    assert_eq!(bob.agree(alice.public())[..], shared);
}

/// The points of small order, as RFC 7748 (section 6.1) warns of them: 0, 1, −1, and the two of order 8
/// that libsodium lists; then second forms of numbers.
#[test]
fn a_public_key_without_a_secret_behind_it_is_refused() {
    let order_8 = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let mut refused: Vec<[u8; 32]> = order_8
        .iter()
        .map(|text| {
            aisudo_core::raw::from_hex(text)
                .unwrap()
                .try_into()
                .unwrap()
        })
        .collect();
    let number = |low: u8, rest: u8, high: u8| {
        let mut bytes = [rest; 32];
        bytes[0] = low;
        bytes[31] = high;
        bytes
    };
    refused.extend([number(0, 0, 0), number(1, 0, 0), number(0xec, 0xff, 0x7f)]);
    refused.extend((0xed..=0xff).map(|low| number(low, 0xff, 0x7f)));
    let world = world();
    let mut with_high_bit = world.host.public().to_bytes();
    with_high_bit[31] |= 0x80;
    refused.push(with_high_bit);
    for bytes in refused {
        assert_eq!(PublicKey::from_bytes(bytes), Err(Unusable), "{bytes:02x?}");
    }
    let largest = number(0xeb, 0xff, 0x7f);
    assert!(PublicKey::from_bytes(largest).is_ok());
}
