//! `aisudo completions` and `aisudo man`: for packages and shells.

use std::{fs, io, path::Path};

use aisudo_core::display;
use clap_complete::Shell;

use crate::{
    command,
    failure::Failure,
    output::{Output, remark},
};

/// Pages that are not made from the command line.
const WRITTEN: &[(&str, &str)] = &[
    ("aisudo-daemon.8", include_str!("manual/aisudo-daemon.8")),
    ("aisudo.toml.5", include_str!("manual/aisudo.toml.5")),
];

pub(crate) fn completions(shell: Shell, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "aisudo", &mut script);
    output.text(&String::from_utf8_lossy(&script))
}

pub(crate) fn pages(directory: &Path) -> Result<(), Failure> {
    let shown = display::word(directory.as_os_str().as_encoded_bytes()).text;
    write(directory).map_err(|error| {
        Failure::Refused(format!(
            "{shown} cannot be written: {error}; give another directory"
        ))
    })?;
    remark(&format!("the manual pages are in {shown}"));
    Ok(())
}

fn write(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    clap_mangen::generate_to(command(), directory)?;
    WRITTEN
        .iter()
        .try_for_each(|(name, text)| fs::write(directory.join(name), text))
}
