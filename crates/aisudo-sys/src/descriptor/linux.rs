//! The links of proc(5).

use std::{
    fs,
    os::fd::{AsRawFd as _, BorrowedFd},
    path::PathBuf,
};

/// null(4)
pub(super) const NULL: (u32, u32) = (1, 3);

pub(super) fn path(descriptor: BorrowedFd<'_>) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).ok()
}
