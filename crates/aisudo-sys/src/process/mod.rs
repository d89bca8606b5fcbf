//! Processes, as the kernel tells them apart, and what it says of them.

#[cfg(any(target_os = "macos", test))]
mod apple;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{ffi::c_char, io, path::PathBuf};

/// What the kernel says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: i32,
    /// Its name (`comm`), which it may have chosen itself.
    pub name: Vec<u8>,
    /// Its parent.
    pub parent: i32,
    /// Device number of its controlling terminal, if it has one.
    pub terminal: Option<Terminal>,
    /// When it was started, as in [`start_time`].
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

/// When a process was started: on Linux in clock ticks since boot (`/proc/PID/stat`, field 22;
/// proc(5)), on macOS in microseconds since 1970. With the pid it is a name that is not used twice.
/// Nothing when there is no such process, or it may not be seen.
#[must_use]
pub fn start_time(pid: i32) -> Option<u64> {
    platform::start_time(pid)
}

/// This process.
#[must_use]
pub fn own() -> Option<Stat> {
    platform::own()
}

/// Another process; nothing when there is none, or it may not be seen.
#[must_use]
pub fn stat(pid: i32) -> Option<Stat> {
    platform::stat(pid)
}

/// The real user of a process.
#[must_use]
pub fn real_uid(pid: i32) -> Option<u32> {
    platform::real_uid(pid)
}

/// The words of this process, exactly.
///
/// # Errors
/// When the system does not tell.
pub fn own_words() -> io::Result<Vec<Vec<u8>>> {
    platform::own_words()
}

/// The words of another process, for a label: it may have overwritten them. None when they cannot be
/// read.
#[must_use]
pub fn words(pid: i32) -> Vec<Vec<u8>> {
    platform::words(pid).unwrap_or_default()
}

/// The program that a process runs.
#[must_use]
pub fn program(pid: i32) -> Option<PathBuf> {
    platform::program(pid)
}

/// The device file of a terminal.
#[must_use]
pub fn terminal_path(terminal: Terminal) -> Vec<u8> {
    platform::terminal_path(terminal)
}

/// environ(7) of this process: an array of C strings that ends with a null pointer, or null.
#[must_use]
pub fn environment() -> *const *const c_char {
    platform::environment()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_a_missing_one_has_none() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(start_time(own).is_some());
        assert_eq!(start_time(own), start_time(own));
        assert_eq!(start_time(-1), None);
        assert_eq!(stat(-1), None);
        assert_eq!(real_uid(-1), None);
    }

    #[test]
    fn this_process_is_known_by_all_its_sides() {
        let own = own().unwrap();
        assert_eq!(own.pid.cast_unsigned(), std::process::id());
        assert_eq!(Some(own.start_time), start_time(own.pid));
        assert_eq!(stat(own.pid).as_ref(), Some(&own));
        assert_eq!(real_uid(own.pid), Some(rustix::process::getuid().as_raw()));
        assert_eq!(
            program(own.pid).unwrap().canonicalize().unwrap(),
            std::env::current_exe().unwrap().canonicalize().unwrap()
        );
        let words = own_words().unwrap();
        let expected: Vec<Vec<u8>> = std::env::args_os()
            .map(std::os::unix::ffi::OsStringExt::into_vec)
            .collect();
        assert_eq!(words, expected);
        assert_eq!(super::words(own.pid), expected);
        assert!(!environment().is_null());
    }
}
