//! The methods that send nothing, and whose account a call is for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::identities::trust;
use crate::lines::Connection;
use crate::people::Account;
use crate::record::Call;
use crate::rpc::Error;
use crate::send;
use crate::state::Shared;

/// How long a linking code is good for.
const LINKING: Duration = Duration::from_secs(600);

/// What a method needs to know.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) call: &'a Call,
    pub(crate) connection: Option<&'a Arc<Connection>>,
}

/// Runs one call.
pub(crate) fn run(
    shared: &Shared,
    call: &Call,
    connection: Option<&Arc<Connection>>,
) -> Result<Value, Error> {
    let context = Context {
        shared,
        call,
        connection,
    };
    let several = shared.setup.several;
    let has_polls = shared.setup.is_since([0, 13, 23]);
    match call.method.as_str() {
        "version" => Ok(json!({"version": shared.setup.version})),
        "listAccounts" if several => Ok(context.accounts()),
        "startLink" if several => Ok(context.start_link()),
        "finishLink" if several => context.finish_link(),
        "listIdentities" => context.identities(),
        "getUserStatus" => context.user_status(),
        "trust" => context.trust(),
        // Over HTTP a call has no connection to write to later.
        "subscribeReceive" if connection.is_some() => context.subscribe(),
        "unsubscribeReceive" if connection.is_some() => context.unsubscribe(),
        "sendPollCreate" | "sendPollTerminate" if !has_polls => Err(Error::not_implemented()),
        "send" | "sendReaction" | "remoteDelete" | "sendPollCreate" | "sendPollTerminate"
        | "sendReceipt" | "sendTyping" => send::run(&context),
        _ => Err(Error::not_implemented()),
    }
}

impl Context<'_> {
    /// The account that the call is for.
    pub(crate) fn account(&self) -> Result<Account, Error> {
        let accounts = self.shared.lock().accounts.clone();
        if !self.shared.setup.several {
            // With `-a` there is one, and `account` is a parameter like any unknown one.
            return Ok(accounts.into_iter().next().expect("an account"));
        }
        match self.text("account") {
            Some(number) => accounts
                .into_iter()
                .find(|account| account.number == number || account.aci.to_string() == number)
                .ok_or_else(|| Error::new(-32602, "Specified account does not exist")),
            None if accounts.len() == 1 => Ok(accounts.into_iter().next().expect("an account")),
            None => Err(Error::new(
                -32602,
                "Method requires valid account parameter",
            )),
        }
    }

    /// A parameter, in camel case or with dashes; nothing where it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let dashed: String = name
            .chars()
            .flat_map(|c| {
                let dash = c.is_ascii_uppercase().then_some('-');
                dash.into_iter().chain([c.to_ascii_lowercase()])
            })
            .collect();
        let params = &self.call.params;
        let found = params.get(&dashed).filter(|value| !value.is_null());
        found
            .or_else(|| params.get(name))
            .filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// A text, a list of them, or a list under the plural.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let plural = format!("{name}s");
        let value = self.get(name).or_else(|| self.get(&plural));
        let texts = match value {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        texts
            .iter()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    /// A whole number. Java cannot take a text for one, and says so in its own words.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Error> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value.as_u64().map(Some).ok_or_else(|| {
            Error::new(
                -32603,
                "class java.lang.String cannot be cast to class java.lang.Long (java.lang.String and java.lang.Long are in module java.base of loader 'bootstrap') (ClassCastException)",
            )
        })
    }

    fn accounts(&self) -> Value {
        let state = self.shared.lock();
        let numbers = state
            .accounts
            .iter()
            .map(|account| json!({"number": account.number}));
        numbers.collect()
    }

    fn identities(&self) -> Result<Value, Error> {
        self.account()?;
        let filter = self.text("number");
        let state = self.shared.lock();
        let known = state.known.iter().filter(|known| known.met.is_some());
        let named = known.filter(|known| filter.is_none_or(|number| known.person.is_named(number)));
        Ok(named.map(crate::people::Known::json).collect())
    }

    fn user_status(&self) -> Result<Value, Error> {
        self.account()?;
        let mut state = self.shared.lock();
        let mut rows = Vec::new();
        for number in self.texts("recipient") {
            let uuid = state
                .named(&number)
                .map(|known| known.person.aci.to_string());
            let registered = uuid.is_some();
            rows.push(json!({"recipient": number, "number": number, "uuid": uuid, "isRegistered": registered}));
        }
        for username in self.texts("username") {
            let name = format!("u:{username}");
            let uuid = state.named(&name).map(|known| known.person.aci.to_string());
            let registered = uuid.is_some();
            rows.push(json!({"recipient": username, "username": username, "uuid": uuid, "isRegistered": registered}));
        }
        Ok(rows.into())
    }

    fn trust(&self) -> Result<Value, Error> {
        self.account()?;
        let recipient = self.text("recipient").unwrap_or_default();
        let known = self.shared.lock().named(recipient).cloned();
        if self.is("trustAllKnownKeys") {
            let known = known.ok_or_else(|| {
                Error::user(
                    "Failed to set the trust for this number, make sure the number is correct.",
                )
            })?;
            trust(self.shared, &known.person, false);
            return Ok(json!({}));
        }
        let Some(given) = self.text("verifiedSafetyNumber") else {
            return Err(Error::user(
                "You need to specify the fingerprint/safety number you have verified with -v SAFETY_NUMBER",
            ));
        };
        let given = given.replace(' ', "").to_lowercase();
        let matching = known.filter(|known| {
            given == known.safety_number() || given == known.fingerprint().replace(' ', "")
        });
        let known = matching.ok_or_else(|| {
            Error::user("Failed to set the trust for this number, make sure the number and the fingerprint/safety number are correct.")
        })?;
        trust(self.shared, &known.person, true);
        Ok(json!({}))
    }

    fn subscribe(&self) -> Result<Value, Error> {
        let account = match self.account() {
            Ok(account) => Some(account.number),
            // Without a word about accounts: to all of them.
            Err(_) if self.text("account").is_none() => None,
            Err(error) => return Err(error),
        };
        let connection = self.connection.ok_or_else(Error::not_implemented)?;
        Ok(self.shared.change(|state| {
            let id = state.take_subscription();
            connection.subscribe(id, account, false);
            id.into()
        }))
    }

    fn unsubscribe(&self) -> Result<Value, Error> {
        let connection = self.connection.ok_or_else(Error::not_implemented)?;
        let id = self.get("subscription").and_then(Value::as_i64);
        let id =
            id.ok_or_else(|| Error::user("Missing subscription parameter with subscription id"))?;
        if connection.unsubscribe(id) {
            Ok(json!({}))
        } else {
            Err(Error::user("Unknown subscription id"))
        }
    }

    fn start_link(&self) -> Value {
        self.shared.change(|state| {
            let serial = state.next_timestamp();
            let uri = format!(
                "sgnl://linkdevice?uuid=QUlTVURP{serial}%3D%3D&pub_key=BQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
            );
            state.link_uri = Some(uri.clone());
            json!({"deviceLinkUri": uri})
        })
    }

    /// Waits for a phone that scans the code.
    fn finish_link(&self) -> Result<Value, Error> {
        let Some(uri) = self.text("deviceLinkUri") else {
            return Err(Error::user("Missing deviceLinkUri."));
        };
        if self.shared.lock().link_uri.as_deref() != Some(uri) {
            return Err(Error::user("Unknown device link uri."));
        }
        let scanned = self.shared.wait(LINKING, |state| {
            if state.over || !state.listening {
                return Some(None);
            }
            state.linked.take().map(Some)
        });
        let number = scanned
            .flatten()
            .ok_or_else(|| Error::user("Link request timed out, please try again."))?;
        self.shared.change(|state| {
            state.link_uri = None;
            let account = Account::new(&number, true);
            state.know_own(&account);
            state.accounts.push(account);
        });
        Ok(json!({"number": number}))
    }
}
