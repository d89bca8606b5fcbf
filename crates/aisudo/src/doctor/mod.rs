//! `aisudo doctor`: looks whether each door to root is shut, and says how to shut what is open.
//!
//! A check has an id, which is stable, and an entry in [`catalogue`]. Families of checks read what they
//! need through a [`View`] of the host, which a folder can stand in for, and add to a [`Report`].

mod capabilities;
mod catalogue;
mod commands;
mod config;
mod daemon;
mod doors;
mod gate;
mod pam;
mod print;
mod repair;
mod report;
mod root_files;
mod setuid;
mod sudo_conf;
mod sudoers;
mod users;
mod view;

use aisudo_core::{config::Config, paths::Paths};

use self::{
    commands::Real,
    report::{Report, Severity},
    users::Subject,
    view::View,
};
use crate::{cli::Doctor, failure::Failure, output::Output};

/// Looks, repairs if it was told to, and says what was found.
pub(crate) fn run(paths: &Paths, arguments: &Doctor, output: &mut Output) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::NotLooked(
            "only root sees enough of the host; run this as root".to_owned(),
        ));
    }
    let view = View::new(paths.clone(), &Real);
    let mut report = examine(&view, arguments.user.as_deref())?;
    if arguments.fix {
        let done = repair::all(&view, &report);
        if !done.is_empty() {
            print::repairs(&done, arguments, output)?;
            report = examine(&view, arguments.user.as_deref())?;
        }
    }
    print::report(&report, arguments, output)?;
    if report.worst() >= Severity::Warn {
        output.flush()?;
        return Err(Failure::Found);
    }
    Ok(())
}

/// All families, in the order in which they are told.
fn examine(view: &View<'_>, user: Option<&str>) -> Result<Report, Failure> {
    let mut report = Report::default();
    let config = config::check(view, &mut report);
    let subjects = match &config {
        Some(config) => subjects(view, config, user, &mut report)?,
        None => Vec::new(),
    };
    let sudos = gate::sudos(view);
    pam::check(view, &sudos, &mut report);
    sudo_conf::check(view, &sudos, &mut report);
    let secure_path = sudoers::check(view, &sudos, &subjects, &mut report);
    if let Some(config) = &config {
        config::check_people(view, config, &subjects, &mut report);
        daemon::check(view, config, &subjects, &mut report);
    }
    doors::check(view, &subjects, &mut report);
    setuid::check(view, &subjects, &mut report);
    root_files::check(view, &subjects, &secure_path, &mut report);
    if subjects.is_empty() {
        report.without_users();
    }
    Ok(report)
}

/// Those whose doors are looked at.
fn subjects(
    view: &View<'_>,
    config: &Config,
    user: Option<&str>,
    report: &mut Report,
) -> Result<Vec<Subject>, Failure> {
    let all = users::gated(view, config);
    let Some(name) = user else {
        report.looked("config.nobody_gated");
        if all.is_empty() {
            report.add(
                "config.nobody_gated",
                "no user is gated: [[gate.who]] in aisudo.toml names nobody who exists",
                "name the user or group of your agent there, or run: aisudo setup",
            );
        }
        return Ok(all);
    };
    let found: Vec<Subject> = all.into_iter().filter(|one| one.name == name).collect();
    if found.is_empty() {
        return Err(Failure::NotLooked(format!(
            "{} is not gated by aisudo.toml, or does not exist; leave out --user to look at all who are",
            aisudo_core::display::word(name.as_bytes()).text
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
