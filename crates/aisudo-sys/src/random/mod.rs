//! The kernel's randomness.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::io;

/// Fresh random bytes.
///
/// # Errors
/// When the kernel gives none.
pub fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    platform::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
        assert_eq!(random_bytes::<0>().unwrap(), [0; 0]);
        // More than a kernel need give at once.
        let many = random_bytes::<600>().unwrap();
        assert!(many.chunks(100).all(|part| part != [0; 100]));
    }
}
