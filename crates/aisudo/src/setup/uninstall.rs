//! `aisudo setup --uninstall`: back to what sudo was.

use super::{
    Here,
    record::{self, DIRECTORY},
    report,
    undo::{self, Extent, Undone},
};
use crate::{
    cli::Setup,
    failure::Failure,
    host::below,
    root::console::{Console, refused},
};

impl Here<'_> {
    /// Takes it out, and says what became of each file.
    pub(super) fn uninstall(
        &self,
        arguments: &Setup,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let kept = self.store.kept().map_err(|why| Failure::refused_by(&why))?;
        let on_trial = self
            .store
            .on_trial()
            .map_err(|why| Failure::refused_by(&why))?;
        let purge = match arguments.purge {
            true => ", and its configuration and its log are deleted",
            false => "",
        };
        let question = format!("Sudo asks nobody any more{purge}. Go on?");
        if arguments.dry_run {
            return self.show_uninstall(kept.as_ref(), console);
        }
        if !console.confirm(&question, false)? {
            return Err(refused("nothing was changed"));
        }
        let mut undone = Undone::default();
        if on_trial.is_some() {
            undone = undo::roll_back(self.store, self.system)
                .map_err(|why| Failure::refused_by(&why))?;
        }
        let extent = match arguments.purge {
            true => Extent::Purge,
            false => Extent::Uninstall,
        };
        if let Some(record) = &kept {
            add(
                &mut undone,
                undo::undo(record, self.store, self.system, extent),
            );
        }
        add(&mut undone, undo::sweep(self.store, self.os.services()));
        if arguments.purge {
            add(&mut undone, undo::purge(self.root));
        }
        if undone.failed.is_empty()
            && below(self.root, DIRECTORY).exists()
            && let Err(why) = self.store.forget()
        {
            undone.failed.push(why);
        }
        report(&undone, console)?;
        console.say(match undone.said.is_empty() {
            true => "There was nothing of aisudo in sudo's way.",
            false => "Sudo is as it was.",
        })
    }

    fn show_uninstall(
        &self,
        kept: Option<&record::Record>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        for file in kept.iter().flat_map(|record| record.files.iter().rev()) {
            if file.kind != record::Kind::Config {
                console.say(&format!("  {}", file.path.display()))?;
            }
        }
        console.say("These would be as they were. This was a dry run: nothing was changed.")
    }
}

fn add(undone: &mut Undone, other: Undone) {
    undone.said.extend(other.said);
    undone.failed.extend(other.failed);
}
