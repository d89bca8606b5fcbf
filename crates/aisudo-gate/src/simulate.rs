//! What a request would look like, without asking anybody.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use aisudo_core::{config::Config, paths::Paths, raw::Raw};
use aisudo_sys::trusted;

use crate::facts::{self, Occasion};

/// The frozen request of `sudo WORDS…`, as the caller's own process would send it: JSON.
///
/// The program is looked for by the gate, since no sudo is there to say what it resolved.
///
/// # Errors
/// One line, when the request could not be made.
pub fn simulate(words: &[OsString], paths: &Paths) -> Result<String, String> {
    simulate_as(rustix::process::getuid().as_raw(), words, paths)
}

/// [`simulate`], as if the user with this id had asked: name, groups and the files that they could
/// change are theirs. All else (directory, terminal, input, parents) is the caller's.
///
/// # Errors
/// One line, when the request could not be made.
pub fn simulate_as(uid: u32, words: &[OsString], paths: &Paths) -> Result<String, String> {
    let timeout = trusted::load_config(paths)
        .map(|config: Config| config.gate)
        .unwrap_or_default()
        .timeout;
    let argv = [b"sudo".to_vec()]
        .into_iter()
        .chain(words.iter().cloned().map(OsString::into_vec))
        .collect();
    let occasion = Occasion {
        argv,
        service: Raw::from("sudo"),
        uid,
        timeout_ms: u64::from(timeout) * 1000,
    };
    facts::gather(&occasion).map(|frozen| frozen.bytes)
}

#[cfg(test)]
mod tests {
    use aisudo_core::request::{Found, Request};

    use super::*;

    /// The files are those that this user can change by uid or group, whoever runs the simulation.
    #[test]
    fn another_user_is_simulated_with_their_own_groups() {
        let nobody = aisudo_sys::users::account_named("nobody").unwrap();
        let words = ["cat", "/etc/passwd"].map(OsString::from);
        let frozen = simulate_as(nobody.uid, &words, &Paths::under("/nonexistent")).unwrap();
        let request = Request::parse(&frozen).unwrap();
        assert_eq!(request.requester.name, Raw::from("nobody"));
        assert_eq!(request.requester.uid, nobody.uid);
        assert!(!request.requester.groups.contains(&Raw::from("root")));
        assert_eq!(request.operands, []);
    }

    #[test]
    fn a_simulated_request_is_whole() {
        let words = ["-u", "nobody", "FOO=x", "env", "a b"].map(OsString::from);
        let request =
            Request::parse(&simulate(&words, &Paths::under("/nonexistent")).unwrap()).unwrap();
        let call = request.call.unwrap();
        assert_eq!(call.argv, [Raw::from("env"), Raw::from("a b")]);
        assert_eq!(call.user, Some(Raw::from("nobody")));
        assert_eq!(call.environment.set, [Raw::from("FOO=x")]);
        assert_eq!(request.program.path, Some(Raw::from("/usr/bin/env")));
        assert_eq!(request.program.found, Found::Gate);
        assert_eq!(request.timeout_ms, 120_000);
    }
}
