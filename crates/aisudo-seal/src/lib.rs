//! What is said between a host and a phone, whoever carries it.
//!
//! - [`statement`]: what a device signs when its owner says yes or no, and how the gate makes sure of
//!   it. It is to be loaded into sudo, so it is all that is here without features.
//! - `envelope`: messages that only the other side can read. A carrier sees who writes to whom, when,
//!   what kind of message it is, and about how long.
//! - `message`: what such messages say.
//! - `pairing`: how a host and a phone learn each other's keys.
//! - `device`: the phone's half in Rust, for tests. The real one is the app's, in TypeScript; both sides
//!   run the same `vectors/seal.json`.
//!
//! Pure: no file, socket, clock or randomness is touched here. Times and randomness are parameters.
#![forbid(unsafe_code)]

#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "envelope")]
pub mod envelope;
#[cfg(feature = "envelope")]
pub mod message;
#[cfg(feature = "pairing")]
pub mod pairing;
pub mod statement;
