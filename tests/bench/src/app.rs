//! What the way over the app costs: from a phone's answer to the command, and with many phones.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aisudo_core::{
    base64url, device::DeviceKey, digest::request_digest, evidence::Verdict, raw::Hex32,
    request::Request,
};
use aisudo_seal::{
    device::{Ed25519, Signer},
    envelope::{Envelope, Kind, PublicKey, SecretKey, seal},
    message::{DeviceSays, HostSays, ToDevice},
    statement::Statement,
};
use aisudo_testbed::{Daemon, World};
use rand_core::OsRng;
use serde_json::json;

use crate::Scale;
use crate::sudo::{install_stamp, now_ns, plain_to_exec};
use crate::table::{Samples, Table};

const PATIENCE: Duration = Duration::from_secs(60);

/// Between the question and the answer: its gate has come to rest by then.
const THINKING: Duration = Duration::from_millis(5);

const PORT: u16 = 7443;

/// (l) and (m). `config` is the configuration without the app, and is there again afterwards.
pub(crate) fn measure(world: &World, config: &str, scale: Scale, table: &mut Table) {
    let phones: Vec<Phone> = (0..scale.phones).map(Phone::new).collect();
    let (one, _) = phones.split_at(1);
    set_up(world, config, one);
    let daemon = world.start_daemon();
    let host = host_key();
    answered(world, one, &host, scale, table);
    drop(daemon);
    set_up(world, config, &phones);
    let daemon = world.start_daemon();
    many(world, &daemon, &phones, &host, table);
    drop(daemon);
    world.config(config);
}

/// From the first byte of a phone's POST to the command's first instruction.
fn answered(world: &World, phones: &[Phone], host: &PublicKey, scale: Scale, table: &mut Table) {
    let stamp = install_stamp();
    let phone = &phones[0];
    let mut inbox = phone.listen(host);
    let mut samples = Samples::default();
    for _ in 0..scale.decisions {
        let sudo = world.run_as("agent").stderr_null().spawn(["sudo", &stamp]);
        let asked = inbox.wait_for_question(phone, host);
        thread::sleep(THINKING);
        let began = now_ns();
        phone.approve(&asked);
        let out = sudo.wait(PATIENCE).expect_success();
        let ran: f64 = out.stdout.trim().parse().expect("when it ran");
        samples.0.push((ran - began) / 1e6);
    }
    let plain = plain_to_exec(world, scale.decisions);
    table.row(
        "(l) a phone's POST to exec, with sealing and signing",
        format!(
            "{:.2} ms, p99 {:.2} (sudo alone from PAM to exec {:.2}, p99 {:.2})",
            samples.median(),
            samples.p99(),
            plain.median(),
            plain.p99()
        ),
        None,
        json!({"whole_ms": samples.json(), "plain_ms": plain.json()}),
    );
}

/// Each phone listens; then there is one question for all.
fn many(world: &World, daemon: &Daemon, phones: &[Phone], host: &PublicKey, table: &mut Table) {
    let before = resident_kb(daemon);
    let inboxes: Vec<Inbox> = phones.iter().map(|phone| phone.listen(host)).collect();
    let after = resident_kb(daemon);
    let each = (after - before) as f64 / phones.len() as f64;
    let start = Instant::now();
    let listening: Vec<_> = inboxes
        .into_iter()
        .map(|mut inbox| {
            thread::spawn(move || {
                inbox.wait_for_event();
                start.elapsed().as_secs_f64() * 1e3
            })
        })
        .collect();
    let sudo = world
        .run_as("agent")
        .stderr_null()
        .spawn(["sudo", "/usr/bin/true"]);
    let mut heard: Vec<f64> = listening
        .into_iter()
        .map(|one| one.join().expect("an inbox"))
        .collect();
    heard.sort_by(f64::total_cmp);
    let first = heard.first().copied().unwrap_or_default();
    let spread = heard.last().copied().unwrap_or_default() - first;
    let code = world.wait_for_request();
    world.approver(["deny", &code]).expect_success();
    sudo.wait(PATIENCE);
    table.row(
        &format!(
            "(m) {} phones listen: memory each, and one question for all",
            phones.len()
        ),
        format!("{each:.1} kB; the last hears {spread:.0} ms after the first"),
        None,
        json!({"kb_each": each, "spread_ms": spread}),
    );
}

fn set_up(world: &World, config: &str, phones: &[Phone]) {
    let config = config.replace("\"policy\"]", "\"policy\", \"app\"]");
    world.config(&format!(
        "{config}\n[channels.app]\nurl = \"http://localhost:{PORT}\"\nlisten = \"127.0.0.1:{PORT}\"\nbehind_proxy = true\n"
    ));
    let mut text = "version = 1\n[[approver]]\nname = \"owner\"\n".to_owned();
    for phone in phones {
        let DeviceKey::Ed25519 { public } = phone.signer.key() else {
            panic!("a plain key")
        };
        text += &format!(
            "[[approver.device]]\nlabel = \"{}\"\nkey = {{ kind = \"ed25519\", public = \"{public}\" }}\nseal = \"{}\"\nsince_ms = 1\n",
            phone.number,
            Hex32(phone.key.public().to_bytes())
        );
    }
    world.approvers(&text);
}

/// The daemon makes it when it starts.
fn host_key() -> PublicKey {
    let start = Instant::now();
    loop {
        if let Ok(bytes) = fs::read("/var/lib/aisudo/host.key") {
            return *SecretKey::from_bytes(&bytes).expect("a key").public();
        }
        assert!(start.elapsed() < PATIENCE, "the daemon makes no key");
    }
}

fn resident_kb(daemon: &Daemon) -> i64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|text| text.parse().ok())
        .expect("its memory")
}

struct Phone {
    number: usize,
    key: SecretKey,
    signer: Ed25519,
}

/// A question, and what its answer takes.
struct Asked {
    request: Request,
    digest: Hex32,
    reply: PublicKey,
}

impl Phone {
    fn new(number: usize) -> Self {
        let mut seed = [7; 32];
        for (place, byte) in seed.iter_mut().zip(number.to_be_bytes()) {
            *place = byte;
        }
        Self {
            number,
            key: SecretKey::generate(&mut OsRng),
            signer: Ed25519::from_seed(&seed),
        }
    }

    /// Opens its inbox; the first event has come when this returns.
    fn listen(&self, host: &PublicKey) -> Inbox {
        let says = DeviceSays::Listen { known: None };
        let body = serde_json::to_vec(&says).expect("JSON");
        let envelope = seal(says.kind(), &self.key, host, &body, &mut OsRng).expect("it fits");
        let stream = self.post("/inbox", &envelope);
        let mut inbox = Inbox(BufReader::new(stream));
        inbox.wait_for_event();
        inbox
    }

    fn approve(&self, asked: &Asked) {
        let statement = Statement {
            digest: asked.digest,
            nonce: asked.request.nonce,
            verdict: Verdict::Approve,
            note: String::new(),
            at_ms: 1,
        };
        let signed = self.signer.answer(statement).expect("no note");
        let body = serde_json::to_vec(&signed).expect("JSON");
        let envelope = seal(Kind::Decision, &self.key, &asked.reply, &body, &mut OsRng);
        let path = format!("/approve/{}/{}", asked.request.id, asked.request.nonce);
        let mut stream = self.post(&path, &envelope.expect("it fits"));
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 204");
    }

    /// Each comes from an address of its own, as behind a proxy.
    fn post(&self, path: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", PORT)).expect("connect to the daemon");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let sent = SENT.fetch_add(1, Ordering::Relaxed);
        let address = format!("10.{}.{}.1", sent / 250 % 250, sent % 250);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {address}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let whole = [head.as_bytes(), body].concat();
        stream.write_all(&whole).expect("send a request");
        stream
    }
}

struct Inbox(BufReader<TcpStream>);

impl Inbox {
    /// The next envelope.
    fn wait_for_event(&mut self) -> Vec<u8> {
        let mut line = String::new();
        loop {
            line.clear();
            let count = self.0.read_line(&mut line).expect("an event");
            assert_ne!(count, 0, "the daemon hung up");
            if let Some(text) = line.trim().strip_prefix("data: ") {
                return base64url::decode(text).expect("base64url");
            }
        }
    }

    fn wait_for_question(&mut self, phone: &Phone, host: &PublicKey) -> Asked {
        loop {
            let event = self.wait_for_event();
            let envelope = Envelope::parse(&event).expect("an envelope");
            let opened = envelope.open(&phone.key, host).expect("for this phone");
            let said: ToDevice = serde_json::from_slice(&opened.body).expect("a message");
            if let HostSays::Ask { reply, request, .. } = said.said {
                return Asked {
                    digest: request_digest(request.as_bytes()),
                    request: Request::parse(&request).expect("a request"),
                    reply,
                };
            }
        }
    }
}
