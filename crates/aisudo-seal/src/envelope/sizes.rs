//! Of what size an envelope is: one of a few, so that its size says little of its body.

use super::{Kind, OVERHEAD};

/// The sizes of whole envelopes, in bytes.
pub const SIZES: [usize; 8] = [
    512,
    1024,
    2048,
    PUSH,
    8 * 1024,
    32 * 1024,
    128 * 1024,
    512 * 1024,
];

/// The largest that goes into one web push: that has room for 3993 bytes (RFC 8291 in a body of 4096),
/// and whoever wraps it may need some.
pub const PUSH: usize = 3900;

/// The longest body.
pub const MAX_BODY: usize = 512 * 1024 - OVERHEAD;

/// The smallest size that holds a body of this length.
///
/// A decision is never smaller than 2048, so that a yes, a no, and a no with a note look alike; and a
/// step of pairing neither, whatever the device is called.
pub(super) fn size_for(kind: Kind, body: usize) -> Option<usize> {
    let least = match kind {
        Kind::Decision | Kind::Pairing => 2048,
        Kind::Request | Kind::Receipt | Kind::Update => 512,
    };
    let needed = body.checked_add(OVERHEAD)?.max(least);
    SIZES.into_iter().find(|size| *size >= needed)
}
