//! The few calls to the operating system that the gate, the daemon and the command share.
//!
//! It is small, blocking, and gives errors instead of panics, because sudo loads it: all but [`socket`],
//! which the gate does not call and the linker leaves out.
//!
//! Where Linux and macOS differ, a module is a folder: `mod.rs` says what is promised, `linux.rs` and
//! `macos.rs` keep it. Nothing of the latter was ever run on a Mac (docs/macos.md).

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!("aisudo knows Linux and macOS: a port begins with linux.rs in each folder here");

pub mod changeable;
pub mod clock;
pub mod connect;
pub mod descriptor;
pub mod frames;
pub mod host;
pub mod peer;
pub mod process;
pub mod random;
pub mod socket;
pub mod trusted;
pub mod users;
pub mod writers;
