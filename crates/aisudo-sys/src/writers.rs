//! Who but root can change what is at a path.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{FileType, Stat, lstat, readlink},
    io::Errno,
};

/// Most symbolic links that are followed on one path: as many as the kernel does.
const MOST_LINKS: usize = 40;

/// The first user or group other than root who can change what is at `path`, in one short phrase:
/// the file or directory there, any directory above it, or what a symbolic link on the way leads
/// to. Nothing when root alone can. What does not exist is as safe as the directory in which it
/// would be made, and so is what this process may not see: root sees more.
///
/// The sticky bit does not help: in such a directory anyone can make what is not there yet. An
/// access control list that lets somebody write shows in the group's bits (acl(5)).
#[must_use]
pub fn who_else(path: &Path) -> Option<String> {
    if !path.is_absolute() {
        return Some("it is a relative path".to_owned());
    }
    let mut links = MOST_LINKS;
    follow(path, &mut links).err()
}

/// Where the way ends, if it is root's from beginning to end.
fn follow(path: &Path, links: &mut usize) -> Result<PathBuf, String> {
    let mut at = PathBuf::from("/");
    look(&at)?;
    for part in path.components() {
        match part {
            Component::Normal(name) => {
                let next = at.join(name);
                at = match look(&next)? {
                    Entry::Link => {
                        *links = links.checked_sub(1).ok_or("it has too many links")?;
                        let target = readlink(&next, Vec::new()).map_err(|error| {
                            format!("{} cannot be looked at: {error}", next.display())
                        })?;
                        follow(&at.join(OsStr::from_bytes(target.as_bytes())), links)?
                    }
                    Entry::Other => next,
                    // The directory that holds it, or would, is root's.
                    Entry::None => return Ok(next),
                };
            }
            Component::ParentDir => {
                at.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Ok(at)
}

enum Entry {
    Link,
    Other,
    None,
}

fn look(path: &Path) -> Result<Entry, String> {
    let status = match lstat(path) {
        Ok(status) => status,
        // What this process may not see is in a directory that was looked at, and is root's.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(Entry::None),
        Err(error) => return Err(format!("{} cannot be looked at: {error}", path.display())),
    };
    let is_link = FileType::from_raw_mode(status.st_mode) == FileType::Symlink;
    match writer(&status, is_link) {
        Some(who) => Err(format!("{} {who}", path.display())),
        None if is_link => Ok(Entry::Link),
        None => Ok(Entry::Other),
    }
}

fn writer(status: &Stat, is_link: bool) -> Option<String> {
    if status.st_uid != 0 {
        return Some(format!("belongs to uid {}", status.st_uid));
    }
    // A link's own mode means nothing.
    if is_link {
        return None;
    }
    match status.st_mode & 0o022 {
        0 => None,
        0o020 => Some(format!("can be written by group {}", status.st_gid)),
        _ => Some("can be written by anyone".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt, chown, symlink},
    };

    use super::*;

    /// A directory of root's in which tests can change what they like; nothing where the tests do
    /// not run as root, or where not even the way to it is root's.
    fn of_root() -> Option<tempfile::TempDir> {
        let directory = tempfile::tempdir_in("/var/lib").ok()?;
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).ok()?;
        who_else(directory.path()).is_none().then_some(directory)
    }

    #[test]
    fn what_is_roots_alone_is_nobody_elses() {
        for path in ["/", "/usr", "/etc/passwd", "/usr/no/such/thing"] {
            assert_eq!(who_else(Path::new(path)), None, "{path}");
        }
        assert!(who_else(Path::new("usr")).is_some());
    }

    #[test]
    fn a20_a_path_through_somebody_elses_hands_is_said() {
        let temporary = std::env::temp_dir();
        let who = who_else(&temporary.join("not-there-yet")).unwrap();
        assert!(who.ends_with("can be written by anyone"), "{who}");

        let Some(keep) = of_root() else {
            return;
        };
        let directory = keep.path();
        let file = directory.join("a/b");
        fs::create_dir(directory.join("a")).unwrap();
        fs::write(&file, "").unwrap();
        fs::set_permissions(directory.join("a"), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let link = directory.join("link");
        symlink("a/b", &link).unwrap();
        let out = directory.join("out");
        symlink(&temporary, &out).unwrap();
        assert_eq!(who_else(&file), None);
        assert_eq!(who_else(&link), None);
        assert_eq!(who_else(&directory.join("a/../a/./none/x")), None);
        assert!(who_else(&out).is_some());
        assert!(who_else(&out.join("x")).is_some());

        for (path, mode, says) in [
            (&file, 0o664, "can be written by group 0"),
            (&file, 0o646, "can be written by anyone"),
            (&directory.join("a"), 0o775, "can be written by group 0"),
        ] {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            for through in [&file, &link] {
                let who = who_else(through).unwrap();
                assert_eq!(who, format!("{} {says}", path.display()));
            }
            fs::set_permissions(path, before).unwrap();
        }
        chown(&file, Some(12345), None).unwrap();
        assert_eq!(
            who_else(&link),
            Some(format!("{} belongs to uid 12345", file.display()))
        );
        symlink("loop", directory.join("loop")).unwrap();
        assert_eq!(
            who_else(&directory.join("loop")),
            Some("it has too many links".to_owned())
        );
    }
}
