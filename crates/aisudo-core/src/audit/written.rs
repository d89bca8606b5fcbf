//! Reads an entry as it was written, in one pass and without a copy.
//!
//! An entry is hashed in one form only: sorted keys, no blanks, ASCII. A line that is in this form
//! already need not be taken apart and put together again to be hashed: its own bytes will do, less
//! the field `entry_hash`. Everything that is not in this form is not what was written.

/// How deep lists and objects may lie in each other: as serde_json has it.
const MAX_DEPTH: u32 = 127;

/// The fields that make the chain, as they stand in the line; nothing where one is missing.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    /// With its quotes.
    pub(super) previous_hash: Option<&'a [u8]>,
    /// Its digits.
    pub(super) sequence: Option<&'a [u8]>,
    /// With its quotes.
    pub(super) entry_hash: Option<&'a [u8]>,
    /// The line without `entry_hash`: the two ends around it.
    pub(super) hashed: [&'a [u8]; 2],
}

/// Reads a line. Nothing, when it is not an object in the form in which entries are hashed.
pub(super) fn read(line: &str) -> Option<Written<'_>> {
    let line = line.as_bytes();
    let mut written = Written {
        hashed: [line, b""],
        ..Written::default()
    };
    let mut scanner = Scanner {
        rest: line,
        depth: MAX_DEPTH,
    };
    scanner.object(|field| match field.key {
        b"previous_hash" => written.previous_hash = Some(field.value),
        b"sequence" => written.sequence = Some(field.value),
        b"entry_hash" => {
            written.entry_hash = Some(field.value);
            written.hashed = around(line, &field).unwrap_or([line, b""]);
        }
        _ => {}
    })?;
    scanner.rest.is_empty().then_some(written)
}

/// A line without one of its fields, and without the comma that goes with it.
fn around<'a>(line: &'a [u8], field: &Field<'a>) -> Option<[&'a [u8]; 2]> {
    let before = line.get(..line.len().checked_sub(field.from_end)?)?;
    let after = line.get(line.len().checked_sub(field.after.len())?..)?;
    Some(
        match (after.strip_prefix(b","), before.strip_suffix(b",")) {
            (Some(after), _) => [before, after],
            (None, Some(before)) => [before, after],
            (None, None) => [before, after],
        },
    )
}

/// A field of an object, as it stands there.
struct Field<'a> {
    /// How much of the line is left where it begins.
    from_end: usize,
    /// Without quotes, with its escapes.
    key: &'a [u8],
    value: &'a [u8],
    /// What follows it.
    after: &'a [u8],
}

/// What is left of a line.
struct Scanner<'a> {
    rest: &'a [u8],
    /// How much deeper it may go.
    depth: u32,
}

impl<'a> Scanner<'a> {
    fn value(&mut self) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(|_| ()),
            b'[' => self.array(),
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => self.number(),
        }
    }

    /// Each field, in the order of the keys; the same key twice is none.
    #[inline]
    fn object(&mut self, mut each: impl FnMut(Field<'a>)) -> Option<()> {
        self.byte(b'{')?;
        self.depth = self.depth.checked_sub(1)?;
        let mut last: Option<Inside<'_>> = None;
        if self.byte(b'}').is_none() {
            loop {
                let from_end = self.rest.len();
                let key = self.string()?;
                if last.is_some_and(|last| !last.comes_before(key)) {
                    return None;
                }
                last = Some(key);
                self.byte(b':')?;
                let from = self.rest;
                self.value()?;
                each(Field {
                    from_end,
                    key: key.text,
                    value: from.get(..from.len().checked_sub(self.rest.len())?)?,
                    after: self.rest,
                });
                if self.ends(b'}')? {
                    break;
                }
            }
        }
        self.depth += 1;
        Some(())
    }

    fn array(&mut self) -> Option<()> {
        self.byte(b'[')?;
        self.depth = self.depth.checked_sub(1)?;
        if self.byte(b']').is_none() {
            loop {
                self.value()?;
                if self.ends(b']')? {
                    break;
                }
            }
        }
        self.depth += 1;
        Some(())
    }

    /// After an item: the end (true), or a comma and the next one (false).
    fn ends(&mut self, close: u8) -> Option<bool> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        match *first {
            b',' => Some(false),
            byte if byte == close => Some(true),
            _ => None,
        }
    }

    /// What is between the quotes.
    #[inline(always)]
    fn string(&mut self) -> Option<Inside<'a>> {
        self.byte(b'"')?;
        let from = self.rest;
        let mut escapes = false;
        loop {
            self.rest = after_plain(self.rest);
            let (first, rest) = self.rest.split_first()?;
            match first {
                b'"' => {
                    let text = from.get(..from.len().checked_sub(self.rest.len())?)?;
                    self.rest = rest;
                    return Some(Inside { text, escapes });
                }
                b'\\' => {
                    self.rest = after_escape(rest)?;
                    escapes = true;
                }
                _ => return None,
            }
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Option<()> {
        match self.rest.split_first()? {
            (first, rest) if *first == byte => {
                self.rest = rest;
                Some(())
            }
            _ => None,
        }
    }

    fn take(&mut self, what: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(what)?;
        Some(())
    }

    /// A number that would be written like this again.
    fn number(&mut self) -> Option<()> {
        let part =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let end = self.rest.iter().position(|byte| !part(byte));
        let (number, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        match number {
            // Up to 18 digits there is only one way to write an integer that fits.
            [b'0'] => Some(()),
            [b'1'..=b'9', digits @ ..]
                if digits.len() < 18 && digits.iter().all(u8::is_ascii_digit) =>
            {
                Some(())
            }
            _ => {
                let text = std::str::from_utf8(number).ok()?;
                let number: serde_json::Number = serde_json::from_str(text).ok()?;
                (number.to_string() == text).then_some(())
            }
        }
    }
}

/// What is between the quotes of a string.
#[derive(Clone, Copy)]
struct Inside<'a> {
    text: &'a [u8],
    escapes: bool,
}

impl Inside<'_> {
    /// Whether this key sorts before another: by the characters, not by their escapes.
    #[inline]
    fn comes_before(self, other: Self) -> bool {
        if self.escapes || other.escapes {
            return match (self.unescaped(), other.unescaped()) {
                (Some(one), Some(other)) => one < other,
                _ => false,
            };
        }
        match (self.text.first(), other.text.first()) {
            (Some(one), Some(other)) if one != other => one < other,
            _ => self.text < other.text,
        }
    }

    fn unescaped(self) -> Option<String> {
        serde_json::from_slice(&[b"\"", self.text, b"\""].concat()).ok()
    }
}

/// Skips printable ASCII but `"` and `\`.
#[inline(always)]
fn after_plain(mut rest: &[u8]) -> &[u8] {
    while let Some((eight, more)) = rest.split_first_chunk() {
        match plain_in(*eight) {
            8 => rest = more,
            plain => return rest.get(plain..).unwrap_or_default(),
        }
    }
    after_plain_bytes(rest)
}

#[cold]
fn after_plain_bytes(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| !is_plain(*byte));
    rest.get(end.unwrap_or(rest.len())..).unwrap_or_default()
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & !matches!(byte, b'"' | b'\\')
}

/// How many of these bytes come before the first that is not plain.
#[inline(always)]
fn plain_in(eight: [u8; 8]) -> usize {
    /// One in each byte.
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    /// The highest bit of each byte.
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let word = u64::from_le_bytes(eight);
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    // The highest bit is set in each byte below 0x20, `"`, `\` and 0x7f upwards. A borrow or carry
    // can set it in a byte after such a one as well, never in one before the first.
    let special = (word.wrapping_sub(ONES * 0x20) & !word)
        | (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | word.wrapping_add(ONES)
        | word;
    usize::try_from((special & HIGHS).trailing_zeros() / 8).unwrap_or_default()
}

/// What follows an escape, behind its backslash, if it is the one that is written.
fn after_escape(rest: &[u8]) -> Option<&[u8]> {
    let rest = match rest.split_first()? {
        (b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f', rest) => return Some(rest),
        (b'u', rest) => rest,
        _ => return None,
    };
    let (unit, rest) = unit(rest)?;
    match unit {
        0x20..=0x7e | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => None,
        0xd800..=0xdbff => {
            let (low, rest) = self::unit(rest.strip_prefix(b"\\u")?)?;
            (0xdc00..=0xdfff).contains(&low).then_some(rest)
        }
        0xdc00..=0xdfff => None,
        _ => Some(rest),
    }
}

/// A UTF-16 code unit in four lower-case digits.
fn unit(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = rest.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0, |unit, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(unit << 4 | u32::from(nibble))
    })?;
    Some((unit, rest))
}
