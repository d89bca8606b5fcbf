//! The command as it runs before a person: what it shows, and their keyboard.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use aisudo_core::{evidence::Verdict, wire::FromControl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{Fake, until};

/// What was decided: the number of the request, the answer, the words.
pub(crate) fn answers(fake: &Fake) -> Vec<(u128, Verdict, Option<String>)> {
    let decided = fake.state().decided.clone();
    decided
        .into_iter()
        .map(|decided| match decided {
            FromControl::Decide {
                id, verdict, note, ..
            } => (id.as_u128() & 0xff, verdict, note),
            other => panic!("{other:?}"),
        })
        .collect()
}

pub(crate) fn pty() -> (File, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(keyboard), terminal.into())
}

/// The running command, what it has shown that was not looked for yet, and its keyboard.
pub(crate) struct Screen {
    child: Child,
    shown: Arc<Mutex<String>>,
    /// All that it has shown.
    pub(crate) record: Arc<Mutex<String>>,
    keyboard: Option<Box<dyn Write>>,
    reader: Option<JoinHandle<()>>,
}

impl Screen {
    pub(crate) fn new(mut command: Command, terminal: Option<(File, OwnedFd)>) -> Self {
        let mut keyboard: Option<Box<dyn Write>> = None;
        match terminal {
            Some((master, slave)) => {
                command.stdin(Stdio::from(slave));
                keyboard = Some(Box::new(master));
            }
            None => {
                command.stdin(Stdio::piped());
            }
        }
        // One pipe for both: what is shown stays in its order.
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        // Its copies of the writing end go, or the end would never be read.
        drop(command);
        if let Some(stdin) = child.stdin.take() {
            keyboard = Some(Box::new(stdin));
        }
        let shown = Arc::<Mutex<String>>::default();
        let record = Arc::<Mutex<String>>::default();
        let reader = Some(follow(reader, [&shown, &record]));
        Self {
            child,
            shown,
            record,
            keyboard,
            reader,
        }
    }

    /// Waits until this is shown, behind what was waited for before.
    pub(crate) fn shows(&mut self, text: &str) {
        until(|| {
            let mut shown = self.shown.lock().unwrap();
            let rest = shown.split_once(text).map(|(_, rest)| rest.to_owned());
            match rest {
                Some(rest) => {
                    *shown = rest;
                    true
                }
                None => false,
            }
        });
    }

    /// Waits for the end of the line that begins with this: all that was shown until then.
    pub(crate) fn shows_line(&mut self, beginning: &str) -> String {
        let mut before = String::new();
        until(|| {
            let mut shown = self.shown.lock().unwrap();
            let found = shown.split_inclusive('\n').scan(0, |length, line| {
                *length += line.len();
                Some((*length, line))
            });
            let mut whole = found.filter(|(_, line)| line.ends_with('\n'));
            let Some((length, _)) = whole.find(|(_, line)| line.starts_with(beginning)) else {
                return false;
            };
            before = shown.drain(..length).collect();
            true
        });
        before
    }

    /// Ends its input and waits: the exit code, and what it has shown that was not looked for.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        self.keyboard = None;
        self.ends_by_itself()
    }

    /// The same, with an input that goes on.
    pub(crate) fn ends_by_itself(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        // The reader is behind the program.
        self.reader.take().unwrap().join().unwrap();
        (
            status.code(),
            std::mem::take(&mut self.shown.lock().unwrap()),
        )
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn types(&mut self, text: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(text.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    pub(crate) fn ends_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    pub(crate) fn leave(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn follow(mut from: impl Read + Send + 'static, into: [&Arc<Mutex<String>>; 2]) -> JoinHandle<()> {
    let into = into.map(Arc::clone);
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            let text = String::from_utf8_lossy(&piece[..count]).into_owned();
            for one in &into {
                one.lock().unwrap().push_str(&text);
            }
        }
    })
}
