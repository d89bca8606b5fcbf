//! A copy of a file that has no name and that nobody can change any more: memfd_create(2) with all its
//! seals. It ends with the last process that has it open, however that ends.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::{fd::AsRawFd as _, unix::fs::FileExt as _},
    path::Path,
};

use aisudo_core::{raw::Hex32, sealed::MOST_SEALED_BYTES};
use aisudo_gate::facts::plan;
use rustix::{
    fs::{FileType, MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, fstat, memfd_create},
    io::{Errno, FdFlags, fcntl_setfd},
};
use sha2::{Digest, Sha256};

/// The copy.
#[derive(Debug)]
pub(super) struct Copy {
    file: File,
    sha256: Hex32,
}

impl Copy {
    /// Copies a regular file, whole. Nothing if it is too large.
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        let source = plan::open(path)?;
        if FileType::from_raw_mode(fstat(&source)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut file = empty()?;
        // One byte more than may be there: that it is too large is seen by it.
        let mut limited = source.take(MOST_SEALED_BYTES + 1);
        if io::copy(&mut limited, &mut file)? > MOST_SEALED_BYTES {
            return Ok(None);
        }
        file.flush()?;
        fchmod(&file, Mode::RUSR | Mode::XUSR)?;
        fcntl_add_seals(
            &file,
            SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
        )?;
        // Read again: from here on nothing can change it.
        let sha256 = hash(&file)?;
        Ok(Some(Self { file, sha256 }))
    }

    pub(super) fn sha256(&self) -> Hex32 {
        self.sha256
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// How the program that this one becomes, and those that it starts, find it.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    /// Leaves it open in the program that this one becomes: an interpreter opens it by its path.
    pub(super) fn keep_open(&self) -> io::Result<()> {
        Ok(fcntl_setfd(&self.file, FdFlags::empty())?)
    }
}

fn empty() -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match memfd_create("aisudo-sealed", flags | MemfdFlags::EXEC) {
        // Linux before 6.3: each can be executed.
        Err(Errno::INVAL) => memfd_create("aisudo-sealed", flags),
        other => other,
    };
    match made {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::ACCESS) => Err(io::Error::other(
            "this system forbids programs in memory (vm.memfd_noexec = 2)",
        )),
        Err(error) => Err(error.into()),
    }
}

fn hash(file: &File) -> io::Result<Hex32> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut piece, at)?;
        if count == 0 {
            return Ok(Hex32(hash.finalize().into()));
        }
        hash.update(piece.get(..count).unwrap_or_default());
        at += u64::try_from(count).map_err(io::Error::other)?;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_copy_has_all_bytes_and_cannot_be_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("script");
        fs::write(&path, "hello\n").unwrap();
        let copy = Copy::of(&path).unwrap().unwrap();
        // printf 'hello\n' | sha256sum
        let expected = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(copy.sha256().to_string(), expected);
        fs::write(&path, "other\n").unwrap();
        assert_eq!(fs::read_to_string(copy.path()).unwrap(), "hello\n");
        assert!(copy.file().write_at(b"x", 0).is_err());
        assert!(copy.file().set_len(0).is_err());
        assert!(copy.file().set_len(99).is_err());
        let again = fs::OpenOptions::new().write(true).open(copy.path());
        assert!(again.is_err() || again.unwrap().write_at(b"x", 0).is_err());
        assert_eq!(fs::read_to_string(copy.path()).unwrap(), "hello\n");
    }

    #[test]
    fn what_is_too_large_or_no_file_is_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let large = File::create(&path).unwrap();
        large.set_len(MOST_SEALED_BYTES + 1).unwrap();
        assert!(Copy::of(&path).unwrap().is_none());
        large.set_len(MOST_SEALED_BYTES).unwrap();
        assert!(Copy::of(&path).unwrap().is_some());
        let error = Copy::of(dir.path()).unwrap_err().to_string();
        assert_eq!(error, "it is no regular file");
    }
}
