//! Clients that take their time. Time is the runtime's own here, and passes at once.

use std::{io::ErrorKind, net::Ipv4Addr, time::Duration};

use aisudo_core::config::{self, Config};
use axum::{Router, body::Bytes, middleware::from_fn_with_state, routing::post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    connections::{Client, talk},
    events::{self, Source},
    guard::{Guard, guard},
};

/// What the kernel would hold for a connection.
const PIPE: usize = 1024;

fn config() -> config::App {
    let text = "version = 1\n[channels.app]\nurl = \"https://box.example\"\n";
    let channels = Config::parse(text).unwrap().channels;
    channels.app.unwrap()
}

/// A connection to these routes.
fn connected(routes: Router) -> DuplexStream {
    let guarded = std::sync::Arc::new(Guard::new(&config(), false));
    let routes = routes.layer(from_fn_with_state(guarded, guard));
    let (ours, theirs) = duplex(PIPE);
    tokio::spawn(talk(theirs, routes, Client(Ipv4Addr::LOCALHOST.into())));
    ours
}

fn echo() -> Router {
    Router::new().route("/", post(|body: Bytes| async move { body }))
}

/// All that still comes, and after how many seconds the connection was closed.
async fn rest(stream: &mut DuplexStream) -> (String, u64) {
    let began = Instant::now();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
        _ => {}
    }
    (String::from_utf8(bytes).unwrap(), began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let mut stream = connected(echo());
    stream.write_all(b"POST / HTTP/1.1\r\nhost:").await.unwrap();
    assert_eq!(rest(&mut stream).await.1, 10);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_is_closed() {
    let mut stream = connected(echo());
    assert_eq!(rest(&mut stream).await.1, 10);
    // Nor is one kept that has asked once.
    let mut stream = connected(echo());
    let once = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi";
    stream.write_all(once).await.unwrap();
    let (answer, seconds) = rest(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hi"),
        "{answer}"
    );
    assert_eq!(seconds, 10);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_as_wrong_as_any_other() {
    let mut stream = connected(echo());
    let half = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
    stream.write_all(half).await.unwrap();
    let (answer, seconds) = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.ends_with(r#"{"error":"not found"}"#), "{answer}");
    assert_eq!(seconds, 20);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_is_not_held() {
    let mut stream = connected(echo());
    let line = format!("x: {}\r\n", "y".repeat(2_000));
    stream.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
    let mut sent = 0;
    // Whoever is refused is not read from any more.
    while sent < 100_000 && stream.write_all(line.as_bytes()).await.is_ok() {
        sent += line.len();
    }
    assert!(sent < 30_000, "{sent}");
}

/// Says something without end, and tells when nobody takes it any more.
struct Endless {
    said: mpsc::Sender<()>,
}

impl Source for Endless {
    async fn next(&mut self) -> Option<Vec<u8>> {
        self.said.send(()).await.ok()?;
        Some(vec![1; 512])
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_takes_nothing_is_dropped_and_little_was_made_for_it() {
    let (said, mut taken) = mpsc::channel(10_000);
    let routes = Router::new().route(
        "/",
        post(async move || events::stream(Endless { said: said.clone() })),
    );
    let mut stream = connected(routes);
    let ask = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let began = Instant::now();
    let mut count = 0;
    let made = async {
        while taken.recv().await.is_some() {
            count += 1;
        }
    };
    let dropped = timeout(Duration::from_secs(600), made).await;
    assert!(dropped.is_ok(), "it is held for ever");
    assert_eq!(began.elapsed().as_secs(), 30);
    // What hyper holds, what the pipe holds, and one on its way.
    assert!(count < 100, "{count}");
}

/// Says nothing, until it is dropped.
struct Silent(#[allow(dead_code, reason = "for its end")] mpsc::Sender<()>);

impl Source for Silent {
    async fn next(&mut self) -> Option<Vec<u8>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_is_open_and_ends_with_its_reader() {
    let (held, mut ended) = mpsc::channel(1);
    let routes = Router::new().route(
        "/",
        post(async move || events::stream(Silent(held.clone()))),
    );
    let mut stream = connected(routes);
    let ask = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut text = String::new();
    let minute = async {
        let mut bytes = [0; 256];
        loop {
            let count = stream.read(&mut bytes).await.unwrap();
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    };
    assert!(timeout(Duration::from_secs(61), minute).await.is_err());
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    // At once, and each fifteen seconds.
    assert_eq!(text.matches("3\r\n:\n\n\r\n").count(), 5, "{text}");
    drop(stream);
    let ended = timeout(Duration::from_secs(60), ended.recv()).await;
    assert_eq!(ended, Ok(None), "nobody is left who says anything");
}
