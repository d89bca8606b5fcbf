//! `aisudo policy check`.

use std::path::Path;

use aisudo_core::{paths::Paths, policy::lint};
use aisudo_sys::{trusted, writers};

use super::{parse, safe};
use crate::{
    failure::Failure,
    output::{Output, remark},
};

pub(super) fn run(paths: &Paths, file: Option<&Path>, output: &mut Output) -> Result<(), Failure> {
    let policy = match file {
        Some(file) => parse(file)?,
        None => {
            trusted::read_policy(paths)
                .map_err(|error| Failure::refused_by(&error))?
                .0
        }
    };
    let findings = lint::findings(&policy, &writers::who_else);
    for finding in &findings {
        output.line(&safe(&finding.to_string()))?;
    }
    if !rustix::process::geteuid().is_root() {
        remark("run it as root as well: files that you may not see are not looked at");
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.accepted.is_none())
        .count();
    match wrong {
        0 => {
            let accepted = match findings.len() {
                0 => "no findings".to_owned(),
                count => format!("{count} accepted"),
            };
            output.line(&format!("good: {}; {accepted}", policy.summary()))
        }
        1 => Err(Failure::Refused("1 finding is to be dealt with".to_owned())),
        wrong => Err(Failure::Refused(format!(
            "{wrong} findings are to be dealt with"
        ))),
    }
}
