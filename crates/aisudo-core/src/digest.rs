//! The digest that binds a decision to the exact bytes of one request.

use sha2::{Digest, Sha256};

use crate::raw::Hex32;

/// What is hashed before the request, so that no other use of SHA-256 can yield the same digest.
pub const REQUEST_DOMAIN: &[u8] = b"aisudo request v1\0";

/// SHA-256 of [`REQUEST_DOMAIN`] followed by the request's bytes, as the gate froze them.
#[must_use]
pub fn request_digest(request: &[u8]) -> Hex32 {
    let mut hash = Sha256::new();
    hash.update(REQUEST_DOMAIN);
    hash.update(request);
    Hex32(hash.finalize().into())
}

/// What is hashed before the facts that make two requests alike.
pub const FINGERPRINT_DOMAIN: &[u8] = b"aisudo fingerprint v1\0";

/// What is hashed before what makes two commands the same.
pub const COMMAND_DOMAIN: &[u8] = b"aisudo command v1\0";

/// Plain SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hex32 {
    Hex32(Sha256::digest(bytes).into())
}

/// How many letters a code has before it is lengthened to be unique among live requests.
pub const CODE_LENGTH: usize = 5;

/// The letters that 256 bits have.
const LONGEST_CODE: usize = 51;

/// Crockford's base 32: no I, L, O or U, so a code survives being read aloud.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The name by which a person answers: the first `letters` × 5 bits of the digest.
///
/// A code is made from the digest and not drawn, so it names the content. It is not a secret.
#[must_use]
pub fn code(digest: &Hex32, letters: usize) -> String {
    let mut bits = digest
        .0
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |shift| (byte >> shift) & 1));
    (0..letters)
        .map_while(|_| {
            let index =
                (0..5).try_fold(0_usize, |sum, _| Some(sum << 1 | usize::from(bits.next()?)))?;
            CODE_ALPHABET.get(index).copied().map(char::from)
        })
        .collect()
}

/// A code as a person typed it: lower case and the letters that Crockford's alphabet leaves out
/// because they look like others are understood.
#[must_use]
pub fn normalize_code(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .map(|letter| match letter.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .collect()
}

/// Whether a normalized text has the form of a code.
#[must_use]
pub fn is_code(normalized: &str) -> bool {
    (CODE_LENGTH..=LONGEST_CODE).contains(&normalized.len())
        && normalized.bytes().all(|byte| CODE_ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with `printf 'aisudo request v1\0{}' | sha256sum`.
    #[test]
    fn digest_is_sha256_under_the_domain() {
        assert_eq!(
            request_digest(b"{}").to_string(),
            "0a4c7961f45b3c9799dd5ca436a4ff6c5b785483e91d862d110450c4aa345fa8"
        );
    }

    #[test]
    fn code_is_the_digests_first_bits() {
        let mut bytes = [0_u8; 32];
        // 00001 00010 11111 00000 01…
        bytes[0] = 0b0000_1000;
        bytes[1] = 0b1011_1110;
        bytes[2] = 0b0000_0100;
        assert_eq!(code(&Hex32(bytes), 4), "12Z0");
        assert_eq!(
            code(&Hex32(bytes), 60).len(),
            51,
            "256 bits hold 51 letters"
        );
    }

    #[test]
    fn a_typed_code_is_read_kindly() {
        assert_eq!(normalize_code(" k7ol1 \n"), "K7011");
    }

    #[test]
    fn a_code_has_five_to_51_letters_of_the_alphabet() {
        assert!(is_code("7KQ2M") && is_code("GREAT") && is_code(&"0".repeat(51)));
        for other in ["7KQ2", "7kq2m", "7KQ2U", "7KQ2É", "7KQ 2", &"0".repeat(52)] {
            assert!(!is_code(other), "{other}");
        }
    }
}
