use super::*;

/// The receiver's key and secret in RFC 8291, appendix A.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn subscription(endpoint: &str) -> Subscription {
    Subscription {
        endpoint: endpoint.to_owned(),
        p256dh: P256DH.to_owned(),
        auth: AUTH.to_owned(),
    }
}

fn check(subscription: &Subscription) -> Result<Recipient, Unfit> {
    subscription.check(&Allowed::services())
}

#[test]
fn a_browsers_subscription() {
    let json = format!(
        r#"{{"endpoint":"https://web.push.apple.com/QGuQ?a=b&c","p256dh":"{P256DH}","auth":"{AUTH}"}}"#
    );
    let read: Subscription = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    let recipient = check(&read).unwrap();
    assert_eq!(recipient.origin.to_string(), "https://web.push.apple.com");
    assert_eq!(recipient.path.as_str(), "/QGuQ?a=b&c");
    assert_eq!(recipient.reach, Reach::Public);
    assert_eq!(recipient.auth[..2], [0x05, 0x30]);
    serde_json::from_str::<Subscription>(&json.replace("{", r#"{"more":1,"#)).unwrap_err();
}

#[test]
fn an_endpoint_that_no_browser_wrote() {
    for endpoint in [
        "",
        "https://web.push.apple.com",
        "https://web.push.apple.com?x",
        "https://web.push.apple.com/a#b",
        "https://web.push.apple.com/a b",
        "https://web.push.apple.com/a\r\nX-Evil: 1",
        "https://web.push.apple.com/\u{e9}",
        "https://user@web.push.apple.com/a",
        "http://web.push.apple.com/a",
        "https://17.0.0.1/a",
    ] {
        let error = check(&subscription(endpoint)).unwrap_err();
        assert_eq!(error, Unfit::Endpoint, "{endpoint}");
    }
}

#[test]
fn an_unknown_service_is_named() {
    let error = check(&subscription("https://push.example:8443/secret")).unwrap_err();
    assert_eq!(
        error,
        Unfit::Service("https://push.example:8443".to_owned())
    );
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn an_endpoint_has_1024_bytes_at_most() {
    let start = "https://web.push.apple.com/";
    let endpoint = |bytes: usize| format!("{start}{}", "a".repeat(bytes - start.len()));
    check(&subscription(&endpoint(1024))).unwrap();
    let error = check(&subscription(&endpoint(1025))).unwrap_err();
    assert_eq!(error, Unfit::Endpoint);
}

#[test]
fn a_key_is_an_uncompressed_point_of_the_curve() {
    let good = base64url::decode(P256DH).unwrap();
    let mut off_the_curve = good.clone();
    off_the_curve[64] ^= 1;
    // The same point, compressed: y is even.
    let mut compressed = vec![2];
    compressed.extend_from_slice(&good[1..33]);
    for bytes in [
        off_the_curve,
        compressed,
        good[..64].to_vec(),
        [&good[..], &[0]].concat(),
        vec![0; 65],
        vec![0],
        vec![],
    ] {
        let mut bad = subscription("https://web.push.apple.com/a");
        bad.p256dh = base64url::encode(&bytes);
        assert_eq!(check(&bad).unwrap_err(), Unfit::Key, "{bytes:?}");
    }
    let mut padded = subscription("https://web.push.apple.com/a");
    padded.p256dh.push('=');
    assert_eq!(check(&padded).unwrap_err(), Unfit::Key);
}

#[test]
fn a_secret_has_16_bytes() {
    for length in [0, 15, 17] {
        let mut bad = subscription("https://web.push.apple.com/a");
        bad.auth = base64url::encode(&vec![7; length]);
        assert_eq!(check(&bad).unwrap_err(), Unfit::Auth, "{length}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let subscription = subscription("https://web.push.apple.com/secret");
    let recipient = check(&subscription).unwrap();
    let printed = format!("{subscription:?} {recipient:?}");
    assert_eq!(
        printed,
        "Subscription(https://web.push.apple.com) Recipient(https://web.push.apple.com)"
    );
}
