//! The few calls to the operating system that the gate, the daemon and the command share.
//!
//! All of it is loaded into sudo: it is small, blocking, and gives errors instead of panics.

pub mod clock;
pub mod frames;
pub mod peer;
pub mod process;
pub mod random;
pub mod trusted;
pub mod users;
pub mod writers;
