//! sudo's own word on sudoers, before and after.

use std::{fs, path::Path};

use super::{
    record::DIRECTORY,
    system::{System, run},
};
use crate::{
    host::{below, sudo::Sudo},
    root::file::{self, Owned},
};

/// Whether a text can be a file of sudoers, beside what is there. By each sudo's own program.
pub(super) fn check_text(root: &Path, sudos: &[Sudo], text: &str) -> Result<(), String> {
    let directory = below(root, DIRECTORY);
    let path = directory.join("sudoers-to-check");
    file::place(&path, text.as_bytes(), Owned::roots(0o440))?;
    let checked = sudos.iter().try_for_each(|sudo| {
        let visudo = visudo(root, sudo)?;
        run(&[&visudo, "-c", "-f", &path.to_string_lossy()]).map(|_| ())
    });
    let _ = fs::remove_file(&path);
    checked.map_err(|why| format!("sudoers: {why}"))
}

/// Whether all of sudoers is as it should be. In a folder, nobody can say.
pub(super) fn check_all(root: &Path, sudos: &[Sudo], system: &dyn System) -> Result<(), String> {
    if !system.is_live() {
        return Ok(());
    }
    sudos
        .iter()
        .try_for_each(|sudo| system.run(&[&visudo(root, sudo)?, "-c"]).map(|_| ()))
        .map_err(|why| format!("sudoers: {why}"))
}

fn visudo(root: &Path, sudo: &Sudo) -> Result<String, String> {
    match sudo.visudo(root) {
        Some(path) => Ok(path.to_string_lossy().into_owned()),
        None => Err(format!(
            "there is no visudo for {}, which checks its sudoers; install it",
            sudo.path.display()
        )),
    }
}
