//! Why a command was not carried out, and its exit code.

use std::process::ExitCode;

use aisudo_core::display;

/// Each with one line for a person.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was refused, or could not be verified.
    Refused(String),
    /// The daemon cannot be reached.
    Unreachable(String),
    /// This user may not.
    NotPermitted(String),
    /// Something was found, and has been said.
    Found,
    /// It could not be looked at.
    NotLooked(String),
    /// Whoever read standard output has gone: no reason for a message.
    NobodyReads,
}

impl Failure {
    /// Words of others within a message are made safe to show.
    pub(crate) fn refused_by(other: &str) -> Self {
        Self::Refused(display::text(other.as_bytes()).text)
    }

    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Refused(message)
            | Self::Unreachable(message)
            | Self::NotPermitted(message)
            | Self::NotLooked(message) => Some(message),
            Self::NobodyReads | Self::Found => None,
        }
    }

    /// As `--help` documents them; 2 is clap's too, for wrong usage.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NobodyReads => 0,
            Self::Refused(_) | Self::Found => 1,
            Self::NotLooked(_) => 2,
            Self::Unreachable(_) => 3,
            Self::NotPermitted(_) => 4,
        })
    }
}
