//! HTTP as signal-cli serves it.

mod client;

use std::time::Duration;

use aisudo_signal_sim::{Builder, Endpoint, Person, Sim};
use client::Client;
use serde_json::{Value, json};

const OWN: &str = "+15550001111";

fn builder() -> Builder {
    Sim::builder().account(OWN).person(&Person::new(1))
}

/// Sends a request and gives the status and the body.
fn request(client: &mut Client, line: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    client.write(format!("{line} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n{headers}Content-Length: {length}\r\n\r\n{body}").as_bytes());
    let status = client.read_line();
    let (mut length, status) = (0, status.split(' ').nth(1).unwrap().parse().unwrap());
    loop {
        let header = client.read_line().to_lowercase();
        if header == "\r\n" {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    (status, client.read_bytes(length))
}

const JSON: &str = "Content-Type: application/json\r\n";
const VERSION: &str = r#"{"jsonrpc":"2.0","method":"version","id":1}"#;

#[test]
fn each_path_has_its_method_and_its_type() {
    let sim = builder().start(Endpoint::Http);
    let mut client = Client::to(&sim);
    let mut status = |line, headers, body| request(&mut client, line, headers, body).0;
    assert_eq!(status("GET /api/v1/check", "", ""), 200);
    assert_eq!(status("POST /api/v1/rpc", "", VERSION), 415);
    assert_eq!(status("GET /api/v1/rpc", "", ""), 405);
    assert_eq!(status("GET /elsewhere", "", ""), 404);
    let silent = r#"{"jsonrpc":"2.0","method":"version"}"#;
    assert_eq!(status("POST /api/v1/rpc", JSON, silent), 201);
    let (status, body) = request(&mut client, "POST /api/v1/rpc", JSON, VERSION);
    assert_eq!(status, 200);
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({"jsonrpc": "2.0", "result": {"version": "0.14.6"}, "id": 1})
    );
    let subscribe = r#"{"jsonrpc":"2.0","method":"subscribeReceive","id":1}"#;
    let (_, body) = request(&mut client, "POST /api/v1/rpc", JSON, subscribe);
    assert!(body.contains("-32601"), "{body}");
}

#[test]
fn a_strange_host_is_misdirected_since_0_14_4() {
    for (version, status) in [("0.14.3", "HTTP/1.1 200"), ("0.14.4", "HTTP/1.1 421")] {
        let sim = builder().version(version).start(Endpoint::Http);
        let mut client = Client::to(&sim);
        client.write(format!("POST /api/v1/rpc HTTP/1.1\r\nHost: evil.example\r\n{JSON}Content-Length: {}\r\n\r\n{VERSION}", VERSION.len()).as_bytes());
        assert!(client.read_line().starts_with(status), "{version}");
    }
}

#[test]
fn events_come_in_chunks_and_are_kept_alive() {
    let sim = builder()
        .keep_alive(Duration::from_millis(50))
        .start(Endpoint::Http);
    let mut client = Client::to(&sim);
    sim.reply(&Person::new(1), "waited");
    client.write(
        b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
    );
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push_str(&client.read_line());
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(
        head.contains("text/event-stream") && head.contains("chunked"),
        "{head}"
    );
    let chunk = |client: &mut Client| {
        let size = client.read_line();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let text = client.read_bytes(size + 2);
        text.strip_suffix("\r\n").unwrap().to_owned()
    };
    let event = chunk(&mut client);
    let data = event
        .strip_prefix("event:receive\ndata:")
        .unwrap()
        .strip_suffix("\n\n")
        .unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        (
            &data["envelope"]["dataMessage"]["message"],
            &data["account"]
        ),
        (&json!("waited"), &json!(OWN))
    );
    assert_eq!(chunk(&mut client), ":\n");
    sim.stop();
    assert_eq!(client.read_line(), "");
}

#[test]
fn events_of_one_account_among_several() {
    let sim = builder().account("+15550001112").start(Endpoint::Http);
    let mut client = Client::to(&sim);
    assert_eq!(
        request(&mut client, "GET /api/v1/events?account=%2B1999", "", "").0,
        400
    );
    client.write(b"GET /api/v1/events?account=%2B15550001112 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while client.read_line() != "\r\n" {}
    sim.reply(&Person::new(1), "to the first");
    sim.from(&Person::new(1))
        .to_account("+15550001112")
        .text("to the second");
    client.read_line();
    client.read_line();
    assert!(client.read_line().contains("to the second"));
    assert_eq!(sim.undelivered(), 1);
}
