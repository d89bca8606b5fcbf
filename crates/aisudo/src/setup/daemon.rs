//! Whether aisudo-daemon answers.

use std::{path::Path, time::Duration};

use aisudo_core::{
    paths::Paths,
    state::Tick,
    wire::{FromControl, ToControl},
};
use aisudo_sys::clock::boottime;

use super::record::{DIRECTORY, LOG};
use crate::{daemon::Control, wait::events::ready};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// So long is waited before it is asked again.
const PAUSE_MS: u64 = 50;

/// Whether it answers now: to approvers, and where gates ask.
pub(super) fn answers(root: &Path) -> bool {
    let paths = Paths::under(root);
    let status = Control::open_for(&paths, Duration::from_secs(5))
        .and_then(|mut control| control.ask(&FromControl::Status));
    matches!(status, Ok(ToControl::Status { .. })) && paths.gate_socket().exists()
}

/// Waits until it does.
pub(super) fn wait_until_it_answers(root: &Path) -> Result<(), String> {
    let begun = boottime().0;
    let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
    while !answers(root) {
        if boottime().0.saturating_sub(begun) > patience {
            return Err(format!(
                "aisudo-daemon does not answer within {} s; see journalctl -u aisudo-daemon, or {DIRECTORY}/{LOG}",
                PATIENCE.as_secs()
            ));
        }
        pause(PAUSE_MS);
    }
    Ok(())
}

/// Lets so many milliseconds pass.
pub(super) fn pause(ms: u64) {
    let _ = ready::<0>([], Some(Tick(boottime().0.saturating_add(ms))));
}
