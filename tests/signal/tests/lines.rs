//! Lines and connections are as signal-cli was seen to treat them.

mod client;

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use aisudo_signal_sim::{Endpoint, Person, ReceiveMode, Sim};
use client::{Client, unix};
use serde_json::{Value, json};

const OWN: &str = "+15550001111";

/// A line as signal-cli wrote it.
fn literal(text: &str) -> Value {
    serde_json::from_str(text).expect("a literal line")
}

#[test]
fn malformed_input_is_answered_as_signal_cli_answers_it() {
    let sim = Sim::builder().account(OWN).start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    for (line, code, message) in [
        ("", -32700, "Empty input line"),
        (
            r#"{"jsonrpc":"2.0","id":1}"#,
            -32600,
            "method field must be set",
        ),
        (
            r#"{"method":"version","id":1}"#,
            -32600,
            "only jsonrpc version 2.0 is supported",
        ),
        ("7", -32600, "unexpected type: NUMBER"),
        ("[]", -32600, "invalid request"),
        (
            r#"{"jsonrpc":"2.0","method":"startLink","id":1}"#,
            -32601,
            "Method not implemented",
        ),
        (
            r#"{"jsonrpc":"2.0","method":"listAccounts","id":1}"#,
            -32601,
            "Method not implemented",
        ),
        (
            r#"{"jsonrpc":"2.0","method":"frobnicate","id":1}"#,
            -32601,
            "Method not implemented",
        ),
    ] {
        let answer = client.say(line);
        let error = json!({"code": code, "message": message, "data": null});
        assert_eq!(answer["error"], error, "{line}");
        assert!(answer.get("result").is_none());
    }
    assert_eq!(client.say("{")["error"]["code"], -32700);
    assert_eq!(
        client.say(r#"{"jsonrpc":"2.0","method":"version","id":"any scalar"}"#),
        literal(r#"{"jsonrpc":"2.0","result":{"version":"0.14.6"},"id":"any scalar"}"#)
    );
}

#[test]
fn invalid_utf_8_ends_the_connection() {
    let sim = Sim::builder().account(OWN).start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    client.write(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}\n");
    assert_eq!(client.read(), None);
}

#[test]
fn a_request_without_an_id_is_done_and_not_answered() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    sim.faults(|faults| faults.phones_are_off = true);
    let mut client = Client::to(&sim);
    client.write(b"{\"jsonrpc\":\"2.0\",\"method\":\"send\",\"params\":{\"recipient\":\"+15550002201\",\"message\":\"hello\"}}\n");
    assert_eq!(
        client.call("version", json!({}))["id"],
        1,
        "the first answer is this one's"
    );
    assert_eq!(sim.sent()[0].text, "hello");
}

#[test]
fn an_object_and_its_newline_come_in_two_writes() {
    let (_directory, endpoint, path) = unix();
    let sim = Sim::builder().account(OWN).start(endpoint);
    sim.faults(|faults| faults.torn = Duration::from_millis(50));
    let mut stream = UnixStream::connect(path).unwrap();
    stream
        .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1}\n")
        .unwrap();
    let mut pieces = Vec::new();
    while pieces
        .last()
        .is_none_or(|piece: &Vec<u8>| !piece.ends_with(b"\n"))
    {
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).unwrap();
        pieces.push(buffer[..count].to_vec());
    }
    assert_eq!(pieces.len(), 3, "half, half, newline");
    assert_eq!(pieces[2], b"\n");
}

#[test]
fn answers_overtake_each_other() {
    let sim = Sim::builder().account(OWN).start(Endpoint::Tcp);
    sim.faults(|faults| faults.next_latencies.push_back(Duration::from_millis(100)));
    let mut client = Client::to(&sim);
    let (first, second) = (
        client.start("version", json!({})),
        client.start("version", json!({})),
    );
    assert_eq!(client.read().unwrap()["id"], second);
    assert_eq!(client.read().unwrap()["id"], first);
}

#[test]
fn a_process_that_is_stopped_does_it_later() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    sim.faults(|faults| faults.hang = true);
    let mut client = Client::to(&sim);
    client.start(
        "send",
        json!({"recipient": owner.number, "message": "late"}),
    );
    sim.reply(&owner, "not yet");
    std::thread::sleep(Duration::from_millis(50));
    assert!(sim.sent().is_empty());
    assert_eq!(sim.undelivered(), 1);
    sim.faults(|faults| faults.hang = false);
    sim.wait_for_message(|message| message.text == "late");
    client.notification();
}

#[test]
fn a_killed_daemon_leaves_its_socket_and_comes_back_with_what_waited() {
    let owner = Person::new(1);
    let (_directory, endpoint, path) = unix();
    let sim = Sim::builder().account(OWN).person(&owner).start(endpoint);
    let mut client = Client::to(&sim);
    client.call("version", json!({}));
    sim.stop();
    assert_eq!(client.read(), None);
    assert!(path.exists());
    assert!(UnixStream::connect(&path).is_err());
    sim.reply(&owner, "while it was away");
    sim.start_again();
    let mut client = Client::to(&sim);
    let envelope = client.notification()["params"]["envelope"].clone();
    assert_eq!(envelope["dataMessage"]["message"], "while it was away");
}

#[test]
fn a_socket_has_the_mode_and_the_owner_that_were_asked_for() {
    let (_directory, endpoint, path) = unix();
    let root = rustix::process::geteuid().is_root();
    let mut builder = Sim::builder().account(OWN).socket_mode(0o640);
    if root {
        builder = builder.socket_uid(7050);
    }
    let _sim = builder.start(endpoint);
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    if root {
        let stream = UnixStream::connect(&path).unwrap();
        let peer = rustix::net::sockopt::socket_peercred(&stream).unwrap();
        assert_eq!((metadata.uid(), peer.uid.as_raw()), (7050, 7050));
        assert!(
            rustix::process::geteuid().is_root(),
            "and we are still who we were"
        );
    }
}

#[test]
fn a_client_that_does_not_read_stops_delivery_to_all() {
    let owner = Person::new(1);
    let (_directory, endpoint, path) = unix();
    let sim = Sim::builder().account(OWN).person(&owner).start(endpoint);
    let mut reads = Client::to(&sim);
    reads.call("version", json!({}));
    let deaf = UnixStream::connect(path).unwrap();
    while sim.connections() < 2 {
        std::thread::yield_now();
    }
    let long = "x".repeat(10_000);
    for _ in 0..200 {
        sim.reply(&owner, &long);
    }
    let start = Instant::now();
    while sim.undelivered() > 0 && start.elapsed() < Duration::from_millis(200) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(sim.undelivered() > 100);
    drop(deaf);
    for _ in 0..200 {
        reads.notification();
    }
}

#[test]
fn in_mode_on_start_what_nobody_hears_is_lost() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .receive(ReceiveMode::OnStart)
        .start(Endpoint::Tcp);
    sim.reply(&owner, "lost");
    sim.flush();
    let mut client = Client::to(&sim);
    client.call("version", json!({}));
    sim.reply(&owner, "heard");
    assert_eq!(
        client.notification()["params"]["envelope"]["dataMessage"]["message"],
        "heard"
    );
}

#[test]
fn in_mode_manual_messages_come_to_those_who_subscribed() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .receive(ReceiveMode::Manual)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    sim.reply(&owner, "waits");
    assert!(client.call("version", json!({}))["result"].is_object());
    assert_eq!(sim.undelivered(), 1);
    let id = client.start("subscribeReceive", json!({}));
    let (mut answer, mut notification) = (None, None);
    while answer.is_none() || notification.is_none() {
        let object = client.read().unwrap();
        if object["id"] == id {
            answer = Some(object["result"].clone());
        } else {
            notification = Some(object["params"].clone());
        }
    }
    let (subscription, params) = (answer.unwrap(), notification.unwrap());
    assert!(subscription.is_i64());
    assert_eq!(params["subscription"], subscription);
    assert_eq!(params["result"]["account"], OWN);
    assert_eq!(
        params["result"]["envelope"]["dataMessage"]["message"],
        "waits"
    );
    let unknown = client.call("unsubscribeReceive", json!({"subscription": 99}));
    assert_eq!(unknown["error"]["message"], "Unknown subscription id");
    assert_eq!(
        client.call("unsubscribeReceive", json!({"subscription": subscription}))["result"],
        json!({})
    );
    sim.reply(&owner, "waits again");
    client.call("version", json!({}));
    assert_eq!(sim.undelivered(), 1);
}

#[test]
fn subscribing_in_an_automatic_mode_doubles_everything() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    client.call("subscribeReceive", json!({}));
    sim.reply(&owner, "x");
    let (first, second) = (client.notification(), client.notification());
    assert!(first["params"]["envelope"].is_object());
    assert_eq!(
        second["params"]["result"]["envelope"],
        first["params"]["envelope"]
    );
}
