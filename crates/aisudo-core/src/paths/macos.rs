//! hier(7), which knows no `/run`, and no `/var/lib`.

/// The sockets. Not in `/var/run`: it is emptied at boot, and launchd opens the sockets before anything of
/// ours could make their directory.
pub(super) const RUN: &str = "var/db/aisudo-run";
/// The database.
pub(super) const STATE: &str = "var/db/aisudo";
