//! Our client and a real signal-cli.

use std::{os::unix::fs::MetadataExt as _, time::Duration};

use aisudo_core::config::Endpoint;
use aisudo_signal::{Client, Events, Failure, Message, Options, Recipient};
use uuid::Uuid;

use crate::real::{Real, run};

const NOBODY: &str = "+15550009999";
const ACI: Uuid = Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111);

fn options(account: Option<&str>) -> Options {
    Options {
        account: account.map(str::to_owned),
        manual_receive: true,
        timeout: Duration::from_secs(20),
    }
}

async fn connect(endpoint: &Endpoint) -> (Client, Events) {
    let connected = Client::connect(endpoint, options(None)).await;
    connected.unwrap_or_else(|failure| panic!("{endpoint}: {failure}"))
}

/// What signal-cli says to a call for an account when it has none.
fn no_account<T>() -> Result<T, Failure> {
    let why = "Method requires valid account parameter";
    Err(Failure::NoAccount(why.to_owned()))
}

#[tokio::test]
async fn it_is_known_and_its_version_read_over_each_transport() {
    let real = Real::shared();
    for endpoint in real.endpoints() {
        // In manual mode, so messages were subscribed to as well.
        let (client, _events) = connect(&endpoint).await;
        assert_eq!(client.version(), "0.13.19", "{endpoint}");
        assert!(!client.has_polls(), "{endpoint}");
        assert!(client.serves_several(), "{endpoint}");
        assert_eq!(client.accounts().await, Ok(vec![]), "{endpoint}");
        let own = std::fs::metadata("/proc/self").unwrap().uid();
        let is_unix = matches!(endpoint, Endpoint::Unix(_));
        assert_eq!(client.peer_uid(), is_unix.then_some(own), "{endpoint}");
    }
}

#[tokio::test]
async fn each_call_fails_as_the_client_expects_it() {
    let real = Real::shared();
    let to = Recipient::Account(ACI);
    for endpoint in real.endpoints() {
        let (client, _events) = connect(&endpoint).await;
        let sent = client.send(&to, &Message::default()).await;
        assert_eq!(sent, no_account(), "{endpoint}");
        assert_eq!(client.identities(None).await, no_account(), "{endpoint}");
        assert_eq!(client.trust(ACI, "0").await, no_account(), "{endpoint}");
        let old = "it does not know sendPollCreate".to_owned();
        let poll = client.send_poll(&to, "sudo id?", &["Approve", "Deny"]);
        assert_eq!(poll.await, Err(Failure::TooOld(old)), "{endpoint}");
        let offline = "Link request error: Connection closed!".to_owned();
        let link = client.start_link().await;
        assert_eq!(link, Err(Failure::Network(offline)), "{endpoint}");
        let unknown = Failure::Refused {
            code: -1,
            message: "Unknown device link uri.".to_owned(),
        };
        let link = client.finish_link("sgnl://linkdevice?uuid=x", "host");
        assert_eq!(link.await, Err(unknown), "{endpoint}");
    }
}

#[tokio::test]
async fn an_account_that_it_does_not_have_is_named() {
    let real = Real::shared();
    for endpoint in real.endpoints() {
        let connected = Client::connect(&endpoint, options(Some(NOBODY))).await;
        let expected = Failure::NoAccount(NOBODY.to_owned());
        assert_eq!(connected.err(), Some(expected), "{endpoint}");
    }
}

#[tokio::test]
async fn calls_run_side_by_side_and_each_has_its_answer() {
    let real = Real::shared();
    for endpoint in real.endpoints() {
        let (client, _events) = connect(&endpoint).await;
        let calls: Vec<_> = (0..48)
            .map(|number| {
                let client = client.clone();
                tokio::spawn(async move {
                    // Three kinds of answers, one of them slow.
                    match number % 3 {
                        0 => assert_eq!(client.accounts().await, Ok(vec![])),
                        1 => assert_eq!(client.identities(None).await, no_account()),
                        _ => assert_eq!(client.start_link().await.unwrap_err().kind(), "network"),
                    }
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "slow: it says something every 15 s"]
async fn its_stream_of_events_does_not_fall_silent() {
    let real = Real::shared();
    let [_, _, http] = real.endpoints();
    let (_client, mut events) = connect(&http).await;
    // The client gives a stream up that is silent for 50 s.
    let silent = tokio::time::timeout(Duration::from_secs(55), events.next());
    assert!(silent.await.is_err(), "the connection is lost");
}

#[test]
fn a_daemon_for_an_unknown_account_ends_at_once() {
    let ended = run(&["-a", NOBODY, "daemon", "--tcp=127.0.0.1:0"]);
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr);
    let expected = format!("User {NOBODY} is not registered.");
    assert!(said.contains(&expected), "{said}");
}
