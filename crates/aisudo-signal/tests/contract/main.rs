//! The contract: what our client, and the simulator that stands in for signal-cli in all other tests,
//! believe of signal-cli, asked of a real one. It has no account and no network, so this is about
//! transports, framing and errors; what it says when messages come and go is in the simulator's tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    reason = "a test says what is wrong by panicking"
)]

mod client;
mod conformance;
mod raw;
mod real;
