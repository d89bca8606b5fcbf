//! `aisudo devices`.

use aisudo_core::{
    approvers::{Approvers, Device},
    device::KeyId,
    paths::Paths,
    wire::{DeviceReach, FromControl, ToControl},
};
use aisudo_sys::trusted::read_approvers;
use serde::Serialize;

use super::{kind, safe};
use crate::{
    cli::Devices,
    daemon::{Control, out_of_place},
    failure::Failure,
    output::{Output, remark},
    root::{self, console::refused},
    times,
};

pub(crate) fn run(paths: &Paths, arguments: &Devices, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    let approvers = read_approvers(paths).map_err(|why| refused(&why))?;
    let reached = reached(paths);
    let rows = rows(&approvers, reached.as_deref().ok());
    if let Err(failure) = &reached
        && !rows.is_empty()
    {
        let why = failure.message().unwrap_or_default();
        remark(&format!("{why}; so it is not known how these are reached"));
    }
    if arguments.json {
        return output.json(&Listed {
            running: !matches!(reached, Err(Failure::Unreachable(_))),
            devices: rows,
        });
    }
    if rows.is_empty() {
        return output.line("no device is paired; pair one with: aisudo pair NAME");
    }
    table(&rows)
        .iter()
        .try_for_each(|line| output.line(line.trim_end()))
}

/// What the daemon knows of each.
fn reached(paths: &Paths) -> Result<Vec<DeviceReach>, Failure> {
    match Control::open(paths)?.ask(&FromControl::Devices)? {
        ToControl::Devices { devices } => Ok(devices),
        _ => Err(out_of_place()),
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    running: bool,
    devices: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    approver: &'a str,
    label: &'a str,
    key: KeyId,
    kind: &'static str,
    paired_at_ms: u64,
    listens: Option<bool>,
    heard_at_ms: Option<u64>,
    push: Option<&'a str>,
}

fn rows<'a>(approvers: &'a Approvers, reached: Option<&'a [DeviceReach]>) -> Vec<Row<'a>> {
    let row = |(approver, device): (&'a str, &'a Device)| {
        let key = device.key.id();
        let reach = reached.and_then(|all| all.iter().find(|one| one.device == key));
        Row {
            approver,
            label: &device.label,
            key,
            kind: kind(&device.key),
            paired_at_ms: device.since_ms,
            listens: reach.map(|reach| reach.listens),
            heard_at_ms: reach.and_then(|reach| reach.heard_at_ms),
            push: reach.map(|reach| reach.push.as_str()),
        }
    };
    approvers.devices().map(row).collect()
}

const HEADS: [&str; 7] = [
    "approver", "label", "key", "kind", "paired", "heard", "push",
];

/// Columns as wide as what stands in them.
fn table(rows: &[Row<'_>]) -> Vec<String> {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            safe(row.approver),
            safe(row.label),
            row.key.to_string(),
            row.kind.to_owned(),
            times::local(row.paired_at_ms),
            heard(row),
            row.push.map_or_else(|| "?".to_owned(), safe),
        ]
    }));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(&widths);
            cells
                .map(|(cell, width)| format!("{cell:<width$}  "))
                .collect()
        })
        .collect()
}

fn heard(row: &Row<'_>) -> String {
    match (row.listens, row.heard_at_ms) {
        (Some(true), _) => "listens".to_owned(),
        (_, Some(at_ms)) => times::local(at_ms),
        (Some(false), None) => "not since the daemon started".to_owned(),
        (None, None) => "?".to_owned(),
    }
}
