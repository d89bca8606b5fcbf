//! The directory of the database: the daemon's alone.

use std::{
    fs::{self, DirBuilder, Metadata},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::Path,
};

use aisudo_core::paths::Paths;

/// Makes it, if it is not there.
pub(super) fn make(paths: &Paths, owner: u32) -> Result<(), String> {
    let directory = paths.state_dir();
    let failed = |error| {
        format!(
            "{} cannot be made: {error}; make it by hand",
            directory.display()
        )
    };
    if directory.symlink_metadata().is_ok() {
        return Ok(());
    }
    make_open(directory.parent().unwrap_or(&directory)).map_err(failed)?;
    DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .map_err(failed)?;
    chown(&directory, Some(owner), None).map_err(failed)
}

/// A directory that everybody may enter, and those above it.
pub(super) fn make_open(directory: &Path) -> std::io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent() {
        make_open(above)?;
    }
    match DirBuilder::new().mode(0o755).create(directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        // The umask took some of it.
        Ok(()) => fs::set_permissions(directory, fs::Permissions::from_mode(0o755)),
    }
}

/// Refuses a directory or database that others own or can write (a36).
pub(super) fn check(paths: &Paths, owner: u32) -> Result<(), String> {
    let directory = paths.state_dir();
    let meta = directory.symlink_metadata().map_err(|error| {
        format!(
            "{} cannot be read: {error}; check its owner",
            directory.display()
        )
    })?;
    if !meta.is_dir() {
        return Err(format!(
            "{} is not a directory; move it away",
            directory.display()
        ));
    }
    check_owner(&directory, &meta, owner)?;
    let database = paths.database();
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.clone().into_os_string();
        name.push(suffix);
        let path = Path::new(&name);
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!(
                    "{} cannot be read: {error}; check its owner",
                    path.display()
                ));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(format!(
                    "{} is not a regular file; move it away",
                    path.display()
                ));
            }
            Ok(meta) => check_owner(path, &meta, owner)?,
        }
    }
    Ok(())
}

fn check_owner(path: &Path, meta: &Metadata, owner: u32) -> Result<(), String> {
    let path = path.display();
    if meta.uid() != owner {
        return Err(format!(
            "{path} belongs to uid {}; run: chown {owner} {path}",
            meta.uid()
        ));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(format!(
            "{path} can be written by others; run: chmod go-w {path}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a36_a_database_that_others_own_or_can_write_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        let own = rustix::process::geteuid().as_raw();
        make(&paths, own).unwrap();
        make(&paths, own).unwrap();
        let directory = paths.state_dir();
        assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);
        check(&paths, own).unwrap();

        let database = paths.database();
        fs::write(&database, "").unwrap();
        set(&database, 0o666);
        let expected = format!(
            "{0} can be written by others; run: chmod go-w {0}",
            database.display()
        );
        assert_eq!(check(&paths, own).unwrap_err(), expected);
        set(&database, 0o600);
        check(&paths, own).unwrap();

        set(&directory, 0o777);
        assert!(
            check(&paths, own)
                .unwrap_err()
                .contains("can be written by others")
        );
        set(&directory, 0o700);
        let error = check(&paths, own + 1).unwrap_err();
        assert!(
            error.contains(&format!("belongs to uid {own}; run: chown {}", own + 1)),
            "{error}"
        );

        fs::remove_file(&database).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &database).unwrap();
        assert!(
            check(&paths, own)
                .unwrap_err()
                .contains("is not a regular file")
        );
    }
}
