//! From sysctl(3) and libproc. There is no `/proc`.
#![allow(unsafe_code, reason = "none of these calls has a safe wrapper")]

use std::{
    ffi::{CStr, OsString, c_char, c_int},
    io,
    os::unix::ffi::OsStringExt as _,
    path::PathBuf,
    ptr,
};

use super::{Stat, Terminal, apple};

/// The largest answer of `KERN_PROCARGS2` that is read, in bytes: `KERN_ARGMAX` of today's systems.
const MAX_ARGUMENTS: usize = 1 << 20;

unsafe extern "C" {
    /// devname(3), the variant with a buffer.
    fn devname_r(
        device: libc::dev_t,
        kind: libc::mode_t,
        buffer: *mut c_char,
        length: c_int,
    ) -> *mut c_char;
}

pub(super) fn start_time(pid: i32) -> Option<u64> {
    stat(pid).map(|stat| stat.start_time)
}

pub(super) fn own() -> Option<Stat> {
    stat(i32::try_from(std::process::id()).ok()?)
}

pub(super) fn stat(pid: i32) -> Option<Stat> {
    kinfo(pid).map(|(stat, _)| stat)
}

pub(super) fn real_uid(pid: i32) -> Option<u32> {
    kinfo(pid).map(|(_, uid)| uid)
}

/// By `KERN_PROC_PID`, which anybody may ask about anybody: `proc_pidinfo` with `PROC_PIDTBSDINFO` is for
/// the same user only, and the daemon asks about sudo.
fn kinfo(pid: i32) -> Option<(Stat, u32)> {
    let name = [libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_PID, pid];
    apple::read_kinfo(&sysctl(&name, apple::KINFO_BYTES).ok()?)
}

/// The array that `main` was given. `KERN_PROCARGS2` cannot tell an empty `argv[0]`, which is the
/// requester's to choose (see [`apple::read_arguments`]).
pub(super) fn own_words() -> io::Result<Vec<Vec<u8>>> {
    // SAFETY: crt_externs.h: the address of the program's `argv`, which stays where it is.
    let place = unsafe { libc::_NSGetArgv() };
    if place.is_null() {
        return Err(io::ErrorKind::NotFound.into());
    }
    // SAFETY: not null, and aligned: a variable of the C library.
    let mut next = unsafe { *place }.cast_const();
    let mut words = Vec::new();
    if next.is_null() {
        return Err(io::ErrorKind::NotFound.into());
    }
    loop {
        // SAFETY: the array ends with a null pointer, which is where the loop stops.
        let word = unsafe { *next };
        if word.is_null() {
            return Ok(words);
        }
        // SAFETY: each entry before the null is a C string.
        words.push(unsafe { CStr::from_ptr(word) }.to_bytes().to_vec());
        // SAFETY: not beyond the array: this entry was not its last.
        next = unsafe { next.add(1) };
    }
}

pub(super) fn words(pid: i32) -> Option<Vec<Vec<u8>>> {
    let name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let bytes = sysctl(&name, MAX_ARGUMENTS).ok()?;
    apple::read_arguments(&bytes).map(|arguments| arguments.words)
}

pub(super) fn program(pid: i32) -> Option<PathBuf> {
    let length = u32::try_from(libc::PROC_PIDPATHINFO_MAXSIZE).ok()?;
    let mut buffer = vec![0_u8; usize::try_from(length).ok()?];
    // SAFETY: the buffer has `length` bytes and outlives the call.
    let written = unsafe { libc::proc_pidpath(pid, buffer.as_mut_ptr().cast(), length) };
    buffer.truncate(usize::try_from(written).ok()?);
    (!buffer.is_empty()).then(|| PathBuf::from(OsString::from_vec(buffer)))
}

pub(super) fn terminal_path(terminal: Terminal) -> Vec<u8> {
    let mut buffer = [0_u8; 128];
    let length = c_int::try_from(buffer.len()).unwrap_or_default();
    // SAFETY: the buffer has `length` bytes and outlives the call.
    let found = unsafe {
        devname_r(
            apple::device(terminal),
            libc::S_IFCHR,
            buffer.as_mut_ptr().cast(),
            length,
        )
    };
    match CStr::from_bytes_until_nul(&buffer) {
        Ok(name) if !found.is_null() && !name.is_empty() => [b"/dev/", name.to_bytes()].concat(),
        _ => format!("terminal {}:{}", terminal.major, terminal.minor).into_bytes(),
    }
}

/// Libraries have no `environ` of their own to link to.
pub(super) fn environment() -> *const *const c_char {
    // SAFETY: crt_externs.h: the address of the program's `environ`.
    let place = unsafe { libc::_NSGetEnviron() };
    if place.is_null() {
        return ptr::null();
    }
    // SAFETY: not null, and aligned: a variable of the C library.
    unsafe { *place }.cast_const().cast()
}

/// An answer of at most `most` bytes.
fn sysctl(name: &[c_int], most: usize) -> io::Result<Vec<u8>> {
    let mut name = name.to_vec();
    let names = libc::c_uint::try_from(name.len()).unwrap_or_default();
    let mut buffer = vec![0_u8; most];
    let mut length = buffer.len();
    // SAFETY: `name` holds `names` numbers and `buffer` `length` bytes; both outlive the call, which sets
    // nothing.
    let result = unsafe {
        libc::sysctl(
            name.as_mut_ptr(),
            names,
            buffer.as_mut_ptr().cast(),
            &raw mut length,
            ptr::null_mut(),
            0,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    buffer.truncate(length);
    Ok(buffer)
}
