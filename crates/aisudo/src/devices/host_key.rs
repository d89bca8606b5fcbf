//! The host's secret key, which aisudo-daemon makes and keeps.

use std::{fs::File, io::Read as _, path::Path};

use aisudo_core::{config::Config, paths::Paths};
use aisudo_seal::envelope::SecretKey;
use aisudo_sys::users::account_named;
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

/// The length of a key, in bytes.
const LENGTH: usize = 32;

const ANEW: &str = "remove it, restart aisudo-daemon, and pair all phones anew";

/// Reads it, if nobody else could have.
pub(super) fn read(paths: &Paths, config: &Config) -> Result<SecretKey, String> {
    let path = paths.host_key();
    // A link could be made to point elsewhere later, and a named pipe must not block.
    let flags = OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file =
        openat(CWD, &path, flags, Mode::empty()).map_err(|error| cannot_open(&path, error))?;
    let status = fstat(&file).map_err(|error| cannot_open(&path, error))?;
    check(&path, &status, config)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH + 1));
    let limit = u64::try_from(LENGTH + 1).unwrap_or(u64::MAX);
    File::from(file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{}: {error}; check the file system", path.display()))?;
    SecretKey::from_bytes(&bytes).map_err(|_| format!("{} holds no key; {ANEW}", path.display()))
}

fn check(path: &Path, status: &Stat, config: &Config) -> Result<(), String> {
    let path = path.display();
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(format!("{path} is not a regular file; {ANEW}"));
    }
    let daemon = account_named(&config.daemon.user).map(|account| account.uid);
    let own = geteuid().as_raw();
    if status.st_uid != 0 && status.st_uid != own && Some(status.st_uid) != daemon {
        return Err(format!(
            "{path} belongs to uid {}, who knows it; {ANEW}",
            status.st_uid
        ));
    }
    if status.st_mode & 0o077 != 0 {
        return Err(format!(
            "{path} can be used by others (mode {:o}), who may know it; {ANEW}",
            status.st_mode & 0o7777
        ));
    }
    Ok(())
}

fn cannot_open(path: &Path, error: Errno) -> String {
    let path = path.display();
    match error {
        Errno::NOENT => format!(
            "there is no {path} yet; aisudo-daemon makes it: run: systemctl restart aisudo-daemon"
        ),
        Errno::LOOP => format!("{path} is a symbolic link; {ANEW}"),
        Errno::ACCESS => format!("{path} may not be read; run this as root"),
        error => format!("{path} cannot be opened: {error}; check the file system"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt as _, chown, symlink},
    };

    use super::*;

    fn installed() -> (tempfile::TempDir, Paths) {
        let keep = tempfile::tempdir().unwrap();
        let paths = Paths::under(keep.path());
        fs::create_dir_all(paths.state_dir()).unwrap();
        put(&paths, &[7; 32]);
        (keep, paths)
    }

    fn put(paths: &Paths, bytes: &[u8]) {
        fs::write(paths.host_key(), bytes).unwrap();
        mode(paths, 0o600);
    }

    fn mode(paths: &Paths, mode: u32) {
        fs::set_permissions(paths.host_key(), Permissions::from_mode(mode)).unwrap();
    }

    fn refused(paths: &Paths) -> String {
        let config = Config::parse("version = 1").unwrap();
        let error = read(paths, &config).unwrap_err();
        assert!(!error.contains('\n'), "{error:?}");
        error
    }

    #[test]
    fn a_key_that_only_the_daemon_has_is_read() {
        let (_keep, paths) = installed();
        let config = Config::parse("version = 1").unwrap();
        let key = read(&paths, &config).unwrap();
        let same = SecretKey::from_bytes(&[7; 32]).unwrap();
        assert_eq!(key.public(), same.public());
    }

    #[test]
    fn a_key_that_others_may_know_is_refused() {
        let (_keep, paths) = installed();
        for open in [0o604, 0o640, 0o620, 0o601] {
            mode(&paths, open);
            let error = refused(&paths);
            let expected = format!("host.key can be used by others (mode {open:o})");
            assert!(error.contains(&expected), "{error}");
        }
        if geteuid().is_root() {
            mode(&paths, 0o600);
            chown(paths.host_key(), Some(12345), None).unwrap();
            assert!(refused(&paths).contains("host.key belongs to uid 12345"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_at_once() {
        let (_keep, paths) = installed();
        for bytes in [&[0; 32][..], &[7; 31], &[7; 33], &[]] {
            put(&paths, bytes);
            assert!(refused(&paths).contains("host.key holds no key; remove it"));
        }
        let file = paths.host_key();
        fs::remove_file(&file).unwrap();
        assert!(refused(&paths).ends_with("run: systemctl restart aisudo-daemon"));
        symlink("/dev/zero", &file).unwrap();
        assert!(refused(&paths).contains("host.key is a symbolic link"));
        fs::remove_file(&file).unwrap();
        rustix::fs::mkfifoat(CWD, &file, Mode::from_raw_mode(0o600)).unwrap();
        assert!(refused(&paths).contains("host.key is not a regular file"));
    }
}
