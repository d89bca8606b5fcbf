//! Files to be, with their modes, and how they get into a directory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::sh::Result;

/// Files by their paths, without a slash in front; in order.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<String, Entry>);

struct Entry {
    mode: u32,
    bytes: Vec<u8>,
}

impl Tree {
    /// One more file.
    pub(super) fn add(&mut self, path: impl Into<String>, mode: u32, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.0.insert(path.into(), Entry { mode, bytes });
    }

    /// One more, compressed as Debian wants documentation: the smallest, without a name or a time.
    pub(super) fn add_gzipped(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        self.add(format!("{path}.gz"), 0o644, gzip(bytes)?);
        Ok(())
    }

    /// The size in KiB that the package says it takes.
    pub(super) fn installed_size(&self) -> usize {
        let blocks = self
            .0
            .values()
            .map(|entry| entry.bytes.len().div_ceil(1024));
        blocks.sum()
    }

    /// The file that `dpkg --verify` compares with.
    pub(super) fn md5sums(&self) -> Result<String> {
        let mut sums = String::new();
        for (path, entry) in &self.0 {
            let sum = filter(&mut Command::new("md5sum"), &entry.bytes)?;
            let sum = String::from_utf8_lossy(&sum);
            let sum = sum.split(' ').next().unwrap_or_default();
            let _ = writeln!(sums, "{sum}  {path}");
        }
        Ok(sums)
    }

    /// Makes the directory anew, with these files in it, of this time (seconds since 1970).
    pub(super) fn write(&self, directory: &Path, time: u64) -> Result<()> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| format!("cannot write {path}: {error}")
        };
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(failed(directory))?;
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        for (path, entry) in &self.0 {
            let file = directory.join(path);
            let parent = file.parent().unwrap_or(directory);
            fs::create_dir_all(parent).map_err(failed(parent))?;
            fs::write(&file, &entry.bytes)
                .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(entry.mode)))
                .and_then(|()| File::open(&file)?.set_modified(time))
                .map_err(failed(&file))?;
        }
        settle(directory, time).map_err(failed(directory))
    }

    /// What a person sees: modes, sizes, paths.
    pub(super) fn table(&self) -> String {
        let mut table = String::new();
        for (path, Entry { mode, bytes }) in &self.0 {
            let _ = writeln!(table, "{mode:04o} {:>10}  /{path}", bytes.len());
        }
        table
    }

    /// The paths and modes.
    #[cfg(test)]
    pub(super) fn modes(&self) -> Vec<(&str, u32)> {
        let entries = self.0.iter();
        entries
            .map(|(path, entry)| (path.as_str(), entry.mode))
            .collect()
    }
}

/// Gives directories one mode and one time, whatever the umask is: the inner ones first, as they change
/// the time of the outer.
fn settle(directory: &Path, time: SystemTime) -> std::io::Result<()> {
    for inner in fs::read_dir(directory)? {
        let inner = inner?;
        if inner.file_type()?.is_dir() {
            settle(&inner.path(), time)?;
        }
    }
    fs::set_permissions(directory, Permissions::from_mode(0o755))?;
    File::open(directory)?.set_modified(time)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    filter(Command::new("gzip").arg("-9n"), bytes)
}

/// What a program makes of its input.
fn filter(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let name = command.get_program().display().to_string();
    let failed = |error: std::io::Error| format!("{name} failed: {error}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().ok_or("no input for a program")?;
    // Both at once: neither of us may wait for the other with a full pipe.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{name} failed ({})", output.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.add("usr/bin/b", 0o755, *b"two");
        tree.add("usr/bin/a", 0o644, *b"");
        tree
    }

    #[test]
    fn files_are_listed_in_order_with_their_sums() {
        // The sum of nothing and that of "two" are facts about MD5, as `md5sum` told them elsewhere.
        let sums = tree().md5sums().unwrap();
        let paths: Vec<_> = sums.lines().map(|line| line.split("  ").nth(1)).collect();
        assert_eq!(paths, [Some("usr/bin/a"), Some("usr/bin/b")]);
        assert!(
            sums.starts_with("d41d8cd98f00b204e9800998ecf8427e  "),
            "{sums}"
        );
        assert_eq!(tree().installed_size(), 1);
    }

    #[test]
    fn what_is_written_has_its_mode_and_its_time_and_nothing_older_stays() {
        let directory = std::env::temp_dir().join(format!("aisudo-tree-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("older"), "").unwrap();
        tree().write(&directory, 86_400).unwrap();
        for (path, mode) in [
            ("", 0o755),
            ("usr", 0o755),
            ("usr/bin/a", 0o644),
            ("usr/bin/b", 0o755),
        ] {
            let meta = directory.join(path).metadata().unwrap();
            assert_eq!(
                (meta.mode() & 0o7777, meta.mtime()),
                (mode, 86_400),
                "{path}"
            );
        }
        assert!(!directory.join("older").exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn compressing_the_same_gives_the_same() {
        let text = vec![b'x'; 1 << 20];
        let once = gzip(&text).unwrap();
        assert_eq!(once, gzip(&text).unwrap());
        // RFC 1952: the magic, and no flags (a name is one), and no time.
        assert_eq!(once[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    }
}
