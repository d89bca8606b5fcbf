//! What descriptors 0, 1 and 2 are.

use std::os::fd::BorrowedFd;

use aisudo_core::{raw::Raw, request::Stream};
use aisudo_sys::{
    descriptor::{NULL, path},
    process,
};
use rustix::{
    fs::{FileType, Stat, fstat, major, minor},
    io::Errno,
    stdio::{stderr, stdin, stdout},
    termios::isatty,
};

/// Descriptors 0, 1 and 2.
#[must_use]
pub fn first_three() -> [Stream; 3] {
    [stream(stdin()), stream(stdout()), stream(stderr())]
}

/// Whether standard input and standard error are the controlling terminal: a person may sit there.
/// (Or a program that made itself a terminal: it meets a password.)
#[must_use]
pub fn attended() -> bool {
    let Some(Some(terminal)) = process::own().map(|own| own.terminal) else {
        return false;
    };
    [stdin(), stderr()].into_iter().all(|descriptor| {
        fstat(descriptor).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
                && device(&stat) == (terminal.major, terminal.minor)
        })
    })
}

fn stream(descriptor: BorrowedFd<'_>) -> Stream {
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
        path(descriptor)
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
    use std::{fs, os::fd::AsFd};

    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(stream(reader.as_fd()), Stream::Pipe);
        let null = fs::File::open("/dev/null").unwrap();
        assert_eq!(stream(null.as_fd()), Stream::Null);
        let file = tempfile::tempfile().unwrap();
        assert!(matches!(stream(file.as_fd()), Stream::File { .. }));
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(stream(socket.as_fd()), Stream::Socket);
        let zero = fs::File::open("/dev/zero").unwrap();
        assert!(matches!(stream(zero.as_fd()), Stream::Other { .. }));
    }
}
