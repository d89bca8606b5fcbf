//! The host's own key, which phones know it by.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use aisudo_seal::envelope::SecretKey;
use rand_core::OsRng;
use zeroize::Zeroizing;

/// A key is 32 bytes.
const LENGTH: usize = 32;

/// Reads the key, or makes it when there is none.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn read_or_make(path: &Path) -> Result<SecretKey, String> {
    match read(path) {
        Ok(bytes) => SecretKey::from_bytes(&bytes).map_err(|_| {
            format!(
                "{} is no key; put the right one back, or remove it and pair every phone anew",
                path.display()
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SecretKey::generate(&mut OsRng);
            write(path, &*key.to_bytes())?;
            Ok(key)
        }
        Err(error) => Err(format!("{}: {error}; check its owner", path.display())),
    }
}

/// Reads a secret file of ours.
pub(crate) fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    // With its capacity from the start: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LENGTH));
    file.take(64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a secret file: whole or not at all, for us alone.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let beside = path.with_added_extension("new");
    let written = || {
        match std::fs::remove_file(&beside) {
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
        std::fs::rename(&beside, path)
    };
    written().map_err(|error| format!("{}: {error}; make room", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_us_alone_and_a_broken_one_is_not_replaced() {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("host.key");
        let first = read_or_make(&path).unwrap();
        let again = read_or_make(&path).unwrap();
        assert_eq!(first.public(), again.public());
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, [0; 31]).unwrap();
        let error = read_or_make(&path).unwrap_err();
        assert!(
            error.contains("is no key") && !error.contains('\n'),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), [0; 31]);
    }
}
