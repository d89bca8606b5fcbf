//! What is in the package: the one list of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Programs;
use super::control::About;
use super::licences;
use super::tree::Tree;
use crate::sh::{Result, checkout, output_of, run_quietly};

/// Where each shell of Debian's looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/aisudo"),
    ("zsh", "usr/share/zsh/vendor-completions/_aisudo"),
    ("fish", "usr/share/fish/vendor_completions.d/aisudo.fish"),
];

const DOC: &str = "usr/share/doc/aisudo";

/// Nothing is below `/etc`: `aisudo setup` writes what is there, so that no upgrade asks about it.
pub(super) fn tree(programs: &Programs, about: &About) -> Result<Tree> {
    let mut tree = Tree::default();
    let module = format!("usr/lib/{}/security/pam_aisudo.so", about.multiarch);
    tree.add("usr/bin/aisudo", 0o755, read(&programs.command)?);
    tree.add("usr/sbin/aisudo-daemon", 0o755, read(&programs.daemon)?);
    tree.add(module, 0o644, read(&programs.module)?);
    packaging(&mut tree)?;
    manual(&mut tree, &programs.command)?;
    for (shell, path) in COMPLETIONS {
        let mut command = Command::new(&programs.command);
        let script = output_of(command.args(["completions", shell]))?;
        tree.add(path, 0o644, script);
    }
    documents(&mut tree, about)?;
    Ok(tree)
}

/// What systemd reads.
fn packaging(tree: &mut Tree) -> Result<()> {
    let packaging = checkout().join("packaging");
    for (from, to) in [
        ("systemd", "usr/lib/systemd/system"),
        ("sysusers.d", "usr/lib/sysusers.d"),
        ("tmpfiles.d", "usr/lib/tmpfiles.d"),
    ] {
        for name in names(&packaging.join(from))? {
            let text = read(&packaging.join(from).join(&name))?;
            // Ours alone; another program's unit is an example.
            let to = if name.starts_with("aisudo") {
                format!("{to}/{name}")
            } else {
                format!("{DOC}/examples/{name}")
            };
            tree.add(to, 0o644, text);
        }
    }
    Ok(())
}

/// The pages that the command writes of itself.
fn manual(tree: &mut Tree, command: &Path) -> Result<()> {
    let directory = checkout().join(format!("target/package-man-{}", std::process::id()));
    run_quietly(Command::new(command).arg("man").arg(&directory))?;
    for name in names(&directory)? {
        let (_, section) = name.rsplit_once('.').unwrap_or_default();
        let path = format!("usr/share/man/man{section}/{name}");
        tree.add_gzipped(&path, &read(&directory.join(&name))?)?;
    }
    fs::remove_dir_all(&directory)
        .map_err(|error| format!("cannot remove {}: {error}", directory.display()))
}

fn documents(tree: &mut Tree, about: &About) -> Result<()> {
    let root = checkout();
    for name in ["README.md", "SECURITY.md"] {
        tree.add(format!("{DOC}/{name}"), 0o644, read(&root.join(name))?);
    }
    for name in names(&root.join("docs"))? {
        if name.ends_with(".md") {
            tree.add(
                format!("{DOC}/docs/{name}"),
                0o644,
                read(&root.join("docs").join(&name))?,
            );
        }
    }
    tree.add_gzipped(
        &format!("{DOC}/changelog"),
        &read(&root.join("CHANGELOG.md"))?,
    )?;
    tree.add_gzipped(
        &format!("{DOC}/changelog.Debian"),
        about.changelog().as_bytes(),
    )?;
    let linked = licences::linked()?;
    tree.add(
        format!("{DOC}/copyright"),
        0o644,
        licences::copyright(&linked)?,
    );
    tree.add_gzipped(
        &format!("{DOC}/THIRD-PARTY.txt"),
        licences::texts(&linked)?.as_bytes(),
    )
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The names of the files in a directory, in order.
fn names(directory: &Path) -> Result<Vec<String>> {
    let failed = |error| format!("cannot read {}: {error}", directory.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemds_files_are_ours_and_other_programs_are_examples() {
        let mut tree = Tree::default();
        packaging(&mut tree).unwrap();
        let modes = tree.modes();
        for path in [
            "usr/lib/systemd/system/aisudo-daemon.service",
            "usr/lib/systemd/system/aisudo-daemon.socket",
            "usr/lib/sysusers.d/aisudo.conf",
            "usr/lib/tmpfiles.d/aisudo.conf",
            "usr/share/doc/aisudo/examples/signal-cli.service",
        ] {
            assert!(modes.contains(&(path, 0o644)), "{path}: {modes:?}");
        }
        assert!(
            modes.iter().all(|(path, _)| !path.starts_with("etc")),
            "{modes:?}"
        );
    }
}
