//! The daemon's own TLS, with a certificate of this test's own.

use std::{net::TcpStream, sync::Arc};

use aisudo_core::{base64url, evidence::Verdict};
use aisudo_seal::message::DeviceSays;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring,
};

use crate::{
    gate::Gate,
    phone::Phone,
    place::{CHANNEL, Files, Place},
    web::{Stream, ask, connect, head},
};

const TLS: &str =
    "tls = { certificate = \"/etc/aisudo/tls.pem\", key = \"/etc/aisudo/tls.key\" }\n";

/// A certificate, and both files.
fn certificate() -> (rcgen::Certificate, String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["box.example".to_owned()]).unwrap();
    let pem_of_cert = pem("CERTIFICATE", cert.der());
    let pem_of_key = pem("PRIVATE KEY", &signing_key.serialize_der());
    (cert, pem_of_cert, pem_of_key)
}

/// RFC 7468, in one line.
fn pem(label: &str, der: &[u8]) -> String {
    let text = base64url::encode(der).replace('-', "+").replace('_', "/");
    let padding = "=".repeat(text.len().wrapping_neg() % 4);
    format!("-----BEGIN {label}-----\n{text}{padding}\n-----END {label}-----\n")
}

fn client(place: &Place, trusted: &rcgen::Certificate) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "box.example".try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, connect(place.address()))
}

#[test]
fn a_phone_is_asked_and_answers_over_tls() {
    let (cert, pem, key) = certificate();
    let files: Files<'_> = &[("tls.pem", &pem), ("tls.key", &key)];
    let phone = Phone::new("blue");
    let place = Place::holding(files, &format!("{CHANNEL}{TLS}"), &[&phone]);
    let listen = phone.sealed(&place, &DeviceSays::Listen { known: None });
    let stream = Stream::on(client(&place, &cert), "/inbox", &listen);
    let mut inbox = phone.hears(&place, stream);
    let mut gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let envelope = phone.answer(&asked, &signed);
    let mut reader = ask(
        client(&place, &cert),
        "POST",
        &gate.path("approve"),
        &[],
        &envelope,
    );
    let taken = head(&mut reader);
    assert_eq!(taken.status, 204);
    assert_eq!(
        taken.header("strict-transport-security"),
        Some("max-age=15552000")
    );
    assert_eq!(gate.decided().verdict, Verdict::Approve);
}

#[test]
fn a_certificate_that_does_not_serve_is_refused_in_one_line() {
    let (_, pem, key) = certificate();
    let (_, _, other) = certificate();
    for (pem, key, expected) in [
        (pem.clone(), other, "do not serve for TLS"),
        (String::new(), key.clone(), "has no certificate"),
        (pem, "no key".to_owned(), "tls.key"),
    ] {
        let files: Files<'_> = &[("tls.pem", &pem), ("tls.key", &key)];
        let refusal = Place::refusal(files, &format!("{CHANNEL}{TLS}"));
        assert!(refusal.contains(expected), "{refusal}");
    }
    let refusal = Place::refusal(&[], &format!("{CHANNEL}{TLS}"));
    assert!(refusal.contains("tls.pem"), "{refusal}");
}

#[test]
fn a_port_or_a_key_that_cannot_be_used_is_refused_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let channel = CHANNEL.replace("127.0.0.1:0", &address);
    let refusal = Place::refusal(&[], &channel);
    assert!(
        refusal.contains(&format!("{address} cannot be listened on")),
        "{refusal}"
    );

    let mut place = Place::with(&[]);
    place.kill();
    std::fs::write(place.paths.host_key(), [7; 31]).unwrap();
    let refusal = place.refuses();
    assert!(refusal.contains("host.key is no key"), "{refusal}");
    assert_eq!(std::fs::read(place.paths.host_key()).unwrap(), [7; 31]);
}
