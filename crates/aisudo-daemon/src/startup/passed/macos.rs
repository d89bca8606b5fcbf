//! `launch_activate_socket`(3)
#![allow(
    unsafe_code,
    reason = "launchd's call has no safe wrapper among our dependencies"
)]

use std::{
    ffi::{CStr, c_char, c_int},
    io,
    os::fd::{FromRawFd as _, OwnedFd},
    ptr,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{AddressFamily, getpeername, getsockname},
};

/// As the keys of `Sockets` in the property list are called.
const NAMES: [&CStr; 3] = [c"gate", c"agent", c"control"];

unsafe extern "C" {
    /// `launch.h`: an errno, or 0 and an array of the caller's.
    fn launch_activate_socket(
        name: *const c_char,
        descriptors: *mut *mut c_int,
        count: *mut usize,
    ) -> c_int;
}

pub(super) fn given() -> Result<Vec<(OwnedFd, String)>, String> {
    let mut given = Vec::new();
    for name in NAMES {
        let descriptors = activate(name).map_err(|error| {
            format!("launchd's sockets cannot be had: {error}; check the property list")
        })?;
        let name = name.to_string_lossy().into_owned();
        given.extend(descriptors.into_iter().map(|one| (one, name.clone())));
    }
    Ok(given)
}

/// The sockets of this name; none when there is no such name, or launchd did not start this.
fn activate(name: &CStr) -> io::Result<Vec<OwnedFd>> {
    let mut array: *mut c_int = ptr::null_mut();
    let mut count = 0;
    // SAFETY: the name is a C string, and all three outlive the call.
    match unsafe { launch_activate_socket(name.as_ptr(), &raw mut array, &raw mut count) } {
        0 => {}
        libc::ESRCH | libc::ENOENT => return Ok(Vec::new()),
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    let mut sockets = Vec::new();
    for index in 0..count {
        // SAFETY: launchd gives `count` descriptors.
        let place = unsafe { array.add(index) };
        // SAFETY: as above.
        let descriptor = unsafe { *place };
        // SAFETY: it is open, this process's own, and launchd gives each once.
        sockets.push(unsafe { OwnedFd::from_raw_fd(descriptor) });
    }
    // SAFETY: launch.h: the array is to be freed by who asked.
    unsafe { libc::free(array.cast()) };
    for socket in &sockets {
        fcntl_setfd(socket, FdFlags::CLOEXEC)?;
    }
    Ok(sockets)
}

/// Apple's kernel declares `SO_ACCEPTCONN` and does not answer it: a socket that has no other end.
pub(super) fn listens(socket: &OwnedFd) -> bool {
    getsockname(socket).is_ok_and(|own| own.address_family() == AddressFamily::UNIX)
        && getpeername(socket).is_err()
}
