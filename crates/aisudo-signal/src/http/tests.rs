use aisudo_core::config::Endpoint;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use super::*;
use crate::{Client, Event, Options, client::MAX_CALLS};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What opens the stream, as signal-cli writes it.
const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-type: text/event-stream\r\nTransfer-encoding: chunked\r\n\r\n";
const UNTRUSTED: &str = "event:receive\ndata:{\"exception\":{\"message\":\"Untrusted identity: 1111\",\"type\":\"UntrustedIdentityException\"},\"envelope\":{}}\n\n";
const EVENT: Event = Event::Untrusted { sender: None };

/// A request that came, and its connection.
struct Asked {
    stream: BufReader<TcpStream>,
    head: String,
    body: String,
}

impl Asked {
    /// The next one, on a connection of its own.
    async fn next(listener: &TcpListener) -> Self {
        let mut stream = BufReader::new(soon(listener.accept()).await.unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            soon(stream.read_line(&mut head)).await.unwrap();
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        soon(stream.read_exact(&mut body)).await.unwrap();
        Self {
            stream,
            head,
            body: String::from_utf8(body).unwrap(),
        }
    }

    async fn write(&mut self, text: &str) {
        soon(self.stream.write_all(text.as_bytes())).await.unwrap();
    }

    async fn chunk(&mut self, text: &str) {
        self.write(&format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    async fn answer(&mut self, status: &str, body: &str) {
        let length = body.len();
        self.write(&format!(
            "HTTP/1.1 {status}\r\nContent-type: application/json\r\nContent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Waits until the other end has closed.
    async fn closed(&mut self) {
        let mut rest = Vec::new();
        // Closed with bytes unread, it is reset.
        let _ = soon(self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty());
    }

    fn method(&self) -> String {
        let call: Value = serde_json::from_str(&self.body).unwrap();
        call["method"].as_str().unwrap().to_owned()
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

async fn listen() -> (TcpListener, Http) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, Http { address })
}

/// A client whose stream is open, and its other end.
async fn connected() -> (TcpListener, Http, Events, Asked) {
    let (listener, Http { address }) = listen().await;
    let script = async {
        let mut asked = Asked::next(&listener).await;
        asked.write(STREAM).await;
        asked
    };
    let (connected, asked) = tokio::join!(Http::connect(address), script);
    let (http, events) = connected.unwrap();
    (listener, http, events, asked)
}

#[tokio::test]
async fn events_are_read_however_they_are_cut() {
    let text = ":\n\nevent:receive\ndata:{\"exception\":{\"type\":\"UntrustedIdentityException\"},\ndata:\"envelope\":{}}\r\n\r\n:\n";
    for cut in 1..text.len() {
        let (sink, events) = queue();
        let mut stream = Stream::default();
        for part in text.as_bytes().chunks(cut) {
            stream.take(part, &sink);
        }
        let reader = tokio::spawn(async {});
        let mut events = events(reader.abort_handle());
        drop(sink);
        assert_eq!(events.next().await, Some(EVENT));
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn an_event_that_is_too_long_is_passed_over_and_counted() {
    let untrusted = r#"{"exception":{"type":"UntrustedIdentityException"},"envelope":{}}"#;
    let (sink, events) = queue();
    let mut events = events(tokio::spawn(async {}).abort_handle());
    let mut stream = Stream::default();
    stream.take(b"data:", &sink);
    stream.take(&vec![b' '; MAX_MESSAGE_BYTES * 3], &sink);
    assert!(stream.line.len() + stream.data.len() <= MAX_MESSAGE_BYTES);
    let rest = format!("{untrusted}\n\ndata:{untrusted}\n\n");
    stream.take(rest.as_bytes(), &sink);
    drop(sink);
    let expected = Event::Untrusted { sender: None };
    assert_eq!(events.next().await, Some(Event::Lost(1)));
    assert_eq!(events.next().await, Some(expected));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_call_is_a_post_of_its_own() {
    let (listener, http) = listen().await;
    let script = async {
        let mut asked = Asked::next(&listener).await;
        let answer = r#"{"jsonrpc":"2.0","result":{"version":"0.13.19"},"id":1}"#;
        asked.answer("200 OK", answer).await;
        asked.closed().await;
        (asked.head.to_lowercase(), asked.body)
    };
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"version","params":{}}"#;
    let (answer, (head, body)) = tokio::join!(http.call(call.to_vec()), script);
    assert_eq!(answer.unwrap()["result"]["version"], "0.13.19");
    assert!(head.starts_with("post /api/v1/rpc http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"));
    let host = format!("host: localhost:{}\r\n", http.address.port());
    assert!(head.contains(&host), "{head}");
    assert_eq!(body.as_bytes(), call);
}

#[tokio::test]
async fn another_server_is_not_taken_for_signal_cli() {
    let (listener, http) = listen().await;
    let too_long = format!("\"{}\"", "x".repeat(MAX_MESSAGE_BYTES));
    for (status, body) in [
        ("200 OK", "<html></html>"),
        ("415 Unsupported Media Type", ""),
        ("421 Misdirected Request", ""),
        ("201 Created", ""),
        ("200 OK", &too_long),
    ] {
        let script = async {
            let mut asked = Asked::next(&listener).await;
            // What is too long is not read to its end.
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-length: {length}\r\n\r\n");
            asked.write(&head).await;
            let _ = asked.stream.write_all(body.as_bytes()).await;
        };
        let (answer, ()) = soon(async { tokio::join!(http.call(vec![]), script) }).await;
        assert_eq!(answer, Err(other_server()), "{status}");
    }
    let script = async {
        Asked::next(&listener)
            .await
            .answer("404 Not Found", "")
            .await;
    };
    let (events, ()) = tokio::join!(Http::connect(http.address), script);
    assert_eq!(events.err(), Some(other_server()));
    let script = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"220 mail.example ESMTP\r\n")
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(http.call(vec![]), script);
    assert_eq!(answer, Err(other_server()));
    drop(listener);
    let nobody = http.call(vec![]).await.unwrap_err();
    let line = nobody.to_string();
    assert!(line.contains(&http.address.to_string()), "{line}");
}

#[tokio::test]
async fn events_are_streamed_until_the_connection_ends() {
    let (_listener, _http, mut events, mut asked) = connected().await;
    assert!(asked.head.starts_with("GET /api/v1/events HTTP/1.1\r\n"));
    let (first, second) = UNTRUSTED.split_at(40);
    for part in [":\n", first, second, ":\n", UNTRUSTED] {
        asked.chunk(part).await;
    }
    assert_eq!(soon(events.next()).await, Some(EVENT));
    assert_eq!(soon(events.next()).await, Some(EVENT));
    drop(asked);
    assert_eq!(soon(events.next()).await, None);
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_lost() {
    let (_listener, _http, mut events, mut asked) = connected().await;
    asked.chunk(UNTRUSTED).await;
    assert_eq!(soon(events.next()).await, Some(EVENT));
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    assert_eq!(events.next().await, None);
    assert_eq!(before.elapsed().as_secs(), SILENCE.as_secs());
}

#[tokio::test]
async fn a_stream_that_does_not_begin_is_given_up() {
    let (listener, Http { address }) = listen().await;
    let connecting = tokio::spawn(Http::connect(address));
    let _asked = Asked::next(&listener).await;
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    assert_eq!(connecting.await.unwrap().err(), Some(Failure::Timeout));
    assert_eq!(before.elapsed().as_secs(), BEGIN.as_secs());
}

#[tokio::test]
async fn what_is_given_up_is_closed() {
    let (listener, http, events, mut asked) = connected().await;
    drop(events);
    asked.closed().await;
    let call = tokio::spawn(http.call(vec![]));
    let mut asked = Asked::next(&listener).await;
    call.abort();
    asked.closed().await;
    let call = tokio::spawn(http.call(vec![]));
    let mut asked = Asked::next(&listener).await;
    asked
        .write("HTTP/1.1 200 OK\r\nContent-length: 100\r\n\r\n{")
        .await;
    tokio::task::yield_now().await;
    call.abort();
    asked.closed().await;
}

/// A client of an account, and its stream's other end.
async fn client() -> (TcpListener, Client, Events, Asked) {
    let (listener, Http { address }) = listen().await;
    let script = async {
        let mut stream = Asked::next(&listener).await;
        stream.write(STREAM).await;
        for (method, result) in [
            ("version", json!({"version": "0.13.19"})),
            ("listAccounts", json!([{"number": "+15550001111"}])),
        ] {
            let mut asked = Asked::next(&listener).await;
            assert_eq!(asked.method(), method);
            let answer = json!({"jsonrpc": "2.0", "result": result, "id": 1});
            asked.answer("200 OK", &answer.to_string()).await;
        }
        stream
    };
    let endpoint = Endpoint::Http(address);
    let options = Options {
        account: Some("+15550001111".to_owned()),
        manual_receive: true,
        timeout: Duration::from_secs(20),
    };
    let (connected, stream) = tokio::join!(Client::connect(&endpoint, options), script);
    let (client, events) = connected.unwrap();
    (listener, client, events, stream)
}

#[tokio::test]
async fn a_client_has_its_events_without_subscribing() {
    let (_listener, client, mut events, mut stream) = client().await;
    assert!(client.serves_several());
    assert_eq!(client.peer_uid(), None);
    stream.chunk(UNTRUSTED).await;
    assert_eq!(soon(events.next()).await, Some(EVENT));
}

#[tokio::test]
async fn no_more_calls_than_the_limit_are_under_way() {
    let (listener, client, _events, _stream) = client().await;
    let mut waiting: Vec<_> = (0..MAX_CALLS)
        .map(|_| Box::pin(client.accounts()))
        .collect();
    for call in &mut waiting {
        assert!(timeout(Duration::ZERO, call).await.is_err(), "it waits");
    }
    let at_once = timeout(Duration::from_secs(1), client.accounts()).await;
    assert_eq!(at_once, Ok(Err(Failure::Timeout)));
    waiting.pop();
    let begun = timeout(Duration::from_millis(50), client.accounts());
    assert!(begun.await.is_err(), "there is room again");
    drop(listener);
}
