//! `aisudo reload`.

use aisudo_core::{
    display,
    paths::Paths,
    wire::{FromControl, ToControl},
};

use crate::{
    daemon::{Control, out_of_place},
    failure::Failure,
    output::Output,
};

pub(crate) fn run(paths: &Paths, output: &mut Output) -> Result<(), Failure> {
    match Control::open(paths)?.ask(&FromControl::Reload)? {
        ToControl::Reloaded { changes } => {
            for change in changes {
                output.line(&display::text(change.as_bytes()).text)?;
            }
            Ok(())
        }
        _ => Err(out_of_place()),
    }
}
