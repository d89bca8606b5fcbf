//! The simulator says what signal-cli was seen to say.

mod client;

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use aisudo_signal_sim::{Endpoint, Person, ReceiveMode, SendFailure, Sim};
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
fn send_is_recorded_and_answered_literally() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    let uuid = owner.aci.to_string();
    let answer = client.call(
        "send",
        json!({"recipient": uuid, "message": "sudo id", "textStyle": ["0:4:BOLD"],
            "quoteTimestamp": 1_767_225_600_000_u64, "quoteAuthor": uuid, "quoteMessage": "orig",
            "editTimestamp": 7, "editTimestmap": 8}),
    );
    let sent = sim.wait_for_messages(1).remove(0);
    assert_eq!(
        answer["result"],
        json!({"timestamp": sent.timestamp, "results": [{
            "recipientAddress": {"uuid": uuid, "number": null, "username": null}, "type": "SUCCESS"}]})
    );
    assert_eq!(sent.recipients, [uuid]);
    assert_eq!(sent.styled("BOLD"), ["sudo"]);
    assert_eq!(
        (sent.edits, sent.quote.unwrap().timestamp),
        (Some(7), 1_767_225_600_000)
    );
    let later = client.call(
        "send",
        json!({"recipient": ["+15550002201"], "message": ""}),
    );
    let result = &later["result"];
    assert_eq!(
        result["results"][0]["recipientAddress"]["number"],
        "+15550002201"
    );
    assert!(
        result["timestamp"].as_u64() > Some(sent.timestamp),
        "unique and increasing"
    );
}

#[test]
fn what_send_refuses() {
    let sim = Sim::builder().account(OWN).start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    for (params, code, message) in [
        (json!({"message": "x"}), -1, "No recipients given"),
        (
            json!({"recipient": "+15550002201", "textStyle": "0:4:LOUD"}),
            -1,
            "Invalid style: LOUD",
        ),
        (
            json!({"recipient": "+15550002201", "textStyle": "0:BOLD"}),
            -1,
            "Invalid textStyle syntax (0:BOLD) expected 'start:length:STYLE'",
        ),
        (
            json!({"recipient": "+15550002201", "quoteTimestamp": 1}),
            -1,
            "Quote author parameter is missing",
        ),
        (
            json!({"recipient": "u:nobody.01"}),
            -1,
            "The user nobody.01 is not registered.",
        ),
    ] {
        let error = client.call("send", params)["error"].clone();
        assert_eq!(
            error,
            json!({"code": code, "message": message, "data": null})
        );
    }
    let error = client.call("send", json!({"recipient": "owner"}))["error"].clone();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid phone number 'owner'")
    );
    let error = client.call(
        "send",
        json!({"recipient": "+15550002201", "editTimestamp": "7"}),
    )["error"]
        .clone();
    assert_eq!(error["code"], -32603);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .ends_with("(ClassCastException)")
    );
    assert!(sim.sent().is_empty());
}

#[test]
fn each_way_in_which_sending_fails() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    let with_result =
        |code: i64, message: &str, more: Value| (code, message.to_owned(), Some(more));
    let cases = [
        (SendFailure::RateLimit(None), with_result(-5, "Failed to send message due to rate limiting", json!({"type": "RATE_LIMIT_FAILURE"}))),
        (SendFailure::RateLimit(Some(60)), with_result(-5, "Failed to send message due to rate limiting", json!({"type": "RATE_LIMIT_FAILURE", "retryAfterSeconds": 60}))),
        (SendFailure::Captcha("2fc05128".into(), 86400), with_result(-5, "Failed to send message due to rate limiting", json!({"type": "RATE_LIMIT_FAILURE", "token": "2fc05128", "retryAfterSeconds": 86400}))),
        (SendFailure::Unregistered, with_result(-1, "Failed to send message", json!({"type": "UNREGISTERED_FAILURE"}))),
        (SendFailure::Network, with_result(-1, "Failed to send message", json!({"type": "NETWORK_FAILURE"}))),
        (SendFailure::InvalidPreKey, with_result(-1, "Failed to send message", json!({"type": "INVALID_PRE_KEY_FAILURE"}))),
        (SendFailure::Identity, with_result(-4, "Failed to send message due to untrusted identities", json!({"type": "IDENTITY_FAILURE"}))),
        (SendFailure::User("no".into()), (-1, "no".to_owned(), None)),
        (SendFailure::Io("Link request error: Connection closed!".into()), (-3, "Link request error: Connection closed!".to_owned(), None)),
        (SendFailure::Offline, (-32603, "Failed to send message: Connection refused (IOException) (UnexpectedErrorException)".to_owned(), None)),
    ];
    for (failure, (code, message, result)) in cases {
        sim.faults(|faults| faults.sends_fail.push_back(failure.clone()));
        let error =
            client.call("send", json!({"recipient": owner.number, "message": "x"}))["error"]
                .clone();
        assert_eq!(
            (error["code"].as_i64(), error["message"].as_str()),
            (Some(code), Some(message.as_str())),
            "{failure:?}"
        );
        let Some(mut expected) = result else {
            assert_eq!(error["data"], Value::Null);
            continue;
        };
        expected["recipientAddress"] =
            json!({"uuid": owner.aci.to_string(), "number": owner.number, "username": null});
        assert_eq!(
            error["data"]["response"]["results"],
            json!([expected]),
            "{failure:?}"
        );
        assert!(error["data"]["response"]["timestamp"].is_u64());
    }
    assert!(sim.sent().is_empty());
    assert!(
        client.call("send", json!({"recipient": owner.number}))["result"].is_object(),
        "and then it works"
    );
}

#[test]
fn somebody_who_is_not_on_signal_is_unregistered() {
    let sim = Sim::builder().account(OWN).start(Endpoint::Tcp);
    let error = Client::to(&sim).call("send", json!({"recipient": "+15550009999", "message": "x"}))
        ["error"]
        .clone();
    assert_eq!(
        error["data"]["response"]["results"][0]["type"],
        "UNREGISTERED_FAILURE"
    );
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
fn a_send_whose_client_is_gone_happens_and_a_lost_answer_is_only_lost() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .start(Endpoint::Tcp);
    sim.faults(|faults| faults.answers_lost = 1);
    Client::to(&sim).start("send", json!({"recipient": owner.number, "message": "one"}));
    sim.wait_for_message(|message| message.text == "one");
    sim.faults(|faults| faults.latency = Duration::from_secs(60));
    Client::to(&sim).start("send", json!({"recipient": owner.number, "message": "two"}));
    sim.wait_for_message(|message| message.text == "two");
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
fn several_accounts_need_a_name_unless_there_is_one() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .account("+15550001112")
        .person(&owner)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    assert_eq!(
        client.call("listAccounts", json!({}))["result"],
        literal(r#"[{"number":"+15550001111"},{"number":"+15550001112"}]"#)
    );
    let mut send = json!({"recipient": owner.number, "message": "x"});
    let error = |answer: Value| answer["error"]["message"].clone();
    assert_eq!(
        error(client.call("send", send.clone())),
        "Method requires valid account parameter"
    );
    send["account"] = "+1".into();
    let answer = client.call("send", send.clone());
    assert_eq!(
        (&answer["error"]["code"], error(answer.clone())),
        (&json!(-32602), json!("Specified account does not exist"))
    );
    send["account"] = "+15550001112".into();
    client.call("send", send);
    assert_eq!(sim.sent()[0].account, "+15550001112");
    sim.from(&owner)
        .to_account("+15550001112")
        .text("to the second");
    sim.flush();
    loop {
        let params = client.notification()["params"].clone();
        if params["envelope"]["dataMessage"].is_object() {
            assert_eq!(params["account"], "+15550001112");
            break;
        }
    }
}

#[test]
fn linking_waits_for_a_phone() {
    let sim = Sim::builder().serves_several().start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    assert_eq!(client.call("listAccounts", json!({}))["result"], json!([]));
    assert_eq!(client.call("send", json!({}))["error"]["code"], -32602);
    let uri = client.call("startLink", json!({}))["result"]["deviceLinkUri"].clone();
    assert!(uri.as_str().unwrap().starts_with("sgnl://linkdevice?uuid="));
    let wrong = client.call("finishLink", json!({"deviceLinkUri": "sgnl://x"}));
    assert_eq!(wrong["error"]["message"], "Unknown device link uri.");
    let id = client.start(
        "finishLink",
        json!({"deviceLinkUri": uri, "deviceName": "host"}),
    );
    assert_eq!(
        client.call("version", json!({}))["result"]["version"],
        "0.14.6",
        "meanwhile"
    );
    sim.scan_link(OWN);
    let answer = client.read().unwrap();
    assert_eq!(
        (&answer["id"], &answer["result"]),
        (&id.into(), &json!({"number": OWN}))
    );
    assert_eq!(
        client.call("listAccounts", json!({}))["result"],
        json!([{"number": OWN}])
    );
}

#[test]
fn a_user_is_known_by_number_or_name() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .stranger(&owner)
        .start(Endpoint::Tcp);
    let status = Client::to(&sim).call(
        "getUserStatus",
        json!({"recipient": [owner.number, "+15550009999"], "username": ["person1.01"]}),
    );
    assert_eq!(
        status["result"],
        json!([
            {"recipient": owner.number, "number": owner.number, "uuid": owner.aci.to_string(), "isRegistered": true},
            {"recipient": "+15550009999", "number": "+15550009999", "uuid": null, "isRegistered": false},
            {"recipient": "person1.01", "username": "person1.01", "uuid": owner.aci.to_string(), "isRegistered": true},
        ])
    );
}

#[test]
fn polls_came_with_a_version() {
    let owner = Person::new(1);
    let poll = json!({"recipient": owner.number, "question": "?", "options": ["Approve", "Deny"], "noMulti": true});
    let old = Sim::builder()
        .account(OWN)
        .person(&owner)
        .version("0.13.22")
        .start(Endpoint::Tcp);
    assert_eq!(
        Client::to(&old).call("sendPollCreate", poll.clone())["error"]["code"],
        -32601
    );
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .version("0.13.23")
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    let timestamp = client.call("sendPollCreate", poll)["result"]["timestamp"]
        .as_u64()
        .unwrap();
    client.call(
        "sendPollTerminate",
        json!({"recipient": owner.number, "pollTimestamp": timestamp}),
    );
    let sent = sim.wait_for_messages(2);
    let opened = sent[0].poll.as_ref().unwrap();
    assert_eq!(
        (opened.options.as_slice(), opened.no_multi),
        (["Approve".to_owned(), "Deny".to_owned()].as_slice(), true)
    );
    assert_eq!(sent[1].ends_poll, Some(timestamp));
    let few = client.call(
        "sendPollCreate",
        json!({"recipient": owner.number, "question": "?", "options": ["Approve"]}),
    );
    assert_eq!(few["error"]["message"], "Poll needs at least two options");
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
