//! The child that plays the browsers: `browsers.cjs`.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::{Value, json};

/// Debian's own: another one may live in a home directory, which a world hides.
const NODE: &str = "/usr/bin/node";

/// A browser's subscription, as its `PushSubscription` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// The URL.
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The shared secret, in base64url.
    pub auth: String,
}

/// The running child. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Browsers {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Browsers {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let package = here.join("../../target/http_ece/node_modules/http_ece");
        let Ok(package) = package.canonicalize() else {
            panic!(
                "there is no http_ece in target/http_ece, where it is installed once; run: cargo xtask test"
            );
        };
        let node = if Path::new(NODE).exists() {
            NODE
        } else {
            "node"
        };
        let mut child = Command::new(node)
            .arg(here.join("src/browsers.cjs"))
            .arg(package)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {node}: {error}"));
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            child,
            pipes: Mutex::new((stdin, stdout)),
        }
    }

    /// A new browser, for messages to this URL by whoever has this key.
    pub(crate) fn subscribe(&self, id: &str, server_key: &[u8], endpoint: String) -> Subscription {
        let made = self
            .call(&json!({"call": "subscribe", "id": id, "serverKey": hex(server_key)}))
            .unwrap_or_else(|error| panic!("no subscription: {error}"));
        Subscription {
            endpoint,
            p256dh: text(&made, "p256dh"),
            auth: text(&made, "auth"),
        }
    }

    /// The contact and the end of a token that is in order.
    pub(crate) fn verify(
        &self,
        id: &str,
        authorization: &str,
        origin: &str,
    ) -> Result<(String, u64), String> {
        let call =
            json!({"call": "verify", "id": id, "authorization": authorization, "origin": origin});
        let claims = self.call(&call)?;
        let end = claims["exp"].as_u64().expect("a time");
        Ok((text(&claims, "sub"), end))
    }

    /// What a browser reads in a body.
    pub(crate) fn decrypt(&self, id: &str, body: &[u8]) -> Result<Vec<u8>, String> {
        let read = self.call(&json!({"call": "decrypt", "id": id, "body": hex(body)}))?;
        Ok(unhex(&text(&read, "payload")))
    }

    fn call(&self, call: &Value) -> Result<Value, String> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdin, stdout) = &mut *pipes;
        let mut line = String::new();
        let asked = writeln!(stdin, "{call}").and_then(|()| stdout.read_line(&mut line));
        if !matches!(asked, Ok(length) if length > 0) {
            return Err("the browsers have died; see what they said above".to_owned());
        }
        let mut answer: Value = serde_json::from_str(&line).expect("JSON");
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }
}

impl Drop for Browsers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().expect("a text").to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |index: usize| u8::from_str_radix(&text[index..index + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(digit).collect()
}
