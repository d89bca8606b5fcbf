//! `F_GETPATH` (fcntl(2)).

use std::{
    ffi::OsString,
    os::{fd::BorrowedFd, unix::ffi::OsStringExt as _},
    path::PathBuf,
};

/// null(4): the second of the memory devices, which are number 3.
pub(super) const NULL: (u32, u32) = (3, 2);

pub(super) fn path(descriptor: BorrowedFd<'_>) -> Option<PathBuf> {
    let path = rustix::fs::getpath(descriptor).ok()?;
    Some(PathBuf::from(OsString::from_vec(path.into_bytes())))
}
