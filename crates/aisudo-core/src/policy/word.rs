//! What one word of a command may be. Words are compared as the bytes that they are: nothing is
//! joined, split, expanded or interpreted.

use crate::raw::Raw;

/// One element of a rule's `args`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arg {
    /// What the word begins with; the kind is that of the rest of it.
    pub(super) prefix: String,
    pub(super) kind: Kind,
    /// Zero or more such words, to the end.
    pub(super) rest: bool,
}

/// What a word, or what follows its prefix, may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// This and no other.
    Exact(String),
    /// One of these.
    OneOf(Vec<String>),
    /// Anything.
    Word,
    /// Anything that no program takes for an option: not empty, and no `-` before it.
    Operand,
    /// A decimal number, written in the one usual way.
    Integer { min: i64, max: i64 },
    /// A name without any path or option in it.
    Name,
    /// The name of a Debian package, and nothing that apt could read as something else.
    Package,
    /// A path below this directory.
    Under(String),
}

/// How a word and a pattern stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    /// It cannot be told by the word alone.
    Perhaps,
    No,
}

impl Arg {
    /// Whether this is such a word, read strictly.
    pub(super) fn fits(&self, word: &[u8]) -> bool {
        self.value(word).is_some_and(|value| self.kind.fits(value))
    }

    /// The word without the prefix, if it has it.
    pub(super) fn value<'w>(&self, word: &'w [u8]) -> Option<&'w [u8]> {
        word.strip_prefix(self.prefix.as_bytes())
    }
}

impl Kind {
    fn fits(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(word) => word.as_bytes() == value,
            Self::OneOf(words) => words.iter().any(|word| word.as_bytes() == value),
            Self::Word => true,
            Self::Operand => !value.is_empty() && !value.starts_with(b"-"),
            Self::Integer { min, max } => {
                integer(value).is_some_and(|number| (*min..=*max).contains(&number))
            }
            Self::Name => is_name(value),
            Self::Package => is_package(value),
            Self::Under(directory) => is_below(directory.as_bytes(), value),
        }
    }

    /// Whether every word of this kind is written in the rule.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::OneOf(_))
    }
}

/// The words that patterns stand for, in order and all of them; `fit` compares one with one.
pub(super) fn all_fit(args: &[Arg], words: &[Raw], fit: impl Fn(&Arg, &[u8]) -> Fit) -> Fit {
    let mut words = words.iter();
    let mut answer = Fit::Yes;
    let mut note = |one: Fit| {
        match one {
            Fit::No => return false,
            Fit::Perhaps => answer = Fit::Perhaps,
            Fit::Yes => {}
        }
        true
    };
    for arg in args {
        if arg.rest {
            if !words.by_ref().all(|word| note(fit(arg, word.as_ref()))) {
                return Fit::No;
            }
        } else if !words
            .next()
            .is_some_and(|word| note(fit(arg, word.as_ref())))
        {
            return Fit::No;
        }
    }
    if words.next().is_some() {
        return Fit::No;
    }
    answer
}

/// Digits without leading zeros, perhaps with a `-` before them.
fn integer(value: &[u8]) -> Option<i64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let usual = match digits {
        b"0" => digits.len() == value.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    std::str::from_utf8(value)
        .ok()
        .filter(|_| usual)?
        .parse()
        .ok()
}

/// A unit, user, host or device: it begins with a letter, a digit or `_`, so it is neither an
/// option nor `.` nor `..`.
fn is_name(value: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    value.first().is_some_and(letter)
        && value
            .iter()
            .all(|byte| letter(byte) || matches!(byte, b'.' | b'@' | b':' | b'+' | b'-'))
}

/// Debian policy 5.6.1, less what apt reads otherwise: `x-` removes, `x+` installs, `x=1`, `x/y`,
/// `x:y` and `x^` choose, and a name with `.` or `+` that no package has is a regular expression.
fn is_package(value: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    value.len() >= 2
        && value.first().is_some_and(letter)
        && value.last().is_some_and(letter)
        && value.iter().all(|byte| letter(byte) || *byte == b'-')
}

/// Whether this is an absolute path in which every part is a plain name.
pub(super) fn is_normal(path: &[u8]) -> bool {
    path.strip_prefix(b"/")
        .is_some_and(|rest| rest.is_empty() || rest.split(|byte| *byte == b'/').all(is_plain))
}

fn is_plain(part: &[u8]) -> bool {
    !matches!(part, b"" | b"." | b"..")
}

/// Whether this is a normal path strictly below the directory.
pub(super) fn is_below(directory: &[u8], path: &[u8]) -> bool {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    is_normal(path)
        && path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.len() > 1 && rest.starts_with(b"/"))
}

/// Whether a path, in whatever way it is written, means the directory or something below it. A
/// `..` behind a link leads elsewhere than it seems.
pub(super) fn may_be_below(directory: &[u8], cwd: &[u8], path: &[u8]) -> Fit {
    let parts = |path| <[u8]>::split(path, |byte: &u8| *byte == b'/');
    let from = if path.starts_with(b"/") { b"" } else { cwd };
    let mut way = parts(from)
        .chain(parts(path))
        .filter(|part| !part.is_empty() && *part != b".");
    if way.clone().any(|part| part == b"..") {
        return Fit::Perhaps;
    }
    let below = parts(directory)
        .filter(|part| !part.is_empty())
        .all(|part| way.next() == Some(part));
    if below { Fit::Yes } else { Fit::No }
}
