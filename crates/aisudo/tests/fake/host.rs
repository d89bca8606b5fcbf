//! Root's files, and the host's key, as `aisudo pair` finds them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use aisudo_core::approvers::Approvers;

use super::Fake;

pub(crate) const CONFIG: &str = "# Ours.\nversion = 1\n\n[channels.app]\nurl = \"https://box.example:8443\"\n\n[[gate.who]]\nuser = \"agent\"\nwhen = \"always\"\n";

pub(crate) const HOST_KEY: [u8; 32] = [9; 32];

impl Fake {
    /// One that knows of the app, and root's files beside it.
    pub(crate) fn with_app() -> Self {
        let fake = Self::start();
        fake.state().reached = Some(Vec::new());
        let paths = fake.paths();
        for file in [paths.config(), paths.host_key()] {
            let directory = file.parent().unwrap();
            fs::create_dir_all(directory).unwrap();
            fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
        }
        fake.write_config(CONFIG);
        fs::write(paths.host_key(), HOST_KEY).unwrap();
        fs::set_permissions(paths.host_key(), Permissions::from_mode(0o600)).unwrap();
        fake
    }

    pub(crate) fn write_config(&self, text: &str) {
        write(&self.paths().config(), text);
    }

    pub(crate) fn write_approvers(&self, text: &str) {
        write(&self.paths().approvers(), text);
    }

    pub(crate) fn approvers(&self) -> Approvers {
        Approvers::parse(&fs::read_to_string(self.paths().approvers()).unwrap()).unwrap()
    }

    /// That nothing was written, where there was no list of approvers.
    pub(crate) fn is_untouched(&self) -> bool {
        let paths = self.paths();
        let names = fs::read_dir(paths.config().parent().unwrap()).unwrap();
        fs::read_to_string(paths.config()).unwrap() == CONFIG && names.count() == 1
    }
}

fn write(file: &std::path::Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
}
