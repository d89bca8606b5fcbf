//! Files that are believed: only root could have written them.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use aisudo_core::{approvers::Approvers, config::Config, paths::Paths, policy::Policy};
use rustix::{
    fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat},
    io::Errno,
    process::geteuid,
};

/// The longest configuration file.
const MAX_CONFIG_BYTES: u64 = 256 * 1024;

/// Root's configuration.
///
/// # Errors
/// One line, when the file is missing, not trusted, or wrong.
pub fn load_config(paths: &Paths) -> Result<Config, String> {
    read_config(paths).map(|(config, _)| config)
}

/// Root's configuration, and the text it was read from.
///
/// # Errors
/// As [`load_config`].
pub fn read_config(paths: &Paths) -> Result<(Config, String), String> {
    let path = paths.config();
    let text = read_trusted_file(&path, MAX_CONFIG_BYTES)?;
    let config = Config::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((config, text))
}

/// Those who may approve from afar; nobody where there is no file.
///
/// # Errors
/// One line, when the file is not trusted, or wrong.
pub fn read_approvers(paths: &Paths) -> Result<Approvers, String> {
    let path = paths.approvers();
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        return Ok(Approvers::default());
    }
    let text = read_trusted_file(&path, MAX_CONFIG_BYTES)?;
    Approvers::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Root's policy, and the text it was read from; one without rules where there is no file.
///
/// # Errors
/// One line, when the file is not trusted, or wrong.
pub fn read_policy(paths: &Paths) -> Result<(Policy, String), String> {
    let path = paths.policy();
    if path
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        return Ok((Policy::default(), String::new()));
    }
    let text = read_trusted_file(&path, MAX_CONFIG_BYTES)?;
    let policy = Policy::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((policy, text))
}

/// The text of a file that nobody but root can have written: it and its directory belong to root
/// and are not writable by others. A process that is not root believes its own files as well.
///
/// # Errors
/// One line that says what is wrong and what to do.
pub fn read_trusted_file(path: &Path, max_bytes: u64) -> Result<String, String> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(format!(
            "{} is not a file; give the path of one",
            path.display()
        ));
    };
    let flags = OFlags::CLOEXEC | OFlags::RDONLY;
    // The file is opened below the very directory that was looked at.
    let opened = openat(CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())
        .map_err(|error| cannot_open(directory, error))?;
    check(directory, &opened_as(directory, &opened)?)?;

    // A named pipe must not block, and a link could be made to point elsewhere later.
    let file = openat(
        &opened,
        name,
        flags | OFlags::NOFOLLOW | OFlags::NONBLOCK,
        Mode::empty(),
    )
    .map_err(|error| cannot_open(path, error))?;
    let status = opened_as(path, &file)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(format!(
            "{} is not a regular file; put one there",
            path.display()
        ));
    }
    check(path, &status)?;
    read(path, &File::from(file), max_bytes)
}

fn opened_as(path: &Path, file: &impl std::os::fd::AsFd) -> Result<Stat, String> {
    fstat(file).map_err(|error| format!("{}: {error}; check the file system", path.display()))
}

fn check(path: &Path, status: &Stat) -> Result<(), String> {
    let path = path.display();
    let own = geteuid().as_raw();
    if status.st_uid != 0 && status.st_uid != own {
        return Err(format!(
            "{path} belongs to uid {}; run: chown {own} {path}",
            status.st_uid
        ));
    }
    if status.st_mode & 0o022 != 0 {
        return Err(format!(
            "{path} can be written by others; run: chmod go-w {path}"
        ));
    }
    Ok(())
}

fn cannot_open(path: &Path, error: Errno) -> String {
    let path = path.display();
    match error {
        Errno::NOENT => format!("{path} does not exist; root must create it"),
        Errno::LOOP => format!("{path} is a symbolic link; put the file itself there"),
        Errno::ACCESS => format!("{path} may not be read; run this as root or make it readable"),
        error => format!("{path} cannot be opened: {error}; check the file system"),
    }
}

fn read(path: &Path, file: &File, max_bytes: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| {
            format!(
                "{} cannot be read: {error}; check the file system",
                path.display()
            )
        })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(format!(
            "{} is longer than {max_bytes} bytes; shorten it",
            path.display()
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_| format!("{} is not UTF-8 text; save it as UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt, symlink},
        path::PathBuf,
        process::Command,
    };

    use super::*;

    fn directory() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let file = directory.path().join("aisudo.toml");
        fs::write(&file, "version = 1\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        (directory, file)
    }

    fn error(path: &Path) -> String {
        let error = read_trusted_file(path, 100).unwrap_err();
        assert!(!error.contains('\n'), "{error:?}");
        error
    }

    #[test]
    fn a_file_that_only_root_could_have_written_is_read() {
        let (_keep, file) = directory();
        assert_eq!(read_trusted_file(&file, 12).unwrap(), "version = 1\n");
        assert!(
            read_trusted_file(&file, 11)
                .unwrap_err()
                .ends_with("is longer than 11 bytes; shorten it")
        );
    }

    #[test]
    fn a36_a_file_or_directory_that_others_can_write_is_refused() {
        let (keep, file) = directory();
        for mode in [0o664, 0o646, 0o666] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let expected = format!(
                "{0} can be written by others; run: chmod go-w {0}",
                file.display()
            );
            assert_eq!(error(&file), expected);
        }
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(keep.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(error(&file).contains("can be written by others"));
    }

    #[test]
    fn a36_a_file_or_directory_of_somebody_else_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        let (keep, file) = directory();
        std::os::unix::fs::chown(&file, Some(12345), None).unwrap();
        assert_eq!(
            error(&file),
            format!("{0} belongs to uid 12345; run: chown 0 {0}", file.display())
        );
        std::os::unix::fs::chown(&file, Some(0), None).unwrap();
        std::os::unix::fs::chown(keep.path(), Some(12345), None).unwrap();
        assert!(error(&file).contains("belongs to uid 12345"));
    }

    #[test]
    fn what_is_not_a_plain_file_is_refused_at_once() {
        let (keep, file) = directory();
        let link = keep.path().join("link");
        symlink(&file, &link).unwrap();
        assert!(error(&link).ends_with("is a symbolic link; put the file itself there"));
        assert!(error(&keep.path().join("none")).ends_with("does not exist; root must create it"));
        let pipe = keep.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(error(&pipe).ends_with("is not a regular file; put one there"));
        fs::write(&file, [0xff]).unwrap();
        assert!(error(&file).ends_with("is not UTF-8 text; save it as UTF-8"));
    }

    #[test]
    fn a_mistake_in_the_configuration_names_the_file() {
        let keep = tempfile::tempdir().unwrap();
        let paths = Paths::under(keep.path());
        let file = paths.config();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "version = 1\nx = 1\n").unwrap();
        let error = load_config(&paths).unwrap_err();
        assert!(
            error.starts_with(&format!("{}: line 2, column 1", file.display())),
            "{error}"
        );
        fs::write(&file, "version = 1\n").unwrap();
        assert_eq!(load_config(&paths).unwrap().version, 1);
    }
}
