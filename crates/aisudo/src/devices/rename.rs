//! `aisudo rename`.

use aisudo_core::paths::Paths;

use super::{edit::with_label, find::find, safe};
use crate::{
    cli::Rename,
    failure::Failure,
    output::Output,
    root::{self, Files, console::refused},
};

pub(crate) fn run(paths: &Paths, arguments: &Rename, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    let files = Files::read(paths)?;
    let (name, device) = find(&files.approvers, &arguments.device).map_err(Failure::Refused)?;
    let after = with_label(&files.approvers_text, device.key.id(), &arguments.label);
    files.save_approvers(paths, &after.map_err(|why| refused(&why))?)?;
    output.line(&format!(
        "{} of {} is called {} from now on",
        safe(&device.label),
        safe(name),
        safe(&arguments.label)
    ))
}
