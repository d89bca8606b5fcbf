//! How findings are shown.

use serde::Serialize;

use super::report::{Finding, Report, Severity};
use crate::{cli::Doctor, failure::Failure, output::Output};

/// The form of `--json`: a change that readers could notice gets another number.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    ok: bool,
    findings: Vec<Shown<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Found(&'a Finding),
    Shut(Finding),
}

pub(super) fn report(
    report: &Report,
    arguments: &Doctor,
    output: &mut Output,
) -> Result<(), Failure> {
    if arguments.json {
        return json(report, arguments, output);
    }
    if !arguments.quiet || report.worst() >= Severity::Warn {
        text(report, arguments, output)?;
    }
    Ok(())
}

fn json(report: &Report, arguments: &Doctor, output: &mut Output) -> Result<(), Failure> {
    let found = report.findings.iter().map(Shown::Found);
    let shut = report.shut().filter(|_| arguments.verbose).map(|check| {
        Shown::Shut(Finding {
            id: check.id,
            severity: Severity::Ok,
            what: check.good.to_owned(),
            why: check.why,
            fix: String::new(),
            fixable: false,
            repair: None,
        })
    });
    output.json(&Whole {
        version: VERSION,
        ok: report.worst() < Severity::Warn,
        findings: found.chain(shut).collect(),
    })
}

fn text(report: &Report, arguments: &Doctor, output: &mut Output) -> Result<(), Failure> {
    let mut open: Vec<&Finding> = report.findings.iter().collect();
    // What is open comes first; within that, the order in which it was looked at.
    open.sort_by_key(|one| std::cmp::Reverse(one.severity));
    if arguments.verbose {
        for check in report.shut() {
            output.line(&format!("ok    {}: {}", check.id, check.good))?;
        }
    }
    for finding in &open {
        if finding.severity < Severity::Warn && !arguments.verbose {
            continue;
        }
        output.line(&format!(
            "{:<5} {}: {}",
            finding.severity.name(),
            finding.id,
            finding.what
        ))?;
        output.line(&format!("      why: {}", finding.why))?;
        let by_itself = if finding.fixable {
            " (--fix does it)"
        } else {
            ""
        };
        output.line(&format!("      fix: {}{by_itself}", finding.fix))?;
    }
    output.line(&summary(report))
}

fn summary(report: &Report) -> String {
    let count = |severity| {
        let all = report.findings.iter();
        all.filter(|one| one.severity == severity).count()
    };
    let notes = match count(Severity::Note) {
        0 => String::new(),
        1 => "; 1 note (--verbose shows it)".to_owned(),
        many => format!("; {many} notes (--verbose shows them)"),
    };
    match (count(Severity::Fail), count(Severity::Warn)) {
        (0, 0) => format!("all {} checks passed{notes}", report.count()),
        (fails, warnings) => format!(
            "{} checks: {fails} failed, {warnings} to be looked at{notes}",
            report.count()
        ),
    }
}

/// What `--fix` did. With `--json` on standard error, so that standard output is one object.
pub(super) fn repairs(
    done: &[String],
    arguments: &Doctor,
    output: &mut Output,
) -> Result<(), Failure> {
    for line in done {
        if arguments.json {
            crate::output::remark(line);
        } else {
            output.line(line)?;
        }
    }
    Ok(())
}
