//! What one hook of a sudo process leaves for the next ones.
//!
//! PAM's own place for it (`pam_set_data(3)`) ends with the PAM transaction, and the approval plugin has
//! no handle. Where both are the same file, the dynamic linker loads it once: a static is shared.

use std::sync::Mutex;

use aisudo_core::request::Request;

use crate::flow::Verdict;

/// What one hook leaves for the next.
#[derive(Clone, Debug)]
pub struct Kept {
    /// How it was judged.
    pub(crate) verdict: Verdict,
    /// What was asked about: its operands are looked at again.
    pub(crate) request: Option<Request>,
}

/// Of the latest PAM phase in this process, until the plugin takes it.
static LATEST: Mutex<Option<Kept>> = Mutex::new(None);

/// The place was left in the middle of a change: nothing in it can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unknown;

/// Leaves it for the plugin.
pub(crate) fn leave(kept: &Kept) {
    // A poisoned place stays so: `take` refuses then.
    if let Ok(mut latest) = LATEST.lock() {
        *latest = Some(kept.clone());
    }
}

/// Takes it: what was approved once is checked once.
pub(crate) fn take() -> Result<Option<Kept>, Unknown> {
    LATEST
        .lock()
        .map(|mut latest| latest.take())
        .map_err(|_| Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, as the place is one.
    #[test]
    fn what_was_left_is_taken_once_and_never_after_a_panic() {
        assert!(take().unwrap().is_none());
        for verdict in [Verdict::Password, Verdict::Denied] {
            leave(&Kept {
                verdict,
                request: None,
            });
        }
        assert_eq!(take().unwrap().unwrap().verdict, Verdict::Denied);
        assert!(take().unwrap().is_none());

        let died = std::thread::spawn(|| {
            let _held = LATEST.lock().unwrap();
            panic!("on purpose");
        });
        assert!(died.join().is_err());
        leave(&Kept {
            verdict: Verdict::Password,
            request: None,
        });
        assert_eq!(take().unwrap_err(), Unknown);
    }
}
