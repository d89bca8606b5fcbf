//! Which device root means.

use aisudo_core::approvers::{Approvers, Device};

use super::safe;

/// The fewest digits of a key that name a device.
const FEWEST_DIGITS: usize = 4;

/// The one of this label, or of a key that begins so.
pub(super) fn find<'a>(
    approvers: &'a Approvers,
    which: &str,
) -> Result<(&'a str, &'a Device), String> {
    let is_key = |device: &Device| device.key.id().to_string() == which;
    // A whole key is meant as one, whatever others are called.
    if let Some(found) = approvers.devices().find(|(_, device)| is_key(device)) {
        return Ok(found);
    }
    let begins_key = |device: &Device| {
        which.len() >= FEWEST_DIGITS && device.key.id().to_string().starts_with(which)
    };
    let fits = |device: &Device| device.label == which || begins_key(device);
    let found: Vec<_> = approvers
        .devices()
        .filter(|(_, device)| fits(device))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!(
            "there is no device {}; see: aisudo devices",
            safe(which)
        )),
        several => {
            let named = several.iter().map(|(name, device)| {
                format!("{} ({} of {name})", device.key.id(), safe(&device.label))
            });
            Err(format!(
                "{} names several devices; give the key of one: {}",
                safe(which),
                named.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}
