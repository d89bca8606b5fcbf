//! Pushes to a push service on loopback, over real HTTP and TLS. What arrives is decrypted and verified by
//! code that shares nothing with the sender's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod arrives;
mod outcomes;
mod sender;
mod tls;
