//! A connection, and the calls that are needed.

use std::{sync::Arc, time::Duration};

use aisudo_core::config::Endpoint;
use serde_json::{Map, Value, json};
use tokio::{
    net::{TcpStream, UnixStream},
    sync::Semaphore,
};
use uuid::Uuid;

use crate::{
    Events, Failure, Identity, Message, Recipient, Sent, calls, failure::shortened, http::Http,
    lines::Lines,
};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(25);

/// How long a call may take that signal-cli answers by itself, without Signal's servers.
const LOCAL: Duration = Duration::from_secs(8);

/// How long somebody may take to scan a code with their phone.
const LINK: Duration = Duration::from_secs(600);

/// Calls under way at once, at most, whatever the transport.
pub(crate) const MAX_CALLS: usize = 64;

/// The oldest version whose answers are known.
const OLDEST: [u32; 3] = [0, 13, 0];

/// The first version with polls.
const POLLS: [u32; 3] = [0, 13, 23];

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account that is used. Nothing: none yet.
    pub account: Option<String>,
    /// Whether signal-cli was told to wait until messages are subscribed to.
    pub manual_receive: bool,
    /// How long a call may take.
    pub timeout: Duration,
}

/// A connection to signal-cli. Clones share it.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    transport: Transport,
    /// A permit for each call that may begin.
    free: Semaphore,
    timeout: Duration,
    version: String,
    /// The account that each call names; nothing where signal-cli serves just one.
    account: Option<String>,
    several: bool,
    peer_uid: Option<u32>,
}

#[derive(Debug)]
enum Transport {
    Lines(Lines),
    Http(Http),
}

impl Client {
    /// Connects, and makes sure that it is signal-cli and has the account, as far as it says.
    ///
    /// # Errors
    /// When it is not, or cannot be reached.
    pub async fn connect(endpoint: &Endpoint, options: Options) -> Result<(Self, Events), Failure> {
        let opened = tokio::time::timeout(CONNECT, open(endpoint)).await;
        let (transport, events, peer_uid) = opened.map_err(|_| Failure::Timeout)??;
        let mut inner = Inner {
            transport,
            free: Semaphore::new(MAX_CALLS),
            timeout: options.timeout,
            version: String::new(),
            account: None,
            several: false,
            peer_uid,
        };
        inner.version = inner.ask_version().await?;
        let accounts = inner.call_local("listAccounts", Map::new()).await;
        inner.several = match &accounts {
            Ok(_) => true,
            // It serves the one account that it was started with.
            Err(Failure::TooOld(_)) => false,
            Err(failure) => return Err(failure.clone()),
        };
        if let (Ok(accounts), Some(account)) = (accounts, options.account) {
            if !numbers(&accounts).contains(&account) {
                return Err(Failure::NoAccount(account));
            }
            inner.account = Some(account);
        }
        // The events of HTTP are subscribed to already.
        if options.manual_receive && matches!(inner.transport, Transport::Lines(_)) {
            inner.call_local("subscribeReceive", inner.named()).await?;
        }
        Ok((Self(Arc::new(inner)), events))
    }

    /// signal-cli's version, such as 0.13.19.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// Whether it has polls.
    #[must_use]
    pub fn has_polls(&self) -> bool {
        numbers_of(&self.0.version).is_some_and(|version| version >= POLLS)
    }

    /// Whether it was started for all of its accounts.
    #[must_use]
    pub fn serves_several(&self) -> bool {
        self.0.several
    }

    /// The uid at the other end of a Unix socket.
    #[must_use]
    pub fn peer_uid(&self) -> Option<u32> {
        self.0.peer_uid
    }

    /// The numbers of its accounts; only where it serves several.
    ///
    /// # Errors
    /// As of every call.
    pub async fn accounts(&self) -> Result<Vec<String>, Failure> {
        let accounts = self.0.call_local("listAccounts", Map::new()).await?;
        Ok(numbers(&accounts))
    }

    /// Sends a message. When the answer is lost, it may have been sent all the same.
    ///
    /// # Errors
    /// When it did not reach Signal for its recipient.
    pub async fn send(&self, to: &Recipient, message: &Message) -> Result<Sent, Failure> {
        self.send_by("send", message.parameters(to)).await
    }

    /// Sends a poll of which one option can be chosen.
    ///
    /// # Errors
    /// As [`Self::send`]; a version without polls is too old.
    pub async fn send_poll(
        &self,
        to: &Recipient,
        question: &str,
        options: &[&str],
    ) -> Result<Sent, Failure> {
        let mut parameters = to.parameters();
        parameters.insert("question".to_owned(), json!(question));
        parameters.insert("options".to_owned(), json!(options));
        parameters.insert("noMulti".to_owned(), json!(true));
        self.send_by("sendPollCreate", parameters).await
    }

    /// Ends a poll of our own.
    ///
    /// # Errors
    /// As [`Self::send_poll`].
    pub async fn end_poll(&self, to: &Recipient, poll_timestamp: u64) -> Result<(), Failure> {
        let mut parameters = to.parameters();
        parameters.insert("pollTimestamp".to_owned(), json!(poll_timestamp));
        self.send_by("sendPollTerminate", parameters)
            .await
            .map(|_| ())
    }

    /// The identity keys of one account, or of all that signal-cli has seen.
    ///
    /// # Errors
    /// As of every call.
    pub async fn identities(&self, of: Option<Uuid>) -> Result<Vec<Identity>, Failure> {
        self.identities_by(of.map(|aci| aci.to_string())).await
    }

    /// The identity keys of the account with this number.
    ///
    /// # Errors
    /// As of every call.
    pub async fn identities_of_number(&self, number: &str) -> Result<Vec<Identity>, Failure> {
        self.identities_by(Some(number.to_owned())).await
    }

    async fn identities_by(&self, address: Option<String>) -> Result<Vec<Identity>, Failure> {
        let mut parameters = self.0.named();
        if let Some(address) = address {
            parameters.insert("number".to_owned(), json!(address));
        }
        let identities = self.0.call_local("listIdentities", parameters).await?;
        // None of them would mean that a key is gone.
        let identities = identities.as_array().ok_or_else(not_understood)?;
        Ok(identities.iter().map(Identity::of).collect())
    }

    /// Has signal-cli trust the key of an account, by its safety number.
    ///
    /// # Errors
    /// When that is not the account's.
    pub async fn trust(&self, account: Uuid, safety_number: &str) -> Result<(), Failure> {
        let mut parameters = self.0.named();
        parameters.insert("recipient".to_owned(), json!(account));
        parameters.insert("verifiedSafetyNumber".to_owned(), json!(safety_number));
        self.0.call_local("trust", parameters).await.map(|_| ())
    }

    /// Begins to link this host to an account as a further device: gives the address that the phone
    /// must scan.
    ///
    /// # Errors
    /// Also where signal-cli serves just one account.
    pub async fn start_link(&self) -> Result<String, Failure> {
        let answer = self.0.call("startLink", Map::new()).await?;
        let uri = answer.get("deviceLinkUri").and_then(Value::as_str);
        uri.map(str::to_owned).ok_or_else(not_understood)
    }

    /// Waits until the phone has scanned it; gives the account's number.
    ///
    /// # Errors
    /// When nobody did in time.
    pub async fn finish_link(&self, uri: &str, device_name: &str) -> Result<String, Failure> {
        let parameters = Map::from_iter([
            ("deviceLinkUri".to_owned(), json!(uri)),
            ("deviceName".to_owned(), json!(device_name)),
        ]);
        let answer = self.0.call_within("finishLink", parameters, LINK).await?;
        let number = answer.get("number").and_then(Value::as_str);
        number.map(str::to_owned).ok_or_else(not_understood)
    }

    async fn send_by(&self, method: &str, parameters: Map<String, Value>) -> Result<Sent, Failure> {
        let mut all = self.0.named();
        all.extend(parameters);
        let result = self.0.call(method, all).await?;
        Sent::of_result(&result)
    }
}

impl Inner {
    /// The parameters that every call has which concerns an account.
    fn named(&self) -> Map<String, Value> {
        let account = self.account.iter();
        account
            .map(|account| ("account".to_owned(), json!(account)))
            .collect()
    }

    async fn ask_version(&self) -> Result<String, Failure> {
        let answer = self.call_local("version", Map::new()).await?;
        let version = answer.get("version").and_then(Value::as_str);
        let version = shortened(version.ok_or_else(not_understood)?);
        match numbers_of(&version) {
            Some(numbers) if numbers < OLDEST => Err(Failure::TooOld(format!(
                "it is {version}, and at least 0.13 is needed"
            ))),
            Some(_) => Ok(version),
            None => Err(not_understood()),
        }
    }

    async fn call(&self, method: &str, parameters: Map<String, Value>) -> Result<Value, Failure> {
        self.call_within(method, parameters, self.timeout).await
    }

    async fn call_local(
        &self,
        method: &str,
        parameters: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.call_within(method, parameters, LOCAL.min(self.timeout))
            .await
    }

    async fn call_within(
        &self,
        method: &str,
        parameters: Map<String, Value>,
        timeout: Duration,
    ) -> Result<Value, Failure> {
        let answer = tokio::time::timeout(timeout, self.exchange(method, parameters)).await;
        calls::result(method, &answer.map_err(|_| Failure::Timeout)??)
    }

    async fn exchange(
        &self,
        method: &str,
        parameters: Map<String, Value>,
    ) -> Result<Value, Failure> {
        // More would only wait behind those that it leaves unanswered.
        let _begun = self.free.try_acquire().map_err(|_| Failure::Timeout)?;
        match &self.transport {
            Transport::Lines(lines) => {
                let waiting = lines.calls.begin()?;
                let line = calls::request(waiting.id(), method, &parameters);
                lines.send(waiting.id(), line).await?;
                waiting.answer().await
            }
            Transport::Http(http) => http.call(calls::request(1, method, &parameters)).await,
        }
    }
}

async fn open(endpoint: &Endpoint) -> Result<(Transport, Events, Option<u32>), Failure> {
    let refused = |error: std::io::Error| {
        Failure::Unreachable(format!(
            "nobody answers on {endpoint}: {error}; start signal-cli's daemon"
        ))
    };
    match endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(refused)?;
            let peer = stream.peer_cred().map_err(refused)?.uid();
            let (reader, writer) = stream.into_split();
            let (lines, events) = Lines::new(reader, writer);
            Ok((Transport::Lines(lines), events, Some(peer)))
        }
        Endpoint::Tcp(address) => {
            let stream = TcpStream::connect(address).await.map_err(refused)?;
            // Small lines, each of which somebody waits for.
            stream.set_nodelay(true).map_err(refused)?;
            let (reader, writer) = stream.into_split();
            let (lines, events) = Lines::new(reader, writer);
            Ok((Transport::Lines(lines), events, None))
        }
        Endpoint::Http(address) => {
            let (http, events) = Http::connect(*address).await?;
            Ok((Transport::Http(http), events, None))
        }
    }
}

/// The numbers in the answer to `listAccounts`.
fn numbers(accounts: &Value) -> Vec<String> {
    let accounts = accounts.as_array().into_iter().flatten();
    accounts
        .filter_map(|account| account.get("number").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// The three numbers of a version, whatever stands behind them.
fn numbers_of(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '+']);
    let mut next = || parts.next()?.parse().ok();
    Some([next()?, next()?, next()?])
}

fn not_understood() -> Failure {
    Failure::Unreachable("signal-cli's answer is not understood; is it another version?".to_owned())
}

#[cfg(test)]
mod tests;
