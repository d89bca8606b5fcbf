use p256::ecdsa::{VerifyingKey, signature::Verifier as _};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use serde_json::Value;

use super::*;

/// The sender's key pair in RFC 8291, appendix A. Any key of the curve can sign.
const SECRET: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const PUBLIC: &str =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

#[test]
fn a_key_is_read_and_written() {
    let secret = base64url::decode(SECRET).unwrap();
    let key = Vapid::from_bytes(&secret).unwrap();
    assert_eq!(key.to_bytes()[..], secret);
    assert_eq!(base64url::encode(&key.public()), PUBLIC);
    assert_eq!(format!("{key:?}"), format!("Vapid({PUBLIC})"));
}

#[test]
fn what_is_no_key() {
    // The order of the base point, and zero.
    let order = base64url::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    for bytes in [&order[..], &[0; 32], &[1; 31], &[1; 33], &[]] {
        assert_eq!(Vapid::from_bytes(bytes).unwrap_err(), NotAKey, "{bytes:?}");
    }
}

#[test]
fn new_keys_differ() {
    let mut rng = ChaCha12Rng::from_seed([1; 32]);
    let keys = [Vapid::generate(&mut rng), Vapid::generate(&mut rng)];
    assert_ne!(keys[0].public(), keys[1].public());
}

#[test]
fn a_token_names_the_service_and_us_for_half_a_day() {
    let key = Vapid::from_bytes(&base64url::decode(SECRET).unwrap()).unwrap();
    let (origin, _) = Origin::read("https://push.example:8443/secret").unwrap();
    let contact = Contact::new("mailto:admin@example.com").unwrap();
    let header = key.authorization(&origin, &contact, 1_800_000_000);

    let (token, sender) = header
        .strip_prefix("vapid t=")
        .and_then(|rest| rest.split_once(", k="))
        .unwrap();
    assert_eq!(sender, PUBLIC);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&base64url::decode(signature).unwrap()).unwrap();
    VerifyingKey::from(&*key.0)
        .verify(signed.as_bytes(), &signature)
        .unwrap();

    let parts = signed.split_once('.').unwrap();
    let json = |part| serde_json::from_slice::<Value>(&base64url::decode(part).unwrap()).unwrap();
    assert_eq!(json(parts.0), json!({"typ": "JWT", "alg": "ES256"}));
    assert_eq!(
        json(parts.1),
        json!({
            "aud": "https://push.example:8443",
            "exp": 1_800_043_200,
            "sub": "mailto:admin@example.com",
        })
    );
}
