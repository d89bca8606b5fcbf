//! The client against a peer that follows a script. What it sends is compared as literal JSON, because
//! signal-cli ignores parameters that it does not know.

use std::path::PathBuf;

use serde_json::json;
use tokio::io::AsyncReadExt;

use super::*;
use crate::{Event, Trust};
use peer::{OWN, Place, connected, options};

mod peer;

const UA: &str = "11111111-1111-4111-8111-111111111111";
const SENT: &str = r#"{"timestamp":1795471736456,"results":[{"recipientAddress":{"uuid":"11111111-1111-4111-8111-111111111111","number":"+15550002222","username":null},"type":"SUCCESS"}]}"#;
const TYPING: &str = r#"{"jsonrpc":"2.0","method":"receive","params":{"envelope":{"sourceUuid":"11111111-1111-4111-8111-111111111111","timestamp":1,"typingMessage":{"action":"STARTED","timestamp":1}},"account":"+15550001111"}}"#;
const HELLO: &str = r#"{"jsonrpc":"2.0","method":"receive","params":{"envelope":{"sourceUuid":"11111111-1111-4111-8111-111111111111","timestamp":1,"dataMessage":{"timestamp":1,"message":"hello"}},"account":"+15550001111"}}"#;

fn to_ua() -> Recipient {
    Recipient::Account(UA.parse().unwrap())
}

fn words(text: &str) -> Message {
    Message {
        text: text.to_owned(),
        ..Message::default()
    }
}

#[tokio::test]
async fn a_daemon_for_one_account_is_told_no_account() {
    let (client, _events, mut peer) = connected(options()).await;
    assert_eq!(client.version(), "0.13.19");
    assert!(!client.serves_several() && !client.has_polls());
    assert_eq!(client.peer_uid(), Some(own_uid()));
    let to = to_ua();
    let message = Message {
        text: "sudo".to_owned(),
        bold: vec![0..2, 2..4],
        ..Message::default()
    };
    let params =
        json!({"recipient": [UA], "message": "sudo", "textStyle": ["0:2:BOLD", "2:2:BOLD"]});
    let (sent, ()) = tokio::join!(
        client.send(&to, &message),
        peer.expect("send", params, SENT)
    );
    let expected = Sent {
        timestamp: 1_795_471_736_456,
        uuid: Some(UA.parse().unwrap()),
    };
    assert_eq!(sent, Ok(expected));
}

/// The uid of this process, without one more dependency.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid()
}

#[tokio::test]
async fn each_call_is_literally_what_signal_cli_knows() {
    let place = Place::new();
    let endpoint = place.endpoint();
    let script = async {
        let mut peer = place.accept().await;
        peer.greet_as_several().await;
        let expect = [
            ("subscribeReceive", json!({"account": OWN}), "2"),
            (
                "send",
                json!({"account": OWN, "noteToSelf": true, "message": "ran", "editTimestamp": 1_767_225_600_004_u64}),
                SENT,
            ),
            (
                "send",
                json!({"account": OWN, "recipient": ["u:name.01"], "message": "code"}),
                SENT,
            ),
            (
                "sendPollCreate",
                json!({"account": OWN, "recipient": [UA], "question": "Run it?", "options": ["Approve", "Deny"], "noMulti": true}),
                SENT,
            ),
            (
                "sendPollTerminate",
                json!({"account": OWN, "recipient": [UA], "pollTimestamp": 1_795_471_736_456_u64}),
                SENT,
            ),
            (
                "listIdentities",
                json!({"account": OWN, "number": UA}),
                r#"[{"number":null,"uuid":"11111111-1111-4111-8111-111111111111","fingerprint":"05 00 01","safetyNumber":"00000 11111","scannableSafetyNumber":"AA==","trustLevel":"UNTRUSTED","addedTimestamp":1700000000000}]"#,
            ),
            ("listIdentities", json!({"account": OWN}), "[]"),
            (
                "trust",
                json!({"account": OWN, "recipient": UA, "verifiedSafetyNumber": "000001111122222"}),
                "{}",
            ),
            (
                "startLink",
                json!({}),
                r#"{"deviceLinkUri":"sgnl://linkdevice?uuid=x&pub_key=y"}"#,
            ),
            (
                "finishLink",
                json!({"deviceLinkUri": "sgnl://linkdevice?uuid=x&pub_key=y", "deviceName": "host"}),
                r#"{"number":"+15550009999"}"#,
            ),
        ];
        for (method, params, result) in expect {
            peer.expect(method, params, result).await;
        }
    };
    let calls = async {
        let options = Options {
            manual_receive: true,
            ..options()
        };
        let (client, _events) = Client::connect(&endpoint, options).await.unwrap();
        assert!(client.serves_several() && client.has_polls());
        let edit = Message {
            edits: Some(1_767_225_600_004),
            ..words("ran")
        };
        client.send(&Recipient::NoteToSelf, &edit).await.unwrap();
        let name = Recipient::Address("u:name.01".to_owned());
        client.send(&name, &words("code")).await.unwrap();
        let poll = client
            .send_poll(&to_ua(), "Run it?", &["Approve", "Deny"])
            .await;
        client
            .end_poll(&to_ua(), poll.unwrap().timestamp)
            .await
            .unwrap();
        let identities = client.identities(Some(UA.parse().unwrap())).await.unwrap();
        let expected = Identity {
            uuid: Some(UA.parse().unwrap()),
            number: None,
            fingerprint: "05 00 01".to_owned(),
            safety_number: "00000 11111".to_owned(),
            trust: Trust::Untrusted,
        };
        assert_eq!(identities, [expected]);
        assert_eq!(client.identities(None).await, Ok(vec![]));
        client
            .trust(UA.parse().unwrap(), "000001111122222")
            .await
            .unwrap();
        let uri = client.start_link().await.unwrap();
        assert_eq!(
            client.finish_link(&uri, "host").await.unwrap(),
            "+15550009999"
        );
    };
    tokio::join!(script, calls);
}

#[tokio::test]
async fn answers_may_come_in_any_order_between_notifications() {
    let (client, mut events, mut peer) = connected(options()).await;
    let script = async {
        let (one, two) = (peer.request().await, peer.request().await);
        peer.line(HELLO).await;
        peer.answer(&two, &SENT.replace("1795471736456", "2")).await;
        // What is not ours, not JSON or not known changes nothing.
        for noise in [
            "",
            "{",
            "7",
            r#"{"jsonrpc":"2.0","method":"callEvent","params":{}}"#,
            r#"{"jsonrpc":"2.0","result":{},"id":4711}"#,
            r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"Empty input line","data":null},"id":null}"#,
            TYPING,
        ] {
            peer.line(noise).await;
        }
        peer.answer(&one, &SENT.replace("1795471736456", "1")).await;
        peer.line(HELLO).await;
    };
    let (to, message) = (to_ua(), words("x"));
    let (one, two, ()) = tokio::join!(
        client.send(&to, &message),
        client.send(&to, &message),
        script
    );
    assert_eq!((one.unwrap().timestamp, two.unwrap().timestamp), (1, 2));
    for _ in 0..2 {
        assert!(matches!(events.next().await, Some(Event::Message(_))));
    }
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over_and_counted() {
    let (client, mut events, mut peer) = connected(options()).await;
    let long = HELLO.replace("hello", &"x".repeat(calls::MAX_MESSAGE_BYTES * 2));
    let just_fits = HELLO.len() - "hello".len() + 1;
    let fits = HELLO.replace("hello", &"x".repeat(calls::MAX_MESSAGE_BYTES - just_fits));
    let script = async {
        peer.line(&long).await;
        peer.line(&fits).await;
        let request = peer.request().await;
        peer.answer(&request, SENT).await;
    };
    let (to, message) = (to_ua(), words("x"));
    let (sent, ()) = tokio::join!(client.send(&to, &message), script);
    assert!(sent.is_ok());
    assert_eq!(events.next().await, Some(Event::Lost(1)));
    assert!(matches!(events.next().await, Some(Event::Message(_))));
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let short = Options {
        timeout: Duration::from_millis(50),
        ..options()
    };
    let (client, _events, mut peer) = connected(short).await;
    let (to, message) = (to_ua(), words("late"));
    assert_eq!(client.send(&to, &message).await, Err(Failure::Timeout));
    let late = peer.request().await;
    let Transport::Lines(lines) = &client.0.transport else {
        panic!("not over a socket");
    };
    assert!(!lines.calls.is_waiting(late["id"].as_u64().unwrap()));
    let script = async {
        // Its answer comes when nobody waits any more.
        peer.answer(&late, SENT).await;
        let next = peer.request().await;
        peer.answer(&next, &SENT.replace("1795471736456", "7"))
            .await;
    };
    let (sent, ()) = tokio::join!(client.send(&to, &message), script);
    assert_eq!(sent.unwrap().timestamp, 7);
}

#[tokio::test]
async fn what_was_given_up_before_it_was_written_is_never_sent() {
    let short = Options {
        timeout: Duration::from_millis(200),
        ..options()
    };
    let (client, _events, mut peer) = connected(short).await;
    // More than the socket takes while nobody reads at the other end: the first line is stuck half-way.
    let (to, large, small) = (to_ua(), words(&"x".repeat(4 << 20)), words("small"));
    let (one, two) = tokio::join!(client.send(&to, &large), client.send(&to, &small));
    assert_eq!((one, two), (Err(Failure::Timeout), Err(Failure::Timeout)));
    let script = async {
        assert_eq!(peer.request().await["params"]["message"], json!(large.text));
        let next = peer.request().await;
        assert_eq!(next["params"]["message"], "after");
        peer.answer(&next, SENT).await;
    };
    let after = words("after");
    let (sent, ()) = tokio::join!(client.send(&to, &after), script);
    assert!(sent.is_ok());
}

#[tokio::test]
async fn no_more_calls_than_the_limit_are_under_way() {
    let (client, _events, _peer) = connected(options()).await;
    let (to, message) = (to_ua(), words("x"));
    let mut waiting: Vec<_> = (0..MAX_CALLS)
        .map(|_| Box::pin(client.send(&to, &message)))
        .collect();
    for call in &mut waiting {
        let begun = tokio::time::timeout(Duration::ZERO, call).await;
        assert!(begun.is_err());
    }
    let at_once = tokio::time::timeout(Duration::from_secs(1), client.send(&to, &message)).await;
    assert_eq!(at_once, Ok(Err(Failure::Timeout)));
    drop(waiting);
    let begun = tokio::time::timeout(Duration::from_millis(50), client.send(&to, &message)).await;
    assert!(begun.is_err(), "there is room again");
}

#[tokio::test]
async fn a_list_that_is_none_is_not_an_empty_one() {
    let (client, _events, mut peer) = connected(options()).await;
    let (listed, ()) = tokio::join!(
        client.identities(None),
        peer.expect("listIdentities", json!({}), "null")
    );
    assert_eq!(listed.unwrap_err().kind(), "unreachable");
}

#[tokio::test]
async fn messages_are_subscribed_to_once_and_only_if_asked() {
    for manual_receive in [false, true] {
        let place = Place::new();
        let endpoint = place.endpoint();
        let options = Options {
            manual_receive,
            ..options()
        };
        let script = async {
            let mut peer = place.accept().await;
            peer.greet_as_single().await;
            if manual_receive {
                peer.expect("subscribeReceive", json!({}), "2").await;
            }
            peer
        };
        let (connected, mut peer) = tokio::join!(Client::connect(&endpoint, options), script);
        let (client, _events) = connected.unwrap();
        let (listed, ()) = tokio::join!(
            client.identities(None),
            peer.expect("listIdentities", json!({}), "[]")
        );
        assert_eq!(listed, Ok(vec![]), "the next line is the next call");
    }
}

#[tokio::test]
async fn a_lost_connection_ends_all_calls_and_the_events() {
    let (client, mut events, mut peer) = connected(options()).await;
    let (to, message) = (to_ua(), words("x"));
    let script = async {
        peer.request().await;
        peer.line(HELLO).await;
        drop(peer);
    };
    let (sent, ()) = tokio::join!(client.send(&to, &message), script);
    assert_eq!(sent, Err(calls::closed()));
    // What came before the end is still there.
    assert!(matches!(events.next().await, Some(Event::Message(_))));
    assert_eq!(events.next().await, None);
    assert_eq!(client.send(&to, &message).await, Err(calls::closed()));
}

#[tokio::test]
async fn the_connection_ends_with_its_client() {
    let (client, mut events, mut peer) = connected(options()).await;
    let other = client.clone();
    drop(client);
    let (to, message) = (to_ua(), words("x"));
    let (sent, ()) = tokio::join!(other.send(&to, &message), async {
        let request = peer.request().await;
        peer.answer(&request, SENT).await;
    });
    assert!(sent.is_ok());
    drop(other);
    let mut rest = String::new();
    peer.0.read_to_string(&mut rest).await.unwrap();
    assert_eq!((rest.as_str(), events.next().await), ("", None));
}

#[tokio::test]
async fn an_account_that_is_not_served_is_named() {
    let place = Place::new();
    let endpoint = place.endpoint();
    let other = Options {
        account: Some("+15550003333".to_owned()),
        ..options()
    };
    let (connected, _peer) = tokio::join!(Client::connect(&endpoint, other), async {
        let mut peer = place.accept().await;
        peer.greet_as_several().await;
        peer
    });
    let failure = connected.unwrap_err();
    assert_eq!(failure, Failure::NoAccount("+15550003333".to_owned()));
}

#[tokio::test]
async fn what_is_no_signal_cli_or_an_old_one_is_turned_away() {
    for (answer, kind) in [
        (r#"{"version":"0.12.8"}"#, "too_old"),
        (r#"{"version":"?"}"#, "unreachable"),
        (r#"{"version":7}"#, "unreachable"),
        ("[]", "unreachable"),
        ("null", "unreachable"),
    ] {
        let place = Place::new();
        let endpoint = place.endpoint();
        let (connected, _peer) = tokio::join!(Client::connect(&endpoint, options()), async {
            let mut peer = place.accept().await;
            peer.expect("version", json!({}), answer).await;
            peer
        });
        assert_eq!(connected.unwrap_err().kind(), kind, "{answer}");
    }
}

#[tokio::test]
async fn where_nobody_listens_is_said() {
    let missing = Endpoint::Unix(PathBuf::from("/nonexistent/signal-cli/socket"));
    let failure = Client::connect(&missing, options()).await.unwrap_err();
    let line = failure.to_string();
    assert_eq!(failure.kind(), "unreachable");
    assert!(
        line.contains("unix:/nonexistent/signal-cli/socket"),
        "{line}"
    );
    assert!(line.contains("start signal-cli"), "{line}");
}
