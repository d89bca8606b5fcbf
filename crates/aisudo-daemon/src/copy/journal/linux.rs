//! What is too long for the socket goes in a sealed file in memory.

use std::{
    fs::File,
    io::{self, IoSlice, Write as _},
    mem::MaybeUninit,
    os::{fd::AsFd as _, unix::net::UnixDatagram},
    path::Path,
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, sendmsg_addr},
};

pub(super) fn put_large(journal: &Path, socket: &UnixDatagram, message: &[u8]) -> io::Result<()> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut memory = File::from(memfd_create("aisudo-audit", flags)?);
    memory.write_all(message)?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    fcntl_add_seals(&memory, seals)?;
    let descriptors = [memory.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(Errno::NOBUFS.into());
    }
    let address = SocketAddrUnix::new(journal)?;
    sendmsg_addr(
        socket,
        &address,
        &[IoSlice::new(&[])],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}
