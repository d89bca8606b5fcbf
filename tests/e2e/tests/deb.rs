//! The Debian package: what is in it, and that it is the same each time.

#![allow(missing_docs, reason = "stories")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What is run, with arguments; what it printed.
#[track_caller]
fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> String {
    let output = Command::new(program.as_ref())
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.as_ref().display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Packs what was built for the other tests.
fn package(directory: &Path) -> PathBuf {
    // `cargo xtask test` has just run it.
    let xtask = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .join("../xtask");
    assert!(xtask.exists(), "xtask is not built: cargo build -p xtask");
    let built = xtask.parent().unwrap().to_str().unwrap().to_owned();
    let directory = directory.to_str().unwrap();
    run(
        &xtask,
        &[
            "package",
            "--from",
            &built,
            "--version",
            "9.9-1",
            "--directory",
            directory,
        ],
    );
    let mut entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .find(|path| path.extension().is_some_and(|end| end == "deb"))
        .unwrap()
}

#[test]
fn a_package_has_its_files_with_their_modes_and_is_the_same_each_time() {
    let [first, second] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let file = package(first.path());
    let again = package(second.path());
    assert!(
        fs::read(&file).unwrap() == fs::read(again).unwrap(),
        "reproducible"
    );

    let file = file.to_str().unwrap();
    let multiarch = run("dpkg-architecture", &["-q", "DEB_HOST_MULTIARCH"]);
    let module = format!("./usr/lib/{}/security/pam_aisudo.so", multiarch.trim());
    let contents = run("dpkg-deb", &["--contents", file]);
    // Mode, owner, size, date, time, path.
    let entries: Vec<Vec<&str>> = contents
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for (path, mode) in [
        ("./usr/bin/aisudo", "-rwxr-xr-x"),
        ("./usr/sbin/aisudo-daemon", "-rwxr-xr-x"),
        (&module, "-rw-r--r--"),
        (
            "./usr/lib/systemd/system/aisudo-daemon.service",
            "-rw-r--r--",
        ),
        ("./usr/lib/sysusers.d/aisudo.conf", "-rw-r--r--"),
        ("./usr/lib/tmpfiles.d/aisudo.conf", "-rw-r--r--"),
        ("./usr/share/man/man1/aisudo-approve.1.gz", "-rw-r--r--"),
        ("./usr/share/man/man8/aisudo-daemon.8.gz", "-rw-r--r--"),
        (
            "./usr/share/bash-completion/completions/aisudo",
            "-rw-r--r--",
        ),
        ("./usr/share/zsh/vendor-completions/_aisudo", "-rw-r--r--"),
        (
            "./usr/share/fish/vendor_completions.d/aisudo.fish",
            "-rw-r--r--",
        ),
        ("./usr/share/doc/aisudo/copyright", "-rw-r--r--"),
        ("./usr/share/doc/aisudo/changelog.gz", "-rw-r--r--"),
    ] {
        let entry = entries.iter().find(|entry| entry[5] == path);
        assert_eq!(
            entry.map(|entry| entry[0]),
            Some(mode),
            "{path}: {contents}"
        );
    }
    for entry in &entries {
        assert_eq!(entry[1], "root/root", "{entry:?}");
        // Root's alone to write, nothing setuid, nothing that an upgrade would ask about.
        assert!(
            ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"].contains(&entry[0]),
            "{entry:?}"
        );
        assert!(!entry[5].starts_with("./etc"), "{entry:?}");
    }

    assert_eq!(run("dpkg-deb", &["--field", file, "Version"]), "9.9-1\n");
    let depends = run("dpkg-deb", &["--field", file, "Depends"]);
    for package in ["libc6 (>= 2.", "libpam0g", "passwd"] {
        assert!(depends.contains(package), "{depends}");
    }
    let control = first.path().join("control");
    run("dpkg-deb", &["--control", file, control.to_str().unwrap()]);
    let mut names: Vec<_> = fs::read_dir(&control)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["control", "md5sums", "postinst", "postrm", "prerm"]);
    for script in ["postinst", "postrm", "prerm"] {
        let mode = control
            .join(script)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755, "{script}");
    }
}

#[test]
fn maintainer_scripts_have_nothing_that_shellcheck_knows_better() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/debian");
    for script in ["postinst", "postrm", "prerm"] {
        let path = scripts.join(script);
        run("shellcheck", &[path.to_str().unwrap()]);
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"),
            "{script}"
        );
        // Whoever calls it with something new is told, not ignored.
        let wrong = Command::new("sh")
            .arg(scripts.join(script))
            .arg("nonsense")
            .output()
            .unwrap();
        assert_eq!(wrong.status.code(), Some(1), "{script}");
    }
}
