//! The few calls to the operating system that the gate, the daemon and the command share.
//!
//! It is small, blocking, and gives errors instead of panics, because sudo loads it: all but [`socket`],
//! which the gate does not call and the linker leaves out.

pub mod clock;
pub mod frames;
pub mod peer;
pub mod process;
pub mod random;
pub mod socket;
pub mod trusted;
pub mod users;
pub mod writers;
