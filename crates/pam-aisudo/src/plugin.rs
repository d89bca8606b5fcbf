//! `aisudo_approval`: the approval plugin of C sudo (sudo_plugin(5)), in the same file as the PAM module. What it
//! answers is decided in [`aisudo_gate::plugin`].
//!
//! A panic is a no. So is everything that `open()` cannot make sense of: by answering no itself, it would only
//! take the plugin out, and let the command through.
//!
//! `tests/` holds a check against the real header.
#![allow(unsafe_code, reason = "the boundary to sudo")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_uint},
    sync::Mutex,
};

use aisudo_core::paths::Paths;
use aisudo_gate::plugin::{Said, Voice, check};

use crate::{root, without_panic};

/// `SUDO_APPROVAL_PLUGIN`.
const SUDO_APPROVAL_PLUGIN: c_uint = 4;
/// `SUDO_API_VERSION_MKVERSION(1, 15)`: the first that has approval plugins. sudo compares the first number.
const API_VERSION: c_uint = (1 << 16) | 15;
/// `SUDO_CONV_ERROR_MSG`.
const SUDO_CONV_ERROR_MSG: c_int = 3;
/// `SUDO_CONV_INFO_MSG`.
const SUDO_CONV_INFO_MSG: c_int = 4;
/// What `open()` and `show_version()` answer.
const DONE: c_int = 1;
/// What `check()` answers.
const YES: c_int = 1;
const NO: c_int = 0;

/// `sudo_printf_t`.
type Printf = unsafe extern "C" fn(c_int, *const c_char, ...) -> c_int;
/// `char * const []`: strings, and a null pointer at the end.
type Strings = *const *const c_char;

/// `struct approval_plugin`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ApprovalPlugin {
    kind: c_uint,
    version: c_uint,
    open: extern "C" fn(
        c_uint,
        *const Conversation,
        Option<Printf>,
        Strings,
        Strings,
        c_int,
        Strings,
        Strings,
        Strings,
        *mut *const c_char,
    ) -> c_int,
    close: extern "C" fn(),
    check: extern "C" fn(Strings, Strings, Strings, *mut *const c_char) -> c_int,
    show_version: extern "C" fn(c_int) -> c_int,
}

/// `sudo_conv_t`, which is not used.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Conversation {
    _opaque: [u8; 0],
}

/// The plugin.
#[allow(non_upper_case_globals, reason = "sudo.conf names it")]
#[unsafe(no_mangle)]
pub(crate) static aisudo_approval: ApprovalPlugin = ApprovalPlugin {
    kind: SUDO_APPROVAL_PLUGIN,
    version: API_VERSION,
    open,
    close,
    check: check_command,
    show_version,
};

/// What `open()` leaves for `check()`.
#[derive(Clone, Debug)]
struct Opened {
    /// Nothing where the options are wrong.
    paths: Option<Paths>,
    printf: Printf,
    settings: Vec<Vec<u8>>,
    user_info: Vec<Vec<u8>>,
}

static OPENED: Mutex<Option<Opened>> = Mutex::new(None);

extern "C" fn open(
    _version: c_uint,
    _conversation: *const Conversation,
    printf: Option<Printf>,
    settings: Strings,
    user_info: Strings,
    _submit_optind: c_int,
    _submit_argv: Strings,
    _submit_envp: Strings,
    options: Strings,
    _error: *mut *const c_char,
) -> c_int {
    without_panic(DONE, || {
        if let (Ok(mut opened), Some(printf)) = (OPENED.lock(), printf) {
            *opened = Some(Opened {
                paths: root(&strings(options)),
                printf,
                settings: strings(settings),
                user_info: strings(user_info),
            });
        }
        DONE
    })
}

extern "C" fn close() {
    without_panic(DONE, || {
        if let Ok(mut opened) = OPENED.lock() {
            *opened = None;
        }
        DONE
    });
}

extern "C" fn check_command(
    command_info: Strings,
    run_argv: Strings,
    run_envp: Strings,
    _error: *mut *const c_char,
) -> c_int {
    without_panic(NO, || {
        let Some(opened) = OPENED.lock().ok().and_then(|opened| opened.clone()) else {
            return NO;
        };
        let mut voice = SudoPrintf(opened.printf);
        let Some(paths) = opened.paths else {
            voice.error("aisudo: refused: the plugin's line in sudo.conf has an option that is not root=DIR; nothing was run\n");
            return NO;
        };
        let said = Said {
            settings: opened.settings,
            user_info: opened.user_info,
            command_info: strings(command_info),
            run_argv: strings(run_argv),
            run_envp: strings(run_envp),
        };
        if check(paths, said, &mut voice) {
            YES
        } else {
            NO
        }
    })
}

extern "C" fn show_version(_verbose: c_int) -> c_int {
    without_panic(DONE, || {
        if let Ok(Some(printf)) = OPENED.lock().map(|it| it.as_ref().map(|it| it.printf)) {
            let line = concat!(
                "aisudo approval plugin version ",
                env!("CARGO_PKG_VERSION"),
                "\n"
            );
            print(printf, SUDO_CONV_INFO_MSG, line);
        }
        DONE
    })
}

/// `sudo_plugin_printf`.
struct SudoPrintf(Printf);

impl Voice for SudoPrintf {
    fn error(&mut self, line: &str) {
        print(self.0, SUDO_CONV_ERROR_MSG, line);
    }
}

fn print(printf: Printf, kind: c_int, line: &str) {
    let Ok(line) = CString::new(line) else {
        return;
    };
    // SAFETY: sudo's own function, which it gave to `open()`; the format takes the one string that follows.
    unsafe { printf(kind, c"%s".as_ptr(), line.as_ptr()) };
}

/// Copies of the strings; none of a null pointer.
fn strings(first: Strings) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut next = first;
    while !next.is_null() {
        // SAFETY: sudo's vectors end with a null pointer, which is where the loop stops.
        let entry = unsafe { *next };
        if entry.is_null() {
            break;
        }
        // SAFETY: each entry before the null is a C string of sudo's, for the time of this call.
        found.push(unsafe { CStr::from_ptr(entry) }.to_bytes().to_vec());
        // SAFETY: not beyond the vector: this entry was not its last.
        next = unsafe { next.add(1) };
    }
    found
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    /// One test, as the place for what was opened is one.
    #[test]
    fn opening_never_takes_the_plugin_out_and_nothing_is_let_through_unopened() {
        let none = ptr::null();
        let check = || check_command(none, none, none, ptr::null_mut());
        assert_eq!(check(), NO);
        // Not even something to speak with.
        let opened = open(
            0,
            ptr::null(),
            None,
            none,
            none,
            0,
            none,
            none,
            none,
            ptr::null_mut(),
        );
        assert_eq!((opened, check(), show_version(0)), (DONE, NO, DONE));
        close();
        assert_eq!(check(), NO);
    }

    #[test]
    fn a_vector_ends_at_its_null_pointer() {
        let words = [c"a".as_ptr(), c"".as_ptr(), ptr::null(), c"b".as_ptr()];
        assert_eq!(strings(words.as_ptr()), [b"a".to_vec(), b"".to_vec()]);
        assert_eq!(strings(ptr::null()), Vec::<Vec<u8>>::new());
    }
}
