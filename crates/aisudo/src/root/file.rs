//! Writing root's files: whole or not at all, with what was there before beside it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use aisudo_sys::trusted::read_trusted_file;

/// The longest of root's files, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Who may read a file besides root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    /// Its group; nothing: as it comes.
    pub(crate) group: Option<u32>,
}

impl Access {
    /// Root, and this group.
    pub(crate) fn root_and(group: Option<u32>) -> Self {
        Self {
            mode: if group.is_some() { 0o640 } else { 0o600 },
            group,
        }
    }

    /// As the file has it now.
    pub(crate) fn of(path: &Path) -> Result<Self, String> {
        let meta = path.metadata().map_err(|error| failed(path, &error))?;
        Ok(Self {
            mode: meta.mode() & 0o777,
            group: Some(meta.gid()),
        })
    }
}

/// The text of one of root's files; empty if there is none.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        _ => read_trusted_file(path, MAX_FILE_BYTES),
    }
}

/// What the text of before is called.
pub(crate) const BEFORE: &str = ".before";

/// Where the text of before is kept.
fn backup(path: &Path) -> PathBuf {
    path.with_added_extension(BEFORE.trim_start_matches('.'))
}

/// Puts a text in a file's place. What was there goes to [`backup`].
pub(crate) fn replace(path: &Path, before: &str, text: &str, access: Access) -> Result<(), String> {
    if path.symlink_metadata().is_ok() {
        put(&backup(path), before, access)?;
    }
    put(path, text, access)
}

/// Writes beside it, and renames: a reader sees the one or the other, also after a crash.
fn put(path: &Path, text: &str, access: Access) -> Result<(), String> {
    let owned = Owned {
        mode: access.mode,
        uid: None,
        gid: access.group,
    };
    place(path, text.as_bytes(), owned)
}

/// Whose a file is to be, and who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) mode: u32,
    /// Nothing: as it comes.
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
}

impl Owned {
    /// Of whoever writes it: root.
    pub(crate) fn roots(mode: u32) -> Self {
        Self {
            mode,
            uid: None,
            gid: None,
        }
    }
}

/// Puts bytes in a file's place, whole or not at all, also in a crash. Nothing is kept.
pub(crate) fn place(path: &Path, bytes: &[u8], owned: Owned) -> Result<(), String> {
    let beside = beside(path);
    let written = write(&beside, bytes, owned).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
        .and_then(|()| sync_directory(path))
        .map_err(|error| failed(path, &error))
}

/// Where a file is written before it takes the other's place.
pub(crate) fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

fn write(path: &Path, bytes: &[u8], owned: Owned) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    if owned.uid.is_some() || owned.gid.is_some() {
        fchown(&file, owned.uid, owned.gid)?;
    }
    file.set_permissions(fs::Permissions::from_mode(owned.mode))?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!(
        "{}: {error}; make room, or check its directory",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_the_one_before_is_kept() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("aisudo.toml");
        let access = Access::root_and(None);
        assert_eq!(read(&path), Ok(String::new()));
        replace(&path, "", "one\n", access).unwrap();
        assert!(!backup(&path).exists());
        assert_eq!(
            (read(&path).unwrap().as_str(), mode(&path)),
            ("one\n", 0o600)
        );
        // A reader that has opened it reads on.
        let mut open = File::open(&path).unwrap();
        fs::write(keep.path().join("aisudo.toml.new"), "left behind").unwrap();
        let own = rustix::process::getegid().as_raw();
        replace(&path, "one\n", "two\n", Access::root_and(Some(own))).unwrap();
        assert_eq!(io::read_to_string(&mut open).unwrap(), "one\n");
        assert_eq!(
            (read(&path).unwrap().as_str(), mode(&path)),
            ("two\n", 0o640)
        );
        assert_eq!(
            (read(&backup(&path)).unwrap().as_str(), mode(&backup(&path))),
            ("one\n", 0o640)
        );
        assert_eq!(backup(&path).file_name().unwrap(), "aisudo.toml.before");
        assert_eq!(fs::read_dir(keep.path()).unwrap().count(), 2);
        assert_eq!(
            Access::of(&path),
            Ok(Access {
                mode: 0o640,
                group: Some(own)
            })
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_stays() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("none/aisudo.toml");
        let error = replace(&path, "", "x", Access::root_and(None)).unwrap_err();
        assert!(
            error.contains("none/aisudo.toml: ") && !error.contains('\n'),
            "{error}"
        );
        // What others can write is not read, so nothing is made of it.
        let path = keep.path().join("open");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .contains("can be written by others")
        );
    }
}
