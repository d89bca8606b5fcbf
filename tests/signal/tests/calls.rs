//! Each method answers as signal-cli was seen to answer.

mod client;

use std::time::Duration;

use aisudo_signal_sim::{Endpoint, Person, SendFailure, Sim};
use client::Client;
use serde_json::{Value, json};

const OWN: &str = "+15550001111";

/// A line as signal-cli wrote it.
fn literal(text: &str) -> Value {
    serde_json::from_str(text).expect("a literal line")
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
