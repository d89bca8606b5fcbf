//! Whole pairings, and links that are none.

use aisudo_core::{
    base64url::{decode, encode},
    device::{HexBytes, PasskeyAlgorithm},
    raw::Hex32,
    state::Tick,
};
use aisudo_seal::{
    device::{Ed25519, Passkey, Signer, pairing::answer},
    pairing::{FromHost, Host, Link, Offer},
};
use rand_core::RngCore;

use super::Maker;
use crate::{
    form::{PairingCase, RefusedLink},
    proofs::APP,
};

impl Maker {
    pub(super) fn pairings(&mut self) -> Vec<PairingCase> {
        let passkey =
            |algorithm| Passkey::from_seed(algorithm, &[7; 32], "h.example", APP).unwrap();
        let plain = Ed25519::from_seed(&[7; 32]);
        let elsewhere = "nats://n.example:4222";
        vec![
            self.pairing("a plain key", "", Some(Hex32([7; 32])), &plain),
            self.pairing(
                "an ES256 passkey",
                "",
                None,
                &passkey(PasskeyAlgorithm::Es256),
            ),
            self.pairing(
                "an EdDSA passkey",
                elsewhere,
                None,
                &passkey(PasskeyAlgorithm::EdDsa),
            ),
        ]
    }

    fn pairing(
        &mut self,
        name: &str,
        address: &str,
        seed: Option<Hex32>,
        signer: &dyn Signer,
    ) -> PairingCase {
        const NOW_MS: u64 = 1_800_000_000_000;
        let mut rng = self.rng.clone();
        let (host, phone) = (self.key("host"), self.key("phone"));
        let who = Host {
            name: "wébsite-1",
            key: host.public(),
            address,
            app: APP,
        };
        let offer = Offer::new(who, Tick(0), NOW_MS, &mut rng).unwrap();
        let fragment = offer.url().strip_prefix(APP).unwrap().to_owned();
        let link = Link::from_fragment(&fragment).unwrap();
        // The phone's nonce is what it draws first.
        let mut nonce = [0; 32];
        rng.clone().fill_bytes(&mut nonce);
        let label = "My phone 📱";
        let (waiting, message) = answer(&link, phone, signer, label, &mut rng).unwrap();
        let answered = offer.answer(&message, host, Tick(0)).unwrap();
        let reveal = answered.reveal(host, &mut rng).unwrap();
        assert_eq!(waiting.hear(&reveal, phone).unwrap(), answered.words());
        let broken = FromHost::Reveal {
            reveal: Hex32([1; 32]),
        };
        let broken_reveal = broken.seal(host, phone.public(), &mut rng).unwrap();
        let case = PairingCase {
            name: name.to_owned(),
            host: "host".to_owned(),
            phone: "phone".to_owned(),
            host_name: link.host.clone(),
            address: link.address.clone(),
            expires_ms: link.expires_ms,
            commitment: link.commitment,
            fragment,
            key: signer.key(),
            seed,
            label: label.to_owned(),
            nonce: Hex32(nonce),
            envelope_nonce: HexBytes(message[50..74].to_vec()),
            message: HexBytes(message),
            reveal: HexBytes(reveal),
            words: answered.words().to_string(),
            broken_reveal: HexBytes(broken_reveal),
        };
        self.rng = rng;
        case
    }

    pub(super) fn refused_links(&mut self) -> Vec<RefusedLink> {
        let mut case = self.pairing("", "", None, &Ed25519::from_seed(&[7; 32]));
        let good = std::mem::take(&mut case.fragment);
        let bytes = decode(good.strip_prefix("#pair=").unwrap()).unwrap();
        let text = |bytes: &[u8]| format!("#pair={}", encode(bytes));
        let with = |at: usize, to: &[u8]| {
            let mut changed = bytes.clone();
            changed[at..at + to.len()].copy_from_slice(to);
            text(&changed)
        };
        [
            ("nothing", String::new()),
            ("no content", "#pair=".to_owned()),
            ("without its name", good.replace("pair", "link")),
            ("with padding", format!("{good}==")),
            ("cut by a byte", text(&bytes[..bytes.len() - 1])),
            ("a byte more", text(&[&bytes[..], &[0]].concat())),
            ("version 2", with(0, &[2])),
            ("a host key of small order", with(1, &[0; 32])),
            ("no name", text(&[&bytes[..89], &[0, 0, 0]].concat())),
            ("a name that is no text", with(90, &[0xff])),
            (
                "a name that is too long",
                text(&[&bytes[..89], &[65], &[b'x'; 65], &[0, 0]].concat()),
            ),
            (
                "an address that is too long",
                text(&[&bytes[..89], &[1], b"x", &[2, 1], &[b'x'; 513]].concat()),
            ),
        ]
        .map(|(name, fragment)| RefusedLink {
            name: name.to_owned(),
            fragment,
        })
        .into()
    }
}
