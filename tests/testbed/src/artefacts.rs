//! Finding what was built, and putting it into a world.

use std::fs::{self, File};
use std::os::fd::AsRawFd;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a world has the module, the daemon and the command.
pub const BUILD: &str = "/run/aisudo-build";

/// What cargo calls it, and what it is called in a world.
const NAMES: [(&str, &str); 3] = [
    ("libpam_aisudo.so", "pam_aisudo.so"),
    ("aisudo-daemon", "aisudo-daemon"),
    ("aisudo", "aisudo"),
];

/// The directory in which cargo left its results, held open: a world's mounts may hide its path.
#[derive(Debug)]
pub(crate) struct Artefacts {
    directory: Option<(File, PathBuf)>,
}

impl Artefacts {
    /// `$AISUDO_ARTEFACTS`, or the directory of the running program or one above it.
    pub(crate) fn find() -> Self {
        let from_environment = std::env::var_os("AISUDO_ARTEFACTS").map(PathBuf::from);
        let exe = std::env::current_exe().expect("the path of this program");
        let near = exe.ancestors().skip(1).take(3).map(Path::to_path_buf);
        let directory = from_environment
            .into_iter()
            .chain(near)
            .find(|directory| NAMES.iter().all(|(name, _)| directory.join(name).is_file()))
            .and_then(|path| Some((File::open(&path).ok()?, path)));
        Self { directory }
    }

    /// Copies what there is to [`BUILD`], as root's and executable.
    pub(crate) fn install(&self) {
        fs::create_dir(BUILD).expect("create the world's build directory");
        let Some((directory, _)) = &self.directory else {
            return;
        };
        let source = PathBuf::from(format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            directory.as_raw_fd()
        ));
        for (name, name_in_world) in NAMES {
            let from = source.join(name);
            let to = Path::new(BUILD).join(name_in_world);
            if from.is_file() {
                // By another process: a descriptor of ours that is open for writing could be in a
                // child of another test's at this moment, and the file then busy (ETXTBSY).
                let status = Command::new("/usr/bin/install")
                    .args(["-m", "0755"])
                    .args([&from, &to])
                    .status()
                    .expect("start install(1)");
                assert!(status.success(), "copy {name} into the world");
            }
        }
    }

    /// The path of one of them in the world.
    pub(crate) fn in_world(&self, name: &str) -> PathBuf {
        let path = Path::new(BUILD).join(name);
        let place = self.directory.as_ref().map(|(_, path)| path.as_path());
        assert!(
            path.exists(),
            "{name} is not built (looked in {place:?}): cargo build -p pam-aisudo -p aisudo-daemon -p aisudo, or set AISUDO_ARTEFACTS"
        );
        path
    }
}
