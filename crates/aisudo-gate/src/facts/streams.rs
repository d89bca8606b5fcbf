//! What descriptors 0, 1 and 2 are.

use std::{fs, os::fd::BorrowedFd};

use aisudo_core::{raw::Raw, request::Stream};
use rustix::{
    fs::{FileType, Stat, fstat, major, minor},
    io::Errno,
    stdio::{stderr, stdin, stdout},
    termios::isatty,
};

use super::process::{self, Terminal};

/// `/dev/null`: null(4).
const NULL: (u32, u32) = (1, 3);

/// Descriptors 0, 1 and 2.
#[must_use]
pub fn first_three() -> [Stream; 3] {
    [stream(stdin(), 0), stream(stdout(), 1), stream(stderr(), 2)]
}

/// Whether standard input and standard error are the controlling terminal: a person may sit there.
/// (Or a program that made itself a terminal: it meets a password.)
#[must_use]
pub fn attended() -> bool {
    let Some(Some(terminal)) = process::stat("self").map(|own| own.terminal) else {
        return false;
    };
    [stdin(), stderr()].into_iter().all(|descriptor| {
        fstat(descriptor).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
                && device(&stat) == (terminal.major, terminal.minor)
        })
    })
}

/// The device file of a controlling terminal, by Linux's numbers (devices.txt of the kernel).
#[must_use]
pub fn terminal_path(terminal: Terminal) -> Raw {
    let Terminal { major, minor } = terminal;
    let path = match major {
        136..=143 => format!("/dev/pts/{}", (major - 136) * 256 + minor),
        4 if minor < 64 => format!("/dev/tty{minor}"),
        4 => format!("/dev/ttyS{}", minor - 64),
        _ => format!("terminal {major}:{minor}"),
    };
    Raw::from(path.as_str())
}

fn stream(descriptor: BorrowedFd<'_>, number: u8) -> Stream {
    let stat = match fstat(descriptor) {
        Ok(stat) => stat,
        Err(Errno::BADF) => return Stream::Closed,
        Err(_) => {
            return Stream::Other {
                path: Raw::default(),
            };
        }
    };
    let path = || {
        fs::read_link(format!("/proc/self/fd/{number}"))
            .map(|path| Raw::from(path.as_os_str()))
            .unwrap_or_default()
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo => Stream::Pipe,
        FileType::Socket => Stream::Socket,
        FileType::RegularFile => Stream::File { path: path() },
        FileType::CharacterDevice if device(&stat) == NULL => Stream::Null,
        FileType::CharacterDevice if isatty(descriptor) => Stream::Terminal { path: path() },
        _ => Stream::Other { path: path() },
    }
}

fn device(stat: &Stat) -> (u32, u32) {
    (major(stat.st_rdev), minor(stat.st_rdev))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(stream(reader.as_fd(), 0), Stream::Pipe);
        let null = fs::File::open("/dev/null").unwrap();
        assert_eq!(stream(null.as_fd(), 0), Stream::Null);
        let file = tempfile::tempfile().unwrap();
        assert!(matches!(stream(file.as_fd(), 0), Stream::File { .. }));
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(stream(socket.as_fd(), 0), Stream::Socket);
        let zero = fs::File::open("/dev/zero").unwrap();
        assert!(matches!(stream(zero.as_fd(), 0), Stream::Other { .. }));
    }

    #[test]
    fn terminals_have_their_usual_names() {
        let name = |major, minor| terminal_path(Terminal { major, minor });
        assert_eq!(name(136, 3), Raw::from("/dev/pts/3"));
        assert_eq!(name(137, 3), Raw::from("/dev/pts/259"));
        assert_eq!(name(4, 1), Raw::from("/dev/tty1"));
        assert_eq!(name(4, 64), Raw::from("/dev/ttyS0"));
    }
}
