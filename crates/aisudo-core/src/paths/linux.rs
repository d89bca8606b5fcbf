//! hier(7).

/// The sockets.
pub(super) const RUN: &str = "run/aisudo";
/// The database.
pub(super) const STATE: &str = "var/lib/aisudo";
