//! `docs/openapi.json` against the daemon: each answer that is documented is given so.

use aisudo_core::{
    evidence::Verdict,
    wire::{FromControl, ToControl},
};
use aisudo_seal::{
    device::pairing::answer,
    message::DeviceSays,
    pairing::{Host, Link, Offer},
};
use rand_core::OsRng;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    gate::Gate,
    phone::Phone,
    place::{CHANNEL, Place},
    web::{Answer, ask, call_with, connect, head},
};

const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// Whoever has sent too much.
const BUSY: &str = "192.0.2.1";

/// A host with a phone, behind a proxy: there, a test is many clients.
struct Scene {
    place: Place,
    phone: Phone,
}

impl Scene {
    fn new() -> Self {
        let phone = Phone::new("blue");
        let channel = format!("{CHANNEL}behind_proxy = true\n");
        let place = Place::configured(&channel, &[&phone]);
        while call_with(
            place.address(),
            "POST",
            "/messages",
            &[("x-forwarded-for", BUSY)],
            b"",
        )
        .status
            != 429
        {}
        Self { place, phone }
    }

    /// What makes the daemon give this answer.
    fn provoke(&self, method: &str, path: &str, status: u16) -> Answer {
        match (path, status) {
            (_, 429) => self.busy(method, path),
            (_, 413) => self.send(method, &filled(path), &[0; 20_000]),
            ("/", 304) => {
                let page = self.place.get("/");
                let tag = [("if-none-match", page.header("etag").unwrap())];
                call_with(self.place.address(), method, path, &tag, b"")
            }
            ("/" | "/health", 200) => self.send(method, path, b""),
            (_, 404) => self.send(method, &filled(path), b"nothing"),
            ("/inbox", 200) => {
                let listen = DeviceSays::Listen { known: None };
                self.stream(path, &self.phone.sealed(&self.place, &listen))
            }
            ("/messages", 204) => {
                let id = uuid::Uuid::nil();
                let said = self.phone.sealed(&self.place, &DeviceSays::Shown { id });
                self.send(method, path, &said)
            }
            ("/pair", 200) => self.pair(),
            ("/status/{request}/{nonce}", 200) => {
                let gate = Gate::ask(&self.place);
                self.send(method, &gate.path("status"), b"")
            }
            ("/approve/{request}/{nonce}", 204) => self.decide(Verdict::Approve, "approve"),
            ("/deny/{request}/{nonce}", 204) => self.decide(Verdict::Deny, "deny"),
            ("/approve/{request}/{nonce}", 503) => self.unrecorded(Verdict::Approve, "approve"),
            ("/deny/{request}/{nonce}", 503) => self.unrecorded(Verdict::Deny, "deny"),
            _ => panic!("nothing here makes {method} {path} answer {status}"),
        }
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        call_with(self.place.address(), method, path, &[], body)
    }

    fn busy(&self, method: &str, path: &str) -> Answer {
        loop {
            let headers = [("x-forwarded-for", BUSY)];
            let path = filled(path);
            let answer = call_with(self.place.address(), method, &path, &headers, b"");
            // A token may have come back.
            if answer.status != 404 {
                return answer;
            }
        }
    }

    fn stream(&self, path: &str, body: &[u8]) -> Answer {
        let stream = connect(self.place.address());
        head(&mut ask(stream, "POST", path, &[], body))
    }

    fn pair(&self) -> Answer {
        let mut root = self.place.control();
        assert_eq!(root.ask(&FromControl::Pair), ToControl::Pairing);
        let app = "https://box.example";
        let host = Host {
            name: "box",
            key: &self.place.host(),
            address: "",
            app,
        };
        let offer = Offer::new(host, aisudo_core::state::Tick(0), 0, &mut OsRng).unwrap();
        let link = Link::from_fragment(offer.url().strip_prefix(app).unwrap()).unwrap();
        let phone = &self.phone;
        let made = answer(&link, &phone.seal, &phone.signer, "blue", &mut OsRng);
        self.stream("/pair", &made.unwrap().1)
    }

    fn decide(&self, verdict: Verdict, verb: &str) -> Answer {
        let (gate, envelope) = self.answered(verdict);
        self.send("POST", &gate.path(verb), &envelope)
    }

    /// Somebody else holds the database; later the very same answer counts.
    fn unrecorded(&self, verdict: Verdict, verb: &str) -> Answer {
        let (gate, envelope) = self.answered(verdict);
        let lock = Connection::open(self.place.paths.database()).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let answer = self.send("POST", &gate.path(verb), &envelope);
        drop(lock);
        let again = self.send("POST", &gate.path(verb), &envelope);
        assert_eq!(again.status, 204);
        answer
    }

    fn answered(&self, verdict: Verdict) -> (Gate, Vec<u8>) {
        let gate = Gate::ask(&self.place);
        let asked = self.phone.listen(&self.place).asked(&gate);
        let signed = self.phone.sign(&gate, verdict, "");
        let envelope = self.phone.answer(&asked, &signed);
        (gate, envelope)
    }
}

/// A path of the right form, of a request that there is not.
fn filled(path: &str) -> String {
    path.replace("{request}", &uuid::Uuid::nil().to_string())
        .replace("{nonce}", &"0".repeat(64))
}

/// What a reference in the document stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap_or_else(|| panic!("{reference} is not there")),
        None => value,
    }
}

/// Whether a value has the form that a schema gives it, as far as this document says.
fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    let schema = resolved(document, schema);
    let required = schema["required"].as_array().into_iter().flatten();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let has_all = required
        .clone()
        .all(|name| !value[name.as_str().unwrap()].is_null());
    let is_one = schema["enum"]
        .as_array()
        .is_none_or(|all| all.contains(value));
    let is_it = schema.get("const").is_none_or(|only| only == value);
    let only_known = value.as_object().is_none_or(|members| {
        members
            .keys()
            .all(|name| schema["properties"].get(name).is_some())
    });
    has_all
        && is_one
        && is_it
        && only_known
        && properties
            .into_iter()
            .all(|(name, inner)| fits(document, inner, &value[name]))
}

#[test]
fn every_documented_answer_is_given_as_documented() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let scene = Scene::new();
    let mut answers = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().iter();
        for (method, operation) in methods.filter(|(name, _)| *name != "parameters") {
            for (status, documented) in operation["responses"].as_object().unwrap() {
                let documented = resolved(&document, documented);
                let status: u16 = status.parse().unwrap();
                let answer = scene.provoke(&method.to_uppercase(), path, status);
                let shown = format!("{method} {path} {status}: {answer:?}");
                assert_eq!(answer.status, status, "{shown}");
                check(&document, documented, &answer, &shown);
                answers += 1;
            }
        }
    }
    assert!(answers >= 25, "{answers}");
}

fn check(document: &Value, documented: &Value, answer: &Answer, shown: &str) {
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let value = answer.header(&name.to_lowercase()).expect(shown);
        if resolved(document, header)["schema"]["type"] == "integer" {
            assert!(value.parse::<u64>().unwrap() >= 1, "{shown}");
        }
    }
    let content = documented["content"].as_object();
    let Some((kind, form)) = content.and_then(|content| content.iter().next()) else {
        assert_eq!(answer.body.len(), 0, "{shown}");
        return;
    };
    let is = answer.header("content-type").expect(shown);
    assert_eq!(is.split(';').next(), Some(kind.as_str()), "{shown}");
    if kind == "application/json" {
        let value: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(fits(document, &form["schema"], &value), "{shown}");
    }
}
