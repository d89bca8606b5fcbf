//! The terminal: taken, and given back whatever happens.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::fd::{AsFd, OwnedFd},
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ratatui::{
    Frame, Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen},
    },
    layout::Rect,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::areas::Size;

/// The whole screen, until it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
    taken: Arc<Taken>,
    size: Size,
}

impl Screen {
    /// Takes the terminal that these two are. A panic gives it back before it says anything.
    pub(super) fn take(input: impl AsFd, output: impl AsFd) -> io::Result<Self> {
        let taken = Arc::new(Taken::new(input, output)?);
        let size = taken.size();
        let screen = Self {
            terminal: empty(&taken.output, size)?,
            taken: Arc::clone(&taken),
            size,
        };
        taken.take()?;
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            taken.give_back();
            say(info);
        }));
        Ok(screen)
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        self.terminal.backend_mut().flush()
    }

    /// For as long as somebody else has the terminal.
    pub(super) fn give_back(&mut self) {
        self.taken.give_back();
    }

    /// After that, or when something was changed about the terminal.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        self.taken.take()?;
        self.size = self.taken.size();
        self.terminal = empty(&self.taken.output, self.size)?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.taken.give_back();
    }
}

/// What must be put right again.
#[derive(Debug)]
struct Taken {
    input: OwnedFd,
    output: File,
    before: Termios,
    is_taken: AtomicBool,
}

impl Taken {
    fn new(input: impl AsFd, output: impl AsFd) -> io::Result<Self> {
        let input = input.as_fd().try_clone_to_owned()?;
        Ok(Self {
            before: tcgetattr(&input)?,
            input,
            output: output.as_fd().try_clone_to_owned()?.into(),
            is_taken: AtomicBool::new(false),
        })
    }

    fn take(&self) -> io::Result<()> {
        self.is_taken.store(true, Ordering::SeqCst);
        let mut raw = self.before.clone();
        raw.make_raw();
        // What was typed before was not for this screen.
        tcsetattr(&self.input, OptionalActions::Flush, &raw)?;
        execute!(
            &self.output,
            EnterAlternateScreen,
            EnableBracketedPaste,
            Hide,
            Clear(ClearType::All)
        )
    }

    fn give_back(&self) {
        if self.is_taken.swap(false, Ordering::SeqCst) {
            // A terminal that is gone needs nothing.
            let _ = execute!(
                &self.output,
                Show,
                DisableBracketedPaste,
                LeaveAlternateScreen
            );
            // Nor is what was typed for this screen for the shell.
            let _ = tcsetattr(&self.input, OptionalActions::Flush, &self.before);
        }
    }

    /// A terminal that does not know its size gets the usual one.
    fn size(&self) -> Size {
        match tcgetwinsize(&self.output) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size {
                width: size.ws_col,
                height: size.ws_row,
            },
            _ => Size {
                width: 80,
                height: 24,
            },
        }
    }
}

/// For a screen on which there is nothing. Made anew for each size: `Terminal::clear` asks the
/// terminal where its cursor is, and takes what was typed for the answer.
fn empty(output: &File, size: Size) -> io::Result<Terminal<CrosstermBackend<BufWriter<File>>>> {
    let backend = CrosstermBackend::new(BufWriter::new(output.try_clone()?));
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.width, size.height));
    Terminal::with_options(backend, TerminalOptions { viewport })
}

#[cfg(test)]
mod tests {
    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::LocalModes,
    };

    use super::*;

    #[test]
    fn a_panic_gives_the_terminal_back() {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let terminal = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let line_mode = |terminal: &File| {
            let modes = tcgetattr(terminal).unwrap().local_modes;
            modes.contains(LocalModes::ICANON | LocalModes::ECHO)
        };
        assert!(line_mode(&terminal));
        // The test's own hook stays out of it.
        let usual = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let seen = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let _screen = Screen::take(&terminal, &terminal).unwrap();
            assert!(!line_mode(&terminal));
            panic!("on purpose");
        }));
        panic::set_hook(usual);
        assert!(seen.is_err());
        assert!(line_mode(&terminal));
        // The kernel hands over what was written piece by piece.
        let patience = Timespec {
            tv_sec: 5,
            tv_nsec: 0,
        };
        let mut shown = String::new();
        while !shown.contains("\x1b[?2004l") {
            let mut wait = [PollFd::new(&keyboard, PollFlags::IN)];
            assert_ne!(poll(&mut wait, Some(&patience)).unwrap(), 0, "{shown:?}");
            let mut piece = [0; 256];
            let count = rustix::io::read(&keyboard, &mut piece).unwrap();
            shown += &String::from_utf8_lossy(&piece[..count]);
        }
        for sequence in [
            "\x1b[?1049h",
            "\x1b[?25l",
            "\x1b[?1049l",
            "\x1b[?25h",
            "\x1b[?2004l",
        ] {
            assert!(shown.contains(sequence), "{shown:?}");
        }
    }
}
