//! A host whose owner has a phone: the world, its daemon, and pairing as a person does it.

use std::{net::TcpListener, time::Duration};

use aisudo_testbed::{DEFAULT_CONFIG, Daemon, Output, Running, World};
use serde_json::{Value, json};

use crate::browser::Browser;

/// How long a step may take that a browser has a part in.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running host. The browser belongs to a test, as it must be there before the world is.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) daemon: Daemon,
    pub(crate) world: World,
    pub(crate) url: String,
}

impl Host {
    /// Only the phone's answers count there, and requests wait for so many seconds.
    pub(crate) fn start(timeout: u32) -> Self {
        Self::start_with(timeout, "")
    }

    /// The same, with more lines for `[channels.app]`.
    pub(crate) fn start_with(timeout: u32, more: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port that is free")
            .port();
        let url = format!("http://localhost:{port}");
        let world = World::new();
        let config = DEFAULT_CONFIG
            .replace("[\"terminal\", \"policy\"]", "[\"app\"]")
            .replace("fallback = \"password\"", "fallback = \"deny\"")
            .replace("timeout = 20", &format!("timeout = {timeout}"));
        world.config(&format!(
            "{config}\n[channels.app]\nurl = \"{url}\"\nlisten = \"127.0.0.1:{port}\"\n{more}"
        ));
        Self {
            daemon: world.start_daemon(),
            world,
            url,
        }
    }

    /// As the owner does it, at a terminal and at the phone. `key`: the name of the choice on the phone.
    #[track_caller]
    pub(crate) fn pair(&self, browser: &mut Browser, key: &str) {
        let mut root = self.pairing();
        browser.goto(&link(&root));
        self.answer(browser, key);
        root.wait_for_tty("Type yes", PATIENCE);
        let words = words(&root.tty());
        browser.see(&words);
        root.type_in("yes\n");
        let done = root.wait(PATIENCE);
        assert_eq!(done.code(), Some(0), "{done}");
        browser.see("This phone can answer");
        browser.click("link", "Inbox");
    }

    /// Root's command, until it shows the link.
    #[track_caller]
    pub(crate) fn pairing(&self) -> Running {
        let program = format!("{}/aisudo", aisudo_testbed::BUILD);
        let root = self
            .world
            .run_as("root")
            .with_tty()
            .spawn([program.as_str(), "pair", "owner"]);
        root.wait_for_tty("#pair=", PATIENCE);
        root
    }

    /// What a person does on the phone once the link is open.
    #[track_caller]
    pub(crate) fn answer(&self, browser: &mut Browser, key: &str) {
        browser.fill("Name of this phone", "test phone");
        browser.run(&json!({"do": "choose", "name": key}));
        browser.press("Pair");
    }

    /// An agent's command.
    pub(crate) fn agent(&self, line: &str) -> Running {
        self.world.run_as("agent").shell(line)
    }

    /// Root's own command.
    #[track_caller]
    pub(crate) fn root(&self, arguments: &[&str]) -> Output {
        self.world.approver(arguments).expect_success()
    }

    /// The audit log's entries of this event.
    #[track_caller]
    pub(crate) fn entries(&self, event: &str) -> Vec<Value> {
        let log = self.root(&["audit", "tail", "--json", "-n", "1000"]).stdout;
        log.lines()
            .map(|line| serde_json::from_str(line).expect("an entry"))
            .filter(|entry: &Value| entry["event"] == event)
            .collect()
    }
}

/// The link on root's terminal.
#[track_caller]
pub(crate) fn link(root: &Running) -> String {
    let shown = root.tty();
    let start = shown.find("http://localhost").expect("a link");
    let link = shown[start..].split_whitespace().next();
    link.expect("its end").to_owned()
}

/// The four words on root's terminal: the only line with just that.
#[track_caller]
fn words(shown: &str) -> String {
    let is_word = |word: &str| word.bytes().all(|letter| letter.is_ascii_lowercase());
    shown
        .lines()
        .map(str::trim)
        .find(|line| line.split(' ').count() == 4 && line.split(' ').all(is_word))
        .unwrap_or_else(|| panic!("no words:\n{shown}"))
        .to_owned()
}
