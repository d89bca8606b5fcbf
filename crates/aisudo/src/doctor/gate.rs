//! The sudos that are there, and what their modules are made of.

use std::path::PathBuf;

use super::view::View;
use crate::host::{
    module,
    os::Os,
    sudo::{Kind, Sudo},
};

/// What the checks of the gate share.
#[derive(Debug)]
pub(super) struct Sudos {
    pub(super) os: Os,
    /// The first is the one that the word `sudo` means.
    pub(super) all: Vec<Sudo>,
    /// Where PAM looks for modules.
    pub(super) modules: Option<PathBuf>,
    /// Whether `sudo -i` has a PAM service of its own.
    pub(super) own_login_service: bool,
}

impl Sudos {
    pub(super) fn first(&self) -> Option<&Sudo> {
        self.all.first()
    }

    pub(super) fn has_c(&self) -> bool {
        self.all.iter().any(|sudo| sudo.kind == Kind::C)
    }
}

/// Asks each sudo for its version. A folder's sudo is not run: it is somebody else's.
pub(super) fn sudos(view: &View<'_>) -> Sudos {
    let os = Os::of(view.root());
    let all = if view.is_host() {
        Sudo::all(view.root())
    } else {
        scripted(view)
    };
    let modules = all
        .first()
        .and_then(|sudo| module::directory(view.root(), &os, &sudo.path));
    let own_login_service = all.iter().any(|sudo| {
        let said = view.run(&sudo.path.to_string_lossy(), &["-V"]);
        said.is_some_and(|said| said.stdout.contains("--with-pam-login"))
    });
    Sudos {
        os,
        all,
        modules,
        own_login_service,
    }
}

/// Where the programs are not run, the one that is there is asked through the view.
fn scripted(view: &View<'_>) -> Vec<Sudo> {
    let path = view.at("/usr/bin/sudo");
    let said = view.run(&path.to_string_lossy(), &["-V"]);
    said.and_then(|said| Sudo::parse(&said.stdout, &path))
        .into_iter()
        .collect()
}
