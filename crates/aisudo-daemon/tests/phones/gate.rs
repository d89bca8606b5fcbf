//! A gate that asks, as sudo's module does.

use std::os::unix::net::UnixStream;

use aisudo_core::{
    base64url::Base64,
    digest::request_digest,
    evidence::Decision,
    raw::Hex32,
    wire::{FromGate, Hello, ToGate},
};
use aisudo_sys::{frames, process::start_time, random::random_bytes};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{place::Place, web::PATIENCE};

/// A request that waits, on a connection of its own.
pub(crate) struct Gate {
    stream: UnixStream,
    pub(crate) body: String,
    pub(crate) id: Uuid,
    pub(crate) nonce: Hex32,
    pub(crate) code: String,
}

impl Gate {
    /// Asks, and waits until it was recorded.
    pub(crate) fn ask(place: &Place) -> Self {
        Self::ask_with(place, |_| {})
    }

    pub(crate) fn ask_with(place: &Place, change: impl FnOnce(&mut Value)) -> Self {
        let mut body = request();
        change(&mut body);
        Self::ask_body(place, body.to_string())
    }

    /// The same bytes again, after the daemon restarted.
    pub(crate) fn again(&self, place: &Place) -> Self {
        Self::ask_body(place, self.body.clone())
    }

    pub(crate) fn connect(place: &Place) -> UnixStream {
        let mut stream = UnixStream::connect(place.paths.gate_socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        frames::send(&mut stream, &Hello::default()).unwrap();
        stream
    }

    /// A question that nobody has asked yet.
    pub(crate) fn fresh() -> FromGate {
        FromGate::Ask {
            request: request().to_string(),
            token: Hex32([7; 32]),
        }
    }

    fn ask_body(place: &Place, body: String) -> Self {
        let mut stream = Self::connect(place);
        let ask = FromGate::Ask {
            request: body.clone(),
            token: Hex32([7; 32]),
        };
        frames::send(&mut stream, &ask).unwrap();
        let facts: Value = serde_json::from_str(&body).unwrap();
        let heard = frames::receive(&mut stream).unwrap();
        let Some(ToGate::Waiting { code, channels, .. }) = heard else {
            panic!("{heard:?}");
        };
        assert!(channels.contains(&"app".to_owned()), "{channels:?}");
        Self {
            stream,
            id: facts["id"].as_str().unwrap().parse().unwrap(),
            nonce: serde_json::from_value(facts["nonce"].clone()).unwrap(),
            body,
            code,
        }
    }

    pub(crate) fn digest(&self) -> Hex32 {
        request_digest(self.body.as_bytes())
    }

    pub(crate) fn path(&self, verb: &str) -> String {
        format!("/{verb}/{}/{}", self.id, self.nonce)
    }

    /// The answer.
    pub(crate) fn decided(&mut self) -> Decision {
        match frames::receive(&mut self.stream).unwrap() {
            Some(ToGate::Decided { decision }) => decision,
            other => panic!("{other:?}"),
        }
    }

    /// No, by the host: why, and whether root's fallback applies.
    pub(crate) fn refused(&mut self) -> (String, bool) {
        match frames::receive(&mut self.stream).unwrap() {
            Some(ToGate::Refused { why, fallback }) => (why, fallback),
            other => panic!("{other:?}"),
        }
    }

    /// Is asked what a file holds, and says it.
    pub(crate) fn shows(&mut self, sha256: Hex32, content: &[u8]) {
        let heard = frames::receive(&mut self.stream).unwrap();
        assert_eq!(heard, Some(ToGate::Show { sha256 }));
        let content = FromGate::Content {
            sha256,
            content: Some(Base64(content.to_vec())),
        };
        frames::send(&mut self.stream, &content).unwrap();
    }

    /// Lets the command through.
    pub(crate) fn release(&mut self) {
        let release = FromGate::Release {
            token: Hex32([7; 32]),
        };
        frames::send(&mut self.stream, &release).unwrap();
        let heard = frames::receive(&mut self.stream).unwrap();
        assert_eq!(heard, Some(ToGate::Released));
    }

    /// A signal came.
    pub(crate) fn give_up(mut self) {
        let why = "interrupted".to_owned();
        frames::send(&mut self.stream, &FromGate::GiveUp { why }).unwrap();
    }
}

fn request() -> Value {
    let pid = i32::try_from(std::process::id()).unwrap();
    json!({
        "version": 1,
        "id": uuid::Builder::from_random_bytes(random_bytes().unwrap()).into_uuid(),
        "nonce": Hex32(random_bytes().unwrap()),
        "asked_at_ms": 1, "timeout_ms": 20_000,
        "host": {"name": "h", "machine_id": ""},
        "requester": {"uid": 1000, "name": "agent"},
        "sudo": {"pid": pid, "start_time": start_time(pid), "argv": ["sudo", "id"], "service": "sudo"},
        "call": null, "unreadable": "a test",
        "program": {"path": null, "found": "unknown"},
        "cwd": "/", "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}],
        "tty": null, "parents": [], "agents": [], "operands": [], "reason": null,
    })
}
