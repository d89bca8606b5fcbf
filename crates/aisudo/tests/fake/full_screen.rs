//! The command on a whole screen: a terminal that is read as a terminal program reads it.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZero,
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use super::{screen::pty, soon, until};

pub(crate) struct FullScreen {
    child: Child,
    keyboard: File,
    terminal: OwnedFd,
    shown: Arc<Mutex<vt100::Parser>>,
}

impl FullScreen {
    pub(crate) fn new(command: Command) -> Self {
        Self::of_size(command, 24, 80)
    }

    pub(crate) fn of_size(mut command: Command, rows: u16, columns: u16) -> Self {
        let (keyboard, terminal) = pty();
        resize(&keyboard, rows, columns);
        let end = || Stdio::from(terminal.try_clone().unwrap());
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        let child = command.stdin(end()).stdout(end()).stderr(end());
        let child = child.spawn().unwrap();
        let parser = vt100::Parser::new(some(rows), some(columns), 0);
        let shown = Arc::new(Mutex::new(parser));
        follow(keyboard.try_clone().unwrap(), &shown);
        Self {
            child,
            keyboard,
            terminal,
            shown,
        }
    }

    /// All that can be read on it, row by row.
    pub(crate) fn text(&self) -> String {
        self.shown.lock().unwrap().screen().contents()
    }

    /// Waits until this is on the screen.
    pub(crate) fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// How many lines of the request are above the window.
    pub(crate) fn above(&self) -> usize {
        let text = self.text();
        let count = text.split_once("above: ").map(|(_, rest)| rest);
        let count = count.and_then(|rest| rest.split(' ').next());
        count.map_or(0, |count| count.parse().unwrap())
    }

    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut(&str) -> bool) {
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(|| is_so(&self.text()));
        }));
        assert!(seen.is_ok(), "no {what:?} on:\n{}", self.text());
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Presses a key until this is on the screen: on a busy machine a key can come before the program knows
    /// that what it wrote is to be seen, and then it rightly counts for nothing.
    pub(crate) fn presses(&mut self, key: &str, text: &str) {
        for _ in 0..8 {
            self.types(key);
            if soon(|| self.text().contains(text)) {
                return;
            }
        }
        self.shows(text);
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let mut shown = self.shown.lock().unwrap();
        shown.screen_mut().set_size(some(rows), some(columns));
        drop(shown);
        resize(&self.keyboard, rows, columns);
        // The terminal is not its controlling one, so the kernel does not tell it.
        self.signal(Signal::WINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// One letter, proc(5).
    pub(crate) fn process_state(&self) -> String {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.chars().take(1).collect()
    }

    /// Whether it is as a shell left it: no whole screen, a cursor, lines and echo.
    pub(crate) fn is_given_back(&self) -> bool {
        let shown = self.shown.lock().unwrap();
        let screen = shown.screen();
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub(crate) fn ends(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        until(|| self.is_given_back());
        status
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn some(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn resize(keyboard: &File, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(keyboard, size).unwrap();
}

fn follow(mut from: File, into: &Arc<Mutex<vt100::Parser>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            into.lock().unwrap().process(&piece[..count]);
        }
    });
}
