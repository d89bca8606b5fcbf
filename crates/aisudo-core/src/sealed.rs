//! `aisudo run --sealed`: a command that runs copies of the files which it names by their hashes, so
//! that an approval of its words is one of exactly those bytes.

use crate::{
    asked_by::Asker,
    executed::{base, executed},
    raw::{Hex32, Raw},
    request::{Content, Operand, Request, Role},
    sudo_argv::Mode,
};

/// Most files of one command.
pub const MOST_SEALED: usize = 16;

/// Most bytes of one file: a copy is held in memory.
pub const MOST_SEALED_BYTES: u64 = 64 * 1024 * 1024;

/// The words before the hashes.
pub const WORDS: [&str; 3] = ["run", "--sealed", "--sha256"];

/// A request for a sealed run: `/…/aisudo run --sealed --sha256 HASH[,HASH…] -- PROGRAM WORDS…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// SHA-256 of what may be copied and run.
    pub hashes: Vec<Hex32>,
    /// The program inside, by a path.
    pub program: &'a Raw,
    /// Its words.
    pub words: &'a [Raw],
}

impl<'a> Sealed<'a> {
    /// By its words alone. Whether that program is aisudo's own is not looked at.
    #[must_use]
    pub fn form(request: &'a Request) -> Option<Self> {
        let call = request.call.as_ref()?;
        // Inside another root directory there is another aisudo.
        if call.mode != Mode::Run || call.chroot.is_some() {
            return None;
        }
        let [
            own,
            run,
            sealed,
            sha256,
            hashes,
            dashes,
            program,
            words @ ..,
        ] = call.argv.as_slice()
        else {
            return None;
        };
        let said = [run, sealed, sha256].map(AsRef::<[u8]>::as_ref);
        let is_form = own.0.starts_with(b"/")
            && base(own) == b"aisudo"
            && said == WORDS.map(str::as_bytes)
            && dashes.0 == b"--"
            && program.0.contains(&b'/');
        is_form.then_some(())?;
        Some(Self {
            hashes: read(hashes)?,
            program,
            words,
        })
    }

    /// By its words, and with a program that is aisudo's own: of that name whichever way it is looked
    /// at, and that the requester cannot change.
    #[must_use]
    pub fn of(request: &'a Request) -> Option<Self> {
        let sealed = Self::form(request)?;
        let own = request.call.as_ref()?.argv.first()?;
        let program = &request.program;
        // The half behind sudo goes by what sudo says of the requester.
        let is_aisudo = Asker::of(request) == Asker::Sudo
            && program.path.as_ref() == Some(own)
            && program
                .real
                .as_ref()
                .is_some_and(|real| base(real) == b"aisudo")
            && !request.operands.iter().any(|it| it.path == *own);
        is_aisudo.then_some(sealed)
    }

    /// Whether a copy of this file runs, and not the file.
    #[must_use]
    pub fn covers(&self, operand: &Operand) -> bool {
        matches!(operand.role, Role::Program | Role::Argument)
            && matches!(&operand.content, Content::Hashed { sha256, .. } if self.hashes.contains(sha256))
    }

    /// Why this cannot run as it is.
    pub(crate) fn broken(&self, request: &Request) -> Option<String> {
        let executed = executed(request);
        if let Some(open) = executed.iter().find(|operand| !self.covers(operand)) {
            let path = open.path.as_os().to_string_lossy();
            return Some(match (open.role, &open.content) {
                (Role::Interpreter, _) => {
                    format!("you can change the interpreter {path}; name one that root installed")
                }
                (Role::Stdin, _) => format!(
                    "standard input is {path}, which you can change; name it as the script instead"
                ),
                (_, Content::Hashed { .. }) => {
                    format!("{path} is not what was sealed: it changed; start again")
                }
                (_, Content::Directory | Content::Unpinned { .. }) => {
                    format!("you can change {path}, and it cannot be sealed")
                }
            });
        }
        // A person is told of copies by the hashes: what is not executed is not copied.
        let covered = |operand: &&Operand| self.covers(operand);
        let data = request.operands.iter().filter(covered);
        if let Some(data) = data.into_iter().find(|it| !executed.contains(it)) {
            return Some(format!(
                "{} has a sealed hash and is not executed; only programs and scripts can be sealed",
                data.path.as_os().to_string_lossy()
            ));
        }
        let is_there = |hash: &Hex32| {
            let has = |operand: &&Operand| matches!(&operand.content, Content::Hashed { sha256, .. } if sha256 == hash);
            executed.iter().any(has)
        };
        let all_there = self.hashes.iter().all(is_there);
        (!all_there).then(|| {
            "no program or script of yours has the sealed hash: it changed; start again".to_owned()
        })
    }
}

/// `HASH,HASH`, each once.
fn read(word: &Raw) -> Option<Vec<Hex32>> {
    let text = std::str::from_utf8(&word.0).ok()?;
    let mut hashes: Vec<Hex32> = Vec::new();
    for hash in text.split(',') {
        let hash = hash.parse().ok()?;
        if hashes.contains(&hash) || hashes.len() >= MOST_SEALED {
            return None;
        }
        hashes.push(hash);
    }
    Some(hashes)
}

#[cfg(test)]
mod tests;
