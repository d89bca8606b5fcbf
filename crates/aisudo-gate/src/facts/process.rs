//! Processes, from proc(5).

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use aisudo_core::{agents, raw::Raw, request::Process};

/// How far up the gate looks, and how many bytes of a command line.
const MOST_PARENTS: usize = 32;

/// What `/proc/PID/stat` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: i32,
    /// Its name (`comm`).
    pub name: Vec<u8>,
    /// Its parent.
    pub parent: i32,
    /// Device number of its controlling terminal, if it has one.
    pub terminal: Option<Terminal>,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
}

/// A terminal's device number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

/// The processes above sudo.
#[derive(Clone, Debug, Default)]
pub struct Above {
    /// Nearest first.
    pub processes: Vec<Process>,
    /// AI agents that they look like, each once.
    pub agents: Vec<String>,
}

/// Reads `/proc/WHO/stat`; `who` is a pid or `self`.
#[must_use]
pub fn stat(who: &str) -> Option<Stat> {
    parse_stat(&read(format!("/proc/{who}/stat")).ok()?)
}

/// The words of this process, as the kernel keeps them.
///
/// # Errors
/// The kernel's, when `/proc` cannot be read.
pub fn own_words() -> io::Result<Vec<Vec<u8>>> {
    read("/proc/self/cmdline").map(|bytes| words(&bytes))
}

/// The chain from `parent` up to the first process.
#[must_use]
pub fn above(parent: i32) -> Above {
    let mut found = Above::default();
    let mut next = parent;
    while next > 0 && found.processes.len() < MOST_PARENTS {
        let Some(stat) = stat(&next.to_string()) else {
            break;
        };
        let exe = fs::read_link(proc(next, "exe")).ok();
        let command = read(proc(next, "cmdline"))
            .map(|bytes| words(&bytes))
            .unwrap_or_default();
        let names = [stat.name.as_slice()]
            .into_iter()
            .chain(exe.iter().map(|exe| exe.as_os_str().as_encoded_bytes()))
            // A script's name is the first or second word of its interpreter's command line.
            .chain(command.iter().take(2).map(Vec::as_slice));
        if let Some(agent) = agents::recognize(names)
            .filter(|agent| !found.agents.iter().any(|known| known == agent))
        {
            found.agents.push(agent.to_owned());
        }
        next = stat.parent;
        found.processes.push(Process {
            pid: stat.pid,
            start_time: stat.start_time,
            uid: real_uid(stat.pid).unwrap_or(u32::MAX),
            name: Raw(stat.name),
            exe: exe.map(|exe| Raw::from(exe.as_os_str())),
        });
    }
    found
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

fn real_uid(pid: i32) -> Option<u32> {
    let status = read(proc(pid, "status")).ok()?;
    // The name comes first and may hold anything but a newline, which the kernel escapes.
    status
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:\t"))
        .and_then(|ids| std::str::from_utf8(ids).ok())
        .and_then(|ids| ids.split_ascii_whitespace().next())
        .and_then(|uid| uid.parse().ok())
}

/// Each word ends with a zero byte; empty words count.
fn words(bytes: &[u8]) -> Vec<Vec<u8>> {
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
    fn empty_words_count() {
        assert_eq!(
            words(b"sudo\0\0id\0"),
            [b"sudo".to_vec(), b"".to_vec(), b"id".to_vec()]
        );
    }

    #[test]
    fn this_process_has_a_parent_and_a_first_ancestor() {
        let own = stat("self").unwrap();
        assert_eq!(own.pid.cast_unsigned(), std::process::id());
        let above = above(own.parent);
        assert_eq!(above.processes.first().unwrap().pid, own.parent);
        assert_eq!(
            above.processes.first().unwrap().uid,
            rustix::process::getuid().as_raw()
        );
    }
}
