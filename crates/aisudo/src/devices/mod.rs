//! Approvers' phones: `aisudo pair`, `devices`, `revoke`, `rename` and `test`. For root.

mod compare;
mod edit;
mod enlist;
mod find;
mod host_key;
mod list;
mod pair;
mod rename;
mod revoke;
mod talk;
mod test;
mod waiting;

use aisudo_core::{device::DeviceKey, display};
use aisudo_seal::pairing::MAX_NAME_BYTES;

pub(crate) use self::{
    list::run as list, pair::run as pair, rename::run as rename, revoke::run as revoke,
    test::run as test,
};

/// A device's label on the command line.
pub(crate) fn label(text: &str) -> Result<String, String> {
    if (1..=MAX_NAME_BYTES).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(format!("a label has 1 to {MAX_NAME_BYTES} bytes"))
    }
}

/// What a key is, in one word.
fn kind(key: &DeviceKey) -> &'static str {
    match key {
        DeviceKey::Ed25519 { .. } => "ed25519",
        DeviceKey::Passkey { .. } => "passkey",
    }
}

fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
}
