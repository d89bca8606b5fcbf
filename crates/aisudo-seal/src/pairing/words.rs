//! The words that a person compares.

use std::fmt;

use aisudo_core::raw::Hex32;

/// 256 English words, one a line, that neither look nor sound alike.
pub const ALL_WORDS: &str = include_str!("words.txt");

/// Four words: 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words([&'static str; 4]);

impl Words {
    /// A word for each of the first four bytes.
    pub(super) fn of(hash: &Hex32) -> Self {
        let [a, b, c, d, ..] = hash.0;
        Self([a, b, c, d].map(|byte| ALL_WORDS.lines().nth(usize::from(byte)).unwrap_or_default()))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_256_and_no_two_begin_alike() {
        let all: Vec<&str> = ALL_WORDS.lines().collect();
        assert_eq!(all.len(), 256);
        assert!(all.is_sorted());
        for word in &all {
            assert!((4..=8).contains(&word.len()), "{word}");
            assert!(
                word.bytes().all(|letter| letter.is_ascii_lowercase()),
                "{word}"
            );
        }
        let beginnings: HashSet<&[u8]> = all.iter().map(|word| &word.as_bytes()[..4]).collect();
        assert_eq!(beginnings.len(), 256);
    }

    #[test]
    fn each_of_the_first_four_bytes_is_a_word() {
        let mut hash = [7; 32];
        hash[..4].copy_from_slice(&[0, 255, 1, 0]);
        assert_eq!(
            Words::of(&Hex32(hash)).to_string(),
            "actor zipper album actor"
        );
    }
}
