//! What is behind a descriptor.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::{os::fd::BorrowedFd, path::PathBuf};

/// The device number of `/dev/null`, major and minor.
pub const NULL: (u32, u32) = platform::NULL;

/// The path by which a descriptor was opened, as far as the system knows one. A file that was deleted or
/// renamed since is named as the system names it.
#[must_use]
pub fn path(descriptor: BorrowedFd<'_>) -> Option<PathBuf> {
    platform::path(descriptor)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        os::{fd::AsFd, unix::fs::MetadataExt},
    };

    use super::*;

    #[test]
    fn an_open_file_has_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let found = path(file.as_file().as_fd()).unwrap();
        assert_eq!(found, file.path().canonicalize().unwrap());
    }

    #[test]
    fn the_number_of_null_is_that_of_this_system() {
        let meta = File::open("/dev/null").unwrap().metadata().unwrap();
        let device = rustix::fs::Dev::try_from(meta.rdev()).unwrap();
        assert_eq!((rustix::fs::major(device), rustix::fs::minor(device)), NULL);
    }
}
