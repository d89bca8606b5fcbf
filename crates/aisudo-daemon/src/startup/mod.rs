//! What is done as root, before the daemon becomes its own user: read the configuration, make the
//! directories, open the sockets, and give root up. One thread only.

mod passed;
mod privileges;
mod sockets;
mod state_dir;

use std::fs::File;

use aisudo_core::{
    config::{App, AuditCopy, Config},
    paths::Paths,
};
use aisudo_sys::trusted::read_config;

use self::{privileges::Identity, sockets::Sockets};
use crate::{
    channels::app,
    copy::CopyFile,
    http,
    server::Listeners,
    settings::{Stamp, stamp},
};

/// All that the daemon needs from before.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) config: Config,
    pub(crate) config_text: String,
    pub(crate) config_stamp: Stamp,
    pub(crate) listeners: Listeners,
    /// A uid that counts as root besides root: our own, when we opened the sockets without being
    /// root, which only tests do.
    pub(crate) stand_in: Option<u32>,
    /// Held for as long as the daemon runs.
    pub(crate) lock: File,
    /// Where the audit log is copied to, opened while that was root's to do.
    pub(crate) copy_file: Option<CopyFile>,
    /// What the app's channel needs, if root wants it.
    pub(crate) app: Option<app::Opened>,
}

/// Prepares everything and drops privileges.
///
/// # Errors
/// One line that says what is wrong and what to do.
pub(crate) fn start(paths: &Paths) -> Result<Started, String> {
    privileges::harden()?;
    let config_stamp = stamp(&paths.config());
    let (config, config_text) = read_config(paths)?;
    let identity = Identity::choose(&config.daemon.user)?;
    state_dir::make(paths, identity.uid())?;
    let Sockets {
        listeners,
        lock,
        passed,
    } = sockets::open(paths, &config)?;
    let copy_file = match &config.audit.copy {
        Some(AuditCopy::File(path)) => Some(CopyFile::open(paths.of(path), identity.uid())),
        _ => None,
    };
    let http = config.channels.app.as_ref();
    let http = http.map(|app| http::Opened::open(app, paths)).transpose()?;
    identity.assume()?;
    state_dir::check(paths, identity.uid())?;
    let app = match (&config.channels.app, http) {
        (Some(config), Some(http)) => Some(phones(paths, config, http)?),
        _ => None,
    };
    let stand_in = (!passed && !identity.was_root()).then(|| identity.uid());
    Ok(Started {
        config,
        config_text,
        config_stamp,
        listeners,
        stand_in,
        lock,
        copy_file,
        app,
    })
}

/// The keys of the app's channel, which are the daemon's own.
fn phones(paths: &Paths, config: &App, http: http::Opened) -> Result<app::Opened, String> {
    Ok(app::Opened {
        paths: paths.clone(),
        key: app::key::read_or_make(&paths.host_key())?,
        ring: app::Ring::open(config, paths)?,
        config: config.clone(),
        http,
    })
}
