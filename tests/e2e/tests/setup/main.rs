//! `aisudo setup`: from nothing to a gated sudo, and back, without fear.

#![allow(missing_docs, reason = "stories")]

mod host;
mod lockout;
mod stories;
mod trouble;
