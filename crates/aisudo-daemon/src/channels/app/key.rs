//! The host's own key, which phones know it by.

use std::path::Path;

use aisudo_seal::envelope::SecretKey;
use rand_core::OsRng;

use crate::private_file;

/// A key is 32 bytes.
pub(super) const LENGTH: usize = 32;

/// Reads the key, or makes it when there is none.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn read_or_make(path: &Path) -> Result<SecretKey, String> {
    if let Some(bytes) = private_file::read(path, LENGTH)? {
        return SecretKey::from_bytes(&bytes).map_err(|_| {
            format!(
                "{} is no key; put the right one back, or remove it and pair every phone anew",
                path.display()
            )
        });
    }
    let key = SecretKey::generate(&mut OsRng);
    private_file::write(path, &*key.to_bytes())?;
    Ok(key)
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
