//! Small files that are the daemon's alone: keys, and where pushes go. Replaced whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use zeroize::Zeroizing;

/// What is in it; nothing where there is no file.
///
/// # Errors
/// One line, when it cannot be read, is longer than `max` bytes, or when others can read or replace it.
pub(crate) fn read(path: &Path, max: usize) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let shown = path.display();
    let cannot = |error: io::Error| format!("{shown} cannot be read: {error}; check its owner");
    let opened = OpenOptions::new()
        .read(true)
        // A named pipe must not block.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(cannot)?,
    };
    let meta = file.metadata().map_err(cannot)?;
    let own = geteuid().as_raw();
    if !meta.is_file() {
        return Err(format!("{shown} is not a regular file; move it away"));
    }
    if meta.uid() != own {
        return Err(format!(
            "{shown} belongs to uid {}; run: chown {own} {shown}",
            meta.uid()
        ));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("{shown} is open to others; run: chmod 600 {shown}"));
    }
    // With its capacity from the start: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max.saturating_add(1)));
    let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > max {
        return Err(format!("{shown} is longer than {max} bytes; move it away"));
    }
    Ok(Some(bytes))
}

/// Puts these bytes in its place, on disk when this returns.
///
/// # Errors
/// One line. What was there before is there still.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    replace(path, bytes).map_err(|error| {
        let path = path.display();
        format!("{path} cannot be written: {error}; make room, or check its directory")
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_closed_to_others() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        assert!(read(&path, 3).unwrap().is_none());
        fs::write(beside(&path), "left behind").unwrap();
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(**read(&path, 3).unwrap().unwrap(), *b"two");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(!beside(&path).exists());
        assert!(read(&path, 2).unwrap_err().contains("longer than 2 bytes"));
    }

    #[test]
    fn a36_a_file_that_others_can_read_or_exchange_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        write(&path, b"one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let expected = format!("{0} is open to others; run: chmod 600 {0}", path.display());
        assert_eq!(read(&path, 3).unwrap_err(), expected);
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link, 3).unwrap_err().contains("cannot be read"));
        assert!(
            read(place.path(), 3)
                .unwrap_err()
                .ends_with("is not a regular file; move it away")
        );
    }
}
