//! `aisudo simulate`: what an approver would see.

use aisudo_core::{
    digest::{CODE_LENGTH, code, request_digest},
    paths::Paths,
    raw::Hex32,
    render::{self, Label},
    request::Request,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{cli::Simulate, failure::Failure, fetch::verbatim, output::Output};

pub(crate) fn run(paths: &Paths, arguments: &Simulate, output: &mut Output) -> Result<(), Failure> {
    let frozen = aisudo_gate::simulate(&arguments.words, paths)
        .map_err(|error| Failure::refused_by(&error))?;
    let request = Request::parse(&frozen).map_err(|error| Failure::refused_by(&error))?;
    let digest = request_digest(frozen.as_bytes());
    let label = Label {
        code: &code(&digest, CODE_LENGTH),
        digest,
        remaining_ms: Some(request.timeout_ms),
    };
    let view = render::request(&request, &label);
    if arguments.json {
        return output.json(&Simulated {
            request: verbatim(&frozen)?,
            frozen: &frozen,
            digest,
            warnings: view.warnings,
        });
    }
    output.line("SIMULATED: nothing is asked and nothing is run. An approver would see:\n")?;
    output.text(&view.plain())
}

#[derive(Serialize)]
struct Simulated<'a> {
    request: &'a RawValue,
    frozen: &'a str,
    digest: Hex32,
    warnings: Vec<String>,
}
