//! What a browser and a stranger see.

use crate::{
    phone::Phone,
    place::{CHANNEL, Place},
    web::{Answer, call, call_with},
};

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let place = Place::with(&[]);
    let nonce = "0".repeat(64);
    let approve = format!("/approve/{}/{nonce}", uuid::Uuid::nil());
    for answer in [
        place.get("/"),
        place.get("/health"),
        place.get("/nothing"),
        place.post("/inbox", b""),
        place.post(&approve, b""),
    ] {
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split("; ").any(|one| one == part), "{part}");
        }
        assert!(!policy.contains("unsafe"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert!(answer.header("permissions-policy").is_some());
        for absent in [
            "set-cookie",
            "server",
            "access-control-allow-origin",
            "strict-transport-security",
        ] {
            assert_eq!(answer.header(absent), None, "{absent}");
        }
    }
    assert_eq!(place.get("/health").text(), r#"{"status":"ok"}"#);
    assert_eq!(
        place.get("/health").header("cache-control"),
        Some("no-store")
    );
}

#[test]
fn the_app_is_served_and_known_files_are_not_sent_again() {
    let place = Place::with(&[]);
    let page = place.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(place.get("/index.html"), page);
    let tag = page.header("etag").unwrap();
    let again = |tag: &str| call_with(place.address(), "GET", "/", &[("if-none-match", tag)], b"");
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        let answer = again(&known);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        assert_eq!(answer.header("etag"), Some(tag));
    }
    assert_eq!(again("\"other\""), page);
    let head = call(place.address(), "HEAD", "/", b"");
    assert_eq!((head.status, head.headers), (200, page.headers));
    let health = call(place.address(), "HEAD", "/health", b"");
    assert_eq!(health.status, 200);
}

fn from(origin: &str, place: &Place, method: &str, path: &str) -> Answer {
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    call_with(place.address(), method, path, &asks, b"")
}

#[test]
fn pages_from_elsewhere_may_ask_only_where_root_serves_the_app() {
    let channel = format!("{CHANNEL}app = \"https://app.example:8443/a\"\n");
    let phone = Phone::new("blue");
    let place = Place::configured(&channel, &[&phone]);
    let app = "https://app.example:8443";
    for path in ["/inbox", "/messages", "/pair"] {
        let may = from(app, &place, "OPTIONS", path);
        assert_eq!(may.status, 204);
        assert_eq!(may.header("access-control-allow-origin"), Some(app));
        assert_eq!(
            may.header("access-control-allow-methods"),
            Some("GET, POST")
        );
        assert_eq!(
            may.header("access-control-allow-headers"),
            Some("content-type")
        );
        assert_eq!(may.header("access-control-allow-credentials"), None);
        assert_eq!(may.header("vary"), Some("origin"));
    }
    let health = from(app, &place, "GET", "/health");
    assert_eq!(health.header("access-control-allow-origin"), Some(app));
    let wrong = from(app, &place, "POST", "/inbox");
    assert_eq!(wrong.status, 404);
    assert_eq!(wrong.header("access-control-allow-origin"), Some(app));
    assert_eq!(
        wrong.header("access-control-expose-headers"),
        Some("retry-after")
    );
    for stranger in [
        "https://app.example",
        "https://app.example:8443/a",
        "http://app.example:8443",
        "https://evil.example",
        "null",
    ] {
        for (method, path) in [
            ("OPTIONS", "/inbox"),
            ("POST", "/inbox"),
            ("GET", "/health"),
        ] {
            let answer = from(stranger, &place, method, path);
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("vary"), Some("origin"));
            assert_eq!(answer.status, if method == "GET" { 200 } else { 404 });
        }
    }
    // Without that line of root's, nobody from elsewhere may.
    let plain = Place::with(&[]);
    let answer = from(app, &plain, "OPTIONS", "/inbox");
    assert_eq!(answer, plain.not_found());
}
