//! A world in which the owner is asked on their phone.

use std::os::unix::fs::DirBuilderExt;

use aisudo_e2e::{PATIENCE, agent, entries};
use aisudo_signal_sim::{Builder, Endpoint, Message, Person, Sim};
use aisudo_testbed::{DEFAULT_CONFIG, Daemon, Output, Running, World};
use serde_json::Value;

/// The account that asks.
pub(crate) const OWN: &str = "+15550001111";

/// The daemon's group: the socket is theirs.
const AISUDO: u32 = 7099;

/// The owner is asked here, and answers. The first account of the simulator asks.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) sim: Sim,
    /// To themselves.
    sends_notes: bool,
    pub(crate) owner: Person,
    pub(crate) daemon: Daemon,
    pub(crate) world: World,
}

/// How it is set up.
#[derive(Debug)]
pub(crate) struct Plan {
    sim: Builder,
    endpoint: Endpoint,
    config: String,
    signal: String,
    approver: Option<Person>,
    mode: u32,
    wait: bool,
}

/// A question on the phone.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) code: String,
    pub(crate) timestamp: u64,
    pub(crate) message: Message,
}

impl Phone {
    /// With a number of its own, over a Unix socket, and the owner as approver.
    pub(crate) fn new() -> Self {
        Self::plan().start()
    }

    /// To change something about it first.
    pub(crate) fn plan() -> Plan {
        let owner = Person::new(1);
        Plan {
            sim: Sim::builder().account(OWN).person(&owner),
            endpoint: Endpoint::Unix("/run/signal/socket".into()),
            config: DEFAULT_CONFIG.replace("\"policy\"]", "\"policy\", \"signal\"]"),
            signal: "messages_per_minute = 1000\n".to_owned(),
            approver: Some(owner),
            mode: 0o660,
            wait: true,
        }
    }

    /// The agent asks to run this line.
    pub(crate) fn ask(&self, line: &str) -> Running {
        agent(&self.world).shell(line)
    }

    /// The question about the one request that waits.
    #[track_caller]
    pub(crate) fn question(&self) -> Question {
        self.question_about(&self.world.wait_for_request())
    }

    /// The question with this code, when it is on the phone.
    #[track_caller]
    pub(crate) fn question_about(&self, code: &str) -> Question {
        let message = self
            .sim
            .wait_for_message(|message| is_question(message) && message.text.contains(code));
        Question {
            code: code.to_owned(),
            timestamp: message.timestamp,
            message,
        }
    }

    /// Asks, and waits for the question.
    #[track_caller]
    pub(crate) fn asked(&self, line: &str) -> (Running, Question) {
        let sudo = self.ask(line);
        (sudo, self.question())
    }

    /// How often the owner was asked.
    pub(crate) fn questions(&self) -> usize {
        let sent = self.sim.sent();
        sent.iter().filter(|message| is_question(message)).count()
    }

    /// Waits until the question's place says this.
    #[track_caller]
    pub(crate) fn becomes(&self, question: &Question, what: &str) -> String {
        self.sim
            .wait_for_text(question.timestamp, |text| text.contains(what))
    }

    /// Waits for a line that is no question, sent after `before`.
    #[track_caller]
    pub(crate) fn help(&self, what: &str) -> Message {
        self.sim.wait_for_message(|message| {
            !is_question(message) && message.edits.is_none() && message.text.contains(what)
        })
    }

    /// The owner says yes to it, with a thumb.
    pub(crate) fn approve(&self, question: &Question) {
        let post = match self.sends_notes {
            true => self.sim.from_owner(),
            false => self.sim.from(&self.owner),
        };
        post.react(question.timestamp, "👍", false);
    }

    /// Waits until the daemon has heard all that was written so far: it takes messages in their order,
    /// and an answer that comes behind them has counted.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let before = self.world.pending();
        let sudo = self.ask("sudo echo settled");
        let codes = self.world.wait_for_requests(before.len() + 1);
        let new = codes.iter().find(|code| !before.contains(code));
        self.approve(&self.question_about(new.expect("a new code")));
        assert_eq!(end(sudo).stdout, "settled\n");
    }

    /// Waits until the daemon has on disk that it asked: it does not ask again after a crash.
    #[track_caller]
    pub(crate) fn is_remembered(&self, question: &Question) {
        aisudo_e2e::eventually("the question is on disk", || {
            let prompted = entries(&self.world, "prompted");
            let is_it = |entry: &Value| entry["reference"] == question.timestamp;
            prompted.iter().any(is_it)
        });
    }

    /// Still waiting for an answer: nothing so far was one.
    #[track_caller]
    pub(crate) fn undecided(&self, question: &Question) {
        assert!(
            self.world.pending().contains(&question.code),
            "{} is decided: {:?}",
            question.code,
            entries(&self.world, "approved")
        );
    }

    /// `aisudo status`, as root.
    pub(crate) fn status(&self) -> String {
        self.world.approver(["status"]).stdout
    }

    /// Waits until `aisudo status` says this.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, what: &str) -> String {
        aisudo_e2e::eventually(&format!("status says {what:?}"), || {
            self.status().contains(what)
        });
        self.status()
    }

    /// The states of the channel, as the audit log has them, oldest first; with the kind of failure
    /// where it is one: "paused: captcha".
    pub(crate) fn states(&self) -> Vec<String> {
        entries(&self.world, "channel")
            .iter()
            .map(|entry| {
                let state = entry["state"].as_str().unwrap_or_default();
                match entry["kind"].as_str() {
                    Some(kind) => format!("{state}: {kind}"),
                    None => state.to_owned(),
                }
            })
            .collect()
    }

    /// Waits until the audit log says that the channel is so.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, state: &str) {
        aisudo_e2e::eventually(&format!("the audit log says {state}"), || {
            self.states().last().is_some_and(|last| last == state)
        });
    }

    /// Attempts to decide that did not count: who, and why.
    pub(crate) fn refusals(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entries(&self.world, "decision_refused")
            .iter()
            .map(|entry| (text(&entry["who"]), text(&entry["why"])))
            .collect()
    }

    /// Starts the daemon again, when it has ended.
    pub(crate) fn restart_daemon(&mut self) {
        self.daemon = self.world.start_daemon();
        self.sim.wait_for_receiver();
    }

    /// Root's file has somebody else beside the owner.
    pub(crate) fn pin_also(&self, other: &Person) {
        let text = approvers("owner", &self.owner, &self.owner.fingerprint(), 1);
        let other = approver("other", other, &other.fingerprint(), 1);
        self.world.approvers(&(text + &other));
    }
}

impl Plan {
    /// Another simulator.
    pub(crate) fn sim(mut self, change: impl FnOnce(Builder) -> Builder) -> Self {
        self.sim = change(self.sim);
        self
    }

    /// Listens there.
    pub(crate) fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Something replaced in `aisudo.toml`.
    #[track_caller]
    pub(crate) fn replace(mut self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "{from:?} is not in the file");
        self.config = self.config.replace(from, to);
        self
    }

    /// The gate believes answers from Signal only, so that nothing else can be asked.
    pub(crate) fn only_signal(self) -> Self {
        self.replace(
            "[\"terminal\", \"policy\", \"signal\"]",
            "[\"policy\", \"signal\"]",
        )
    }

    /// A line more in `[channels.signal]`; one that is there already is replaced.
    pub(crate) fn signal(mut self, line: &str) -> Self {
        let name = line.split(' ').next().unwrap_or_default();
        let kept: Vec<&str> = self
            .signal
            .lines()
            .filter(|other| !other.starts_with(name))
            .collect();
        self.signal = format!("{}\n{line}\n", kept.join("\n"));
        self
    }

    /// Another account asks, in its own "note to self".
    pub(crate) fn note_to_self(mut self) -> Self {
        self.sim = Sim::builder().linked_account(OWN);
        self.approver = None;
        self.signal("note_to_self = true")
    }

    /// The socket's mode.
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// The daemon may not get a connection: do not wait for one.
    pub(crate) fn unconnected(mut self) -> Self {
        self.wait = false;
        self
    }

    /// Everything is running.
    #[track_caller]
    pub(crate) fn start(self) -> Phone {
        let world = World::new();
        std::fs::DirBuilder::new()
            .mode(0o755)
            .create("/run/signal")
            .expect("make the socket's directory");
        let builder = self.sim.socket_mode(self.mode).socket_gid(AISUDO);
        let sim = builder.start(self.endpoint);
        let sends_notes = self.approver.is_none();
        let owner = self.approver.unwrap_or_else(|| sim.owner());
        world.config(&format!(
            "{}\n[channels.signal]\nconnect = \"{}\"\naccount = \"{OWN}\"\n{}",
            self.config,
            sim.address(),
            self.signal
        ));
        world.approvers(&approvers("owner", &owner, &owner.fingerprint(), 1));
        let daemon = world.start_daemon();
        let phone = Phone {
            sim,
            sends_notes,
            owner,
            daemon,
            world,
        };
        if self.wait {
            phone.sim.wait_for_receiver();
            phone.wait_for_status("connected to signal-cli");
        }
        phone
    }
}

/// sudo's end.
#[track_caller]
pub(crate) fn end(sudo: Running) -> Output {
    sudo.wait(PATIENCE)
}

/// It ended without running anything.
#[track_caller]
pub(crate) fn nothing_ran(sudo: Running) -> Output {
    let done = end(sudo);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
    done
}

/// It ran.
#[track_caller]
pub(crate) fn ran(sudo: Running) -> Output {
    let done = end(sudo);
    assert_eq!(done.stdout, "ran\n", "{done}");
    done
}

fn is_question(message: &Message) -> bool {
    message.method == "send" && message.edits.is_none() && message.text.starts_with("■ Request")
}

/// Root's file, with one approver of this name.
fn approvers(name: &str, person: &Person, fingerprint: &str, since_ms: u64) -> String {
    format!(
        "version = 1\n{}",
        approver(name, person, fingerprint, since_ms)
    )
}

fn approver(name: &str, person: &Person, fingerprint: &str, since_ms: u64) -> String {
    format!(
        "\n[[approver]]\nname = \"{name}\"\n\n[approver.signal]\naci = \"{}\"\nidentity = \"{fingerprint}\"\nsince_ms = {since_ms}\n",
        person.aci
    )
}
