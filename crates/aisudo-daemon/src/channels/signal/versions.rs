//! How long this version of signal-cli has been in use: Signal's servers turn versions away that are
//! about three months old (AsamK/signal-cli#1022, #1961).

use std::{fs, path::Path};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// From then on it is worth a word.
const OLD_AFTER_DAYS: u64 = 60;

/// What root should know of this version, if anything. Remembers since when it is in use.
pub(super) fn advice(state_dir: &Path, version: &str, now_ms: u64) -> Option<String> {
    let file = state_dir.join("signal-cli-version");
    let known = fs::read_to_string(&file).unwrap_or_default();
    let since_ms = known
        .trim()
        .split_once(' ')
        .filter(|(known, _)| *known == version)
        .and_then(|(_, since)| since.parse().ok());
    let Some(since_ms) = since_ms else {
        // Without it, the word comes later.
        let _ = fs::write(&file, format!("{version} {now_ms}\n"));
        return None;
    };
    let days = now_ms.saturating_sub(since_ms) / DAY_MS;
    (days >= OLD_AFTER_DAYS).then(|| {
        format!("this signal-cli has been in use for {days} days, and Signal turns versions away after about 90: upgrade it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_grows_old_and_a_new_one_is_young() {
        let directory = tempfile::tempdir().unwrap();
        let advice = |version, day| advice(directory.path(), version, 5_000 + day * DAY_MS);
        assert_eq!(advice("0.13.19", 0), None);
        assert_eq!(advice("0.13.19", 59), None);
        assert!(advice("0.13.19", 60).unwrap().contains("for 60 days"));
        assert_eq!(advice("0.14.6", 60), None);
        assert_eq!(advice("0.14.6", 119), None);
    }
}
