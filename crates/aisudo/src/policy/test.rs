//! `aisudo policy test`.

use std::path::Path;

use aisudo_core::{
    display,
    policy::{Example, Policy},
};

use super::{in_file, read, safe};
use crate::{failure::Failure, output::Output};

pub(super) fn run(policy: &Policy, file: &Path, output: &mut Output) -> Result<(), Failure> {
    let examples = Example::parse(&read(file)?).map_err(|error| in_file(file, &error))?;
    let mut failed = 0;
    for example in &examples {
        if let Some(failure) = example.failure(policy) {
            failed += 1;
            output.line(&format!(
                "line {}: sudo {}: {}",
                example.line(),
                display::words(example.command()).text,
                safe(&failure)
            ))?;
        }
    }
    let count = examples.len();
    match failed {
        0 if count == 0 => Err(in_file(file, "it has no [[example]]")),
        0 => output.line(&format!("good: {count} examples are as expected")),
        _ => Err(Failure::Refused(format!(
            "{failed} of {count} examples are not as expected"
        ))),
    }
}
