//! A phone that root has recognized, in root's files.

use aisudo_core::{
    approvers::{Approvers, Device},
    device::KeyId,
    paths::Paths,
};

use super::{
    edit::{with_app_accepted, with_device},
    safe,
};
use crate::{
    failure::Failure,
    root::{Files, console::refused},
};

/// Lists it, in the files as they are now; gives an older device of the same label. With `accept`, the
/// gate believes phones from now on.
pub(super) fn enlist(
    paths: &Paths,
    name: &str,
    device: &Device,
    accept: bool,
) -> Result<Option<KeyId>, Failure> {
    let files = Files::read(paths)?;
    let after = with_device(&files.approvers_text, name, device).map_err(|why| refused(&why))?;
    if accept {
        // First: without the phone in the other file it changes nothing.
        let config = with_app_accepted(&files.config_text).map_err(|why| refused(&why))?;
        files.save_config(paths, &config)?;
    }
    files.save_approvers(paths, &after)?;
    let mut others = files.approvers.devices();
    let older = others.find(|(other, one)| *other == name && one.label == device.label);
    Ok(older.map(|(_, one)| one.key.id()))
}

/// Whether it could be listed: found out before anything is asked.
pub(super) fn check(paths: &Paths, name: &str, device: &Device) -> Result<(), Failure> {
    let files = Files::read(paths)?;
    is_new(&files.approvers, device)?;
    with_device(&files.approvers_text, name, device)
        .map(|_| ())
        .map_err(|why| refused(&why))
}

/// A phone that is listed already would stand there twice.
fn is_new(approvers: &Approvers, device: &Device) -> Result<(), Failure> {
    let known = approvers
        .devices()
        .find(|(_, other)| other.key == device.key || other.seal == device.seal);
    match known {
        None => Ok(()),
        Some((name, known)) => {
            let key = known.key.id();
            Err(Failure::Refused(format!(
                "this phone is paired already, as {} of {}; nothing was written; to pair it anew, run before: aisudo revoke {key}",
                safe(&known.label),
                safe(name)
            )))
        }
    }
}
