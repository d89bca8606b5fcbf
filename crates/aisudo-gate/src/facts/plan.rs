//! What a command would execute, for `aisudo run --sealed`: by the same look at it as the gate's.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use aisudo_core::{
    executed::{Command, executed},
    raw::Raw,
    request::{Operand, Request},
};

use aisudo_sys::changeable::Who;

use super::{
    Occasion, directory, gather,
    operands::{Named, can_change_named, can_change_path, interpreter_in, named_by, open_to_read},
};

/// Words that are about to be run, and who must not be able to change what they name.
#[derive(Debug)]
pub struct Plan {
    request: Request,
    words: Vec<Raw>,
    requester: u32,
}

/// A part of a word that may name a file which is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The word; 0 is the program.
    pub word: usize,
    /// Where in it the name begins.
    pub at: usize,
    /// The file, by its absolute path.
    pub path: PathBuf,
    /// Whether the requester could change what is there.
    pub changeable: bool,
}

impl Plan {
    /// For a program and its words, in this process's directory.
    ///
    /// # Errors
    /// One short phrase, when it cannot be said what they would run.
    pub fn of(requester: u32, words: Vec<Vec<u8>>) -> Result<Self, String> {
        let argv = [b"sudo".to_vec(), b"--".to_vec()]
            .into_iter()
            .chain(words.iter().cloned())
            .collect();
        let occasion = Occasion {
            argv,
            service: Raw::from("sudo"),
            uid: requester,
            timeout_ms: 0,
        };
        let words: Vec<Raw> = words.into_iter().map(Raw).collect();
        let request = gather(&occasion)?.request;
        let is_read = request.call.as_ref().is_some_and(|call| call.argv == words);
        if !is_read {
            return Err("this command cannot be read with certainty".to_owned());
        }
        Ok(Self {
            request,
            words,
            requester,
        })
    }

    /// The program, where it was found.
    #[must_use]
    pub fn program(&self) -> Option<&Path> {
        let path = self.request.program.path.as_ref();
        path.map(|path| Path::new(path.as_os()))
    }

    /// The files of the requester's that would be executed, with their hashes.
    #[must_use]
    pub fn executed(&self) -> Vec<&Operand> {
        if self.requester == 0 {
            return Vec::new();
        }
        executed(&self.request)
    }

    /// All that may be executed, whoever could change it.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let who = Who::of(self.requester);
        // What root can change is nobody's to mind.
        let changeable = |yes: bool| yes && self.requester != 0;
        let mut places = Vec::new();
        if let Some(path) = self.program() {
            places.push(Place {
                word: 0,
                at: 0,
                path: path.to_path_buf(),
                changeable: changeable(can_change_path(&who, path)),
            });
        }
        let Some(command) = Command::of(&self.request) else {
            return places;
        };
        let words = self.words.get(1..).unwrap_or_default();
        let words = match command.script() {
            Some(_) => words.get(..1).unwrap_or_default(),
            None if command.runs_what_it_is_given() => words,
            None => &[],
        };
        let place = |named: Named| Place {
            word: named.word + 1,
            at: named.at,
            changeable: changeable(can_change_named(&who, &named)),
            path: named.path,
        };
        let directory = self.directory();
        places.extend(named_by(&self.request, words, &directory).map(place));
        places
    }

    /// The interpreter that a script names, if the requester could change it.
    #[must_use]
    pub fn open_interpreter(&self, script: &File) -> Option<PathBuf> {
        let path = self.directory().join(interpreter_in(script)?);
        let open = self.requester != 0 && can_change_path(&Who::of(self.requester), &path);
        open.then_some(path)
    }

    fn directory(&self) -> PathBuf {
        match &self.request.call {
            Some(call) => directory(call, &self.request.cwd),
            None => PathBuf::from(self.request.cwd.as_os()),
        }
    }
}

/// Whether a user could change what is at a path, or put something there.
#[must_use]
pub fn can_change(uid: u32, path: &Path) -> bool {
    can_change_path(&Who::of(uid), path)
}

/// Opens a file to be copied, without waiting for anything.
///
/// # Errors
/// The kernel's.
pub fn open(path: &Path) -> io::Result<File> {
    open_to_read(path)
}
