//! What this machine is like: its system, its sudos, where PAM's modules are, and PAM's files as text.
//!
//! Everything takes the directory that stands for `/`, so that it can be tried on a folder. Nothing
//! here writes.

pub(crate) mod block;
pub(crate) mod module;
pub(crate) mod os;
pub(crate) mod pam_file;
pub(crate) mod sudo;

use std::path::{Path, PathBuf};

/// An absolute path of the machine, below the directory that stands for `/`.
pub(crate) fn below(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}
