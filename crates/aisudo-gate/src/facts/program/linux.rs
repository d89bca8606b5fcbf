//! Debian's and Ubuntu's `secure_path`, which sudo searches where the gate has to guess.

const SECURE_PATH: &[u8] =
    b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

pub(super) fn search_paths() -> Vec<Vec<u8>> {
    vec![SECURE_PATH.to_vec()]
}
