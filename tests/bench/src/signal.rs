//! What the way over Signal costs beside Signal itself: signal-cli is a simulator that takes no time.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use aisudo_signal_sim::{Endpoint, Message, Person, Sim};
use aisudo_testbed::{World, pam_text};
use serde_json::{Value, json};

use crate::Scale;
use crate::sudo::{gated, install_stamp, now_ns, plain_to_exec};
use crate::table::{Samples, Table};

const PATIENCE: Duration = Duration::from_secs(60);

/// Between the question and the answer: its gate has come to rest by then.
const THINKING: Duration = Duration::from_millis(5);

const ACCOUNT: &str = "+15550001111";
const SOCKET: &str = "/run/signal/socket";

/// The daemon's group.
const AISUDO: u32 = 7099;

/// (h) and (i). `config` is the configuration without Signal, and is there again afterwards.
pub(crate) fn measure(world: &World, config: &str, scale: Scale, table: &mut Table) {
    let owner = Person::new(1);
    let sim = set_up(world, config, &owner);
    let daemon = world.start_daemon();
    sim.wait_for_receiver();
    wait_for_status(world, "connected to signal-cli");
    // What waited before is over first.
    wait_for_status(world, "requests: 0 waiting");
    let (to_socket, to_exec) = asked_and_answered(world, &sim, &owner, scale.decisions);
    drop(daemon);
    world.config(config);
    sim.wait_until_alone();
    let (ask_floor, answer_floor) = floor(&sim, &owner, scale.decisions);
    let to_pam = plain_to_pam(world, scale.decisions);
    let pam_to_exec = plain_to_exec(world, scale.decisions);
    row(
        table,
        "(h) sudo's start to bytes on signal-cli's socket",
        [&to_socket, &to_pam, &ask_floor],
        "sudo alone to PAM",
    );
    row(
        table,
        "(i) signal-cli's notification to exec",
        [&to_exec, &pam_to_exec, &answer_floor],
        "sudo alone from PAM to exec",
    );
}

fn row(table: &mut Table, what: &str, [whole, plain, floor]: [&Samples; 3], plain_is: &str) {
    let own = whole.median() - plain.median() - floor.median();
    table.row(
        what,
        format!(
            "{:.2} ms, p99 {:.2}; own {own:.2} (less {plain_is} {:.2}, p99 {:.2}, and a bare client's calls {:.2}, p99 {:.2})",
            whole.median(), whole.p99(), plain.median(), plain.p99(), floor.median(), floor.p99()
        ),
        None,
        json!({"whole_ms": whole.json(), "plain_ms": plain.json(), "floor_ms": floor.json(), "own_ms": own}),
    );
}

fn set_up(world: &World, config: &str, owner: &Person) -> Sim {
    fs::create_dir_all("/run/signal").expect("make the socket's directory");
    let sim = Sim::builder()
        .account(ACCOUNT)
        .person(owner)
        .socket_mode(0o660)
        .socket_gid(AISUDO)
        .start(Endpoint::Unix(SOCKET.into()));
    let config = config.replace("\"policy\"]", "\"policy\", \"signal\"]");
    world.config(&format!(
        "{config}\n[channels.signal]\nconnect = \"{}\"\naccount = \"{ACCOUNT}\"\nmessages_per_minute = 1000000\n",
        sim.address()
    ));
    world.approvers(&format!(
        "version = 1\n[[approver]]\nname = \"owner\"\n[approver.signal]\naci = \"{}\"\nidentity = \"{}\"\nsince_ms = 1\n",
        owner.aci,
        owner.fingerprint()
    ));
    sim
}

fn wait_for_status(world: &World, what: &str) {
    let start = Instant::now();
    while !world.approver(["status"]).stdout.contains(what) {
        assert!(start.elapsed() < PATIENCE, "status never says {what:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// From sudo's start to the question on the socket, and from the thumb to the command's first
/// instruction, in milliseconds.
fn asked_and_answered(
    world: &World,
    sim: &Sim,
    owner: &Person,
    count: usize,
) -> (Samples, Samples) {
    let stamp = install_stamp();
    let (mut to_socket, mut to_exec) = <(Samples, Samples)>::default();
    for n in 0..count {
        // Each from a directory of its own: what is alike is gathered for two seconds.
        let directory = format!("/tmp/bench/{n}");
        fs::create_dir_all(&directory).expect("make a directory");
        let start = now_ns();
        let sudo = world
            .run_as("agent")
            .cwd(&directory)
            .stderr_null()
            .spawn(["sudo", &stamp]);
        let question =
            sim.wait_for_message(|message| is_question(message) && message.at_ns as f64 > start);
        to_socket.0.push((question.at_ns as f64 - start) / 1e6);
        std::thread::sleep(THINKING);
        let answered = now_ns();
        sim.react(owner, question.timestamp, "👍", false);
        let out = sudo.wait(PATIENCE).expect_success();
        let ran: f64 = out.stdout.trim().parse().expect("when it ran");
        to_exec.0.push((ran - answered) / 1e6);
        // Its outcome is sent before the next is measured.
        sim.wait_for_text(question.timestamp, |text| text.contains("RAN"));
    }
    (to_socket, to_exec)
}

fn is_question(message: &Message) -> bool {
    message.edits.is_none() && message.poll.is_none()
}

/// The same calls by a client that only calls, in milliseconds: the look at the key and the send; the
/// notification and the look at the key.
fn floor(sim: &Sim, owner: &Person, count: usize) -> (Samples, Samples) {
    let aci = owner.aci.to_string();
    let mut client = Bare::to(SOCKET);
    let (mut ask, mut answer) = <(Samples, Samples)>::default();
    for _ in 0..count {
        let start = now_ns();
        client.call("listIdentities", &json!({"number": aci}));
        let sent = client.call("send", &json!({"recipient": [aci], "message": "x"}));
        let timestamp = sent["result"]["timestamp"].as_u64();
        let message = sim.wait_for_message(|message| Some(message.timestamp) == timestamp);
        ask.0.push((message.at_ns as f64 - start) / 1e6);
        client.notification();
        std::thread::sleep(THINKING);
        let start = now_ns();
        sim.react(owner, message.timestamp, "👍", false);
        client.notification();
        client.call("listIdentities", &json!({"number": aci}));
        answer.0.push((now_ns() - start) / 1e6);
    }
    (ask, answer)
}

/// Lines in, lines out.
struct Bare {
    reader: BufReader<UnixStream>,
    id: u64,
}

impl Bare {
    fn to(path: &str) -> Self {
        let stream = UnixStream::connect(path).expect("connect to the simulator");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("set a timeout");
        Self {
            reader: BufReader::new(stream),
            id: 0,
        }
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        let call = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": self.id});
        let line = format!("{call}\n");
        self.reader
            .get_mut()
            .write_all(line.as_bytes())
            .expect("write a call");
        loop {
            let answer = self.read();
            if answer["id"] == self.id {
                return answer;
            }
        }
    }

    fn notification(&mut self) {
        while self.read()["method"] != "receive" {}
    }
}

/// From sudo's start to its first PAM module without us, in milliseconds: less what it costs to say
/// when, which a second module like the first tells.
fn plain_to_pam(world: &World, count: usize) -> Samples {
    let stamp = install_stamp();
    let files = ["/tmp/aisudo-bench-first", "/tmp/aisudo-bench-second"];
    let says = files.map(|file| format!("auth required pam_exec.so quiet {stamp} {file}\n"));
    world.pam(
        "sudo",
        &pam_text(&format!(
            "{}auth sufficient pam_permit.so\naccount sufficient pam_permit.so",
            says.concat()
        )),
    );
    let mut samples = Samples::default();
    for _ in 0..count {
        for file in files {
            let _ = fs::remove_file(file);
        }
        let start = now_ns();
        world
            .run_as("agent")
            .stdout_null()
            .stderr_null()
            .spawn(["sudo", "/usr/bin/true"])
            .wait(PATIENCE)
            .expect_success();
        let [first, second] = files.map(|file| {
            let at = fs::read_to_string(file).expect("when PAM was there");
            at.trim().parse::<f64>().expect("a time")
        });
        samples.0.push((first - start - (second - first)) / 1e6);
    }
    world.pam("sudo", &gated());
    samples
}
