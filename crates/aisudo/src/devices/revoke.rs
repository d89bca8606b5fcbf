//! `aisudo revoke`: a phone decides no more.

use aisudo_core::{config::Config, evidence::EvidenceKind, paths::Paths};

use super::{edit::without_device, find::find, kind, safe};
use crate::{
    cli::Revoke,
    failure::Failure,
    output::Output,
    root::{
        self, Files,
        console::{Console, refused},
    },
};

pub(crate) fn run(paths: &Paths, arguments: &Revoke, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    let files = Files::read(paths)?;
    let (name, device) = find(&files.approvers, &arguments.device).map_err(Failure::Refused)?;
    let key = device.key.id();
    let after = without_device(&files.approvers_text, key).map_err(|why| refused(&why))?;
    let mut console = Console::new(output, arguments.yes);
    if files.approvers.devices().count() == 1 && only_phones(&files.config) {
        console.say(&format!(
            "Note: it is the last one, and accept in {} takes nobody else's word: then nobody can approve anything.",
            paths.config().display()
        ))?;
    }
    let question = format!(
        "Believe nothing more from {} of {} (key {key}, {})?",
        safe(&device.label),
        safe(name),
        kind(&device.key)
    );
    if !console.confirm(&question, false)? {
        return Err(refused("nothing was written"));
    }
    files.save_approvers(paths, &after)?;
    console.say("Written. It counts from now on.")
}

/// Whether no person could say yes in another way.
fn only_phones(config: &Config) -> bool {
    let people = |kind: &EvidenceKind| !matches!(kind, EvidenceKind::App | EvidenceKind::Policy);
    !config.gate.accept.iter().any(people)
}
