//! The three sockets: handed over by the service manager, or opened here.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{ErrorKind, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use aisudo_core::{config::Config, paths::Paths};
use aisudo_sys::users::group_id;
use rustix::{
    fs::{FlockOperation, flock},
    process::geteuid,
};

use super::{passed, state_dir::make_open};
use crate::server::Listeners;

/// The open sockets.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) listeners: Listeners,
    /// Held while this daemon runs: there is one.
    pub(super) lock: File,
    /// Whether the service manager opened them.
    pub(super) passed: bool,
}

/// Takes over the sockets of the service manager, or opens them.
pub(super) fn open(paths: &Paths, config: &Config) -> Result<Sockets, String> {
    if let Some(listeners) = passed()? {
        return Ok(Sockets {
            listeners,
            lock: lock(&paths.state_dir())?,
            passed: true,
        });
    }
    let directory = paths.run_dir();
    make_open(&directory).map_err(|error| {
        format!(
            "{} cannot be made: {error}; start it as root",
            directory.display()
        )
    })?;
    check_directory(&directory)?;
    let lock = lock(&directory)?;
    let (control_mode, control_group) = control_access(config)?;
    let listeners = Listeners {
        gate: bind(&paths.gate_socket(), 0o600, None)?,
        agent: bind(&paths.agent_socket(), 0o666, None)?,
        control: bind(&paths.control_socket(), control_mode, control_group)?,
    };
    Ok(Sockets {
        listeners,
        lock,
        passed: false,
    })
}

/// Who else could write here could put another daemon in this one's place.
fn check_directory(directory: &Path) -> Result<(), String> {
    let path = directory.display();
    let meta = directory
        .symlink_metadata()
        .map_err(|error| format!("{path} cannot be read: {error}; check it"))?;
    let own = geteuid().as_raw();
    if !meta.is_dir() || meta.uid() != own {
        return Err(format!(
            "{path} is not a directory of uid {own}; remove it and start again"
        ));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(format!(
            "{path} can be written by others; run: chmod go-w {path}"
        ));
    }
    Ok(())
}

/// Makes sure that there is no other daemon. The lock ends with the process, however it ends.
fn lock(directory: &Path) -> Result<File, String> {
    let path = directory.join("daemon.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)
        .map_err(|error| {
            format!(
                "{} cannot be opened: {error}; check its owner",
                path.display()
            )
        })?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut pid = String::new();
        let _ = file.read_to_string(&mut pid);
        return Err(format!(
            "another aisudo-daemon runs already (process {}); stop it first",
            pid.trim()
        ));
    }
    let written = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|error| format!("{} cannot be written: {error}; make room", path.display()))?;
    Ok(file)
}

/// Root, and the group of local approvers.
fn control_access(config: &Config) -> Result<(u32, Option<u32>), String> {
    let Some(group) = &config.channels.terminal.group else {
        return Ok((0o600, None));
    };
    match group_id(group) {
        Some(gid) => Ok((0o660, Some(gid))),
        None => Err(format!(
            "the group {group} of [channels.terminal] does not exist; run: groupadd --system {group}"
        )),
    }
}

fn bind(path: &Path, mode: u32, group: Option<u32>) -> Result<UnixListener, String> {
    let failed = |error| {
        format!(
            "{} cannot be opened: {error}; start it as root",
            path.display()
        )
    };
    remove_stale(path)?;
    // The umask leaves it to its owner until its group is set.
    let listener = UnixListener::bind(path).map_err(failed)?;
    if let Some(group) = group {
        chown(path, None, Some(group)).map_err(failed)?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    Ok(listener)
}

/// Removes the socket of a daemon that died, but not that of one that answers.
fn remove_stale(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{shown} cannot be read: {error}; check it")),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(format!("{shown} is not a socket; move it away"));
        }
        Ok(_) => {}
    }
    if UnixStream::connect(path).is_ok() {
        return Err(format!(
            "somebody answers on {shown} already; stop that program first"
        ));
    }
    fs::remove_file(path).map_err(|error| format!("{shown} cannot be removed: {error}; remove it"))
}

/// The sockets of the service manager, by name.
fn passed() -> Result<Option<Listeners>, String> {
    by_name(passed::given()?)
}

fn by_name(given: Vec<(OwnedFd, String)>) -> Result<Option<Listeners>, String> {
    let (mut gate, mut agent, mut control) = (None, None, None);
    let mut any = false;
    for (descriptor, name) in given {
        any = true;
        let place = match name.as_str() {
            "gate" => &mut gate,
            "agent" => &mut agent,
            "control" => &mut control,
            _ => {
                return Err(format!(
                    "the service manager's socket {name} is not known; name it gate, agent or control"
                ));
            }
        };
        if place.replace(listener(descriptor, &name)?).is_some() {
            return Err(format!(
                "the service manager gives two sockets named {name}; check the unit"
            ));
        }
    }
    match (gate, agent, control) {
        _ if !any => Ok(None),
        (Some(gate), Some(agent), Some(control)) => Ok(Some(Listeners {
            gate,
            agent,
            control,
        })),
        _ => Err(
            "the service manager must give the sockets gate, agent and control; check the unit"
                .to_owned(),
        ),
    }
}

fn listener(owned: OwnedFd, name: &str) -> Result<UnixListener, String> {
    if passed::listens(&owned) {
        Ok(UnixListener::from(owned))
    } else {
        Err(format!(
            "the service manager's {name} is not a listening Unix socket; check the unit"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::parse("version = 1").unwrap()
    }

    #[test]
    fn sockets_have_their_modes_and_a_stale_one_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        drop(open(&paths, &config()).unwrap());
        assert!(
            paths.gate_socket().exists(),
            "as a daemon that was killed leaves it"
        );
        let _sockets = open(&paths, &config()).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode(&paths.run_dir()), 0o755);
        assert_eq!(mode(&paths.gate_socket()), 0o600);
        assert_eq!(mode(&paths.agent_socket()), 0o666);
        assert_eq!(mode(&paths.control_socket()), 0o600);
    }

    #[test]
    fn a_second_daemon_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        let first = open(&paths, &config()).unwrap();
        let error = open(&paths, &config()).unwrap_err();
        let own = std::process::id();
        assert_eq!(
            error,
            format!("another aisudo-daemon runs already (process {own}); stop it first")
        );

        fs::remove_file(paths.run_dir().join("daemon.lock")).unwrap();
        assert!(
            open(&paths, &config())
                .unwrap_err()
                .starts_with("somebody answers on ")
        );
        drop(first);
    }

    #[test]
    fn what_is_no_socket_or_directory_of_ours_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        make_open(&paths.run_dir()).unwrap();
        fs::write(paths.gate_socket(), "x").unwrap();
        assert!(
            open(&paths, &config())
                .unwrap_err()
                .ends_with("is not a socket; move it away")
        );
        fs::set_permissions(paths.run_dir(), Permissions::from_mode(0o777)).unwrap();
        assert!(
            open(&paths, &config())
                .unwrap_err()
                .contains("can be written by others")
        );
    }

    #[test]
    fn a_group_that_is_missing_is_named() {
        let text = "version = 1\n[channels.terminal]\ngroup = \"no such group\"\n";
        let error = control_access(&Config::parse(text).unwrap()).unwrap_err();
        assert!(error.contains("groupadd --system no such group"), "{error}");
    }
}
