//! The module's file: where PAM looks for it, and whether sudo can load it and may believe it.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use super::{
    below,
    os::{Family, Os},
};

/// Its name.
pub(crate) const FILE: &str = "pam_aisudo.so";

/// Modules by which PAM's directory is known: one of them is wherever PAM is.
const COMMON: [&str; 3] = ["pam_unix.so", "pam_permit.so", "pam_deny.so"];

/// What a program or library is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// ELF's class (1: 32 bits, 2: 64 bits) and machine (`e_machine`).
    Elf { class: u8, machine: u16 },
    /// The processors of a Mach-O file.
    MachO(Vec<u32>),
}

/// What is wrong with the module's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is not there.
    Missing(PathBuf),
    /// It is for another machine than sudo, or no library at all.
    OtherMachine(PathBuf),
    /// Others than root could change it; what, and what to do.
    NotTrusted(String),
}

impl Trouble {
    /// One line that says what to do.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Missing(path) => format!(
                "{} is not there; install aisudo's package, or put the module there",
                path.display()
            ),
            Self::OtherMachine(path) => format!(
                "{} is not for the machine that sudo is for; install the package for this machine",
                path.display()
            ),
            Self::NotTrusted(why) => why.clone(),
        }
    }
}

/// Where PAM of this sudo looks for modules.
pub(crate) fn directory(root: &Path, os: &Os, sudo: &Path) -> Option<PathBuf> {
    if os.family == Family::MacOs {
        return Some(below(root, "/usr/local/lib/pam"));
    }
    let wanted = machine(sudo);
    let fits = |directory: &Path| {
        let known = COMMON
            .iter()
            .map(|name| directory.join(name))
            .find(|path| path.exists());
        // A sudo that is a script tells nothing.
        known.is_some_and(|known| wanted.is_none() || machine(&known) == wanted)
    };
    candidates(root).into_iter().find(|path| fits(path))
}

/// Of 32 and 64 bits, multiarch or not.
fn candidates(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for library in ["/usr/lib", "/lib"] {
        let Ok(entries) = fs::read_dir(below(root, library)) else {
            continue;
        };
        let mut multiarch: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("security"))
            .filter(|path| path.is_dir())
            .collect();
        multiarch.sort();
        found.extend(multiarch);
    }
    let plain = [
        "/usr/lib64/security",
        "/lib64/security",
        "/usr/lib/security",
        "/lib/security",
    ];
    found.extend(plain.map(|path| below(root, path)));
    found
}

/// Looks at the module's file: it is there, for sudo's machine, and root's alone.
pub(crate) fn check(root: &Path, module: &Path, sudo: &Path) -> Result<(), Trouble> {
    if !module.is_file() {
        return Err(Trouble::Missing(module.to_path_buf()));
    }
    let own = machine(module);
    let fits = match (machine(sudo), &own) {
        (_, None) => false,
        // A universal sudo says nothing of the processor that is here.
        (Some(Machine::MachO(_)), Some(Machine::MachO(own))) => own.contains(&HERE),
        (Some(sudo), Some(own)) => sudo == *own,
        (None, Some(_)) => true,
    };
    if !fits {
        return Err(Trouble::OtherMachine(module.to_path_buf()));
    }
    trusted(root, module).map_err(Trouble::NotTrusted)
}

/// Mach-O's number for the processor that this is compiled for.
const HERE: u32 = if cfg!(target_arch = "x86_64") {
    0x0100_0007
} else {
    0x0100_000c
};

/// Nobody but root can change a file, or put another in its place: it and each directory above it
/// belong to root and are closed to others. A process that is not root believes its own as well.
pub(crate) fn trusted(root: &Path, path: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: &std::io::Error| {
        format!("{} cannot be looked at: {error}; check it", path.display())
    };
    let real = path.canonicalize().map_err(|error| failed(path, &error))?;
    let top = root.canonicalize().map_err(|error| failed(root, &error))?;
    let own = geteuid().as_raw();
    for part in real.ancestors().take_while(|part| part.starts_with(&top)) {
        let meta = part.metadata().map_err(|error| failed(part, &error))?;
        let part = part.display();
        if meta.uid() != 0 && meta.uid() != own {
            return Err(format!(
                "{part} belongs to uid {}; run: chown root {part}",
                meta.uid()
            ));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(format!(
                "{part} can be written by others; run: chmod go-w {part}"
            ));
        }
    }
    Ok(())
}

/// What a file is made for; nothing if it is neither ELF nor Mach-O, or cannot be read.
pub(crate) fn machine(path: &Path) -> Option<Machine> {
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(4096).read_to_end(&mut head).ok()?;
    parse_machine(&head)
}

fn parse_machine(head: &[u8]) -> Option<Machine> {
    let four = |at: usize| -> Option<[u8; 4]> { head.get(at..at + 4)?.try_into().ok() };
    match four(0)? {
        [0x7f, b'E', b'L', b'F'] => {
            let pair: [u8; 2] = head.get(18..20)?.try_into().ok()?;
            Some(Machine::Elf {
                class: *head.get(4)?,
                machine: match head.get(5)? {
                    2 => u16::from_be_bytes(pair),
                    _ => u16::from_le_bytes(pair),
                },
            })
        }
        [0xcf | 0xce, 0xfa, 0xed, 0xfe] => Some(Machine::MachO(vec![u32::from_le_bytes(four(4)?)])),
        [0xca, 0xfe, 0xba, 0xbe] => {
            let count = usize::try_from(u32::from_be_bytes(four(4)?)).ok()?;
            let each = (0..count.min(16)).map(|index| four(8 + 20 * index).map(u32::from_be_bytes));
            each.collect::<Option<Vec<u32>>>().map(Machine::MachO)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn elf(class: u8, machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = class;
        bytes[5] = 1;
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes
    }

    fn put(root: &Path, path: &str, bytes: &[u8]) -> PathBuf {
        let path = below(root, path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    fn linux() -> Os {
        Os::of(Path::new("/nowhere"))
    }

    #[test]
    fn pams_directory_is_the_one_whose_modules_are_made_for_sudos_machine() {
        let (x86_64, i386) = (elf(2, 62), elf(1, 3));
        for directory in [
            "/usr/lib/x86_64-linux-gnu/security",
            "/usr/lib64/security",
            "/usr/lib/security",
        ] {
            let keep = tempfile::tempdir().unwrap();
            let root = keep.path();
            let sudo = put(root, "/usr/bin/sudo", &x86_64);
            assert_eq!(super::directory(root, &linux(), &sudo), None);
            put(root, "/usr/lib/i386-linux-gnu/security/pam_unix.so", &i386);
            put(root, &format!("{directory}/pam_unix.so"), &x86_64);
            assert_eq!(
                super::directory(root, &linux(), &sudo),
                Some(below(root, directory))
            );
        }
    }

    #[test]
    fn a_module_that_sudo_could_not_load_is_known_before() {
        let keep = tempfile::tempdir().unwrap();
        let root = keep.path();
        let sudo = put(root, "/usr/bin/sudo", &elf(2, 62));
        let module = below(root, "/usr/lib/security/pam_aisudo.so");
        assert_eq!(
            check(root, &module, &sudo),
            Err(Trouble::Missing(module.clone()))
        );
        put(root, "/usr/lib/security/pam_aisudo.so", &elf(2, 62));
        assert_eq!(check(root, &module, &sudo), Ok(()));
        for other in [elf(2, 183), elf(1, 62), b"#!/bin/sh".to_vec(), Vec::new()] {
            put(root, "/usr/lib/security/pam_aisudo.so", &other);
            assert_eq!(
                check(root, &module, &sudo),
                Err(Trouble::OtherMachine(module.clone()))
            );
        }
    }

    #[test]
    fn a_module_that_others_can_change_is_not_trusted() {
        let keep = tempfile::tempdir().unwrap();
        let root = keep.path();
        let sudo = put(root, "/usr/bin/sudo", &elf(2, 62));
        let module = put(root, "/usr/lib/security/pam_aisudo.so", &elf(2, 62));
        let above = module.parent().unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        for (path, closed, open) in [(module.as_path(), 0o644, 0o664), (above, 0o755, 0o757)] {
            mode(path, open);
            let trouble = check(root, &module, &sudo).unwrap_err();
            assert!(
                trouble.message().contains("can be written by others"),
                "{trouble:?}"
            );
            mode(path, closed);
            assert_eq!(check(root, &module, &sudo), Ok(()));
        }
        // Through a link into a directory of others, too.
        let real = put(root, "/home/module.so", &elf(2, 62));
        fs::remove_file(&module).unwrap();
        symlink(&real, &module).unwrap();
        mode(real.parent().unwrap(), 0o777);
        assert!(matches!(
            check(root, &module, &sudo),
            Err(Trouble::NotTrusted(_))
        ));
        mode(real.parent().unwrap(), 0o755);
        if geteuid().is_root() {
            chown(&real, Some(4711), None).unwrap();
            let trouble = check(root, &module, &sudo).unwrap_err();
            assert!(
                trouble.message().contains("belongs to uid 4711"),
                "{trouble:?}"
            );
        }
    }

    #[test]
    fn machines_of_macos_are_read_too() {
        let mut thin = vec![0xcf, 0xfa, 0xed, 0xfe];
        thin.extend(0x0100_000c_u32.to_le_bytes());
        assert_eq!(
            parse_machine(&thin),
            Some(Machine::MachO(vec![0x0100_000c]))
        );
        let mut fat = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2];
        for cpu in [0x0100_0007_u32, 0x0100_000c] {
            fat.extend(cpu.to_be_bytes());
            fat.extend([0; 16]);
        }
        let both = Machine::MachO(vec![0x0100_0007, 0x0100_000c]);
        assert_eq!(parse_machine(&fat), Some(both));
        assert_eq!(parse_machine(&fat[..30]), None);
    }

    /// This machine's own.
    #[test]
    fn this_machines_sudo_has_its_modules_somewhere() {
        let root = Path::new("/");
        let sudo = below(root, "/usr/bin/sudo");
        assert!(sudo.exists(), "sudo is installed");
        let directory = super::directory(root, &Os::of(root), &sudo).unwrap();
        assert!(directory.join("pam_unix.so").exists());
        let own = machine(&std::env::current_exe().unwrap());
        assert_eq!(machine(&sudo), own);
    }
}
