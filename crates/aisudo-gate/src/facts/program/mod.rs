//! Which program will run.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::path::{Path, PathBuf};

use aisudo_core::{
    asked_by::Asker,
    raw::Raw,
    request::{Call, Found, Program},
    sudo_argv::Mode,
};
use rustix::fs::{Access, access};

use aisudo_sys::users;

use super::{directory, plan};
use crate::sudo_command;

/// The program: by sudo's own word where that can be had, else by a search of our own.
#[must_use]
pub fn find(asker: Asker, call: &Call, cwd: &Raw, requester: u32) -> Program {
    let directory = directory(call, cwd);
    let by_sudo = || sudo_command::from_sudo().and_then(|text| of_sudo_command(&text, call));
    let (path, found) = match asker {
        Asker::Sudo => match by_sudo() {
            Some(path) => (Some(path), Found::Sudo),
            None => (search(call, &directory), Found::Gate),
        },
        Asker::Su => (shell_of_target(call), Found::Gate),
        Asker::Doas => (of_doas(call, requester), Found::Gate),
        Asker::Other => (None, Found::Unknown),
    };
    match path.map(|path| directory.join(path)) {
        Some(path) => Program {
            real: std::fs::canonicalize(&path)
                .ok()
                .map(|real| Raw::from(real.as_os_str())),
            path: Some(Raw::from(path.as_os_str())),
            found,
        },
        None => UNKNOWN,
    }
}

/// Whether this is the call that sudo itself speaks of, where it speaks.
///
/// C sudo puts a zero byte in the place of each comma in `--preserve-env=A,B`, in its own words: `B` then looks
/// like the command, and the command like its argument.
pub(super) fn is_what_sudo_runs(call: &Call, words: &[Vec<u8>]) -> bool {
    sudo_command::from_sudo().is_none_or(|text| {
        // What was cut off cannot be held against anything.
        let is_whole = text.len() < sudo_command::CUT;
        (is_whole || !words.iter().any(|word| is_a_list(word))) && agrees(&text, call)
    })
}

/// `--preserve-env=…`, as short as sudo takes it; of `=,B` nothing is left behind the `=`.
fn is_a_list(word: &[u8]) -> bool {
    word.starts_with(b"--preserve-e") && word.contains(&b'=')
}

fn agrees(text: &[u8], call: &Call) -> bool {
    if text.len() >= sudo_command::CUT && !call.environment.preserve.is_empty() {
        return false;
    }
    match call.mode {
        Mode::Run => of_sudo_command(text, call).is_some(),
        Mode::Shell | Mode::LoginShell if call.argv.is_empty() => {
            // With words there would be a `-c`; that a shell's path has one, too, is for root to mend.
            find_bytes(text, b" -c ").is_none()
        }
        Mode::Shell | Mode::LoginShell => find_bytes(text, b" -c ").is_some_and(|at| {
            let said = unquoted(text.get(at + 4..).unwrap_or_default());
            let words: Vec<&[u8]> = call.argv.iter().map(AsRef::as_ref).collect();
            let asked = unquoted(&words.join(&b' '));
            said == asked || (text.len() >= sudo_command::CUT && asked.starts_with(&said))
        }),
        // These run nothing of the requester's choice.
        Mode::Edit | Mode::List | Mode::Validate => true,
    }
}

/// Without backslashes: which characters sudo puts one before, and which it takes away again for its own
/// word, is not the same in each version.
fn unquoted(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte != b'\\').collect()
}

/// su(1): the target's shell. What says otherwise is an option that is not read.
fn shell_of_target(call: &Call) -> Option<PathBuf> {
    let target = call.user.as_ref().map_or(b"root".as_slice(), AsRef::as_ref);
    shell(users::account_named(std::str::from_utf8(target).ok()?)?)
}

fn shell(account: users::Account) -> Option<PathBuf> {
    let shell = Raw(account.shell);
    // passwd(5): an empty one is /bin/sh.
    Some(match shell.0.as_slice() {
        [] => PathBuf::from("/bin/sh"),
        _ => PathBuf::from(shell.as_os()),
    })
}

/// What doas starts: by its path, by the requester's `$SHELL`, or by the requester's `$PATH`.
fn of_doas(call: &Call, requester: u32) -> Option<PathBuf> {
    match (call.mode, call.argv.first()) {
        (Mode::Run, Some(name)) if name.0.contains(&b'/') => Some(PathBuf::from(name.as_os())),
        (Mode::Run, Some(name)) => in_path(name, requester).ok(),
        (Mode::Shell, _) => match std::env::var_os("SHELL") {
            Some(shell) if !shell.is_empty() => Some(PathBuf::from(shell)),
            _ => shell(users::account(requester)?),
        },
        _ => None,
    }
}

/// Whether it is certain which program this names: doas(1) looks for it in the requester's `$PATH`,
/// where its rule does not name it.
pub(super) fn certain_for_doas(call: Call) -> Result<Call, String> {
    let requester = rustix::process::getuid().as_raw();
    match call.argv.first() {
        Some(name) if call.mode == Mode::Run && !name.0.contains(&b'/') => {
            in_path(name, requester).map(|_| call)
        }
        _ => Ok(call),
    }
}

/// The first program of that name, if nobody could put another one before it.
fn in_path(name: &Raw, requester: u32) -> Result<PathBuf, String> {
    let shown = name.0.escape_ascii();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for directory in std::env::split_paths(&path) {
        let program = directory.join(name.as_os());
        if !directory.is_absolute() || plan::can_change(requester, &program) {
            return Err(format!(
                "doas looks for {shown} in the requester's own PATH, where they could put another; give its path"
            ));
        }
        if program.is_file() && access(&program, Access::EXEC_OK).is_ok() {
            return Ok(program);
        }
    }
    Err(format!("{shown} is not in the requester's PATH"))
}

/// Nothing is known of it, or there is none.
pub(super) const UNKNOWN: Program = Program {
    path: None,
    real: None,
    found: Found::Unknown,
};

/// The program in `SUDO_COMMAND`, which is the program and its arguments, joined by blanks and cut:
/// what remains when the arguments, known from the command line, are taken off.
fn of_sudo_command(text: &[u8], call: &Call) -> Option<PathBuf> {
    let program = match call.mode {
        Mode::Run => {
            let arguments: Vec<&[u8]> = call.argv.iter().skip(1).map(AsRef::as_ref).collect();
            let tail = arguments
                .iter()
                .flat_map(|word| [b" ".as_slice(), word])
                .collect::<Vec<_>>()
                .concat();
            without_tail(text, &tail)?
        }
        // `/bin/bash`, or `/bin/bash -c words`: sudo escapes the words, the gate need not know how.
        Mode::Shell | Mode::LoginShell if call.argv.is_empty() => text,
        Mode::Shell | Mode::LoginShell => text.get(..find_bytes(text, b" -c ")?)?,
        Mode::Edit | Mode::List | Mode::Validate => return None,
    };
    (!program.is_empty()).then(|| PathBuf::from(Raw(program.to_vec()).as_os()))
}

/// `text` without `tail` at its end, which may have been cut.
fn without_tail<'a>(text: &'a [u8], tail: &[u8]) -> Option<&'a [u8]> {
    if let Some(program) = text.strip_suffix(tail) {
        return Some(program);
    }
    if text.len() < sudo_command::CUT {
        return None;
    }
    // Cut: the longest beginning of the tail that the text ends with.
    (1..=tail.len())
        .rev()
        .filter_map(|length| tail.get(..length))
        .find_map(|part| text.strip_suffix(part))
        .filter(|program| !program.contains(&b' '))
}

fn find_bytes(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// The gate's own search: a path as it is, a name in the places where this system's sudo may search.
fn search(call: &Call, directory: &Path) -> Option<PathBuf> {
    if call.mode != Mode::Run {
        return None;
    }
    let name = call.argv.first()?;
    if name.as_ref().contains(&b'/') {
        return Some(PathBuf::from(name.as_os()));
    }
    let found = platform::search_paths();
    agreed(
        found
            .iter()
            .filter_map(|path| search_in(path, name, directory)),
    )
}

/// Which of several searches is sudo's is not known: they count where they find the same.
fn agreed(mut found: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The first program of this name in a list as `PATH` has it. The current directory comes last, wherever
/// it stands: so does sudo.
fn search_in(path: &[u8], name: &Raw, directory: &Path) -> Option<PathBuf> {
    let (here, elsewhere): (Vec<&[u8]>, Vec<&[u8]>) = path
        .split(|byte| *byte == b':')
        .partition(|part| matches!(*part, b"" | b"."));
    elsewhere
        .into_iter()
        .chain(here)
        .map(|part| {
            directory
                .join(Raw(part.to_vec()).as_os())
                .join(name.as_os())
        })
        .find(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use aisudo_core::request::Environment;

    use super::*;

    fn call(mode: Mode, words: &[&str]) -> Call {
        Call {
            mode,
            argv: words.iter().map(|word| Raw::from(*word)).collect(),
            user: None,
            group: None,
            chdir: None,
            chroot: None,
            environment: Environment::default(),
            background: false,
        }
    }

    #[test]
    fn sudos_own_word_is_the_program_without_its_arguments() {
        let long = "x".repeat(9000);
        let cut = format!("/usr/bin/echo {}", "x".repeat(4096));
        let cases = [
            (Mode::Run, &["id"][..], "/usr/bin/id", Some("/usr/bin/id")),
            (
                Mode::Run,
                &["id", "-u", ""],
                "/usr/bin/id -u ",
                Some("/usr/bin/id"),
            ),
            (
                Mode::Run,
                &["my prog", "a"],
                "/opt/my prog a",
                Some("/opt/my prog"),
            ),
            (Mode::Run, &["echo", &long], &cut, Some("/usr/bin/echo")),
            (Mode::Run, &["id", "-u"], "/usr/bin/rm -rf /", None),
            (Mode::LoginShell, &[], "/bin/bash", Some("/bin/bash")),
            (
                Mode::Shell,
                &["id", "-u"],
                "/bin/bash -c id -u",
                Some("/bin/bash"),
            ),
            (Mode::Edit, &["/etc/motd"], "sudoedit /etc/motd", None),
        ];
        for (mode, words, text, expected) in cases {
            assert_eq!(
                of_sudo_command(text.as_bytes(), &call(mode, words)),
                expected.map(PathBuf::from),
                "{words:?}"
            );
        }
    }

    #[test]
    fn words_that_sudo_has_cut_at_a_comma_are_found_out() {
        let agrees = |mode, words: &[&str], text: &str| agrees(text.as_bytes(), &call(mode, words));
        assert!(agrees(Mode::Run, &["id", "-u"], "/usr/bin/id -u"));
        assert!(!agrees(Mode::Run, &["echo", "id", "-u"], "/usr/bin/id -u"));
        assert!(!agrees(Mode::Run, &["echo", "/x", "-u"], "/x -u"));
        assert!(!agrees(Mode::Run, &["", "id"], "/usr/bin/id"));
        assert!(agrees(
            Mode::Shell,
            &["a b", "$x;\\y"],
            r"/bin/sh -c a\ b $x;\\y"
        ));
        assert!(!agrees(Mode::Shell, &["echo", "id"], "/bin/sh -c id"));
        assert!(!agrees(Mode::Shell, &["\\", "id"], "/bin/sh -c id"));
        assert!(!agrees(Mode::LoginShell, &["id"], "/bin/sh"));
        assert!(!agrees(Mode::LoginShell, &[], "/bin/sh -c id"));
        assert!(agrees(Mode::LoginShell, &[], "/bin/sh"));
        let long = "x".repeat(5000);
        let cut = format!("/bin/sh -c {}", "x".repeat(4096));
        assert!(agrees(Mode::Shell, &[&long], &cut));
        assert!(!agrees(Mode::Shell, &["y", &long], &cut));
        let mut with_list = call(Mode::Shell, &[&long]);
        with_list.environment.preserve = vec![Raw::from("A")];
        assert!(!super::agrees(cut.as_bytes(), &with_list), "not certain");
        for list in ["--preserve-env=", "--preserve-e=", "--preserve-env=A"] {
            assert!(is_a_list(list.as_bytes()), "{list}");
        }
        assert!(!is_a_list(b"--preserve-env") && !is_a_list(b"--path=x"));
    }

    #[test]
    fn own_search_takes_a_path_as_it_is_and_a_name_from_the_secure_path() {
        let search = |word| search(&call(Mode::Run, &[word]), Path::new("/tmp"));
        assert_eq!(search("./x"), Some(PathBuf::from("./x")));
        assert_eq!(search("env"), Some(PathBuf::from("/usr/bin/env")));
        assert_eq!(search("no-such-program-anywhere"), None);
    }

    #[test]
    fn searches_count_where_they_agree() {
        let paths = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(agreed(paths(&[]).into_iter()), None);
        assert_eq!(
            agreed(paths(&["/bin/x", "/bin/x"]).into_iter()),
            Some(PathBuf::from("/bin/x"))
        );
        assert_eq!(agreed(paths(&["/bin/x", "/tmp/x"]).into_iter()), None);
    }

    #[test]
    fn the_current_directory_is_searched_last() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("env");
        std::os::unix::fs::symlink("/usr/bin/env", &own).unwrap();
        let search = |path: &str| search_in(path.as_bytes(), &Raw::from("env"), directory.path());
        assert_eq!(search(".:/usr/bin"), Some(PathBuf::from("/usr/bin/env")));
        assert_eq!(search(":/nowhere"), Some(own));
        assert_eq!(search("/nowhere"), None);
    }
}
