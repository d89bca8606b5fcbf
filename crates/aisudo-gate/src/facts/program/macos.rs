//! Apple's sudoers sets no `secure_path`, so sudo searches the requester's `PATH`, unless root set one;
//! and what sudo found it does not say to a module here (`sudo_command.rs`).

use crate::sudo_command;

/// What root would set.
const SECURE_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) fn search_paths() -> Vec<Vec<u8>> {
    let requesters = sudo_command::variable(b"PATH");
    [Some(SECURE_PATH.to_vec()), requesters]
        .into_iter()
        .flatten()
        .collect()
}
