use aisudo_core::base64url;
use rand_core::{CryptoRng, RngCore};

use super::*;
use crate::{Allowed, Subscription};

/// RFC 8291, appendix A.
mod rfc_8291 {
    pub(super) const PLAINTEXT: &[u8] = b"When I grow up, I want to be a watermelon";
    pub(super) const UA_PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    pub(super) const AUTH_SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    pub(super) const AS_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    pub(super) const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    pub(super) const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
        mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
        pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
}

/// Gives these bytes and no others.
struct Script(Vec<u8>);

impl RngCore for Script {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, destination: &mut [u8]) {
        let rest = self.0.split_off(destination.len());
        destination.copy_from_slice(&std::mem::replace(&mut self.0, rest));
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(destination);
        Ok(())
    }
}

impl CryptoRng for Script {}

fn bytes(text: &str) -> Vec<u8> {
    base64url::decode(text).unwrap()
}

fn recipient() -> Recipient {
    let subscription = Subscription {
        endpoint: "https://web.push.apple.com/a".to_owned(),
        p256dh: rfc_8291::UA_PUBLIC.to_owned(),
        auth: rfc_8291::AUTH_SECRET.to_owned(),
    };
    subscription.check(&Allowed::services()).unwrap()
}

fn script() -> Script {
    Script([bytes(rfc_8291::AS_PRIVATE), bytes(rfc_8291::SALT)].concat())
}

#[test]
fn the_example_of_rfc_8291() {
    let mut rng = script();
    let body = encrypt(rfc_8291::PLAINTEXT, &recipient(), &mut rng).unwrap();
    assert_eq!(base64url::encode(&body), rfc_8291::BODY);
    assert!(rng.0.is_empty(), "all of the randomness is used");
}

/// RFC 8188, 3.1, less its header: there the key has no name.
#[test]
fn the_example_of_rfc_8188() {
    let salt: [u8; SALT_BYTES] = bytes("I1BsxtFttlv3u_Oo94xnmw").try_into().unwrap();
    let mut record = b"I am the walrus\x02".to_vec();
    seal(&bytes("yqdlZ-tYemfogSmv7Ws5PQ"), &salt, &mut record).unwrap();
    assert_eq!(
        base64url::encode(&record),
        "-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"
    );
}

#[test]
fn the_longest_message_makes_the_longest_body() {
    assert_eq!(MAX_PAYLOAD_BYTES, 3993);
    let longest = [b'x'; 3993];
    let body = encrypt(&longest, &recipient(), &mut script()).unwrap();
    assert_eq!(body.len(), 4096);
    let error = encrypt(&[b'x'; 3994], &recipient(), &mut script()).unwrap_err();
    assert_eq!(error, Unsendable::TooLong(3994));
    assert_eq!(
        encrypt(b"", &recipient(), &mut script()).unwrap().len(),
        4096 - 3993
    );
}
