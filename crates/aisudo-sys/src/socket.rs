//! Who can reach signal-cli's socket. Whoever can may read what is asked, edit it, and answer in the
//! account's name.

use std::{
    fs::Metadata,
    io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use aisudo_core::{config::Config, display};

use crate::users::{account_named, group_id, group_ids};

/// Somebody who should not be able to connect.
struct Subject {
    /// In an error.
    name: String,
    uid: Option<u32>,
    groups: Vec<u32>,
}

/// Refuses a socket to which a gated user, or everybody, can connect.
///
/// # Errors
/// One line that says who can, or that there is no such socket.
pub fn check(socket: &Path, config: &Config) -> Result<(), String> {
    let shown = display::word(socket.as_os_str().as_encoded_bytes()).text;
    let real = socket
        .canonicalize()
        .map_err(|error| not_there(&shown, &error))?;
    let meta = |path: &Path| {
        path.metadata()
            .map_err(|error| format!("{shown}: {error}; check who may read its directory"))
    };
    let end = meta(&real)?;
    if !end.file_type().is_socket() {
        return Err(format!(
            "{shown} is no socket; give the one that stands behind --socket in signal-cli's unit"
        ));
    }
    let directories: Vec<Metadata> = real
        .ancestors()
        .skip(1)
        .map(meta)
        .collect::<Result<_, _>>()?;
    for subject in subjects(config) {
        let passes = directories
            .iter()
            .all(|directory| subject.may(directory, 0o1));
        if passes && subject.may(&end, 0o2) {
            return Err(format!(
                "{} can connect to {shown}, and so edit what is asked and answer it; let signal-cli run with UMask=0007, in a group in which only aisudo-daemon's user is",
                subject.name
            ));
        }
    }
    Ok(())
}

/// Why the daemon's user cannot connect; nothing if it can, or there is no such user.
#[must_use]
pub fn closed_to_daemon(socket: &Path, config: &Config) -> Option<String> {
    let account = account_named(&config.daemon.user)?;
    let real = socket.canonicalize().ok()?;
    let meta: Vec<Metadata> = real
        .ancestors()
        .map(Path::metadata)
        .collect::<Result<_, _>>()
        .ok()?;
    let (end, directories) = meta.split_first()?;
    let daemon = Subject {
        name: display::word(&account.name).text,
        uid: Some(account.uid),
        groups: group_ids(&account),
    };
    let passes = directories
        .iter()
        .all(|directory| daemon.may(directory, 0o1));
    (!(passes && daemon.may(end, 0o2))).then(|| {
        format!(
            "{}, as whom aisudo-daemon runs, cannot connect to that socket; add it to the socket's group, as docs/signal.md says",
            daemon.name
        )
    })
}

fn not_there(shown: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no {shown}: signal-cli is not running, or listens elsewhere; see: systemctl status signal-cli"
        ),
        _ => format!("{shown}: {error}; check who may read its directory"),
    }
}

/// Everybody, and those of the configuration who are gated.
fn subjects(config: &Config) -> Vec<Subject> {
    let mut subjects = vec![Subject {
        name: "any user of this host".to_owned(),
        uid: None,
        groups: Vec::new(),
    }];
    for who in &config.gate.who {
        if let Some(account) = who.user.as_deref().and_then(account_named) {
            subjects.push(Subject {
                name: display::word(&account.name).text,
                uid: Some(account.uid),
                groups: group_ids(&account),
            });
        }
        if let Some((group, id)) = who
            .group
            .as_deref()
            .and_then(|name| Some((name, group_id(name)?)))
        {
            subjects.push(Subject {
                name: format!("a member of {}", display::word(group.as_bytes()).text),
                uid: None,
                groups: vec![id],
            });
        }
    }
    subjects
}

impl Subject {
    /// As path_resolution(7) has it: `bit` is 1 to pass a directory, 2 to write.
    fn may(&self, file: &Metadata, bit: u32) -> bool {
        let shift = if self.uid == Some(file.uid()) {
            6
        } else if self.groups.contains(&file.gid()) {
            3
        } else {
            0
        };
        self.uid == Some(0) || file.mode() >> shift & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::{fs::PermissionsExt, net::UnixListener},
    };

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A group of this process that a gated group can be.
    fn config(who: &str) -> Config {
        Config::parse(&format!(
            "version = 1\n[[gate.who]]\n{who}\nwhen = \"always\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn a_socket_that_everybody_can_use_is_refused() {
        let keep = tempfile::tempdir().unwrap();
        let socket = keep.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let config = config("user = \"nobody\"");
        set(keep.path(), 0o755);
        set(&socket, 0o666);
        let error = check(&socket, &config).unwrap_err();
        assert!(
            error.starts_with("any user of this host can connect to "),
            "{error}"
        );
        // Reading alone is not enough to connect, and a closed directory is closed.
        set(&socket, 0o664);
        assert_eq!(check(&socket, &config), Ok(()));
        set(&socket, 0o666);
        set(keep.path(), 0o750);
        assert_eq!(check(&socket, &config), Ok(()));
    }

    #[test]
    fn what_is_not_there_or_no_socket_is_named() {
        let keep = tempfile::tempdir().unwrap();
        let config = config("user = \"nobody\"");
        let error = check(&keep.path().join("none"), &config).unwrap_err();
        assert!(error.contains("signal-cli is not running"), "{error}");
        let error = check(keep.path(), &config).unwrap_err();
        assert!(error.contains("is no socket"), "{error}");
    }
}
