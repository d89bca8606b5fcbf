//! The host as the checks see it: files below one directory, and programs where that directory is `/`.

use std::{
    fs::{self, File, Metadata},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use aisudo_core::paths::Paths;

use super::commands::{Commands, Said};

/// More of a file is not read.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

pub(super) struct View<'a> {
    pub(super) paths: Paths,
    root: PathBuf,
    commands: &'a dyn Commands,
    /// Whether programs may be asked.
    live: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(paths: Paths, commands: &'a dyn Commands) -> Self {
        let root = paths.of(Path::new("/"));
        Self {
            live: root == Path::new("/"),
            paths,
            root,
            commands,
        }
    }

    /// A folder in which the programs are scripted.
    #[cfg(test)]
    pub(super) fn scripted(root: &Path, commands: &'a dyn Commands) -> Self {
        Self {
            live: true,
            ..Self::new(Paths::under(root), commands)
        }
    }

    /// Whether this is the host itself, whose kernel and user database can be asked.
    pub(super) fn is_host(&self) -> bool {
        self.root == Path::new("/")
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path of the host is.
    pub(super) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.paths.of(path.as_ref())
    }

    /// The path on the host, as it is shown.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root)
            .map_or_else(|_| path.to_path_buf(), |rest| Path::new("/").join(rest))
    }

    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Option<Said> {
        self.live
            .then(|| self.commands.run(program, arguments))
            .flatten()
    }

    /// A regular file's text; what is not UTF-8 in it is replaced.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let path = self.at(path);
        // A named pipe would block.
        if !path.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path)
            .ok()?
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Of what a path leads to.
    pub(super) fn meta(&self, path: impl AsRef<Path>) -> Option<Metadata> {
        self.at(path).metadata().ok()
    }

    /// Those that are there, each directory once: `/lib` may be a link to `/usr/lib`.
    pub(super) fn distinct<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Vec<PathBuf> {
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut found = Vec::new();
        for path in paths {
            let Ok(real) = self.at(&path).canonicalize() else {
                continue;
            };
            if !seen.contains(&real) {
                seen.push(real);
                found.push(path.as_ref().to_path_buf());
            }
        }
        found
    }

    pub(super) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.at(path).symlink_metadata().is_ok()
    }

    /// The paths of a directory's entries, sorted; none where there is no such directory.
    pub(super) fn list(&self, path: impl AsRef<Path>) -> Vec<PathBuf> {
        let path = path.as_ref();
        let entries = fs::read_dir(self.at(path)).into_iter().flatten();
        let mut found: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| path.join(entry.file_name()))
            .collect();
        found.sort();
        found
    }
}

/// Why somebody other than root could change this, in one short phrase.
pub(super) fn not_roots(meta: &Metadata) -> Option<String> {
    if meta.uid() != 0 {
        return Some(format!("belongs to uid {}", meta.uid()));
    }
    match meta.mode() & 0o022 {
        0 => None,
        0o020 => Some(format!("can be written by group {}", meta.gid())),
        _ => Some("can be written by anyone".to_owned()),
    }
}
