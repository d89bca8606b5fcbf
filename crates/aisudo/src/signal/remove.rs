//! `aisudo signal remove`: an approver is asked no more.

use aisudo_core::{approvers::Approvers, paths::Paths};

use super::edit::without_approver;
use crate::{
    cli::SignalRemove,
    failure::Failure,
    output::Output,
    root::{
        console::{Console, refused},
        file, save_approvers,
    },
};

pub(super) fn run(
    paths: &Paths,
    arguments: &SignalRemove,
    output: &mut Output,
) -> Result<(), Failure> {
    let (config, _) = aisudo_sys::trusted::read_config(paths).map_err(|why| refused(&why))?;
    let approvers = aisudo_sys::trusted::read_approvers(paths).map_err(|why| refused(&why))?;
    let name = &arguments.name;
    if !approvers.on_signal().any(|(other, _)| other == name) {
        return Err(refused(&format!("there is no approver {name} on Signal")));
    }
    let before = file::read(&paths.approvers()).map_err(|why| refused(&why))?;
    let after = without_approver(&before, name).map_err(|why| refused(&why))?;
    let mut console = Console::new(output, arguments.yes);
    if !console.confirm(
        &format!("Believe nothing from {name} on Signal any more?"),
        false,
    )? {
        return Err(refused("nothing was written"));
    }
    save_approvers(paths, &config, &before, &after)?;
    let left = Approvers::parse(&after).map_or(0, |left| left.on_signal().count());
    if left == 0 {
        console.say("Nobody is left who could be asked on Signal.")?;
    }
    console.say("Written. It counts from now on; see: aisudo status")
}
