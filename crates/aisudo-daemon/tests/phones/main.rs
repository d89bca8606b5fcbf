//! Phones and the real daemon, over real loopback HTTP. The phone's half is `aisudo-seal`'s own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test says what is wrong by panicking"
)]

mod attacks;
mod decide;
mod devices;
mod gate;
mod http;
mod limits;
mod openapi;
mod pairing;
mod phone;
mod place;
mod pushes;
mod tls;
mod web;
