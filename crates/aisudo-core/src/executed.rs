//! Which of a request's changeable files would be executed, and what root's `changeable` makes of it.
//!
//! A program and its interpreter are; what a shell, an interpreter or a program that starts others is
//! given by a word or by standard input may be. Where it is not certain, it counts: a request that is
//! refused can be made again in plainer words.

use std::path::{Path, PathBuf};

use crate::{
    asked_by::Asker,
    config::Changeable,
    raw::Raw,
    request::{Call, Content, Operand, Request, Role},
    runners::{runs_code, runs_what_it_is_given, takes_a_script_first},
    sealed::Sealed,
    sudo_argv::Mode,
};

/// Why root's setting does not let this be asked about; nothing when it does. One short phrase, for the
/// agent.
#[must_use]
pub fn refusal(request: &Request, changeable: Changeable) -> Option<String> {
    let sealed = Sealed::of(request);
    // The copy could not be made of what is there: nobody need be asked.
    if let Some(why) = sealed.as_ref().and_then(|sealed| sealed.broken(request)) {
        return Some(why);
    }
    // Where doas looks for a program, and which shell su starts, may be the requester's to choose.
    if request.call.is_none() && Asker::of(request) != Asker::Sudo && changeable != Changeable::Mark
    {
        let why = request.unreadable.as_deref().unwrap_or_default();
        return Some(format!(
            "it is not certain what this would run ({why}), and root allows only what is; use sudo"
        ));
    }
    let open = |operand: &&Operand| match (changeable, &sealed) {
        (Changeable::Mark, _) => false,
        (Changeable::Refuse, _) | (Changeable::Seal, None) => true,
        (Changeable::Seal, Some(sealed)) => !sealed.covers(operand),
    };
    let operand = executed(request).into_iter().find(open)?;
    let path = operand.path.as_os().to_string_lossy();
    Some(match changeable {
        Changeable::Seal => format!(
            "you can change {path}, so it runs only as a sealed copy; start it without sudo, as: aisudo run --sealed -- CMD ARGS"
        ),
        Changeable::Mark | Changeable::Refuse => format!(
            "you can change {path}, and root allows only programs and scripts that you cannot change; install it as root first (ask the person)"
        ),
    })
}

/// The changeable files whose content would be executed, as far as the request tells.
#[must_use]
pub fn executed(request: &Request) -> Vec<&Operand> {
    let command = Command::of(request);
    request
        .operands
        .iter()
        .filter(|operand| match (&command, &request.call) {
            // What cannot be read may run anything.
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(command), Some(_)) => command.executes(operand),
        })
        .collect()
}

/// What is run: the command, or the one inside `aisudo run --sealed`.
#[derive(Clone, Debug)]
pub struct Command<'a> {
    /// Names by which the program is known: as it was said, as it was found, and what is behind that.
    names: Vec<&'a [u8]>,
    /// sudo starts a shell, whichever that is.
    shell: bool,
    /// The words behind the program.
    words: &'a [Raw],
    directory: PathBuf,
}

impl<'a> Command<'a> {
    /// Nothing when nothing is run, or it cannot be read.
    #[must_use]
    pub fn of(request: &'a Request) -> Option<Self> {
        let call = request.call.as_ref()?;
        let shell = match call.mode {
            Mode::Run => false,
            Mode::Shell | Mode::LoginShell => true,
            Mode::Edit | Mode::List | Mode::Validate => return None,
        };
        let directory = directory(call, &request.cwd);
        if let Some(sealed) = Sealed::form(request) {
            return Some(Self {
                names: vec![base(sealed.program)],
                shell,
                words: sealed.words,
                directory,
            });
        }
        let found = [&request.program.path, &request.program.real];
        let said = call.argv.first().filter(|_| !shell);
        Some(Self {
            names: found.into_iter().flatten().chain(said).map(base).collect(),
            shell,
            words: call.argv.get(usize::from(!shell)..).unwrap_or_default(),
            directory,
        })
    }

    /// Whether files among its words, or its standard input, may be executed.
    #[must_use]
    pub fn runs_what_it_is_given(&self) -> bool {
        let is_aisudo_run = || {
            let is_run = |word: &Raw| word.0 == b"run";
            self.names.contains(&b"aisudo".as_slice()) && self.words.iter().any(is_run)
        };
        self.shell || self.any(runs_what_it_is_given) || is_aisudo_run()
    }

    /// The word that certainly is its script.
    #[must_use]
    pub fn script(&self) -> Option<&'a Raw> {
        let first = self.words.first()?;
        let all = !self.names.is_empty() && self.names.iter().copied().all(takes_a_script_first);
        (all && !self.shell && !first.0.starts_with(b"-")).then_some(first)
    }

    /// The word that is its script, unless an option before it takes that word or brings code.
    #[must_use]
    pub fn likely_script(&self) -> Option<&'a Raw> {
        let place = self
            .words
            .iter()
            .position(|word| !word.0.starts_with(b"-"))?;
        let brings_code = |word: &Raw| word.0.iter().any(|letter| b"ceEmpr".contains(letter));
        let options = self.words.get(..place).unwrap_or_default();
        let is_one =
            self.any(takes_a_script_first) && !self.shell && !options.iter().any(brings_code);
        self.words.get(place).filter(|_| is_one)
    }

    fn any(&self, is: fn(&[u8]) -> bool) -> bool {
        self.names.iter().any(|name| is(name))
    }

    fn executes(&self, operand: &Operand) -> bool {
        match (operand.role, self.script()) {
            (Role::Program | Role::Interpreter, _) => true,
            (Role::Argument, Some(script)) => {
                self.directory.join(script.as_os()) == Path::new(operand.path.as_os())
            }
            (Role::Stdin, Some(_)) => false,
            (Role::Argument, None) => {
                self.runs_what_it_is_given()
                    && (operand.content != Content::Directory || self.any(runs_code))
            }
            (Role::Stdin, None) => self.runs_what_it_is_given(),
        }
    }
}

/// Where a relative path of the command begins: `-D`, or where sudo was started.
#[must_use]
pub fn directory(call: &Call, cwd: &Raw) -> PathBuf {
    let cwd = PathBuf::from(cwd.as_os());
    match &call.chdir {
        Some(chdir) => cwd.join(chdir.as_os()),
        None => cwd,
    }
}

/// The name without directory.
pub(crate) fn base(path: &Raw) -> &[u8] {
    path.0
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
