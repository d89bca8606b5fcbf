//! A phone, as the app is one.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use aisudo_core::{
    device::{DeviceKey, KeyId},
    evidence::Verdict,
    raw::hex,
};
use aisudo_seal::{
    device::{Ed25519, Signer},
    envelope::{Envelope, Kind, PublicKey, SecretKey, seal},
    message::{DeviceSays, HostSays, ToDevice},
    statement::{Signed, Statement},
};
use aisudo_sys::{clock, random::random_bytes};
use rand_core::OsRng;

use crate::{
    gate::Gate,
    place::Place,
    web::{Answer, Stream, call},
};

/// Its keys.
pub(crate) struct Phone {
    pub(crate) label: &'static str,
    pub(crate) seal: SecretKey,
    pub(crate) signer: Ed25519,
}

/// What stands in an [`HostSays::Ask`].
pub(crate) struct Asked {
    pub(crate) reply: PublicKey,
}

impl Phone {
    pub(crate) fn new(label: &'static str) -> Self {
        Self {
            label,
            seal: SecretKey::generate(&mut OsRng),
            signer: Ed25519::from_seed(&random_bytes().unwrap()),
        }
    }

    /// Its key's name.
    pub(crate) fn device(&self) -> KeyId {
        self.signer.key().id()
    }

    /// Its lines in `approvers.toml`.
    pub(crate) fn lines(&self) -> String {
        let DeviceKey::Ed25519 { public } = self.signer.key() else {
            panic!("an Ed25519 key");
        };
        format!(
            "[[approver.device]]\nlabel = \"{}\"\nkey = {{ kind = \"ed25519\", public = \"{}\" }}\nseal = \"{}\"\nsince_ms = 1\n",
            self.label,
            hex(&public.0),
            hex(&self.seal.public().to_bytes()),
        )
    }

    /// What it says, sealed.
    pub(crate) fn sealed(&self, place: &Place, says: &DeviceSays) -> Vec<u8> {
        let body = serde_json::to_vec(says).unwrap();
        seal(says.kind(), &self.seal, &place.host(), &body, &mut OsRng).unwrap()
    }

    pub(crate) fn say(&self, place: &Place, says: &DeviceSays) -> Answer {
        call(
            place.address(),
            "POST",
            "/messages",
            &self.sealed(place, says),
        )
    }

    /// Listens, and hears what there is.
    pub(crate) fn listen(&self, place: &Place) -> Inbox<'_> {
        let envelope = self.sealed(place, &DeviceSays::Listen { known: None });
        let stream = Stream::open(place.address(), "/inbox", &envelope);
        self.hears(place, stream)
    }

    /// What comes on this stream.
    pub(crate) fn hears<S>(&self, place: &Place, stream: Stream<S>) -> Inbox<'_, S> {
        Inbox {
            phone: self,
            host: place.host(),
            stream,
        }
    }

    /// Opens what the host says.
    pub(crate) fn open(&self, host: &PublicKey, envelope: &[u8]) -> ToDevice {
        let envelope = Envelope::parse(envelope).unwrap();
        let opened = envelope.open(&self.seal, host).unwrap();
        let message: ToDevice = serde_json::from_slice(&opened.body).unwrap();
        assert_eq!(message.said.kind(), opened.kind);
        message
    }

    /// An answer, signed.
    pub(crate) fn sign(&self, gate: &Gate, verdict: Verdict, note: &str) -> Signed {
        let statement = Statement {
            digest: gate.digest(),
            nonce: gate.nonce,
            verdict,
            note: note.to_owned(),
            at_ms: clock::unix_ms(),
        };
        self.signer.answer(statement).unwrap()
    }

    /// The same, sealed to the key that came with the question.
    pub(crate) fn answer(&self, asked: &Asked, signed: &Signed) -> Vec<u8> {
        let body = serde_json::to_vec(signed).unwrap();
        seal(Kind::Decision, &self.seal, &asked.reply, &body, &mut OsRng).unwrap()
    }
}

/// What comes to a phone.
pub(crate) struct Inbox<'a, S = TcpStream> {
    phone: &'a Phone,
    host: PublicKey,
    stream: Stream<S>,
}

impl<S: Read + Write> Inbox<'_, S> {
    /// The next; nothing when the host has ended it.
    pub(crate) fn next(&mut self) -> Option<ToDevice> {
        let envelope = self.stream.next()?;
        Some(self.phone.open(&self.host, &envelope))
    }

    pub(crate) fn hear(&mut self) -> HostSays {
        self.next().expect("a message").said
    }

    /// The question about this request, which may come behind others.
    pub(crate) fn asked(&mut self, gate: &Gate) -> Asked {
        loop {
            if let HostSays::Ask {
                reply,
                request,
                code,
                remaining_ms,
                ..
            } = self.hear()
                && request == gate.body
            {
                assert_eq!(code, gate.code);
                assert!((1..=20_000).contains(&remaining_ms), "{remaining_ms}");
                return Asked { reply };
            }
        }
    }

    /// What became of this request: its state, by whom, by which device, and the note.
    pub(crate) fn changed(
        &mut self,
        gate: &Gate,
    ) -> (String, Option<String>, Option<KeyId>, Option<String>) {
        loop {
            if let HostSays::Changed {
                id,
                state,
                approver,
                device,
                note,
                ..
            } = self.hear()
                && id == gate.id
            {
                return (state, approver, device, note);
            }
        }
    }
}
