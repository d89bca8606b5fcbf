//! `aisudo audit export`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use aisudo_core::{display, paths::Paths};

use super::{Log, stored};
use crate::{
    failure::Failure,
    output::{Output, remark},
};

pub(super) fn run(
    paths: &Paths,
    file: &Path,
    force: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    // Before the file: without a daemon nothing is replaced.
    let mut log = Log::open(paths, 0)?;
    if file == Path::new("-") {
        log.each(|entry| output.line(stored(entry)?))?;
        return Ok(());
    }
    let written = create(file, force).map_err(|error| cannot_write(file, &error))?;
    match to_file(&mut log, file, written) {
        Ok(count) => {
            remark(&format!("{count} entries written to {}", shown(file)));
            Ok(())
        }
        Err(failure) => {
            // Half a log would be taken for a log that was cut.
            let _ = fs::remove_file(file);
            Err(failure)
        }
    }
}

/// A new file that only its owner may read: the log holds command lines. It is never opened
/// through a link that somebody put there.
fn create(file: &Path, force: bool) -> io::Result<File> {
    if force {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

fn to_file(log: &mut Log, name: &Path, file: File) -> Result<u64, Failure> {
    let cannot_write = |error: io::Error| cannot_write(name, &error);
    let mut writer = BufWriter::new(file);
    let count = log.each(|entry| writeln!(writer, "{}", stored(entry)?).map_err(cannot_write))?;
    let file = writer
        .into_inner()
        .map_err(|error| cannot_write(error.into_error()))?;
    file.sync_all().map_err(cannot_write)?;
    Ok(count)
}

fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    let file = shown(file);
    Failure::Refused(if error.kind() == ErrorKind::AlreadyExists {
        format!("{file} exists; give another name, or --force to replace it")
    } else {
        format!("{file} cannot be written: {error}")
    })
}

fn shown(file: &Path) -> String {
    display::word(file.as_os_str().as_encoded_bytes()).text
}
