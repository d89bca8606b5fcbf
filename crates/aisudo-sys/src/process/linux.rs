//! From proc(5).
#![allow(unsafe_code, reason = "environ(7) is a variable of the C library")]

use std::{
    ffi::c_char,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{Stat, Terminal};

unsafe extern "C" {
    /// environ(7)
    static environ: *const *const c_char;
}

/// Field 22 of `/proc/PID/stat`.
pub(super) fn start_time(pid: i32) -> Option<u64> {
    start_time_in(&read(proc(pid, "stat")).ok()?)
}

pub(super) fn own() -> Option<Stat> {
    parse_stat(&read("/proc/self/stat").ok()?)
}

pub(super) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&read(proc(pid, "stat")).ok()?)
}

pub(super) fn real_uid(pid: i32) -> Option<u32> {
    let status = read(proc(pid, "status")).ok()?;
    // The name comes first and may hold anything but a newline, which the kernel escapes.
    status
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:\t"))
        .and_then(|ids| std::str::from_utf8(ids).ok())
        .and_then(|ids| ids.split_ascii_whitespace().next())
        .and_then(|uid| uid.parse().ok())
}

/// As the kernel keeps them.
pub(super) fn own_words() -> io::Result<Vec<Vec<u8>>> {
    read("/proc/self/cmdline").map(|bytes| split(&bytes))
}

pub(super) fn words(pid: i32) -> Option<Vec<Vec<u8>>> {
    read(proc(pid, "cmdline")).ok().map(|bytes| split(&bytes))
}

pub(super) fn program(pid: i32) -> Option<PathBuf> {
    fs::read_link(proc(pid, "exe")).ok()
}

/// By Linux's numbers (devices.txt of the kernel).
pub(super) fn terminal_path(terminal: Terminal) -> Vec<u8> {
    let Terminal { major, minor } = terminal;
    match major {
        136..=143 => format!("/dev/pts/{}", (major - 136) * 256 + minor),
        4 if minor < 64 => format!("/dev/tty{minor}"),
        4 => format!("/dev/ttyS{}", minor - 64),
        _ => format!("terminal {major}:{minor}"),
    }
    .into_bytes()
}

pub(super) fn environment() -> *const *const c_char {
    // SAFETY: reading the pointer; the programs that call this do not change their environment.
    unsafe { environ }
}

/// A file of `/proc`, usually in one call: they all say that they are empty, and a reader that
/// believes it begins with 32 bytes.
fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    File::open(path)?.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn proc(pid: i32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

/// The name may hold anything, blanks and parentheses too: it ends at the last parenthesis.
fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|byte| *byte == b'(')?;
    let close = bytes.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    // Field 3 is the first of these.
    let field = |number: usize| rest.split_ascii_whitespace().nth(number - 3);
    let terminal: u32 = field(7)?.parse::<i32>().ok()?.cast_unsigned();
    Some(Stat {
        pid: std::str::from_utf8(bytes.get(..open)?)
            .ok()?
            .trim()
            .parse()
            .ok()?,
        name: bytes.get(open + 1..close)?.to_vec(),
        parent: field(4)?.parse().ok()?,
        // proc(5): the minor number is in bits 31 to 20 and 7 to 0, the major in bits 15 to 8.
        terminal: (terminal != 0).then_some(Terminal {
            major: (terminal >> 8) & 0xff,
            minor: (terminal & 0xff) | ((terminal >> 12) & 0xfff00),
        }),
        start_time: field(22)?.parse().ok()?,
    })
}

/// The name in parentheses may itself hold blanks and parentheses: count from the last one.
fn start_time_in(stat: &[u8]) -> Option<u64> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let text = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    // The first field behind the name is number 3.
    text.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// Each word ends with a zero byte; empty words count.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_the_fields_behind_it() {
        let line =
            b"77 (x) S 1 1 1 0 (y) R 42 77 77 34817 77 0 0 0 0 0 0 0 0 0 20 0 1 0 9001 0 0\n";
        assert_eq!(
            parse_stat(line),
            Some(Stat {
                pid: 77,
                name: b"x) S 1 1 1 0 (y".to_vec(),
                parent: 42,
                terminal: Some(Terminal {
                    major: 136,
                    minor: 1
                }),
                start_time: 9001,
            })
        );
    }

    #[test]
    fn a_hostile_name_does_not_move_the_start_time() {
        let stat = b"7 (a) 1 2 3 (b)) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 9 9";
        assert_eq!(start_time_in(stat), Some(4711));
        assert_eq!(start_time_in(b"7 (a"), None);
        assert_eq!(start_time_in(b""), None);
    }

    #[test]
    fn empty_words_count() {
        assert_eq!(
            split(b"sudo\0\0id\0"),
            [b"sudo".to_vec(), b"".to_vec(), b"id".to_vec()]
        );
    }

    #[test]
    fn terminals_have_their_usual_names() {
        let name = |major, minor| terminal_path(Terminal { major, minor });
        assert_eq!(name(136, 3), b"/dev/pts/3");
        assert_eq!(name(137, 3), b"/dev/pts/259");
        assert_eq!(name(4, 1), b"/dev/tty1");
        assert_eq!(name(4, 64), b"/dev/ttyS0");
    }
}
