//! `aisudo audit tail --follow`: each entry once, also when the daemon is restarted meanwhile.

use std::{io, os::fd::AsFd};

use aisudo_core::paths::Paths;
use aisudo_sys::clock::boottime;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{Log, PAGE, Page, sequence, tail::Printer};
use crate::{daemon::Control, failure::Failure, output::remark};

/// Between attempts to reach a daemon that went away, in milliseconds.
const RETRY_MS: u64 = 500;

/// Shows what comes after what `log` has given, until nobody reads any more.
pub(super) fn follow(
    paths: &Paths,
    mut log: Log,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    loop {
        printer.flush()?;
        let after = log.after;
        match next(&mut log) {
            Ok(page) => show(after, &page, printer)?,
            Err(Failure::Unreachable(why)) => {
                remark(&format!("{why}; waiting for it to come back"));
                log.control = reach_again(paths)?;
                remark("aisudo-daemon is back");
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn next(log: &mut Log) -> Result<Page, Failure> {
    log.ask(PAGE, true)?;
    wait(Some(&log.control), None)?;
    log.answer()
}

fn show(after: u64, page: &Page, printer: &mut Printer<'_>) -> Result<(), Failure> {
    if page.head.sequence < after {
        return Err(Failure::Refused(format!(
            "the log was rolled back: entry {after} was shown, and it ends at entry {} now; run: aisudo audit verify",
            page.head.sequence
        )));
    }
    let first = page.entries.first().and_then(|entry| sequence(entry));
    if let Some(first) = first.filter(|first| *first > after.saturating_add(1)) {
        remark(&format!(
            "entries {} to {} were pruned before they could be shown",
            after + 1,
            first - 1
        ));
    }
    page.entries
        .iter()
        .try_for_each(|entry| printer.take(entry))
}

fn reach_again(paths: &Paths) -> Result<Control, Failure> {
    loop {
        wait(None, Some(RETRY_MS))?;
        match Control::open(paths) {
            Err(Failure::Unreachable(_)) => {}
            reached => return reached,
        }
    }
}

/// Until the daemon says something, or so many milliseconds have passed. That nobody reads what is
/// shown ends it, too.
fn wait(control: Option<&Control>, ms: Option<u64>) -> Result<(), Failure> {
    let until = ms.map(|ms| boottime().0.saturating_add(ms));
    let stdout = io::stdout();
    loop {
        // Of standard output only errors are reported: its reader has gone.
        let mut watched = vec![PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty())];
        if let Some(control) = control {
            let stream = control.stream().as_fd();
            watched.push(PollFd::from_borrowed_fd(stream, PollFlags::IN));
        }
        let left = until.map(|until| until.saturating_sub(boottime().0));
        match poll(&mut watched, left.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                return Err(Failure::Refused(format!(
                    "nothing can be waited for: {error}; start it again"
                )));
            }
        }
        let mut happened = watched.iter().map(|one| !one.revents().is_empty());
        if happened.next() == Some(true) {
            return Err(Failure::NobodyReads);
        }
        if happened.next() == Some(true) || left == Some(0) {
            return Ok(());
        }
    }
}

fn timespec(ms: u64) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(ms / 1000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(ms % 1000 * 1_000_000).unwrap_or(0),
    }
}
