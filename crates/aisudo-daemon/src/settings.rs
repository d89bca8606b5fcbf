//! What root has written, as it is in force: configuration and policy, read again when they change.
//!
//! Each question and each approver looks at the two files' status first, which costs two calls to
//! the kernel. A file that cannot be believed or read is refused whole: the configuration before it
//! stays in force. A policy before it stays in force as far as it denies and asks; what it would
//! allow is asked about, since gates read the policy themselves and would not find it there.

use std::{
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::{
    config::Config,
    digest::sha256,
    evidence::EvidenceKind,
    paths::Paths,
    policy::{Effect, LocalTime, Policy, Ruling, lint},
    raw::Hex32,
    request::Request,
};
use aisudo_sys::{trusted, writers};
use tracing::{info, warn};

use crate::record::Record;

/// The two files and what was read from them.
#[derive(Debug)]
pub(crate) struct Settings {
    paths: Paths,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<Config>,
    config_stamp: Stamp,
    policy: Arc<InForce>,
    policy_stamp: Stamp,
}

/// The policy as it is in force.
#[derive(Debug)]
pub(crate) struct InForce {
    policy: Policy,
    sha256: Hex32,
    /// Whether there is a file.
    exists: bool,
    /// Why the file as it is now is not in force.
    refused: Option<String>,
}

/// A change, and what it means for the log and for whoever asked for it.
#[derive(Debug)]
pub(crate) enum Change {
    /// The configuration has other limits now, perhaps.
    Config(Record),
    /// Something else.
    Other(Record),
    /// The file was refused.
    Refused(Record, String),
}

/// What tells one version of a file from the next, without reading it. Nothing: there is no file.
pub(crate) type Stamp = Option<[i64; 7]>;

impl Settings {
    /// With this configuration, read at the start from the file of that stamp. The policy is read
    /// now.
    pub(crate) fn new(paths: Paths, config: Config, config_stamp: Stamp) -> (Self, Record) {
        let policy_stamp = stamp(&paths.policy());
        let (policy, record) = match read_policy(&paths) {
            Ok(policy) => {
                let record = policy.record();
                (policy, record)
            }
            Err(why) => {
                warn!("the policy is refused, and nothing is allowed by it: {why}");
                let none = InForce {
                    policy: Policy::default(),
                    sha256: sha256(b""),
                    exists: false,
                    refused: Some(why.clone()),
                };
                (none, Record::PolicyRefused { why })
            }
        };
        let state = State {
            config: Arc::new(config),
            config_stamp,
            policy: Arc::new(policy),
            policy_stamp,
        };
        let settings = Self {
            paths,
            state: Mutex::new(state),
        };
        (settings, record)
    }

    /// The configuration that is in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.lock().config)
    }

    /// The policy that is in force.
    pub(crate) fn policy(&self) -> Arc<InForce> {
        Arc::clone(&self.lock().policy)
    }

    /// Reads again what has changed. Cheap when nothing has.
    pub(crate) fn refresh(&self) -> Vec<Change> {
        let mut state = self.lock();
        let mut changes = Vec::new();
        let seen = stamp(&self.paths.config());
        if seen != state.config_stamp {
            state.config_stamp = seen;
            changes.push(self.read_config(&mut state));
        }
        let seen = stamp(&self.paths.policy());
        if seen != state.policy_stamp {
            state.policy_stamp = seen;
            changes.push(self.read_policy(&mut state));
        }
        changes
    }

    /// The same, whether or not anything seems to have changed.
    pub(crate) fn reload(&self) -> Vec<Change> {
        let mut state = self.lock();
        state.config_stamp = stamp(&self.paths.config());
        state.policy_stamp = stamp(&self.paths.policy());
        vec![self.read_config(&mut state), self.read_policy(&mut state)]
    }

    fn read_config(&self, state: &mut State) -> Change {
        match trusted::read_config(&self.paths) {
            Ok((config, text)) => {
                state.config = Arc::new(config);
                info!("the configuration was read again");
                Change::Config(Record::ConfigLoaded {
                    sha256: sha256(text.as_bytes()).to_string(),
                })
            }
            Err(why) => {
                warn!("the configuration is refused, the one before stays in force: {why}");
                Change::Refused(Record::ConfigRefused { why: why.clone() }, why)
            }
        }
    }

    fn read_policy(&self, state: &mut State) -> Change {
        match read_policy(&self.paths) {
            Ok(policy) => {
                info!("the policy was read again");
                let record = policy.record();
                state.policy = Arc::new(policy);
                Change::Other(record)
            }
            Err(why) => {
                warn!("the policy is refused, and nothing is allowed by it: {why}");
                let before = &state.policy;
                state.policy = Arc::new(InForce {
                    policy: before.policy.clone(),
                    sha256: before.sha256,
                    exists: before.exists,
                    refused: Some(why.clone()),
                });
                Change::Refused(Record::PolicyRefused { why: why.clone() }, why)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment: what is there is whole, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Change {
    /// Why the file was refused, if it was.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(_, why) => Some(why),
            Self::Config(_) | Self::Other(_) => None,
        }
    }

    /// For the log.
    pub(crate) fn record(&self) -> &Record {
        match self {
            Self::Config(record) | Self::Other(record) | Self::Refused(record, _) => record,
        }
    }
}

impl InForce {
    /// What is to be done with a request. An allowance that no gate would believe becomes a question.
    pub(crate) fn judge(&self, request: &Request, now: LocalTime, config: &Config) -> Ruling {
        let ruling = self.policy.judge(request, now);
        let believed = match ruling.effect {
            Effect::Allow => {
                self.refused.is_none() && config.gate.accept.contains(&EvidenceKind::Policy)
            }
            Effect::Password => self.refused.is_none(),
            Effect::Ask { .. } | Effect::Deny { .. } => true,
        };
        if believed { ruling } else { Ruling::default() }
    }

    /// SHA-256 of its text.
    pub(crate) fn sha256(&self) -> Hex32 {
        self.sha256
    }

    /// How it is, in one short phrase.
    pub(crate) fn health(&self) -> String {
        let rules = self.policy.rules();
        let plural = if rules == 1 { "" } else { "s" };
        match &self.refused {
            Some(why) => format!("refused, and nothing is allowed by it: {why}"),
            None if !self.exists => "none: everything is asked about".to_owned(),
            None => format!("in force, {rules} rule{plural}"),
        }
    }

    fn record(&self) -> Record {
        Record::PolicyLoaded {
            sha256: self.exists.then(|| self.sha256.to_string()),
            rules: self.policy.rules(),
        }
    }
}

fn read_policy(paths: &Paths) -> Result<InForce, String> {
    let exists = stamp(&paths.policy()).is_some();
    let (policy, text) = trusted::read_policy(paths)?;
    let findings = lint::findings(&policy, &|path| writers::who_else(path));
    if let Some(finding) = findings.iter().find(|one| one.accepted.is_none()) {
        return Err(format!(
            "{}: {finding} (all findings: aisudo policy check)",
            paths.policy().display()
        ));
    }
    Ok(InForce {
        policy,
        sha256: sha256(text.as_bytes()),
        exists,
        refused: None,
    })
}

/// The version of the file that is there now. To be taken before it is read.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let meta = path.symlink_metadata().ok()?;
    Some([
        i64::try_from(meta.ino()).unwrap_or_default(),
        i64::try_from(meta.size()).unwrap_or_default(),
        meta.mtime(),
        meta.mtime_nsec(),
        // Also when its owner or mode changes.
        meta.ctime(),
        meta.ctime_nsec(),
        i64::try_from(meta.dev()).unwrap_or_default(),
    ])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn place() -> (tempfile::TempDir, Paths) {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::under(root.path());
        let directory = paths.config().parent().unwrap().to_path_buf();
        fs::create_dir_all(&directory).unwrap();
        fs::write(paths.config(), "version = 1\n").unwrap();
        (root, paths)
    }

    fn started(paths: &Paths) -> (Settings, Record) {
        let seen = stamp(&paths.config());
        let (config, _) = trusted::read_config(paths).unwrap();
        Settings::new(paths.clone(), config, seen)
    }

    #[test]
    fn a_file_that_changes_is_read_again_and_a_bad_one_is_refused_whole() {
        let (_keep, paths) = place();
        let (settings, record) = started(&paths);
        assert_eq!(
            record,
            Record::PolicyLoaded {
                sha256: None,
                rules: 0
            }
        );
        assert_eq!(
            settings.policy().health(),
            "none: everything is asked about"
        );
        assert!(settings.refresh().is_empty());

        fs::write(paths.config(), "version = 1\n[limits]\npending = 7\n").unwrap();
        assert!(matches!(
            settings.refresh().as_slice(),
            [Change::Config(Record::ConfigLoaded { .. })]
        ));
        assert_eq!(settings.config().limits.pending, 7);

        fs::write(paths.config(), "version = 1\n[limits]\npendin = 7\n").unwrap();
        let changes = settings.refresh();
        let [Change::Refused(Record::ConfigRefused { why }, _)] = changes.as_slice() else {
            panic!("{changes:?}");
        };
        assert!(
            why.contains("line 3, column 1: unknown field `pendin`"),
            "{why}"
        );
        assert_eq!(settings.config().limits.pending, 7, "the one before");
        assert!(settings.refresh().is_empty(), "said once");
    }
}
