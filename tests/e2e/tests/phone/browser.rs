//! A phone's browser: a real Chromium, started on the machine itself and not in the world.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

/// The checkout that this is a test of.
fn checkout() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("two directories up").to_owned()
}

/// A running browser with one page.
#[derive(Debug)]
pub(crate) struct Browser {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// To be called before there is a world, which hides what a browser needs.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a directory for the profile");
        let mut child = Command::new("node")
            .arg(checkout().join("tests/e2e/browser/remote.mjs"))
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start node");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut browser = Self {
            child,
            input,
            output,
            _profile: profile,
        };
        browser.hear();
        browser
    }

    /// Does something, and says what came of it.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &Value) -> Value {
        let input = self.input.as_mut().expect("it runs");
        writeln!(input, "{command}").expect("tell the browser");
        let mut answer = self.hear();
        if let Some(error) = answer.get("error") {
            panic!(
                "{command}: {}\n{}",
                error.as_str().unwrap_or_default(),
                answer["text"].as_str().unwrap_or_default()
            );
        }
        answer["ok"].take()
    }

    #[track_caller]
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("hear the browser");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser ended: {line:?}"))
    }

    #[track_caller]
    pub(crate) fn goto(&mut self, url: &str) {
        self.run(&json!({"do": "goto", "url": url}));
    }

    #[track_caller]
    pub(crate) fn click(&mut self, role: &str, name: &str) {
        self.run(&json!({"do": "click", "role": role, "name": name}));
    }

    /// Once it may be pressed: what has just appeared may not.
    #[track_caller]
    pub(crate) fn press(&mut self, button: &str) {
        self.run(&json!({"do": "ready", "role": "button", "name": button}));
        self.click("button", button);
    }

    #[track_caller]
    pub(crate) fn fill(&mut self, label: &str, text: &str) {
        self.run(&json!({"do": "fill", "label": label, "text": text}));
    }

    #[track_caller]
    pub(crate) fn see(&mut self, text: &str) {
        self.run(&json!({"do": "see", "text": text}));
    }

    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        let text = self.run(&json!({"do": "text"}));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// A picture for people to look at, below `target/screens`.
    #[track_caller]
    pub(crate) fn shot(&mut self, name: &str, dark: bool) {
        let path = checkout().join("target/screens").join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))
            .expect("a place for pictures");
        self.run(&json!({"do": "shot", "path": path, "dark": dark}));
    }

    /// Nothing went wrong behind what was seen, and nothing was asked of others.
    #[track_caller]
    pub(crate) fn is_clean(&mut self) {
        let trouble = self.run(&json!({"do": "trouble"}));
        assert_eq!(trouble, json!([]));
        let violations = self.run(&json!({"do": "axe"}));
        assert_eq!(violations, json!([]));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The end of its input ends it, and Chromium with it.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
