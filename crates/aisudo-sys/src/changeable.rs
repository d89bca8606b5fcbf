//! What one user could change: the file at a path, or any directory or link on the way to it.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{Access, FileType, Mode, Stat, access, lstat, readlink},
    process::{getegid, getgroups},
};

use crate::users;

/// Most symbolic links that are followed on one path: as many as the kernel does.
const MOST_LINKS: usize = 40;

/// Where a path goes, and whether something on it is changeable.
#[derive(Debug)]
pub enum Way {
    /// To this file or directory.
    Leads(bool, PathBuf),
    /// Nowhere: there is nothing, or a loop. Changeable where the user could make what is not there.
    Ends(bool),
}

/// The user who must not be able to change a file.
#[derive(Clone, Debug)]
pub struct Who {
    uid: u32,
    groups: Vec<u32>,
}

impl Who {
    /// The user with this uid. A process of that user itself (sudo still has the requester's groups)
    /// is asked for its own groups.
    #[must_use]
    pub fn of(uid: u32) -> Self {
        if uid != rustix::process::getuid().as_raw() {
            let groups = users::account(uid).map_or_else(Vec::new, |it| users::group_ids(&it));
            return Self { uid, groups };
        }
        let mut groups: Vec<u32> = getgroups()
            .unwrap_or_default()
            .into_iter()
            .map(rustix::fs::Gid::as_raw)
            .collect();
        groups.push(getegid().as_raw());
        groups.push(rustix::process::getgid().as_raw());
        Self { uid, groups }
    }

    /// A user with these groups, whatever the user database says.
    #[must_use]
    pub fn with(uid: u32, groups: Vec<u32>) -> Self {
        Self { uid, groups }
    }

    /// Whether this user could change what is found at an absolute `path`, and where it leads.
    #[must_use]
    pub fn way(&self, path: &Path) -> Way {
        let mut links = MOST_LINKS;
        self.follow(path, &mut links)
    }

    /// Whether this user could change what is found at an absolute `path`, or put something there.
    #[must_use]
    pub fn can_change(&self, path: &Path) -> bool {
        match self.way(path) {
            Way::Leads(changeable, _) | Way::Ends(changeable) => changeable,
        }
    }

    /// Whether this user could pass a directory, as far as its mode says (path_resolution(7)).
    #[must_use]
    pub fn can_search(&self, directory: &Path) -> bool {
        let Ok(meta) = lstat(directory) else {
            return false;
        };
        if FileType::from_raw_mode(meta.st_mode) == FileType::Symlink {
            // It is what it leads to that is passed.
            return true;
        }
        let mode = Mode::from_raw_mode(meta.st_mode);
        let bit = if meta.st_uid == self.uid {
            // An owner can give themselves the right.
            return true;
        } else if self.groups.contains(&meta.st_gid) {
            Mode::XGRP
        } else {
            Mode::XOTH
        };
        mode.contains(bit) || acl(directory).is_some()
    }

    /// Whether something on the way is changeable, and where the way ends.
    fn follow(&self, path: &Path, links: &mut usize) -> Way {
        let mut at = PathBuf::from("/");
        let mut changeable = false;
        for part in path.components() {
            match part {
                Component::Normal(name) => {
                    let next = at.join(name);
                    let Ok(entry) = lstat(&next) else {
                        let own = lstat(&at).is_ok_and(|meta| self.can_write(&at, &meta));
                        return Way::Ends(changeable || own);
                    };
                    changeable |= self.can_replace(&at, entry.st_uid);
                    if FileType::from_raw_mode(entry.st_mode) == FileType::Symlink {
                        let left = links.checked_sub(1);
                        *links = left.unwrap_or_default();
                        let (Some(_), Ok(target)) = (left, readlink(&next, Vec::new())) else {
                            return Way::Ends(changeable);
                        };
                        let target = at.join(OsStr::from_bytes(target.as_bytes()));
                        match self.follow(&target, links) {
                            Way::Leads(way, end) => {
                                changeable |= way;
                                at = end;
                            }
                            Way::Ends(way) => return Way::Ends(changeable || way),
                        }
                    } else {
                        at = next;
                    }
                }
                Component::ParentDir => {
                    at.pop();
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        let Ok(end) = lstat(&at) else {
            return Way::Ends(changeable);
        };
        let own =
            FileType::from_raw_mode(end.st_mode) != FileType::Symlink && self.can_write(&at, &end);
        Way::Leads(changeable || own, at)
    }

    /// Whether an entry of `directory` can be removed or replaced. In a directory with the sticky
    /// bit only by the owner of either: unlink(2).
    fn can_replace(&self, directory: &Path, entry_owner: u32) -> bool {
        let Ok(meta) = lstat(directory) else {
            return false;
        };
        let sticky = Mode::from_raw_mode(meta.st_mode).contains(Mode::SVTX);
        self.can_write(directory, &meta)
            && (!sticky || entry_owner == self.uid || meta.st_uid == self.uid)
    }

    /// Whether the object itself can be written. An owner can give themselves the right.
    fn can_write(&self, path: &Path, meta: &Stat) -> bool {
        let mode = Mode::from_raw_mode(meta.st_mode);
        meta.st_uid == self.uid
            || (mode.contains(Mode::WGRP) && self.groups.contains(&meta.st_gid))
            || mode.contains(Mode::WOTH)
            || self.has_access(path)
    }

    /// Whether an access control list lets this user write. The kernel knows of its own process; for
    /// others the list is read.
    fn has_access(&self, path: &Path) -> bool {
        let own = rustix::process::getuid().as_raw();
        if own == self.uid {
            // access(2) asks for the real uid, which in sudo is the requester's.
            return own != 0 && access(path, Access::WRITE_OK).is_ok();
        }
        acl(path).is_some_and(|list| self.is_let_write(&list))
    }

    /// acl(5): a named user's entry counts before those of groups, and the mask limits both.
    fn is_let_write(&self, list: &[Entry]) -> bool {
        let writes = |entry: &Entry| entry.rights & 2 != 0;
        let mask = list.iter().find(|entry| entry.tag == 0x10);
        if !mask.is_none_or(writes) {
            return false;
        }
        if let Some(named) = list
            .iter()
            .find(|entry| entry.tag == 0x02 && entry.id == self.uid)
        {
            return writes(named);
        }
        list.iter()
            .any(|entry| entry.tag == 0x08 && self.groups.contains(&entry.id) && writes(entry))
    }
}

/// One entry of an access control list, as `system.posix_acl_access` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    tag: u16,
    rights: u16,
    id: u32,
}

#[cfg(target_os = "linux")]
fn acl(path: &Path) -> Option<Vec<Entry>> {
    let mut buffer = [0_u8; 4096];
    let length = rustix::fs::getxattr(path, "system.posix_acl_access", &mut buffer[..]).ok()?;
    read_acl(buffer.get(..length)?)
}

#[cfg(not(target_os = "linux"))]
fn acl(_path: &Path) -> Option<Vec<Entry>> {
    None
}

/// Version 2, and eight bytes for each entry: linux/posix_acl_xattr.h.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn read_acl(bytes: &[u8]) -> Option<Vec<Entry>> {
    let entries = bytes.strip_prefix(&2_u32.to_le_bytes())?;
    entries
        .chunks(8)
        .map(|entry| {
            let [t0, t1, r0, r1, i0, i1, i2, i3] = *<&[u8; 8]>::try_from(entry).ok()?;
            Some(Entry {
                tag: u16::from_le_bytes([t0, t1]),
                rights: u16::from_le_bytes([r0, r1]),
                id: u32::from_le_bytes([i0, i1, i2, i3]),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(mask: u16, named: u16, group: u16) -> Vec<Entry> {
        let entry = |tag, rights, id| Entry { tag, rights, id };
        vec![
            entry(0x01, 6, u32::MAX),
            entry(0x02, named, 1000),
            entry(0x04, 4, u32::MAX),
            entry(0x08, group, 2000),
            entry(0x10, mask, u32::MAX),
            entry(0x20, 4, u32::MAX),
        ]
    }

    #[test]
    fn an_access_control_list_lets_named_users_and_groups_write_within_its_mask() {
        let named = Who::with(1000, vec![2000]);
        let member = Who::with(1001, vec![2000]);
        let other = Who::with(1002, vec![1002]);
        assert!(named.is_let_write(&list(7, 6, 4)));
        assert!(!named.is_let_write(&list(5, 6, 6)));
        assert!(
            !named.is_let_write(&list(7, 4, 6)),
            "the user's own entry counts first"
        );
        assert!(member.is_let_write(&list(7, 4, 6)));
        assert!(!member.is_let_write(&list(7, 6, 4)));
        assert!(!other.is_let_write(&list(7, 6, 6)));
    }

    #[test]
    fn a_list_is_read_from_the_kernels_form_and_nothing_else() {
        let mut bytes = vec![2, 0, 0, 0];
        bytes.extend([0x02, 0, 6, 0, 0xe8, 3, 0, 0]);
        let entry = Entry {
            tag: 2,
            rights: 6,
            id: 1000,
        };
        assert_eq!(read_acl(&bytes), Some(vec![entry]));
        assert_eq!(read_acl(&bytes[..11]), None);
        assert_eq!(read_acl(&[1, 0, 0, 0]), None);
        assert_eq!(read_acl(&[2, 0, 0, 0]), Some(Vec::new()));
    }
}
