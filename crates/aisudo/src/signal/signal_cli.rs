//! The connection to signal-cli. It is closed while root thinks: a client that does not read holds up
//! the messages of all.

use std::future::Future;

use aisudo_core::{
    approvers::IdentityKey,
    config::{Endpoint, Receive, Signal},
    paths::Paths,
};
use aisudo_signal::{Client, Events, Identity, Options, Trust};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::CALL;
use crate::{failure::Failure, root::console::refused};

/// Where signal-cli is, and which account is used.
#[derive(Debug)]
pub(super) struct SignalCli {
    runtime: Runtime,
    endpoint: Endpoint,
    manual_receive: bool,
}

impl SignalCli {
    /// Nothing is connected yet. A socket's path is below the installation's root.
    pub(super) fn new(
        paths: &Paths,
        endpoint: &Endpoint,
        receive: Receive,
    ) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| refused(&format!("no runtime: {error}; see the system's limits")))?;
        let endpoint = match endpoint {
            Endpoint::Unix(path) => Endpoint::Unix(paths.of(path)),
            port => port.clone(),
        };
        Ok(Self {
            runtime,
            endpoint,
            manual_receive: receive == Receive::Manual,
        })
    }

    /// As the configuration has it.
    pub(super) fn configured(paths: &Paths, signal: &Signal) -> Result<Self, Failure> {
        Self::new(paths, &signal.connect, signal.receive)
    }

    /// Connects for as long as the work takes.
    pub(super) fn with<T, F>(
        &self,
        account: Option<&str>,
        work: impl FnOnce(Client) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        // Without its events, a connection is closed.
        self.listening(account, |client, events| async move {
            let done = work(client).await;
            drop(events);
            done
        })
    }

    /// The same, for work that hears what comes.
    pub(super) fn listening<T, F>(
        &self,
        account: Option<&str>,
        work: impl FnOnce(Client, Events) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let options = Options {
            account: account.map(str::to_owned),
            manual_receive: self.manual_receive && account.is_some(),
            timeout: CALL,
        };
        self.runtime.block_on(async {
            let connected = Client::connect(&self.endpoint, options).await;
            let (client, events) = connected.map_err(|failure| failed(&failure))?;
            work(client, events).await
        })
    }
}

/// What signal-cli or Signal refused, in one line.
pub(super) fn failed(failure: &aisudo_signal::Failure) -> Failure {
    match failure {
        aisudo_signal::Failure::Unreachable(_) | aisudo_signal::Failure::Timeout => {
            Failure::Unreachable(failure.to_string())
        }
        _ => refused(&failure.to_string()),
    }
}

/// An account's identity key, as signal-cli knows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownKey {
    pub(super) aci: Uuid,
    pub(super) number: Option<String>,
    pub(super) key: IdentityKey,
    /// 60 digits, in groups of five; nothing if signal-cli gives none.
    pub(super) safety_number: Option<SafetyNumber>,
    pub(super) is_trusted: bool,
}

/// The digits that two people compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SafetyNumber(pub(super) String);

impl SafetyNumber {
    fn of(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let is_one = digits.len() == 60 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then_some(Self(digits))
    }

    /// As a phone shows them: three rows of four groups.
    pub(super) fn rows(&self) -> Vec<String> {
        let digits: Vec<char> = self.0.chars().collect();
        let group = |group: &[char]| group.iter().collect::<String>();
        let row = |row: &[char]| row.chunks(5).map(group).collect::<Vec<_>>().join(" ");
        digits.chunks(20).map(row).collect()
    }
}

/// Asks for it.
pub(super) async fn key_of(client: &Client, aci: Uuid) -> Result<KnownKey, Failure> {
    let identities = client.identities(Some(aci)).await;
    let identities = identities.map_err(|failure| failed(&failure))?;
    let of_account: Vec<Identity> = identities
        .into_iter()
        .filter(|identity| identity.uuid == Some(aci))
        .collect();
    let [identity] = of_account.as_slice() else {
        return Err(refused(&format!(
            "signal-cli knows {} identity keys of that account, where one is needed; let the account write to it first",
            of_account.len()
        )));
    };
    Ok(KnownKey {
        aci,
        number: identity.number.clone(),
        key: identity
            .fingerprint
            .parse()
            .map_err(|why: String| refused(&why))?,
        safety_number: SafetyNumber::of(&identity.safety_number),
        is_trusted: matches!(identity.trust, Trust::Unverified | Trust::Verified),
    })
}

#[cfg(test)]
mod tests {
    use super::SafetyNumber;

    #[test]
    fn a_safety_number_is_60_digits_in_groups_of_five() {
        let digits = "12345678901234567890".repeat(3);
        let number = SafetyNumber::of(&digits).unwrap();
        assert_eq!(number.rows(), ["12345 67890 12345 67890"; 3]);
        assert_eq!(
            SafetyNumber::of("12345 67890 ".repeat(6).as_str()),
            Some(number)
        );
        for wrong in ["", "123", &"1".repeat(61), &"١".repeat(60)] {
            assert_eq!(SafetyNumber::of(wrong), None, "{wrong}");
        }
    }
}
