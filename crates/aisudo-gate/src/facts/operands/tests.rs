//! Run as root these check what another user could change; as a user, what that user could.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;

/// A uid that owns nothing here and is in no group of this process.
const STRANGER: Stranger = Stranger(54_321);

struct Stranger(u32);

impl Stranger {
    fn can_change(&self, path: &Path, said: Said) -> bool {
        can_change(&Who::with(self.0, Vec::new()), path, said)
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A directory that strangers can neither write nor replace, apart from `/tmp` itself (sticky).
fn closed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    chmod(dir.path(), 0o755);
    dir
}

#[test]
fn a_system_program_is_not_changeable_and_a_missing_file_is_no_operand() {
    assert!(!STRANGER.can_change(Path::new("/usr/bin/env"), Said::Perhaps));
    assert!(!STRANGER.can_change(Path::new("/no/such/file"), Said::Perhaps));
}

#[test]
fn a_file_is_changeable_through_its_mode_its_owner_or_its_directory() {
    let dir = closed();
    let file = dir.path().join("script");
    fs::write(&file, "x").unwrap();
    chmod(&file, 0o644);
    assert!(!STRANGER.can_change(&file, Said::Perhaps));
    chmod(&file, 0o646);
    assert!(STRANGER.can_change(&file, Said::Perhaps));
    chmod(&file, 0o644);
    chmod(dir.path(), 0o757);
    assert!(
        STRANGER.can_change(&file, Said::Perhaps),
        "can be renamed away and replaced"
    );
    chmod(dir.path(), 0o1757);
    assert!(
        !STRANGER.can_change(&file, Said::Perhaps),
        "the sticky bit protects it"
    );
    let owner = Stranger(
        fs::metadata(&file)
            .map(|meta| std::os::unix::fs::MetadataExt::uid(&meta))
            .unwrap(),
    );
    assert!(owner.can_change(&file, Said::Perhaps));
}

#[test]
fn a_link_on_the_way_counts() {
    let open = closed();
    chmod(open.path(), 0o777);
    std::os::unix::fs::symlink("/usr/bin/env", open.path().join("link")).unwrap();
    assert!(STRANGER.can_change(&open.path().join("link"), Said::Perhaps));
    let closed = closed();
    std::os::unix::fs::symlink(open.path(), closed.path().join("way")).unwrap();
    assert!(STRANGER.can_change(&closed.path().join("way/link"), Said::Perhaps));
    std::os::unix::fs::symlink(closed.path().join("loop"), closed.path().join("loop")).unwrap();
    assert!(
        !STRANGER.can_change(&closed.path().join("loop"), Said::Perhaps),
        "a loop ends nowhere"
    );
}

/// What the requester could still put there, perhaps as a link to something else (a24).
#[test]
fn a24_a_path_that_does_not_exist_yet_is_as_changeable_as_its_directory() {
    let open = closed();
    chmod(open.path(), 0o777);
    let closed = closed();
    for (directory, changeable) in [(open.path(), true), (closed.path(), false)] {
        for missing in ["missing", "missing/more"] {
            let path = directory.join(missing);
            assert_eq!(STRANGER.can_change(&path, Said::Certainly), changeable);
            assert!(
                !STRANGER.can_change(&path, Said::Perhaps),
                "a word that is no path names no file"
            );
        }
    }
    std::os::unix::fs::symlink("loop", open.path().join("loop")).unwrap();
    assert!(STRANGER.can_change(&open.path().join("loop"), Said::Certainly));
    std::os::unix::fs::symlink("/no/such/file", open.path().join("dangling")).unwrap();
    assert!(STRANGER.can_change(&open.path().join("dangling"), Said::Certainly));
    assert_eq!(
        content(&open.path().join("missing"), Role::Argument, &mut 0),
        unpinned("it does not exist yet")
    );
}

#[test]
fn a_script_names_its_interpreter() {
    let dir = closed();
    let file = dir.path().join("script");
    fs::write(&file, "#!  /opt/agent/python -u\nprint()\n").unwrap();
    assert_eq!(interpreter(&file), Some(PathBuf::from("/opt/agent/python")));
    fs::write(&file, "echo").unwrap();
    assert_eq!(interpreter(&file), None);
}

#[test]
fn content_is_the_hash_of_all_bytes_within_the_budget() {
    let dir = closed();
    let file = dir.path().join("f");
    fs::write(&file, "hello\n").unwrap();
    let mut budget = 10;
    // printf 'hello\n' | sha256sum
    let expected = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    assert_eq!(
        content(&file, Role::Argument, &mut budget),
        Content::Hashed {
            sha256: expected.parse().unwrap(),
            size: 6
        }
    );
    assert_eq!(budget, 4);
    assert_eq!(
        content(&file, Role::Argument, &mut budget),
        unpinned("too large")
    );
    assert_eq!(
        content(dir.path(), Role::Argument, &mut budget),
        Content::Directory
    );
    assert_eq!(
        content(Path::new("/dev/zero"), Role::Argument, &mut budget),
        unpinned("it is no regular file")
    );
}

#[test]
fn values_of_options_are_looked_at_too() {
    let words = ["-v", "--target-directory=/x", "of=y", "-f/m", "z", ""].map(Raw::from);
    let words: Vec<&[u8]> = words
        .iter()
        .flat_map(|word| files_in(word).map(|at| &word.0[at..]))
        .collect();
    let expected: [&[u8]; 8] = [
        b"-v",
        b"--target-directory=/x",
        b"/x",
        b"of=y",
        b"y",
        b"-f/m",
        b"/m",
        b"z",
    ];
    assert_eq!(words, expected);
}

#[test]
fn what_a_file_holds_is_told_only_while_its_hash_is_right() {
    let dir = closed();
    let file = dir.path().join("f");
    let named = |size: usize| {
        fs::write(&file, "x".repeat(size)).unwrap();
        let mut budget = MOST_BYTES;
        Operand {
            path: Raw::from(file.as_os_str()),
            role: Role::Argument,
            content: content(&file, Role::Argument, &mut budget),
        }
    };
    let asked = |operand: Operand| {
        let Content::Hashed { sha256, .. } = operand.content else {
            panic!("it was hashed")
        };
        ([operand], sha256)
    };
    for (size, told) in [
        (0, true),
        (MAX_CONTENT_BYTES, true),
        (MAX_CONTENT_BYTES + 1, false),
    ] {
        let (operands, sha256) = asked(named(size));
        let expected = told.then(|| vec![b'x'; size]);
        assert_eq!(content_of(own(), &operands, &sha256), expected, "{size}");
    }
    let (operands, sha256) = asked(named(3));
    assert_eq!(
        content_of(own(), &operands, &Hex32([1; 32])),
        None,
        "not named"
    );
    fs::write(&file, "yyy").unwrap();
    assert_eq!(content_of(own(), &operands, &sha256), None, "changed");
    fs::remove_file(&file).unwrap();
    assert_eq!(content_of(own(), &operands, &sha256), None, "gone");
}

fn own() -> u32 {
    rustix::process::getuid().as_raw()
}

/// A daemon that was taken over asks for what the agent has linked: nobody has approved anything yet.
#[test]
fn a24_what_is_not_the_requesters_own_is_told_to_nobody() {
    let dir = closed();
    let (secret, link) = (dir.path().join("secret"), dir.path().join("link"));
    fs::write(&secret, "root's alone").unwrap();
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    let mut budget = MOST_BYTES;
    let operands = [Operand {
        path: Raw::from(link.as_os_str()),
        role: Role::Argument,
        content: content(&link, Role::Argument, &mut budget),
    }];
    let Content::Hashed { sha256, .. } = operands[0].content else {
        panic!("it was hashed")
    };
    assert!(content_of(own(), &operands, &sha256).is_some());
    assert_eq!(content_of(own() + 1, &operands, &sha256), None);
}
