//! Whether what will run is what was asked about.

use std::{fs, path::Path};

use aisudo_core::{
    raw::Raw,
    request::{Call, Program, Request},
    sudo_argv::Mode,
};
use aisudo_sys::users;

use super::exact::Exact;
use crate::facts::directory;

/// That `exact` is what `request` is about.
///
/// What the request does not say is not compared. Where its words could not be read, a person saw sudo's own:
/// they must end with those that will run.
///
/// # Errors
/// One short phrase that names the first difference.
pub(crate) fn same(request: &Request, exact: &Exact) -> Result<(), String> {
    let Some(call) = &request.call else {
        return raw_words_end_with(request, exact);
    };
    same_words(call, exact)?;
    same_program(call, request, exact)?;
    same_target(call, request, exact)?;
    same_place(call, exact)
}

fn raw_words_end_with(request: &Request, exact: &Exact) -> Result<(), String> {
    let words = exact.edits.as_ref().unwrap_or(&exact.argv);
    if !words.is_empty() && request.sudo.argv.ends_with(words) {
        Ok(())
    } else {
        Err(format!("sudo would run {}", shown(words)))
    }
}

fn same_words(call: &Call, exact: &Exact) -> Result<(), String> {
    let same = match (call.mode, &exact.edits) {
        (Mode::Edit, Some(files)) => *files == call.argv,
        (Mode::Run, None) => exact.argv == call.argv,
        (Mode::Shell | Mode::LoginShell, None) => shell_words(&exact.argv).is_some_and(|words| {
            words
                .iter()
                .map(Raw::as_ref)
                .eq(call.argv.iter().map(Raw::as_ref))
        }),
        (Mode::List | Mode::Validate, _) | (Mode::Edit, None) | (_, Some(_)) => false,
    };
    if same {
        Ok(())
    } else {
        let words = exact.edits.as_ref().unwrap_or(&exact.argv);
        let verb = if exact.edits.is_some() { "edit" } else { "run" };
        Err(format!("sudo would {verb} {}", shown(words)))
    }
}

/// The words that sudo has put together for `SHELL -c`; none for a shell that is given none.
///
/// sudo joins them with blanks, and puts a backslash before what is neither a letter, a digit, `_`, `-` nor `$`
/// (src/parse_args.c): a blank without one is between two words. For a login shell, bash is given `--login`.
fn shell_words(argv: &[Raw]) -> Option<Vec<Raw>> {
    let rest: Vec<&[u8]> = argv.get(1..)?.iter().map(AsRef::as_ref).collect();
    let text = match rest.as_slice() {
        [] => return Some(Vec::new()),
        [b"-c", text] | [b"--login", b"-c", text] => *text,
        _ => return None,
    };
    let mut words = vec![Vec::new()];
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b' ' => {
                words.push(Vec::new());
                continue;
            }
            b'\\' => bytes.next()?,
            other => other,
        };
        words.last_mut()?.push(*byte);
    }
    Some(words.into_iter().map(Raw).collect())
}

/// The same path, or another one of the same file: sudoers may name it differently than the search path does.
fn same_program(call: &Call, request: &Request, exact: &Exact) -> Result<(), String> {
    if call.mode == Mode::Edit {
        return Ok(());
    }
    let path = directory(call, &request.cwd).join(&exact.command);
    let asked = &request.program;
    if asked
        .path
        .as_ref()
        .is_some_and(|asked| asked.as_os() == path.as_os_str())
        || is_its_file(asked, &path)
    {
        return Ok(());
    }
    Err(format!("the program would be {}", path.display()))
}

fn is_its_file(asked: &Program, path: &Path) -> bool {
    let (Some(asked_path), Some(asked_real)) = (&asked.path, &asked.real) else {
        return false;
    };
    [path, Path::new(asked_path.as_os())]
        .into_iter()
        .all(|path| fs::canonicalize(path).is_ok_and(|real| real.as_os_str() == asked_real.as_os()))
}

fn same_target(call: &Call, request: &Request, exact: &Exact) -> Result<(), String> {
    let uid = match (&call.user, &call.group) {
        (Some(user), _) => numbered(user).or_else(|| users::uid_of(&text(user))),
        (None, Some(_)) => Some(request.requester.uid),
        (None, None) => Some(0),
    };
    if uid != Some(exact.uid) {
        let user = exact
            .user
            .as_ref()
            .map_or_else(|| format!("#{}", exact.uid), text);
        return Err(format!("it would run as {user} (-u {user} says so)"));
    }
    let same_group = match (&call.group, &exact.group) {
        (None, None) => true,
        (Some(asked), Some(_)) => {
            numbered(asked).or_else(|| users::group_id(&text(asked))) == Some(exact.gid)
        }
        _ => false,
    };
    if same_group {
        Ok(())
    } else {
        Err(format!("its group would be #{}", exact.gid))
    }
}

/// `-D` and `-R`; for a login shell, sudo goes to the target's home by itself.
fn same_place(call: &Call, exact: &Exact) -> Result<(), String> {
    if exact.chroot != call.chroot {
        return Err(match &exact.chroot {
            Some(root) => format!("its root directory would be {}", text(root)),
            None => "it would keep the root directory".to_owned(),
        });
    }
    let at_home = call.mode == Mode::LoginShell && call.chdir.is_none();
    if at_home || exact.directory == call.chdir {
        return Ok(());
    }
    Err(match &exact.directory {
        Some(directory) => format!("it would run in {}", text(directory)),
        None => "it would run where sudo was started".to_owned(),
    })
}

/// `#1000`.
fn numbered(name: &Raw) -> Option<u32> {
    std::str::from_utf8(name.as_ref().strip_prefix(b"#")?)
        .ok()?
        .parse()
        .ok()
}

fn text(raw: &Raw) -> String {
    String::from_utf8_lossy(raw.as_ref()).into_owned()
}

/// The first words, for one line.
fn shown(words: &[Raw]) -> String {
    const MOST: usize = 80;
    let all = words.iter().map(text).collect::<Vec<_>>().join(" ");
    match all.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", all.get(..end).unwrap_or_default()),
        None => all,
    }
}

#[cfg(test)]
mod tests;
