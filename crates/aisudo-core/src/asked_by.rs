//! Which program asks, and what the command lines of those beside sudo say: su(1) and doas(1).
//!
//! They are read as far as every version of them reads alike; whatever else they take is shown as it is.
//! Compared with su of util-linux 2.38 and shadow, and with opendoas 6.8.2.

use crate::{
    raw::Raw,
    request::{Call, Environment, Request},
    sudo_argv::Mode,
};

/// A program that calls PAM before it runs a command as somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// sudo, of either make.
    Sudo,
    /// `su`, which runs the target's shell.
    Su,
    /// `doas`.
    Doas,
    /// Another one, whose words nobody reads.
    Other,
}

impl Asker {
    /// By its PAM service, which is root's to choose and not the requester's.
    #[must_use]
    pub fn of_service(service: &[u8]) -> Self {
        match service {
            b"sudo" | b"sudo-i" => Self::Sudo,
            b"su" | b"su-l" => Self::Su,
            b"doas" => Self::Doas,
            _ => Self::Other,
        }
    }

    /// The program that waits.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self::of_service(request.sudo.service.as_ref())
    }

    /// What to call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::Doas => "doas",
            Self::Other => "the program that asks",
        }
    }
}

/// What `su WORDS` runs: the target's shell, or a command in it.
///
/// # Errors
/// One short phrase, when it is not certain.
pub fn su(words: &[Vec<u8>]) -> Result<Call, String> {
    let mut rest = words.iter().skip(1).map(Vec::as_slice);
    let (mut login, mut command, mut user) = (false, None, None);
    while let Some(word) = rest.next() {
        match word {
            // Behind the user's name they would be the shell's.
            b"-" | b"-l" | b"--login" if user.is_none() => login = true,
            b"-c" | b"--command" if command.is_none() => {
                command = Some(rest.next().ok_or("-c without a command")?);
            }
            [] | [b'-', ..] => return Err(format!("su with {}", word.escape_ascii())),
            _ if user.is_some() => return Err("su with words for the shell".to_owned()),
            _ => user = Some(word),
        }
    }
    Ok(Call {
        mode: if login { Mode::LoginShell } else { Mode::Shell },
        argv: command.into_iter().map(raw).collect(),
        user: user.map(raw),
        environment: Environment {
            // All but what a login sets anew.
            preserve_all: !login,
            ..Environment::default()
        },
        ..nothing()
    })
}

/// What `doas WORDS` runs.
///
/// # Errors
/// One short phrase, when it is not certain.
pub fn doas(words: &[Vec<u8>]) -> Result<Call, String> {
    let mut rest = words.get(1..).unwrap_or_default();
    let (mut user, mut shell) = (None, false);
    while let Some((word, behind)) = rest.split_first() {
        match word.as_slice() {
            b"-n" => {}
            b"-s" => shell = true,
            b"-u" => {
                let (name, _) = behind.split_first().ok_or("-u without a user")?;
                user = Some(name.as_slice());
                rest = behind;
            }
            b"--" => {
                rest = behind;
                break;
            }
            [b'-', ..] => return Err(format!("doas with {}", word.escape_ascii())),
            _ => break,
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    if shell != rest.is_empty() {
        return Err("doas with both a shell and a command, or neither".to_owned());
    }
    Ok(Call {
        mode: if shell { Mode::Shell } else { Mode::Run },
        argv: rest.iter().map(|word| raw(word)).collect(),
        user: user.map(raw),
        ..nothing()
    })
}

fn raw(word: &[u8]) -> Raw {
    Raw(word.to_vec())
}

fn nothing() -> Call {
    Call {
        mode: Mode::Run,
        argv: Vec::new(),
        user: None,
        group: None,
        chdir: None,
        chroot: None,
        environment: Environment::default(),
        background: false,
    }
}

#[cfg(test)]
mod tests;
