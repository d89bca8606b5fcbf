//! `policy.toml` as text: what its fields may hold, and what is refused.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use toml::Spanned;

use super::{
    LocalTime, Policy,
    rule::{Hours, Place, Rule, Verb},
    word::{self, Arg, Kind},
};
use crate::{
    agents,
    config::{at, one_line},
};

/// The form of the file that this version reads.
const VERSION: u32 = 1;

/// The longest name of a rule, in bytes.
const MAX_NAME: usize = 64;

/// The longest text for whoever is denied, and the longest reason, in bytes.
const MAX_TEXT: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    #[serde(default = "ask")]
    default: Spanned<Verb>,
    #[serde(default)]
    rule: Vec<Spanned<Rule>>,
}

fn ask() -> Spanned<Verb> {
    Spanned::new(0..0, Verb::Ask)
}

pub(super) fn policy(text: &str) -> Result<Policy, String> {
    let file: File = toml::from_str(text).map_err(|error| one_line(text, &error))?;
    if *file.version.get_ref() != VERSION {
        let message = format!(
            "version is {}, this program reads version = {VERSION}",
            file.version.get_ref()
        );
        return Err(at(text, file.version.span().start, &message));
    }
    if *file.default.get_ref() == Verb::Allow {
        let message = "default cannot be \"allow\": what no rule is about is asked about, denied or left to the password";
        return Err(at(text, file.default.span().start, message));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(file.rule.len());
    for rule in file.rule {
        let place = rule.span().start;
        let rule = rule.into_inner();
        let twice = rules.iter().any(|other| other.name == rule.name);
        if twice {
            let message = format!("two rules are named \"{}\"; rename one", rule.name.0);
            return Err(at(text, place, &message));
        }
        if let Err(message) = check(&rule) {
            let message = format!("rule \"{}\": {message}", rule.name.0);
            return Err(at(text, place, &message));
        }
        rules.push(rule);
    }
    Ok(Policy {
        default: file.default.into_inner(),
        rules,
    })
}

/// What no field shows alone.
fn check(rule: &Rule) -> Result<(), &'static str> {
    let allows = rule.effect == Verb::Allow;
    let refused = [
        (
            allows && rule.args.is_none(),
            "an allow rule needs args, the list of the words after the program; args = [] means none",
        ),
        (
            allows && rule.agent.is_some(),
            "agent cannot be in an allow rule: a process names itself as it likes",
        ),
        (
            rule.effect == Verb::Password && rule.agent.is_some(),
            "agent can be in ask and deny rules only",
        ),
        (
            rule.timeout.is_some() && rule.effect != Verb::Ask,
            "timeout belongs to effect = \"ask\"",
        ),
        (
            rule.timeout
                .is_some_and(|seconds| !(5..=3600).contains(&seconds)),
            "timeout must be 5 to 3600 seconds",
        ),
        (
            rule.text.is_some() && rule.effect != Verb::Deny,
            "text belongs to effect = \"deny\"",
        ),
        (
            rule.text
                .as_ref()
                .is_some_and(|text| text.is_empty() || text.len() > MAX_TEXT),
            "text must be 1 to 500 bytes",
        ),
        (
            rule.env.is_some() && !allows,
            "env belongs to effect = \"allow\"",
        ),
        (
            (rule.dangerous || rule.reason.is_some()) && !allows,
            "dangerous and reason belong to effect = \"allow\"",
        ),
        (
            rule.dangerous != rule.reason.is_some(),
            "dangerous = true and reason = \"...\" go together",
        ),
        (
            allows && rule.args.iter().flatten().any(is_unseen_path),
            "under can have no prefix but an option's letter (\"-f\") or one that ends in its first = (\"--file=\"): elsewhere aisudo does not look whether the requester can change the file",
        ),
        (
            rule.args.iter().flatten().rev().skip(1).any(|arg| arg.rest),
            "rest = true belongs to the last of args",
        ),
    ];
    match refused.into_iter().find(|(refused, _)| *refused) {
        Some((_, message)) => Err(message),
        None => Ok(()),
    }
}

/// The gate looks for files in whole words, after the first `=`, and after an option's letter.
fn is_unseen_path(arg: &Arg) -> bool {
    let seen = match arg.prefix.as_bytes() {
        b"" => true,
        [b'-', letter] => *letter != b'-' && *letter != b'=',
        prefix => prefix.iter().position(|byte| *byte == b'=') == Some(prefix.len() - 1),
    };
    matches!(arg.kind, Kind::Under(_)) && !seen
}

/// One, or a list of which any will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
    }
}

struct OneOrMany<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list of such")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|one| Many(vec![one]))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(table)).map(|one| Many(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = list.next_element()? {
            many.push(one);
        }
        if many.is_empty() {
            return Err(de::Error::custom(
                "an empty list would match nothing; leave the field out or fill it",
            ));
        }
        Ok(Many(many))
    }
}

/// A string that is checked when it is read.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub(super) String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| Self(text))
            }
        }
    };
}

checked!(
    /// A rule's name.
    Name,
    |text| {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let good = printable && text.trim() == text && (1..=MAX_NAME).contains(&text.len());
        good.then_some(()).ok_or_else(|| {
            format!("a rule's name is 1 to {MAX_NAME} printable ASCII characters, without blanks at its ends")
        })
    }
);

checked!(
    /// A user, a group, a host, a reason.
    Text,
    |text| match text.len() {
        0 => Err("an empty string means nothing here; leave the field out".to_owned()),
        1..=MAX_TEXT => Ok(()),
        _ => Err(format!("at most {MAX_TEXT} bytes")),
    }
);

checked!(
    /// An environment variable's name.
    Variable,
    |text| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let good = text.bytes().all(letter) && !text.is_empty();
        let good = good && !text.starts_with(|first: char| first.is_ascii_digit());
        good.then_some(()).ok_or_else(|| {
            "the name of a variable is letters, digits and _; no value, no wildcard".to_owned()
        })
    }
);

checked!(
    /// An agent's label.
    AgentLabel,
    |text| {
        if agents::labels().any(|label| label == text) {
            return Ok(());
        }
        let known: Vec<&str> = agents::labels().collect();
        Err(format!(
            "aisudo knows no agent of this name; it knows: {}",
            known.join(", ")
        ))
    }
);

/// A directory or file: absolute and normal, so that it can be compared.
fn absolute(path: String) -> Result<String, &'static str> {
    if word::is_normal(path.as_bytes()) {
        Ok(path)
    } else {
        Err("give an absolute path without //, /./, /../ or a / at its end")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnderTable {
    under: String,
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlaceVisitor;

        impl<'de> Visitor<'de> for PlaceVisitor {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an absolute path or { under = \"/directory\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Place, E> {
                absolute(text.to_owned())
                    .map(Place::Path)
                    .map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Place, A::Error> {
                let table = UnderTable::deserialize(MapAccessDeserializer::new(table))?;
                absolute(table.under)
                    .map(Place::Under)
                    .map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(PlaceVisitor)
    }
}

/// The kinds of words that have a name.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Type {
    Word,
    Operand,
    Integer,
    Name,
    Package,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArgTable {
    #[serde(rename = "type")]
    kind: Option<Type>,
    min: Option<i64>,
    max: Option<i64>,
    under: Option<String>,
    one_of: Option<Vec<String>>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    rest: bool,
}

impl ArgTable {
    fn kind(self) -> Result<Kind, &'static str> {
        let is_integer = matches!(self.kind, Some(Type::Integer));
        if !is_integer && (self.min.is_some() || self.max.is_some()) {
            return Err("min and max belong to type = \"integer\"");
        }
        match (self.kind, self.under, self.one_of) {
            (Some(Type::Word), None, None) => Ok(Kind::Word),
            (Some(Type::Operand), None, None) => Ok(Kind::Operand),
            (Some(Type::Name), None, None) => Ok(Kind::Name),
            (Some(Type::Package), None, None) => Ok(Kind::Package),
            (Some(Type::Integer), None, None) => {
                let (min, max) = (self.min.unwrap_or(0), self.max.unwrap_or(i64::MAX));
                if min > max {
                    return Err("min is greater than max");
                }
                Ok(Kind::Integer { min, max })
            }
            (None, Some(directory), None) => absolute(directory).map(Kind::Under),
            (None, None, Some(words)) if words.is_empty() => {
                Err("an empty one_of would match nothing")
            }
            (None, None, Some(words)) => Ok(Kind::OneOf(words)),
            _ => Err("an element of args is a string or a table with one of type, under, one_of"),
        }
    }
}

impl<'de> Deserialize<'de> for Arg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgVisitor;

        impl<'de> Visitor<'de> for ArgVisitor {
            type Value = Arg;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word, or a table with one of type, under, one_of")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Arg, E> {
                Ok(Arg {
                    prefix: String::new(),
                    kind: Kind::Exact(text.to_owned()),
                    rest: false,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Arg, A::Error> {
                let mut table = ArgTable::deserialize(MapAccessDeserializer::new(table))?;
                let (prefix, rest) = (std::mem::take(&mut table.prefix), table.rest);
                let kind = table.kind().map_err(de::Error::custom)?;
                Ok(Arg { prefix, kind, rest })
            }
        }

        deserializer.deserialize_any(ArgVisitor)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hours(&text).ok_or_else(|| {
            de::Error::custom("hours are written \"08:00-18:00\", and are not empty")
        })
    }
}

fn hours(text: &str) -> Option<Hours> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute(from)?, minute(until)?);
    (from != until && from < MIDNIGHT).then_some(Hours { from, until })
}

const MIDNIGHT: u16 = 24 * 60;

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| plain)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= MIDNIGHT).then_some(at)
}

impl LocalTime {
    /// A time as people write it here: `mon 09:30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let (day, time) = text.split_once(' ')?;
        let weekday = DAYS.iter().position(|name| *name == day)?;
        Some(Self {
            weekday: u8::try_from(weekday).ok()?,
            minute: minute(time).filter(|minute| *minute < MIDNIGHT)?,
        })
    }
}
