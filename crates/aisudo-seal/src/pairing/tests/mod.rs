mod middle;

use aisudo_core::{
    base64url::{self, Base64},
    device::{DeviceKey, HexBytes, PasskeyAlgorithm, Proof},
    state::Tick,
};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

use super::*;
use crate::{
    device::{Ed25519, Passkey, Signer, pairing::answer},
    envelope::{Envelope, Kind, PublicKey, SecretKey, seal},
};

const APP: &str = "https://h.example:8443";
const START: Tick = Tick(5_000);
const NOW_MS: u64 = 1_700_000_000_000;

struct World {
    host: SecretKey,
    phone: SecretKey,
    rng: ChaCha20Rng,
}

fn world() -> World {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    World {
        host: SecretKey::generate(&mut rng),
        phone: SecretKey::generate(&mut rng),
        rng,
    }
}

impl World {
    fn offer(&mut self) -> Offer {
        let host = Host {
            name: "web-1",
            key: self.host.public(),
            address: "",
            app: APP,
        };
        Offer::new(host, START, NOW_MS, &mut self.rng).unwrap()
    }

    fn answer(&mut self, offer: &Offer) -> Vec<u8> {
        let signer = Ed25519::from_seed(&[7; 32]);
        let sent = answer(&seen(offer), &self.phone, &signer, "phone", &mut self.rng);
        sent.unwrap().1
    }

    /// What the host makes of an answer with another body.
    fn refusal(&mut self, offer: Offer, body: &[u8]) -> Why {
        let to = *self.host.public();
        let sealed = seal(Kind::Pairing, &self.phone, &to, body, &mut self.rng).unwrap();
        let message = [&self.phone.public().to_bytes()[..], &sealed].concat();
        offer.answer(&message, &self.host, START).unwrap_err().why
    }

    /// What the host makes of an answer by a phone that knows the link and says this of itself.
    fn refusal_of(
        &mut self,
        seal: PublicKey,
        key: DeviceKey,
        label: &str,
        signer: &dyn Signer,
    ) -> Why {
        let offer = self.offer();
        let link = seen(&offer);
        let answer = serde_json::to_vec(&Answer {
            seal,
            key,
            label: label.to_owned(),
            nonce: Hex32([9; 32]),
        })
        .unwrap();
        let frame = Frame {
            mac: Hex32(hmac::Mac::finalize(mac(&link, &answer)).into_bytes().into()),
            proof: signer.sign(&key_message(&link.hash(), &answer)),
            answer: Base64(answer),
        };
        self.refusal(offer, &serde_json::to_vec(&frame).unwrap())
    }
}

/// What a phone that scans the code gets.
fn seen(offer: &Offer) -> Link {
    let url = offer.url();
    let (app, _) = url.split_once('#').unwrap();
    assert_eq!(app, APP);
    Link::from_fragment(url.strip_prefix(APP).unwrap()).unwrap()
}

fn passkey(algorithm: PasskeyAlgorithm, rp_id: &str, origin: &str) -> Passkey {
    Passkey::from_seed(algorithm, &[7; 32], rp_id, origin).unwrap()
}

#[test]
fn host_and_phone_learn_each_others_keys_and_show_the_same_words() {
    let signers: [Box<dyn Signer>; 3] = [
        Box::new(Ed25519::from_seed(&[7; 32])),
        Box::new(passkey(PasskeyAlgorithm::Es256, "h.example", APP)),
        Box::new(passkey(PasskeyAlgorithm::EdDsa, "h.example", APP)),
    ];
    for signer in signers {
        let mut world = world();
        let offer = world.offer();
        let link = seen(&offer);
        assert_eq!(
            (link.host.as_str(), link.key),
            ("web-1", *world.host.public())
        );
        assert_eq!(link.expires_ms, NOW_MS + 600_000);
        let (waiting, message) =
            answer(&link, &world.phone, &*signer, "phone", &mut world.rng).unwrap();
        let answered = offer.answer(&message, &world.host, START).unwrap();
        let reveal = answered.reveal(&world.host, &mut world.rng).unwrap();
        assert_eq!(
            reveal.len(),
            message.len() - 32,
            "a step looks like the other"
        );
        let words = waiting.hear(&reveal, &world.phone).unwrap();
        assert_eq!(words, answered.words());
        assert_eq!(words.to_string().split(' ').count(), 4);
        let paired = answered.confirm(START).unwrap();
        let expected = Device {
            seal: *world.phone.public(),
            key: signer.key(),
            label: "phone".to_owned(),
        };
        assert_eq!(paired.device, expected);
    }
}

#[test]
fn an_offer_ends_after_ten_minutes() {
    let last = Tick(START.0 + 599_999);
    let over = Tick(START.0 + 600_000);
    let mut world = world();
    let offer = world.offer();
    assert_eq!(offer.deadline(), over);
    let message = world.answer(&offer);
    let refused = offer.answer(&message, &world.host, over).unwrap_err();
    assert_eq!(refused.why, Why::TooLate);
    let answered = refused.state.answer(&message, &world.host, last).unwrap();
    let refused = answered.confirm(over).unwrap_err();
    assert_eq!(refused.why, Why::TooLate);
    refused.state.confirm(last).unwrap();
}

/// A stranger's message neither pairs nor uses up the link.
#[test]
fn who_has_not_seen_the_link_cannot_answer() {
    let mut world = world();
    let offer = world.offer();
    let other = world.offer();
    let (to_other, right) = (world.answer(&other), world.answer(&offer));
    let refused = offer.answer(&to_other, &world.host, START).unwrap_err();
    assert_eq!(refused.why, Why::Secret);
    let mut offer = refused.state;
    for nonsense in [&b""[..], &[0; 32], &[7; 2080], &right[32..], &right[..2079]] {
        let refused = offer.answer(nonsense, &world.host, START).unwrap_err();
        assert_eq!(refused.why, Why::NotAnAnswer);
        offer = refused.state;
    }
    offer.answer(&right, &world.host, START).unwrap();
}

#[test]
fn an_answer_is_a_message_of_its_kind() {
    let mut world = world();
    let offer = world.offer();
    let message = world.answer(&offer);
    let opened = Envelope::parse(&message[32..])
        .unwrap()
        .open(&world.host, world.phone.public())
        .unwrap();
    let host = *world.host.public();
    let again = seal(
        Kind::Update,
        &world.phone,
        &host,
        &opened.body,
        &mut world.rng,
    )
    .unwrap();
    let update = [&message[..32], &again].concat();
    let refused = offer.answer(&update, &world.host, START).unwrap_err();
    assert_eq!(refused.why, Why::NotAnAnswer);
    refused.state.answer(&message, &world.host, START).unwrap();
}

#[test]
fn an_answer_that_is_not_what_it_says() {
    let mut world = world();
    let signer = Ed25519::from_seed(&[7; 32]);
    let other = Ed25519::from_seed(&[8; 32]);
    let (ours, theirs) = (*world.phone.public(), *world.host.public());
    let mut why =
        |seal, key, label: &str, signer: &dyn Signer| world.refusal_of(seal, key, label, signer);
    let signature = statement::Why::Signature;
    assert_eq!(
        why(theirs, signer.key(), "phone", &signer),
        Why::OtherSender
    );
    assert_eq!(
        why(ours, other.key(), "phone", &signer),
        Why::Key(signature)
    );
    assert_eq!(why(ours, signer.key(), "", &signer), Why::Name);
    assert_eq!(why(ours, signer.key(), &"x".repeat(65), &signer), Why::Name);
    for (rp_id, origin) in [
        ("example", APP),
        ("h.example", "https://h.example"),
        ("h.example", "https://evil.example:8443"),
    ] {
        let elsewhere = passkey(PasskeyAlgorithm::Es256, rp_id, origin);
        assert_eq!(why(ours, elsewhere.key(), "phone", &elsewhere), Why::Place);
    }
    let two_places = passkey(PasskeyAlgorithm::EdDsa, "h.example", APP);
    let mut key = two_places.key();
    if let DeviceKey::Passkey { origins, .. } = &mut key {
        origins.push("https://evil.example".to_owned());
    }
    assert_eq!(why(ours, key, "phone", &two_places), Why::Place);
}

#[test]
fn a_weak_key_or_one_whose_owner_is_not_verified_is_not_paired() {
    struct Careless(Passkey);
    impl Signer for Careless {
        fn key(&self) -> DeviceKey {
            self.0.key()
        }
        fn sign(&self, message: &[u8]) -> Proof {
            let json = Passkey::client_data_json(message, APP);
            self.0.sign_parts(
                Passkey::authenticator_data("h.example", 1),
                json.into_bytes(),
            )
        }
    }
    let mut world = world();
    let ours = *world.phone.public();
    let careless = Careless(passkey(PasskeyAlgorithm::Es256, "h.example", APP));
    let why = world.refusal_of(ours, careless.key(), "phone", &careless);
    assert_eq!(why, Why::Key(statement::Why::UserVerification));
    let signer = Ed25519::from_seed(&[7; 32]);
    let weak = DeviceKey::Ed25519 {
        public: Hex32([0; 32]),
    };
    let why = world.refusal_of(ours, weak, "phone", &signer);
    assert_eq!(why, Why::Key(statement::Why::Key));
    let no_point = DeviceKey::Passkey {
        algorithm: PasskeyAlgorithm::Es256,
        public: HexBytes(vec![4; 65]),
        rp_id: "h.example".to_owned(),
        origins: vec![APP.to_owned()],
    };
    let why = world.refusal_of(ours, no_point, "phone", &signer);
    assert_eq!(why, Why::Key(statement::Why::Key));
}

#[test]
fn a_host_that_cannot_be_written_into_a_link_is_refused() {
    let mut world = world();
    let long_address = "x".repeat(513);
    for (name, address, app, why) in [
        ("", "", APP, Why::Name),
        (&"x".repeat(65), "", APP, Why::Name),
        ("h", &long_address, APP, Why::Address),
        ("h", "", "http://h.example", Why::App),
    ] {
        let host = Host {
            name,
            key: world.host.public(),
            address,
            app,
        };
        let refused = Offer::new(host, START, NOW_MS, &mut world.rng).unwrap_err();
        assert_eq!(refused, why);
    }
}

#[test]
fn a_link_is_read_whole_or_not_at_all() {
    let mut world = world();
    let offer = world.offer();
    let url = offer.url();
    let fragment = url.strip_prefix(APP).unwrap();
    let link = Link::from_fragment(fragment).unwrap();
    assert_eq!(*link.fragment(), fragment);
    let of_version = |version| {
        let mut bytes = base64url::decode(fragment.strip_prefix(FRAGMENT).unwrap()).unwrap();
        assert_eq!(bytes[0], 1);
        bytes[0] = version;
        format!("{FRAGMENT}{}", base64url::encode(&bytes))
    };
    for length in 0..fragment.len() {
        assert!(Link::from_fragment(fragment.get(..length).unwrap()).is_none());
    }
    for wrong in [
        format!("{fragment}A"),
        format!("{fragment}AA"),
        fragment.replace('#', ""),
        of_version(2),
        of_version(0),
        format!("{FRAGMENT}{}", "A".repeat(1028)),
    ] {
        assert!(Link::from_fragment(&wrong).is_none(), "{wrong}");
    }
}

#[test]
fn the_secret_is_not_shown() {
    let mut world = world();
    let offer = world.offer();
    let link = seen(&offer);
    let secret = format!("{:?}", **link.secret);
    for shown in [format!("{link:?}"), format!("{offer:?}")] {
        assert!(
            !shown.contains(&secret) && !shown.contains("secret"),
            "{shown}"
        );
    }
}

proptest! {
    #[test]
    fn any_link_comes_back(
        secret: [u8; 16],
        commitment: [u8; 32],
        expires_ms: u64,
        host in "\\PC{1,16}",
        address in "\\PC{0,100}",
    ) {
        let link = Link {
            host: host.clone(),
            key: *world().host.public(),
            address: address.clone(),
            commitment: Hex32(commitment),
            secret: Box::new(Zeroizing::new(secret)),
            expires_ms,
        };
        let read = Link::from_fragment(&link.fragment()).unwrap();
        prop_assert_eq!(read.hash(), link.hash());
        prop_assert_eq!(**read.secret, secret);
        prop_assert_eq!((read.host, read.address), (host, address));
        prop_assert_eq!((read.commitment.0, read.expires_ms), (commitment, expires_ms));
    }
}
