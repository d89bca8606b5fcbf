//! signal-cli's end of a connection, by a script.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::{Client, Events, Options};

use super::{Duration, Endpoint};

pub(super) const OWN: &str = "+15550001111";

/// signal-cli's end.
pub(super) struct Peer(pub(super) BufReader<UnixStream>);

impl Peer {
    pub(super) async fn request(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The object and its newline come in separate writes, as signal-cli does it.
    pub(super) async fn line(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
        tokio::task::yield_now().await;
        self.0.write_all(b"\n").await.unwrap();
    }

    pub(super) async fn answer(&mut self, request: &Value, result: &str) {
        let id = &request["id"];
        self.line(&format!(
            r#"{{"jsonrpc":"2.0","result":{result},"id":{id}}}"#
        ))
        .await;
    }

    pub(super) async fn refuse(&mut self, request: &Value, error: &str) {
        let id = &request["id"];
        self.line(&format!(r#"{{"jsonrpc":"2.0","error":{error},"id":{id}}}"#))
            .await;
    }

    /// A request with this method and these parameters, answered with a result.
    pub(super) async fn expect(&mut self, method: &str, params: Value, result: &str) {
        let request = self.request().await;
        let expected =
            json!({"jsonrpc": "2.0", "id": request["id"], "method": method, "params": params});
        assert_eq!(request, expected);
        self.answer(&request, result).await;
    }

    /// What a daemon for one account says to somebody who connects.
    pub(super) async fn greet_as_single(&mut self) {
        self.expect("version", json!({}), r#"{"version":"0.13.19"}"#)
            .await;
        let accounts = self.request().await;
        assert_eq!(accounts["method"], "listAccounts");
        self.refuse(
            &accounts,
            r#"{"code":-32601,"message":"Method not implemented","data":null}"#,
        )
        .await;
    }

    pub(super) async fn greet_as_several(&mut self) {
        self.expect("version", json!({}), r#"{"version":"0.13.23"}"#)
            .await;
        self.expect(
            "listAccounts",
            json!({}),
            r#"[{"number":"+15550001111"},{"number":"+15550009999"}]"#,
        )
        .await;
    }
}

pub(super) fn options() -> Options {
    Options {
        account: Some(OWN.to_owned()),
        manual_receive: false,
        timeout: Duration::from_secs(5),
    }
}

/// A place to connect to, and who accepts there.
pub(super) struct Place {
    directory: tempfile::TempDir,
    listener: UnixListener,
}

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("s")).unwrap();
        Self {
            directory,
            listener,
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::Unix(self.directory.path().join("s"))
    }

    pub(super) async fn accept(&self) -> Peer {
        Peer(BufReader::new(self.listener.accept().await.unwrap().0))
    }
}

/// A connection to a daemon for one account.
pub(super) async fn connected(options: Options) -> (Client, Events, Peer) {
    let place = Place::new();
    let endpoint = place.endpoint();
    let (client, peer) = tokio::join!(Client::connect(&endpoint, options), async {
        let mut peer = place.accept().await;
        peer.greet_as_single().await;
        peer
    });
    let (client, events) = client.unwrap();
    (client, events, peer)
}
