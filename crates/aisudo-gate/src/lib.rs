//! The gate: what runs inside sudo, as root, between a command and its execution.
//!
//! Read it in this order: [`flow`] decides, [`facts`] gathers what is asked about, [`ask`] asks and
//! waits. Blocking, single-threaded, and free of panics; it leaves no file descriptor, signal
//! handler, thread or environment change behind, and writes nothing to standard output.

pub mod ask;
mod cancel;
mod connection;
pub mod facts;
pub mod flow;
mod signals;
mod simulate;
mod stderr;
mod sudo;
mod sudo_command;

pub use simulate::{simulate, simulate_as};
pub use sudo::{Kept, PamHost, Sudo};
