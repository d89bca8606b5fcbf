//! File capabilities (capabilities(7)) by which a program can become root.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "capabilities of files are Linux's")
)]

use std::path::Path;

/// Those that are as good as root, by their number.
const AS_ROOT: [(u32, &str); 13] = [
    (0, "cap_chown"),
    (1, "cap_dac_override"),
    (2, "cap_dac_read_search"),
    (3, "cap_fowner"),
    (4, "cap_fsetid"),
    (6, "cap_setgid"),
    (7, "cap_setuid"),
    (8, "cap_setpcap"),
    (16, "cap_sys_module"),
    (17, "cap_sys_rawio"),
    (19, "cap_sys_ptrace"),
    (21, "cap_sys_admin"),
    (31, "cap_setfcap"),
];

/// Those among a file's capabilities; none where it has none.
#[cfg(target_os = "linux")]
pub(super) fn of(path: &Path) -> Vec<&'static str> {
    let mut buffer = [0_u8; 64];
    rustix::fs::lgetxattr(path, "security.capability", &mut buffer[..])
        .ok()
        .and_then(|length| permitted(buffer.get(..length)?))
        .map(named)
        .unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_path: &Path) -> Vec<&'static str> {
    Vec::new()
}

/// `vfs_cap_data` of linux/capability.h: a word with the version, then permitted and inheritable.
fn permitted(bytes: &[u8]) -> Option<u32> {
    let word = |at: usize| -> Option<u32> {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    matches!(word(0)? >> 24, 1..=3).then(|| word(4)).flatten()
}

fn named(set: u32) -> Vec<&'static str> {
    AS_ROOT
        .iter()
        .filter(|(number, _)| set & (1 << number) != 0)
        .map(|(_, name)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_good_as_root_is_named() {
        let mut bytes = 0x0200_0001_u32.to_le_bytes().to_vec();
        bytes.extend((1_u32 << 7 | 1 << 13).to_le_bytes());
        bytes.extend([0; 12]);
        assert_eq!(permitted(&bytes).map(named), Some(vec!["cap_setuid"]));
        assert_eq!(permitted(&bytes[..6]), None);
        assert_eq!(permitted(&[0; 20]), None);
    }
}
