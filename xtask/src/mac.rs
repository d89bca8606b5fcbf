//! `cargo xtask mac`: whether what is written for macOS is right as far as a compiler can tell. Nothing of it
//! is run: there is no Mac here.
//!
//! Debian's compiler for browsers is newer than its main one, can compile for Apple's chips, and has the
//! standard library's source beside it. It is unpacked under `target/`, never installed. What is written in C
//! (SQLite, ring) is compiled by zig, which brings the headers of Apple's C library.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::setup;
use crate::sh::{Result, cargo, checkout, run, run_quietly, which};

const TARGET: &str = "aarch64-apple-darwin";

/// What sudo loads, and what people and launchd start.
const PACKAGES: [&str; 3] = ["pam-aisudo", "aisudo-daemon", "aisudo"];

/// Those whose tests need neither Linux nor a daemon.
const TESTED: [&str; 3] = ["aisudo-core", "aisudo-sys", "aisudo-gate"];

/// A C compiler for Apple's systems, and what makes cargo link with it.
const ZIG: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// The calls of the PAM library that the module makes, in the form in which Apple's SDK describes libraries.
const LIBPAM: &str = "\
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libpam.2.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _pam_get_item, _pam_get_data, _pam_set_data ]
...
";

/// Type-checks for macOS, and links the module.
pub(crate) fn check() -> Result<()> {
    if which("apt-get").is_none() || which("dpkg-deb").is_none() {
        return Err(
            "the compiler for this comes from Debian's packages: run it on Debian or Ubuntu, or cargo build on a Mac"
                .to_owned(),
        );
    }
    let tools = Tools::prepare(&checkout().join("target/mac"))?;
    let packages = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().flat_map(|name| ["--package", name]).collect()
    };
    run(tools
        .cargo("check", "std,panic_unwind")
        .args(packages(&PACKAGES)))?;
    run(tools
        .cargo("check", "std,panic_unwind,test")
        .arg("--tests")
        .args(packages(&TESTED)))?;
    run(tools
        .cargo("zigbuild", "std,panic_unwind")
        .args(["--package", "pam-aisudo"]))?;
    tools.look_at_module()
}

/// Where the compilers are.
struct Tools {
    home: PathBuf,
}

impl Tools {
    fn prepare(home: &Path) -> Result<Self> {
        fs::create_dir_all(home.join("lib")).map_err(|error| cannot(home, &error))?;
        let tools = Self {
            home: home.to_path_buf(),
        };
        tools.unpack_rust()?;
        tools.install_zig()?;
        let root = home.join("root");
        let root = root.display();
        tools.script(
            "rustc",
            &format!(
                "LD_LIBRARY_PATH='{root}/usr/lib/x86_64-linux-gnu:{root}/usr/lib/aarch64-linux-gnu' exec '{root}/usr/bin/rustc' \"$@\""
            ),
        )?;
        let python = home.join("zig/bin/python3");
        let python = python.display();
        // zig has names of its own for the target, and takes none of clang's.
        tools.script(
            "cc",
            &format!(
                "for word; do shift; case \"$word\" in --target=*|-arch|arm64|-mmacosx-version-min=*) ;; *) set -- \"$@\" \"$word\" ;; esac; done\nexec '{python}' -m ziglang cc -target aarch64-macos \"$@\""
            ),
        )?;
        tools.script("ar", &format!("exec '{python}' -m ziglang ar \"$@\""))?;
        let libpam = home.join("lib/libpam.tbd");
        fs::write(&libpam, LIBPAM).map_err(|error| cannot(&libpam, &error))?;
        Ok(tools)
    }

    /// The compiler's packages and what they need that may not be installed, unpacked.
    fn unpack_rust(&self) -> Result<()> {
        let stamp = self.home.join("rust.unpacked");
        if stamp.exists() {
            return Ok(());
        }
        let mut packages = vec![
            "rustc-web".to_owned(),
            "rust-web-src".to_owned(),
            "libstd-rust-web-dev".to_owned(),
            "libz3-4".to_owned(),
        ];
        let std = depends_on("libstd-rust-web-dev", "libstd-rust-web-")?;
        packages.push(depends_on(&std, "libllvm")?);
        packages.push(std);
        let debs = self.home.join("debs");
        let _ = fs::remove_dir_all(&debs);
        fs::create_dir_all(&debs).map_err(|error| cannot(&debs, &error))?;
        eprintln!("xtask: fetching {}", packages.join(" "));
        run_quietly(
            Command::new("apt-get")
                .args(["-q", "download"])
                .args(&packages)
                .current_dir(&debs),
        )?;
        let files = fs::read_dir(&debs).map_err(|error| cannot(&debs, &error))?;
        for file in files.flatten() {
            run_quietly(
                Command::new("dpkg-deb")
                    .arg("--extract")
                    .args([file.path(), self.home.join("root")]),
            )?;
        }
        fs::write(&stamp, "").map_err(|error| cannot(&stamp, &error))
    }

    fn install_zig(&self) -> Result<()> {
        let stamp = self.home.join(format!("{}.installed", ZIG.join("+")));
        if stamp.exists() {
            return Ok(());
        }
        setup::make_venv(&self.home.join("zig"), &ZIG)?;
        fs::write(&stamp, "").map_err(|error| cannot(&stamp, &error))
    }

    fn script(&self, name: &str, text: &str) -> Result<()> {
        let path = self.home.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n"))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| cannot(&path, &error))
    }

    /// Cargo with these compilers, and the standard library compiled anew.
    fn cargo(&self, what: &str, library: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let zig = self.home.join("zig/bin");
        let mut command = cargo();
        command
            .args([what, "--quiet", "--target", TARGET])
            .arg(format!("-Zbuild-std={library}"))
            .env("PATH", format!("{}:{path}", zig.display()))
            .env("RUSTC", self.home.join("rustc"))
            // Cargo of the ordinary compiler, with options of the coming one.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", self.home.join("build"))
            .env("CC_aarch64_apple_darwin", self.home.join("cc"))
            .env("AR_aarch64_apple_darwin", self.home.join("ar"))
            .env(
                "RUSTFLAGS",
                format!("-Lnative={}", self.home.join("lib").display()),
            );
        command
    }

    /// The module is a library for Apple's chips that asks for PAM's library and the system's own alone.
    fn look_at_module(&self) -> Result<()> {
        let path = self
            .home
            .join(format!("build/{TARGET}/debug/libpam_aisudo.dylib"));
        let bytes = fs::read(&path).map_err(|error| cannot(&path, &error))?;
        let wanted: Vec<String> = loaded(&bytes)
            .ok_or_else(|| format!("{} is no library for macOS on ARM", path.display()))?;
        let expected = [
            "/usr/lib/libpam.2.dylib",
            "/usr/lib/libSystem.B.dylib",
            // The standard library asks for the first of these on Apple's systems, and it for the second.
            "/usr/lib/libiconv.2.dylib",
            "/usr/lib/libcharset.1.dylib",
        ];
        let strangers: Vec<&String> = wanted
            .iter()
            .filter(|name| !expected.contains(&name.as_str()))
            .collect();
        if strangers.is_empty() && wanted.iter().any(|name| name == expected[0]) {
            return Ok(());
        }
        Err(format!("the module for macOS loads {wanted:?}"))
    }
}

/// The one package of this name that another depends on.
fn depends_on(package: &str, prefix: &str) -> Result<String> {
    let output = Command::new("apt-cache")
        .args(["depends", "--no-recommends", package])
        .output()
        .map_err(|error| format!("apt-cache: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with(prefix))
        .map(str::to_owned)
        .ok_or_else(|| {
            format!("apt knows no {package} that needs {prefix}…: run apt-get update, on Debian 12 or later")
        })
}

/// The libraries that a 64-bit Mach-O library for ARM loads (`<mach-o/loader.h>`); nothing if it is none.
fn loaded(bytes: &[u8]) -> Option<Vec<String>> {
    const MAGIC: u32 = 0xfeed_facf;
    const ARM64: u32 = 0x0100_000c;
    const LIBRARY: u32 = 6;
    const LOAD_LIBRARY: u32 = 0xc;
    const HEADER: usize = 32;
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?))
    };
    if (number(0)?, number(4)?, number(12)?) != (MAGIC, ARM64, LIBRARY) {
        return None;
    }
    let mut libraries = Vec::new();
    let mut at = HEADER;
    for _ in 0..number(16)? {
        let length = usize::try_from(number(at + 4)?).ok()?;
        if number(at)? == LOAD_LIBRARY {
            let name = at + usize::try_from(number(at + 8)?).ok()?;
            let name = bytes.get(name..at + length)?;
            let name = name.split(|byte| *byte == 0).next()?;
            libraries.push(String::from_utf8_lossy(name).into_owned());
        }
        at += length;
    }
    Some(libraries)
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_of_a_library_are_read() {
        let mut bytes = Vec::new();
        for number in [0xfeed_facf, 0x0100_000c, 0, 6, 2, 0, 0, 0_u32] {
            bytes.extend(number.to_le_bytes());
        }
        // Another command, then one that loads.
        bytes.extend([2_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat());
        for number in [0xc, 24 + 16, 24, 0, 0, 0_u32] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"/usr/lib/libx\0\0\0");
        assert_eq!(loaded(&bytes), Some(vec!["/usr/lib/libx".to_owned()]));
        assert_eq!(loaded(&bytes[..60]), None);
        assert_eq!(loaded(b"\x7fELF"), None);
    }
}
