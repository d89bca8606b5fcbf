//! The signals that end a wait: held back while it lasts, seen as pending, and delivered to sudo's
//! own handlers when it is over.
#![allow(
    unsafe_code,
    reason = "rustix leaves signal masks to libc; the calls take plain data that lives on this stack"
)]

use std::{mem::MaybeUninit, ptr};

/// Those an agent or a terminal sends to end sudo.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];

/// Holds back the ending signals of this thread until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    before: libc::sigset_t,
}

impl Held {
    /// Blocks them. Their dispositions are not touched.
    pub(crate) fn hold() -> Self {
        let ending = set(&ENDING);
        let mut before = empty();
        // SAFETY: both point to initialised sets on this stack; the call cannot fail with these
        // arguments (sigprocmask(2): EINVAL only for another `how`).
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const ending, &raw mut before) };
        Self { before }
    }

    /// Whether one has arrived.
    pub(crate) fn arrived(&self) -> bool {
        let mut pending = empty();
        // SAFETY: `pending` is an initialised set on this stack.
        unsafe { libc::sigpending(&raw mut pending) };
        ENDING.iter().any(|signal| contains(&pending, *signal))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: `before` was filled in by the same call; the old mask is not asked for.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

/// Runs `action` with SIGPIPE held back, and takes back the one it may have raised: a broken pipe at
/// standard error must not kill sudo, and its disposition is sudo's.
pub(crate) fn without_sigpipe<T>(action: impl FnOnce() -> T) -> T {
    let pipe = set(&[libc::SIGPIPE]);
    let mut before = empty();
    let mut pending = empty();
    // SAFETY: as in `Held::hold`.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before) };
    // SAFETY: `pending` is an initialised set on this stack.
    unsafe { libc::sigpending(&raw mut pending) };
    let was_pending = contains(&pending, libc::SIGPIPE);
    let result = action();
    if !was_pending {
        // SAFETY: as above.
        unsafe { libc::sigpending(&raw mut pending) };
        if contains(&pending, libc::SIGPIPE) {
            let mut taken = 0;
            // SAFETY: the set is initialised, and `taken` lives on this stack. The signal is
            // pending, so this does not block.
            unsafe { libc::sigwait(&raw const pipe, &raw mut taken) };
        }
    }
    // SAFETY: as in `Held::drop`.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    result
}

fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset(3) fills in the set that it is given, and cannot fail on a valid pointer.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was filled in above.
    unsafe { set.assume_init() }
}

fn set(signals: &[i32]) -> libc::sigset_t {
    let mut set = empty();
    for signal in signals {
        // SAFETY: `set` is initialised, and the numbers are valid signals.
        unsafe { libc::sigaddset(&raw mut set, *signal) };
    }
    set
}

fn contains(set: &libc::sigset_t, signal: i32) -> bool {
    // SAFETY: `set` is initialised; an invalid number would answer -1.
    unsafe { libc::sigismember(set, signal) == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends to this thread alone: other tests run beside it.
    fn raise(signal: i32) {
        // SAFETY: raise(3) of a signal that is blocked in this thread only marks it pending.
        unsafe { libc::raise(signal) };
    }

    #[test]
    fn a_held_signal_is_seen_and_the_mask_restored() {
        let mask_before = set_of_this_thread();
        let held = Held::hold();
        assert!(!held.arrived());
        raise(libc::SIGHUP);
        assert!(held.arrived());
        let mut taken = 0;
        let hup = set(&[libc::SIGHUP]);
        // SAFETY: as in `without_sigpipe`; taken here, or the test process would end.
        unsafe { libc::sigwait(&raw const hup, &raw mut taken) };
        drop(held);
        assert_eq!(mask_before, set_of_this_thread());
    }

    #[test]
    fn a_broken_pipe_leaves_no_signal_behind() {
        without_sigpipe(|| raise(libc::SIGPIPE));
        let mut pending = empty();
        // SAFETY: `pending` is an initialised set.
        unsafe { libc::sigpending(&raw mut pending) };
        assert!(!contains(&pending, libc::SIGPIPE));
    }

    fn set_of_this_thread() -> Vec<i32> {
        let mut now = empty();
        // SAFETY: with no new set, the mask is only read into `now`.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut now) };
        (1..64).filter(|signal| contains(&now, *signal)).collect()
    }
}
