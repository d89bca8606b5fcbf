//! Whose certificates are believed.

use std::sync::Arc;

use aisudo_push::{Client, Sent};
use aisudo_push_sim::PushService;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use crate::sender::{HELLO, check, push, sender};

type Authority = CertifiedIssuer<'static, KeyPair>;

#[tokio::test]
async fn a_service_with_a_certificate_of_a_known_authority() {
    let authority = authority();
    let sent = send(&[&authority], &authority, "localhost").await;
    assert_eq!(sent, Sent::Accepted);
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let sent = send(&[], &authority(), "localhost").await;
    assert!(is_refused(&sent, "UnknownIssuer"), "{sent:?}");
    // One that only has the name of one that is known.
    let sent = send(&[&authority()], &authority(), "localhost").await;
    assert!(is_refused(&sent, "BadSignature"), "{sent:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = authority();
    let sent = send(&[&authority], &authority, "push.example").await;
    assert!(is_refused(&sent, "not valid for name"), "{sent:?}");
}

#[tokio::test]
async fn a_service_that_speaks_no_tls_is_refused() {
    let service = PushService::start();
    let plain = service.origin();
    let port = plain.rsplit_once(':').unwrap().1;
    let client = Client::trusting(vec![]).unwrap();
    let sent = send_to(&client, port.parse().unwrap()).await;
    assert!(is_refused(&sent, ""), "{sent:?}");
    assert_eq!(service.requests(), 0);
}

fn is_refused(sent: &Sent, expected: &str) -> bool {
    matches!(sent, Sent::Unreachable(why) if why.starts_with("no TLS with https://localhost:") && why.contains(expected))
}

/// Sends to a service whose certificate is by `issuer` and for `name`; gives what became of it.
async fn send(known: &[&Authority], issuer: &Authority, name: &str) -> Sent {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = acceptor(issuer, name);
    let serving = tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        // Fails where the client refuses.
        let Ok(mut connection) = acceptor.accept(connection).await else {
            return;
        };
        let alpn = connection.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_ne!(connection.read(&mut [0; 8192]).await.unwrap(), 0);
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
        connection.write_all(answer).await.unwrap();
    });
    let known = known.iter().map(|authority| authority.der().to_vec());
    let client = Client::trusting(known.collect()).unwrap();
    let sent = send_to(&client, port).await;
    serving.await.unwrap();
    sent
}

async fn send_to(client: &Client, port: u16) -> Sent {
    let sender = sender();
    // Only its keys matter.
    let mut subscription = PushService::start().subscription(&sender.vapid().public());
    let origin = format!("https://localhost:{port}");
    subscription.endpoint = format!("{origin}/push/1");
    let to = check(&subscription, &origin);
    client.send(&push(&sender, &to, &HELLO)).await
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(issuer: &Authority, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&key, issuer)
        .unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config).into()
}
