//! `pam_aisudo.so`: PAM's six entry points (pam_sm_authenticate(3) and its siblings), the approval plugin
//! of C sudo in `plugin`, and nothing else. What they answer is decided in [`aisudo_gate::flow`] and
//! [`aisudo_gate::plugin`].
//!
//! A panic becomes a no (`PAM_ABORT`): it must neither end sudo nor let a command through.

mod pam;
mod plugin;

use std::{
    ffi::{c_char, c_int},
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
};

use aisudo_core::paths::Paths;
use aisudo_gate::{
    Sudo,
    flow::{self, Answer},
};
use pam::{Handle, PAM_ABORT, PAM_IGNORE, PAM_SUCCESS, RawHandle};

/// The `auth` phase: asks a person in place of a password.
#[allow(unsafe_code, reason = "PAM looks this name up")]
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_authenticate(
    handle: *mut RawHandle,
    _flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    answer(handle, argc, argv, flow::authenticate)
}

/// The `account` phase: asks where `auth` was skipped.
#[allow(unsafe_code, reason = "PAM looks this name up")]
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_acct_mgmt(
    handle: *mut RawHandle,
    _flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    answer(handle, argc, argv, flow::account)
}

/// The four phases that are not ours.
macro_rules! ignored {
    ($($name:ident),*) => {$(
        /// Not ours: `PAM_IGNORE`.
        #[allow(unsafe_code, reason = "PAM looks this name up")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(
            _handle: *mut RawHandle,
            _flags: c_int,
            _argc: c_int,
            _argv: *const *const c_char,
        ) -> c_int {
            PAM_IGNORE
        }
    )*};
}

ignored!(
    pam_sm_setcred,
    pam_sm_open_session,
    pam_sm_close_session,
    pam_sm_chauthtok
);

fn answer(
    handle: *mut RawHandle,
    argc: c_int,
    argv: *const *const c_char,
    phase: fn(&mut Sudo<Handle>) -> Answer,
) -> c_int {
    without_panic(PAM_ABORT, || {
        let Some(root) = root(&pam::arguments(argc, argv)) else {
            return PAM_ABORT;
        };
        match phase(&mut Sudo::new(root, Handle::new(handle))) {
            Answer::Allow => PAM_SUCCESS,
            Answer::Ignore => PAM_IGNORE,
            Answer::Abort => PAM_ABORT,
        }
    })
}

/// The only option: `root=DIR`. Anything else is a mistake in the PAM file or sudo.conf, and no reason
/// to let a command through.
fn root(arguments: &[Vec<u8>]) -> Option<Paths> {
    match arguments {
        [] => Some(Paths::default()),
        [one] => {
            let directory = std::str::from_utf8(one.strip_prefix(b"root=")?).ok()?;
            Some(Paths::under(directory))
        }
        _ => None,
    }
}

/// Runs `phase`; a panic is silent, and `answer_to_panic`.
fn without_panic(answer_to_panic: c_int, phase: impl FnOnce() -> c_int) -> c_int {
    let before = take_hook();
    set_hook(Box::new(|_| {}));
    let answer = catch_unwind(AssertUnwindSafe(phase)).unwrap_or(answer_to_panic);
    set_hook(before);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_abort() {
        assert_eq!(without_panic(PAM_ABORT, || panic!("on purpose")), 26);
        assert_eq!(without_panic(PAM_ABORT, || PAM_SUCCESS), 0);
    }

    #[test]
    fn an_unknown_option_lets_nothing_through() {
        assert_eq!(root(&[]), Some(Paths::default()));
        assert_eq!(root(&[b"root=/srv".to_vec()]), Some(Paths::under("/srv")));
        assert_eq!(root(&[b"debug".to_vec()]), None);
        assert_eq!(root(&[b"root=/a".to_vec(), b"root=/b".to_vec()]), None);
    }
}
