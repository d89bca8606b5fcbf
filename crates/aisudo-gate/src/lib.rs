//! The gate: what runs inside sudo, as root, between a command and its execution.
//!
//! Read it in this order: [`flow`] decides, [`facts`] gathers what is asked about, [`ask`] asks and
//! waits, [`plugin`] compares what will run. Blocking, single-threaded, and free of panics; it leaves no file descriptor, signal
//! handler, thread or environment change behind, and writes nothing to standard output.

pub mod ask;
mod cancel;
mod connection;
pub mod facts;
pub mod flow;
mod kept;
pub mod plugin;
mod signals;
mod simulate;
mod stderr;
mod sudo;
mod sudo_command;

pub use kept::Kept;
pub use simulate::{simulate, simulate_as};
pub use sudo::{PamHost, Sudo};
