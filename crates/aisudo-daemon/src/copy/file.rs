//! Into a file.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

use super::Target;

/// A file to which JSON lines are appended. When another one stands in its place, as logrotate does
/// it, that one is used from then on.
#[derive(Debug)]
pub struct CopyFile {
    path: PathBuf,
    owner: u32,
    file: Option<File>,
    trouble: Option<String>,
}

impl CopyFile {
    /// Opens it, or makes it for this owner. That it cannot be opened is said later: nothing else
    /// may suffer from it.
    #[must_use]
    pub fn open(path: PathBuf, owner: u32) -> Self {
        let mut this = Self {
            path,
            owner,
            file: None,
            trouble: None,
        };
        this.reopen();
        this
    }

    fn reopen(&mut self) {
        match open(&self.path, self.owner) {
            Ok(file) => {
                self.file = Some(file);
                self.trouble = None;
            }
            // What was opened before is used on: better there than nowhere.
            Err(why) => self.trouble = Some(why),
        }
    }

    fn is_current(&self) -> bool {
        let same = |there: &Metadata, ours: &Metadata| {
            (there.dev(), there.ino()) == (ours.dev(), ours.ino())
        };
        match (self.path.symlink_metadata(), &self.file) {
            (Ok(there), Some(file)) => file.metadata().is_ok_and(|ours| same(&there, &ours)),
            _ => false,
        }
    }
}

impl Target for CopyFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn put(&mut self, entry: &str) -> io::Result<()> {
        if !self.is_current() {
            self.reopen();
        }
        let Some(file) = &mut self.file else {
            let why = self.trouble.clone().unwrap_or_default();
            return Err(io::Error::other(why));
        };
        let before = file.metadata()?.len();
        let written = file.write_all(format!("{entry}\n").as_bytes());
        if written.is_err() {
            // Half a line would be one for ever.
            let _ = file.set_len(before);
        }
        written
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

fn open(path: &Path, owner: u32) -> Result<File, String> {
    let shown = path.display();
    let failed = |error: io::Error| {
        format!(
            "{shown} cannot be opened: {error}; make it, and let it belong to the daemon's user"
        )
    };
    let options = || {
        let mut options = OpenOptions::new();
        // Whoever rotates logs may put anything here; none of it must be waited for or followed.
        options
            .append(true)
            .mode(0o640)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        options
    };
    match options().create_new(true).open(path) {
        Ok(file) => {
            fchown(&file, Some(owner), None).map_err(failed)?;
            return Ok(file);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    // Before it is opened, so that its owner is named and not only that it cannot be …
    judge(path, &path.symlink_metadata().map_err(failed)?, owner)?;
    let file = options().open(path).map_err(failed)?;
    // … and again what was opened.
    judge(path, &file.metadata().map_err(failed)?, owner)?;
    Ok(file)
}

fn judge(path: &Path, meta: &Metadata, owner: u32) -> Result<(), String> {
    let shown = path.display();
    if !meta.is_file() || meta.uid() != owner || meta.nlink() != 1 {
        return Err(format!(
            "{shown} is not a file of uid {owner} with one name; move it away, or run: chown {owner} {shown}"
        ));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(format!(
            "{shown} can be written by others; run: chmod go-w {shown}"
        ));
    }
    Ok(())
}
