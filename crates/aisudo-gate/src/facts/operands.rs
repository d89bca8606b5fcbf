//! Files named by the command which the requester could change between the answer and the run.
//!
//! They are hashed when the question is asked, and looked at again when it is answered: a script
//! that is rewritten while the prompt waits does not run (a23, a24).

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use aisudo_core::{
    executed::Command,
    raw::{Hex32, Raw},
    request::{Content, Operand, Request, Role, Stream},
    sealed::Sealed,
    sudo_argv::Mode,
    wire::MAX_CONTENT_BYTES,
};
use aisudo_sys::changeable::{Way, Who};
use rustix::{
    fs::{FileType, Mode as FileMode, OFlags, fstat, open},
    stdio::stdin,
};
use sha2::{Digest, Sha256};

use super::directory;

/// Most operands that are looked at; the rest is listed as not pinned.
const MOST_OPERANDS: usize = 64;

/// Most bytes that are hashed for one request: sudo must not be held for long by a large file.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The changeable files of a request, with their content as it is now.
#[must_use]
pub fn changeable(request: &Request) -> Vec<Operand> {
    let who = Who::of(request.requester.uid);
    let mut budget = MOST_BYTES;
    let mut found: Vec<Operand> = Vec::new();
    for Candidate { role, path, said } in candidates(request) {
        if found
            .iter()
            .any(|known| known.path.as_os() == path.as_os_str())
            || !can_change(&who, &path, said)
        {
            continue;
        }
        let content = if found.len() < MOST_OPERANDS {
            content(&path, role, &mut budget)
        } else {
            unpinned("too many files")
        };
        found.push(Operand {
            path: Raw::from(path.as_os_str()),
            role,
            content,
        });
    }
    found
}

/// Whether a request's changeable files are as they were asked about: none changed, none new.
///
/// # Errors
/// One short phrase that names the first one that differs.
pub fn unchanged(request: &Request, before: &[Operand]) -> Result<(), String> {
    let now = changeable(request);
    let differs = before
        .iter()
        .find(|operand| !now.contains(operand))
        .or_else(|| now.iter().find(|operand| !before.contains(operand)));
    match differs {
        None => Ok(()),
        Some(operand) => Err(format!(
            "{} changed after it was asked about",
            operand.path.as_os().to_string_lossy()
        )),
    }
}

/// What the changeable file with this hash holds, if it is not too long, still has that hash, and is the
/// requester's own. What is read here leaves sudo before anybody has approved anything, and a link of the
/// requester's can lead to what only root may read (a24): the file that was opened is asked whose it is,
/// as every question about its path could be answered for another one.
#[must_use]
pub fn content_of(requester: u32, operands: &[Operand], sha256: &Hex32) -> Option<Vec<u8>> {
    let is_it = |operand: &&Operand| match &operand.content {
        Content::Hashed { sha256: hash, size } => {
            hash == sha256 && usize::try_from(*size).is_ok_and(|size| size <= MAX_CONTENT_BYTES)
        }
        _ => false,
    };
    let operand = operands.iter().find(is_it)?;
    let file = open_operand(Path::new(operand.path.as_os()), operand.role).ok()?;
    let meta = fstat(&file).ok()?;
    if FileType::from_raw_mode(meta.st_mode) != FileType::RegularFile || meta.st_uid != requester {
        return None;
    }
    // One byte more than may be there: whether it has grown is seen by its hash.
    let mut content = vec![0; MAX_CONTENT_BYTES + 1];
    let mut length = 0;
    loop {
        let rest = content.get_mut(length..).unwrap_or_default();
        let offset = u64::try_from(length).ok()?;
        match file.read_at(rest, offset).ok()? {
            0 => break,
            count => length += count,
        }
    }
    content.truncate(length);
    (<[u8; 32]>::from(Sha256::digest(&content)) == sha256.0).then_some(content)
}

/// A path that may matter.
struct Candidate {
    role: Role,
    path: PathBuf,
    said: Said,
}

/// Whether a word means a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It begins with `/`: also one that does not exist, and that the requester could still put
    /// there, perhaps as a link to something else.
    Certainly,
    /// Only if there is a file of that name.
    Perhaps,
}

/// The paths that may matter, each with its part in the command.
fn candidates(request: &Request) -> Vec<Candidate> {
    let mut found = Vec::new();
    let sealed = Sealed::form(request);
    let directory = match &request.call {
        Some(call) => directory(call, &request.cwd),
        None => PathBuf::from(request.cwd.as_os()),
    };
    // aisudo's own, and the one that it runs.
    let inside = sealed.as_ref().map(|sealed| sealed.program);
    for program in [request.program.path.as_ref(), inside]
        .into_iter()
        .flatten()
    {
        let program = directory.join(program.as_os());
        let interpreter = interpreter(&program);
        // One that is not there now can be there when it is run.
        let certain = |role, path| Candidate {
            role,
            path,
            said: Said::Certainly,
        };
        found.push(certain(Role::Program, program));
        found.extend(interpreter.map(|path| certain(Role::Interpreter, path)));
    }
    if let [Stream::File { path }, ..] = &request.stdio {
        found.push(Candidate {
            role: Role::Stdin,
            path: PathBuf::from(path.as_os()),
            said: Said::Perhaps,
        });
    }
    let words = match (&request.call, &sealed) {
        (_, Some(sealed)) => sealed.words,
        // The first word of a command is its program, which is looked at above.
        (Some(call), None) => call
            .argv
            .get(usize::from(call.mode == Mode::Run)..)
            .unwrap_or_default(),
        // What cannot be read may name a file in any word.
        (None, None) => request.sudo.argv.get(1..).unwrap_or_default(),
    };
    found.extend(named_by(request, words, &directory).map(|named| Candidate {
        role: Role::Argument,
        path: named.path,
        said: named.said,
    }));
    found
}

/// What a part of a word names.
pub(super) struct Named {
    /// The word's place among those that were given.
    pub(super) word: usize,
    /// Where in it the name begins.
    pub(super) at: usize,
    pub(super) path: PathBuf,
    said: Said,
}

/// The files that words may name, in a command that begins in `directory`.
pub(super) fn named_by<'a>(
    request: &'a Request,
    words: &'a [Raw],
    directory: &'a Path,
) -> impl Iterator<Item = Named> + 'a {
    let command = Command::of(request);
    let script = command.as_ref().and_then(Command::likely_script).cloned();
    let runs = command.is_some_and(|command| command.runs_what_it_is_given());
    words.iter().enumerate().flat_map(move |(place, word)| {
        let is_script = script.as_ref() == Some(word);
        files_in(word).map(move |at| {
            let name = word.0.get(at..).unwrap_or_default();
            // A script that is not there when it is asked about can be there when it is run.
            let is_path = name.starts_with(b"/")
                || (runs && (name.starts_with(b"./") || name.starts_with(b"../")))
                || (is_script && at == 0);
            Named {
                word: place,
                at,
                path: directory.join(Raw(name.to_vec()).as_os()),
                said: if is_path {
                    Said::Certainly
                } else {
                    Said::Perhaps
                },
            }
        })
    })
}

/// Where in a word the name of a file may begin: at its beginning, behind its first `=` (`--file=x`,
/// `if=x`), and behind the letter of an option (`-fx`).
fn files_in(word: &Raw) -> impl Iterator<Item = usize> + use<> {
    let value = word
        .0
        .iter()
        .position(|byte| *byte == b'=')
        .map(|at| at + 1);
    let attached = match word.as_ref() {
        [b'-', letter, ..] if *letter != b'-' => Some(2),
        _ => None,
    };
    let length = word.0.len();
    [Some(0), value, attached]
        .into_iter()
        .flatten()
        .filter(move |at| *at < length)
}

/// Whether this user could change what a word names. What does not exist is as changeable as the
/// directory in which it would be made, where a path was meant for certain; else it is no operand.
fn can_change(who: &Who, path: &Path, said: Said) -> bool {
    match who.way(path) {
        Way::Leads(changeable, _) => changeable,
        Way::Ends(changeable) => changeable && said == Said::Certainly,
    }
}

/// [`can_change`], of a part of a word.
pub(super) fn can_change_named(who: &Who, named: &Named) -> bool {
    can_change(who, &named.path, named.said)
}

/// Whether this user could change what is found at a path, or put something there.
pub(super) fn can_change_path(who: &Who, path: &Path) -> bool {
    can_change(who, path, Said::Certainly)
}

/// The interpreter on a script's first line: execve(2).
fn interpreter(program: &Path) -> Option<PathBuf> {
    interpreter_in(&open_to_read(program).ok()?)
}

/// [`interpreter`], of an open file.
pub(super) fn interpreter_in(file: &File) -> Option<PathBuf> {
    let mut first = [0; 256];
    let length = file.read_at(&mut first, 0).ok()?;
    let line = first
        .get(..length)?
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let word = line
        .split(|byte| *byte == b' ' || *byte == b'\t')
        .find(|word| !word.is_empty())?;
    Some(PathBuf::from(Raw(word.to_vec()).as_os()))
}

/// What is at `path` now.
fn content(path: &Path, role: Role, budget: &mut u64) -> Content {
    if role != Role::Stdin {
        match kind(path) {
            Some(FileType::RegularFile) => {}
            Some(FileType::Directory) => return Content::Directory,
            Some(_) => return unpinned("it is no regular file"),
            None => return unpinned("it does not exist yet"),
        }
    }
    let Ok(file) = open_operand(path, role) else {
        return unpinned("it cannot be read");
    };
    let Ok(meta) = fstat(&file) else {
        return unpinned("it cannot be read");
    };
    if FileType::from_raw_mode(meta.st_mode) != FileType::RegularFile {
        return unpinned("it is no regular file");
    }
    let size = u64::try_from(meta.st_size).unwrap_or(u64::MAX);
    if size > *budget {
        return unpinned("too large");
    }
    match hash(&file, *budget) {
        Ok(Some((sha256, size))) => {
            *budget = budget.saturating_sub(size);
            Content::Hashed { sha256, size }
        }
        Ok(None) => unpinned("too large"),
        Err(_) => unpinned("it cannot be read"),
    }
}

/// Standard input is what the command will read, even if its name is gone.
fn open_operand(path: &Path, role: Role) -> io::Result<File> {
    match role {
        Role::Stdin => Ok(File::from(rustix::io::dup(stdin())?)),
        Role::Program | Role::Interpreter | Role::Argument => open_to_read(path),
    }
}

fn kind(path: &Path) -> Option<FileType> {
    let meta = rustix::fs::stat(path).ok()?;
    Some(FileType::from_raw_mode(meta.st_mode))
}

/// Opens without waiting for anything (a named pipe put there meanwhile), or becoming a terminal's
/// owner.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(open(path, flags, FileMode::empty())?))
}

/// SHA-256 of the whole file, at most `limit` bytes. Read by position: the offset of a shared
/// descriptor is the command's.
fn hash(file: &File, limit: u64) -> io::Result<Option<(Hex32, u64)>> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut piece, at)?;
        hash.update(piece.get(..count).unwrap_or_default());
        at += u64::try_from(count).unwrap_or(0);
        if count == 0 {
            return Ok(Some((Hex32(hash.finalize().into()), at)));
        }
        if at > limit {
            return Ok(None);
        }
    }
}

fn unpinned(why: &str) -> Content {
    Content::Unpinned {
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests;
