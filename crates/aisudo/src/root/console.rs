//! Questions to root, on a terminal or line by line, and answers from options.

use std::io::{self, BufRead as _, Read as _};

use aisudo_core::display;

use crate::{failure::Failure, output::Output};

/// The longest answer, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// How often a question is asked again after an answer that makes no sense.
const MAX_TRIES: usize = 5;

/// Who is asked.
#[derive(Debug)]
pub(crate) struct Console<'a> {
    output: &'a mut Output,
    /// `--yes`: each confirmation is given, and what is suggested is taken.
    yes: bool,
    /// The option that gives confirmations beforehand, if the command has one.
    option: Option<&'static str>,
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) text: &'a str,
    /// What an empty answer means.
    pub(crate) suggested: Option<&'a str>,
    /// The option by which it is answered beforehand.
    pub(crate) option: &'a str,
}

impl<'a> Console<'a> {
    pub(crate) fn new(output: &'a mut Output, yes: bool) -> Self {
        Self {
            output,
            yes,
            option: Some("--yes"),
        }
    }

    /// For a command that has no `--yes`: a person must be there.
    pub(crate) fn attended(output: &'a mut Output) -> Self {
        Self {
            output,
            yes: false,
            option: None,
        }
    }

    /// A line, or several, safe to show already.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Failure> {
        self.output.line(text)?;
        self.output.flush()
    }

    /// A question that is answered on the same line.
    pub(crate) fn prompt(&mut self, text: &str) -> Result<(), Failure> {
        self.output.text(text)?;
        self.output.flush()
    }

    /// An answer that `read` can read. `given` is what an option said.
    pub(crate) fn ask<T>(
        &mut self,
        question: Question<'_>,
        given: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if let Some(given) = given {
            return read(given).map_err(|why| refused(&format!("{}: {why}", question.option)));
        }
        for _ in 0..MAX_TRIES {
            let answer = self.answer(question)?;
            match read(&answer) {
                Ok(read) => return Ok(read),
                Err(why) => self.say(&format!("  {}", display::text(why.as_bytes()).text))?,
            }
        }
        Err(refused(&format!(
            "no answer that makes sense; nothing was written; give {}",
            question.option
        )))
    }

    /// Yes or no.
    pub(crate) fn confirm(&mut self, text: &str, suggested: bool) -> Result<bool, Failure> {
        if self.yes {
            self.say(&format!("{text} yes, by --yes"))?;
            return Ok(true);
        }
        let text = format!("{text} {}", if suggested { "[Y/n]" } else { "[y/N]" });
        for _ in 0..MAX_TRIES {
            self.prompt(&format!("{text} "))?;
            match self.line(self.option)?.to_lowercase().as_str() {
                "" => return Ok(suggested),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.say("  Answer y or n.")?,
            }
        }
        Ok(false)
    }

    fn answer(&mut self, question: Question<'_>) -> Result<String, Failure> {
        let Question {
            text, suggested, ..
        } = question;
        if self.yes {
            let taken = suggested.ok_or_else(|| {
                refused(&format!(
                    "nothing was written: {} is needed",
                    question.option
                ))
            })?;
            self.say(&format!("{text} {taken}"))?;
            return Ok(taken.to_owned());
        }
        let hint = suggested.map(|suggested| format!(" [{suggested}]"));
        self.prompt(&format!("{text}{} ", hint.unwrap_or_default()))?;
        let line = self.line(Some(question.option))?;
        match (line.as_str(), suggested) {
            ("", Some(suggested)) => Ok(suggested.to_owned()),
            _ => Ok(line),
        }
    }

    /// `option` would have answered.
    fn line(&self, option: Option<&str>) -> Result<String, Failure> {
        let mut line = String::new();
        let read = io::stdin()
            .lock()
            .by_ref()
            .take(LONGEST_ANSWER)
            .read_line(&mut line);
        match read {
            Ok(0) => {
                let option = option.map(|option| format!(", or give {option}"));
                Err(refused(&format!(
                    "the input ended; nothing was written; answer{}",
                    option.unwrap_or_default()
                )))
            }
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(refused(&format!(
                "the input cannot be read: {error}; nothing was written"
            ))),
        }
    }
}

/// A failure with words that may hold those of others.
pub(crate) fn refused(why: &str) -> Failure {
    Failure::refused_by(why)
}
