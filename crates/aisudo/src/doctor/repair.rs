//! `--fix`: owners and modes of aisudo's own files, sockets and PAM's files. It takes rights away or
//! restores those that the daemon sets; what was refused because others could write it is never made
//! believable again.

#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;

#[cfg(target_os = "linux")]
use rustix::fs::{FileType, chmod, chown, fstat};
use rustix::fs::{Gid, Mode, OFlags, Uid, open};

use super::{
    report::{Repair, Report},
    view::View,
};

/// Carries out what can be. Returns a line for each thing that was done or failed.
pub(super) fn all(view: &View<'_>, report: &Report) -> Vec<String> {
    let repairs = report.findings.iter().filter_map(|one| one.repair.as_ref());
    let mut done: Vec<Repair> = Vec::new();
    let mut lines = Vec::new();
    for repair in repairs {
        if done.contains(repair) {
            continue;
        }
        done.push(repair.clone());
        let shown =
            aisudo_core::display::word(view.shown(&repair.path).as_os_str().as_encoded_bytes())
                .text;
        lines.push(match carry_out(repair) {
            Ok(()) => match repair.owner {
                Some((uid, _)) => format!("fixed: {shown}: owner {uid}, mode {:04o}", repair.mode),
                None => format!("fixed: {shown}: mode {:04o}", repair.mode),
            },
            Err(error) => format!("not fixed: {shown}: {error}"),
        });
    }
    lines
}

/// The very file that was opened is changed, and never what a link put in its place leads to.
#[cfg(target_os = "linux")]
fn carry_out(repair: &Repair) -> std::io::Result<()> {
    let file = open(
        &repair.path,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    if FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::Symlink {
        return Err(std::io::Error::other("it is a symbolic link; look at it"));
    }
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    if let Some((uid, gid)) = repair.owner {
        chown(&path, Some(Uid::from_raw(uid)), gid.map(Gid::from_raw))?;
    }
    // After the owner: chown(2) may clear bits.
    Ok(chmod(&path, Mode::from_raw_mode(repair.mode))?)
}

/// Without Linux's way to hold a socket: what can be opened only.
#[cfg(not(target_os = "linux"))]
fn carry_out(repair: &Repair) -> std::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(&repair.path, flags, Mode::empty())?;
    if let Some((uid, gid)) = repair.owner {
        rustix::fs::fchown(&file, Some(Uid::from_raw(uid)), gid.map(Gid::from_raw))?;
    }
    Ok(rustix::fs::fchmod(
        &file,
        Mode::from_bits_truncate(repair.mode.try_into().unwrap_or(0)),
    )?)
}
