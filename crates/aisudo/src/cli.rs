//! The command line.

mod filters;

use std::{ffi::OsString, path::PathBuf};

use aisudo_core::{policy::LocalTime, raw::Hex32};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

pub(crate) use self::filters::Filters;
use crate::audit::Checkpoint;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused, or not verified
  2  wrong usage
  3  aisudo-daemon cannot be reached
  4  not permitted";

/// A person's answer to each sudo: see what asks for root, and approve or deny it
#[derive(Debug, Parser)]
#[command(name = "aisudo", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Look for all files and sockets below this directory
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stop sudo for an agent until a person says yes; or undo that
    ///
    /// Shows each change first, as a difference, and undoes all of them by itself if sudo does not work
    /// as it should, if this is ended in whatever way, or if nobody types keep in time.
    /// Needs root.
    Setup(Setup),
    /// List the requests that wait for an answer
    List(List),
    /// Show one request, whole
    Show(Show),
    /// Let a waiting command run, once
    ///
    /// The request is shown first; the approval is for exactly the bytes that were shown.
    Approve(Approve),
    /// Refuse a waiting command
    Deny(Deny),
    /// Show the queue on the whole screen, and answer with single keys
    ///
    /// A key decides only what has been on the screen, selected and unchanged, for 0.7 s; ? shows
    /// all keys. Quitting leaves everything waiting. Needs a terminal; without one, or for a screen
    /// reader, use --plain or wait-for-requests.
    Watch(Watch),
    /// Show each request as it comes, and ask for an answer
    ///
    /// Keys that were typed before a question is shown, and within half a second after, are
    /// ignored. Ctrl-C or the end of input ends it; what was not answered goes on waiting.
    WaitForRequests(Wait),
    /// Say how the daemon is
    Status(Status),
    /// Read aisudo.toml and policy.toml again, now (the daemon also notices by itself)
    Reload,
    /// Read, export or verify the audit log
    Audit {
        #[command(subcommand)]
        command: Audit,
    },
    /// Show what an approver would see of a command, without running or asking anything
    Simulate(Simulate),
    /// Run a command as root by sudo, with copies of your scripts and programs that nobody can change
    ///
    /// Call it without sudo. It hashes what would be executed and could be changed, and has sudo start
    /// it again with these hashes: whoever approves that command approves exactly these bytes. Behind
    /// sudo it copies the files, compares the copies, and runs them. Exit code: the command's.
    Run(Run),
    /// Check root's rules, and try them out
    Policy {
        #[command(subcommand)]
        command: Policy,
    },
    /// Say who is asked on Signal, and by which account
    Signal {
        #[command(subcommand)]
        command: Signal,
    },
    /// Let a phone decide, with aisudo's own app
    ///
    /// Shows a link as a QR code. The phone that opens it and this terminal then show the same four
    /// words; you compare them, and say so here. Nothing is written before. Needs root, and
    /// [channels.app] in aisudo.toml.
    Pair(Pair),
    /// List the phones that may decide, and how each is reached
    ///
    /// Works without aisudo-daemon; then it is not known how they are reached. Needs root.
    Devices(Devices),
    /// Let a phone decide no more
    ///
    /// Counts at once, also for what waits now. Needs no daemon. Needs root.
    Revoke(Revoke),
    /// Call a phone otherwise
    ///
    /// Needs root.
    Rename(Rename),
    /// Send phones a test message, and wait until each confirms it
    ///
    /// Exit code 0 only if all did. Nothing has to be answered there. Needs root.
    Test(Test),
    /// Look whether each door to root is shut, and say how to shut what is open
    ///
    /// Looks at sudo, PAM, sudoers, the daemon, and at other ways to root for each gated user.
    /// docs/doctor.md explains each finding. Exit code 0: all is shut; 1: something is open; 2: it could
    /// not be looked. Needs root.
    Doctor(Doctor),
    /// Print what a shell needs to complete this command's words
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The directory they go to; it is made if it is not there
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// Stop each sudo of this user, which is the agent's own; it is made if it is not there
    ///
    /// It gets a rule of sudoers, ALL=(ALL:ALL) ALL, and if it is made, no password.
    #[arg(long, value_name = "NAME", conflicts_with = "uninstall")]
    pub(crate) agent_user: Option<String>,
    /// Stop each sudo of this user, who is there and has their rules; may be given several times
    #[arg(long = "user", value_name = "NAME", conflicts_with = "uninstall")]
    pub(crate) users: Vec<String>,
    /// Stop those of --user only where there is no terminal: for an agent under its owner's own user
    ///
    /// Without --user: whoever called sudo.
    #[arg(long, conflicts_with = "uninstall")]
    pub(crate) unattended: bool,
    /// Load the module into sudo as an approval plugin as well: C sudo only
    ///
    /// It refuses what nobody approved even where PAM's files were edited. But if its file goes
    /// missing, sudo refuses everything.
    #[arg(long, conflicts_with = "uninstall")]
    pub(crate) plugin: bool,
    /// The module, if it is not among PAM's
    #[arg(long, value_name = "FILE", conflicts_with = "uninstall")]
    pub(crate) module: Option<PathBuf>,
    /// Do not start aisudo-daemon: it runs, or is started meanwhile by something else
    #[arg(long, conflicts_with = "uninstall")]
    pub(crate) no_service: bool,
    /// Put back what was there before, and take out only aisudo's lines where it was changed since
    ///
    /// Configuration and log stay.
    #[arg(long)]
    pub(crate) uninstall: bool,
    /// Delete configuration and log as well, and the daemon's user
    #[arg(long, requires = "uninstall")]
    pub(crate) purge: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask, and keep it once sudo was tried with success
    #[arg(long)]
    pub(crate) yes: bool,
    /// How long it is waited for keep to be typed, 5 to 3600; then all is undone
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..=3600))]
    pub(crate) keep_within: u64,
    /// Undo what is on trial unless told to keep it
    #[arg(long, hide = true)]
    pub(crate) watchdog: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pair {
    /// Whose phone it is: the approver's name, as others see it
    pub(crate) name: String,
    /// What to call the phone, instead of what it calls itself
    #[arg(long, value_name = "TEXT", value_parser = crate::devices::label)]
    pub(crate) label: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Devices {
    /// Print {"running": bool, "devices": [{"approver", "label", "key", "kind", "paired_at_ms",
    /// "listens", "heard_at_ms", "push"}]}; the last three are null when nothing is known of them
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The device: its label, or its key as devices lists it, of which 4 digits may be enough
    pub(crate) device: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// The device, named as for revoke
    pub(crate) device: String,
    /// What it is called from now on
    #[arg(value_parser = crate::devices::label)]
    pub(crate) label: String,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The device, named as for revoke; without it, all of them
    pub(crate) device: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print {"version": 1, "ok": bool, "findings": [{"id", "severity", "what", "why", "fix",
    /// "fixable"}]}; severity is fail, warn, note, or with --verbose ok
    #[arg(long)]
    pub(crate) json: bool,
    /// Set owners and modes of aisudo's files and PAM's right, where that is safe; says what it did
    #[arg(long)]
    pub(crate) fix: bool,
    /// Say nothing when all is shut
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell of what is shut, and notes, too
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Look at other ways to root for this gated user alone
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Also those that are over, newest first
    #[arg(long)]
    pub(crate) all: bool,
    /// Print {"requests": [...], "own_only": bool}, each with id, code, digest, uid, asked_at_ms,
    /// remaining_ms and state
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The request's code or id
    pub(crate) which: String,
    /// Print an object of list, with "request", "frozen" (the exact text that the digest is over)
    /// and "warnings"
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The request's code or id
    pub(crate) which: String,
    /// Refuse to decide unless the request has this digest
    #[arg(long, value_name = "HEX")]
    pub(crate) digest: Option<Hex32>,
    /// Give the same answer to all requests that ask exactly the same and wait now
    #[arg(long)]
    pub(crate) identical: bool,
    /// Print an object of show, with "verdict", instead of text; one a line for each request
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    pub(crate) common: Answer,
}

#[derive(Debug, Args)]
pub(crate) struct Deny {
    #[command(flatten)]
    pub(crate) common: Answer,
    /// What to tell whoever asked, at most 500 bytes
    #[arg(long, value_name = "TEXT", value_parser = crate::decide::note)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Line by line, as wait-for-requests: no cursor movement, answers are letters and Enter
    ///
    /// Also done by itself where TERM is dumb or not set.
    #[arg(long)]
    pub(crate) plain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// End after one request
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Print {"running": bool, ...}
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Show the newest entries
    Tail(Tail),
    /// Show one entry, or all that are about one request
    Show {
        /// An entry's number, or a request's id or code
        which: String,
        /// Print the entries as they are stored, one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Check that no entry was changed, cut, added or moved
    ///
    /// Reads the log from the daemon and compares its end with what the running daemon remembers,
    /// or reads files, for which no daemon is needed: archives in their order, and then an export,
    /// are one chain. A beginning that is missing must be named by an entry that says where it
    /// went, or by --from.
    Verify(Verify),
    /// Count prompts, outcomes, and how long answers took
    Stats(Stats),
    /// Write the log as JSON lines, exactly as stored
    ///
    /// Whole, it can be verified. What filters leave is a selection and no chain.
    Export(Export),
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// How many
    #[arg(short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) count: u32,
    /// Go on with each entry as it is written; Ctrl-C ends
    #[arg(short, long, conflicts_with = "until")]
    pub(crate) follow: bool,
    /// Print the entries as they are stored, one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Archives and an exported log, in their order
    pub(crate) files: Vec<PathBuf>,
    /// The entry before the first file's first, as an earlier verification printed it
    #[arg(long, value_name = "SEQ:HASH", requires = "files")]
    pub(crate) from: Option<Checkpoint>,
    /// What an earlier verification printed: the log must still hold it
    #[arg(long, value_name = "SEQ:HASH")]
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Print {"intact": bool, "first", "entries", "checkpoint"} or {"intact", "entry", "why"}
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Of entries not older than this: a time (RFC 3339), a date (its beginning, here), or a span such as 2h or 7d
    #[arg(long, value_name = "WHEN", value_parser = crate::times::moment)]
    pub(crate) since: Option<Timestamp>,
    /// Of entries older than this, given as for --since
    #[arg(long, value_name = "WHEN", value_parser = crate::times::moment)]
    pub(crate) until: Option<Timestamp>,
    /// Print one object with all that is counted
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where to; - is standard output
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Print {"request", "frozen", "digest", "warnings"}
    #[arg(long)]
    pub(crate) json: bool,
    /// What would stand behind sudo: its options and the command
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Run copies of the files that are executed and that you can change
    #[arg(long, required = true)]
    pub(crate) sealed: bool,
    /// What the copies must be: given by this command to itself, behind sudo
    #[arg(long, value_name = "HEX,…", value_delimiter = ',', requires = "sealed")]
    pub(crate) sha256: Vec<Hex32>,
    /// The command: a program and its words
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Check that a policy can be read, and look for rules that allow more than they seem to
    ///
    /// Needs no daemon. Exit code 1 with mistakes, and with risks that no rule accepts by
    /// dangerous = true and a reason: aisudo-daemon would not use such a file.
    Check {
        /// The policy; without it, the one that is installed
        file: Option<PathBuf>,
    },
    /// Say what the policy makes of a command, rule by rule, without running or asking anything
    ///
    /// The request is made as for simulate, here and now. C sudo is taken to find the same program
    /// as aisudo does.
    Explain {
        /// As if this user had asked: their name, groups, and the files that they can change; all
        /// else is taken from here
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// At this time instead of now, as in "mon 09:30"
        #[arg(long, value_name = "TIME", value_parser = crate::policy::time)]
        at: Option<LocalTime>,
        /// Another policy than the one that is installed
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print {"effect", "rule", "timeout", "text", "rules": [{"name", "effect", "matches",
        /// "why"}], "sudo_rs", "notes"}
        #[arg(long)]
        json: bool,
        /// What would stand behind sudo: its options and the command
        #[arg(last = true, required = true, value_name = "CMD")]
        words: Vec<OsString>,
    },
    /// Compare what the policy says of examples with what they expect
    ///
    /// Prints a line for each example that fails; exit code 1 then.
    Test {
        /// The examples
        file: PathBuf,
        /// Another policy than the one that is installed
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Signal {
    /// Connect to signal-cli and pair with an approver's account
    ///
    /// Asks what no option answers; its input need not be a terminal. The approver must answer a
    /// message with the code that is shown here. Nothing is written before the end. Needs root.
    Setup(SignalSetup),
    /// Believe the new identity key of an approver, whose phone has changed
    ///
    /// Shows both keys, and the safety number to compare. What was sent before stays unheard. Needs
    /// root.
    Trust(SignalTrust),
    /// Believe nothing from an approver any more
    ///
    /// Needs root.
    Remove(SignalRemove),
}

#[derive(Debug, Args)]
pub(crate) struct SignalSetup {
    /// Where signal-cli listens, such as unix:/run/signal-cli/socket
    #[arg(long, value_name = "PLACE")]
    pub(crate) connect: Option<String>,
    /// How signal-cli receives, as its --receive-mode says
    #[arg(long, value_name = "MODE", value_parser = ["on-connection", "on-start", "manual"])]
    pub(crate) receive: Option<String>,
    /// No other user of this host can use the TCP or HTTP port
    #[arg(long)]
    pub(crate) port_is_closed_to_others: bool,
    /// The account that asks, by its number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) account: Option<String>,
    /// Link signal-cli to a phone first; its account asks
    #[arg(long, conflicts_with = "account")]
    pub(crate) link: bool,
    /// What the phone calls the linked device
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
    /// The account is the approver's own: ask in its note to self
    #[arg(long, conflicts_with_all = ["own_number", "to"])]
    pub(crate) note_to_self: bool,
    /// The account has a number of its own
    #[arg(long)]
    pub(crate) own_number: bool,
    /// The approver's name, as others see it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The approver's number (+1555…), username (u:name.01) or identity (a UUID)
    #[arg(long, value_name = "WHOM")]
    pub(crate) to: Option<String>,
    /// Whose words for yes and no are understood, the first in the question, such as de,en
    #[arg(
        long, value_name = "LIST", value_delimiter = ',',
        value_parser = ["cs", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "zh"],
    )]
    pub(crate) languages: Vec<String>,
    /// Give each confirmation, and take what is suggested
    ///
    /// Also that the safety number is the same: compare it with what is printed.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignalTrust {
    /// The approver
    pub(crate) name: String,
    /// Do not ask: the safety number was compared before
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignalRemove {
    /// The approver
    pub(crate) name: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
