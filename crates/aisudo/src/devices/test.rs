//! `aisudo test`: whether messages arrive at phones.

use std::time::Duration;

use aisudo_core::{
    approvers::{Approvers, Device},
    paths::Paths,
    wire::{FromControl, ToControl},
};
use aisudo_sys::trusted::read_approvers;

use super::{find::find, safe};
use crate::{
    cli::Test,
    daemon::{Control, out_of_place},
    failure::Failure,
    output::Output,
    root::{self, console::refused},
};

/// The daemon says after 60 s that nothing came; a daemon that does not even say that hangs.
const PATIENCE: Duration = Duration::from_secs(70);

/// Devices that are tried at once: the daemon bounds the connections of one user.
const AT_ONCE: usize = 8;

pub(crate) fn run(paths: &Paths, arguments: &Test, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    let approvers = read_approvers(paths).map_err(|why| refused(&why))?;
    let devices = meant(&approvers, arguments.device.as_deref())?;
    let mut silent = 0;
    for some in devices.chunks(AT_ONCE) {
        // All are asked before the first is waited for.
        let asked: Vec<Control> = some
            .iter()
            .map(|(_, device)| ask(paths, device))
            .collect::<Result<_, _>>()?;
        for ((name, device), mut control) in some.iter().zip(asked) {
            let heard = heard(&mut control)?;
            silent += usize::from(heard.is_err());
            let (Ok(what) | Err(what)) = heard;
            output.line(&format!("{} ({}): {what}", safe(&device.label), safe(name)))?;
            output.flush()?;
        }
    }
    match (silent, devices.len()) {
        (0, _) => Ok(()),
        (silent, all) => Err(Failure::Refused(format!(
            "{silent} of {all} did not confirm; open the app there and look whether it is connected, then see: aisudo devices"
        ))),
    }
}

fn meant<'a>(
    approvers: &'a Approvers,
    which: Option<&str>,
) -> Result<Vec<(&'a str, &'a Device)>, Failure> {
    if let Some(which) = which {
        let found = find(approvers, which).map_err(Failure::Refused)?;
        return Ok(vec![found]);
    }
    let all: Vec<_> = approvers.devices().collect();
    if all.is_empty() {
        return Err(Failure::Refused(
            "no device is paired; pair one with: aisudo pair NAME".to_owned(),
        ));
    }
    Ok(all)
}

fn ask(paths: &Paths, device: &Device) -> Result<Control, Failure> {
    let mut control = Control::open_for(paths, PATIENCE)?;
    let device = device.key.id();
    control.send(&FromControl::TestDevice { device })?;
    Ok(control)
}

/// That it confirmed, or why not.
fn heard(control: &mut Control) -> Result<Result<String, String>, Failure> {
    match control.answer() {
        Ok(ToControl::Tested { after_ms, pushed }) => Ok(Ok(format!(
            "confirmed after {}.{} s{}",
            after_ms / 1000,
            after_ms % 1000 / 100,
            if pushed { ", by a push" } else { "" }
        ))),
        Ok(_) => Err(out_of_place()),
        Err(Failure::Refused(why)) => Ok(Err(why)),
        Err(failure) => Err(failure),
    }
}
