//! The facts of one sudo, frozen.

pub mod operands;
pub mod plan;
pub mod process;
pub mod program;
pub mod streams;

use std::ffi::OsStr;

pub(crate) use aisudo_core::executed::directory;
use aisudo_core::{
    asked_by::{self, Asker},
    raw::{Hex32, Raw},
    request::{Call, Host, MAX_REQUEST_BYTES, Program, REQUEST_VERSION, Request, Sudo, User},
    sudo_argv,
    variables::seldom_there_by_chance,
};
use aisudo_sys::{clock, host::machine_id, random, users};
use uuid::{Builder, Uuid};

use crate::sudo_command;

/// What PAM and root's configuration know of this run.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// sudo's words.
    pub argv: Vec<Vec<u8>>,
    /// The PAM service: it says which program's words these are.
    pub service: Raw,
    /// Who asks.
    pub uid: u32,
    /// How long the gate will wait, in milliseconds.
    pub timeout_ms: u64,
}

/// A request and the bytes that stand for it from now on.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The facts.
    pub request: Request,
    /// Serialised once.
    pub bytes: String,
}

/// Gathers and freezes.
///
/// # Errors
/// One short phrase, when the request cannot be made or cannot be shown whole.
pub fn gather(occasion: &Occasion) -> Result<Frozen, String> {
    let cwd = working_directory();
    let (call, unreadable) = read_call(occasion);
    let asker = Asker::of_service(occasion.service.as_ref());
    let is_sudos = |call: &Call| program::is_what_sudo_runs(call, &occasion.argv);
    if asker == Asker::Sudo && !call.as_ref().is_none_or(is_sudos) {
        return Err("sudo says that it runs something else than its command line (a comma in --preserve-env= does that: give the option once for each variable)".to_owned());
    }
    if call.as_ref().is_some_and(is_in_a_home) {
        return Err(
            "sudo alone knows which directory a ~ is: write the one after -D in full".to_owned(),
        );
    }
    let program = call.as_ref().map_or(program::UNKNOWN, |call| {
        program::find(asker, call, &cwd, occasion.uid)
    });
    pin_and_freeze(assemble(
        occasion,
        Reading {
            call,
            unreadable,
            program,
            cwd,
            variables: variables(),
        },
    )?)
}

/// The same, where `read` knows better what the command line leads to.
///
/// # Errors
/// As [`gather`], and what `read` says.
pub(crate) fn gather_by(
    occasion: &Occasion,
    read: impl FnOnce(Request) -> Result<Request, String>,
) -> Result<Frozen, String> {
    let (call, unreadable) = read_call(occasion);
    pin_and_freeze(read(assemble(
        occasion,
        Reading {
            call,
            unreadable,
            program: program::UNKNOWN,
            cwd: working_directory(),
            variables: Vec::new(),
        },
    )?)?)
}

/// Where sudo was started; empty when the directory is gone.
pub(crate) fn working_directory() -> Raw {
    rustix::process::getcwd(Vec::new())
        .map(|path| Raw(path.into_bytes()))
        .unwrap_or_default()
}

/// What the command line was understood to be.
struct Reading {
    call: Option<Call>,
    unreadable: Option<String>,
    program: Program,
    cwd: Raw,
    variables: Vec<Raw>,
}

/// A request with these facts and all the others, its files not yet looked at.
fn assemble(occasion: &Occasion, reading: Reading) -> Result<Request, String> {
    let own = aisudo_sys::process::own().ok_or("sudo's own process cannot be read")?;
    let above = process::above(own.parent);
    Ok(Request {
        version: REQUEST_VERSION,
        id: new_id()?,
        nonce: Hex32(random::random_bytes().map_err(|_| "the kernel gives no randomness")?),
        asked_at_ms: clock::unix_ms(),
        timeout_ms: occasion.timeout_ms,
        host: host(),
        requester: User {
            uid: occasion.uid,
            name: users::user_name(occasion.uid)
                .map(Raw::from)
                .unwrap_or_default(),
            groups: users::group_names(occasion.uid)
                .into_iter()
                .map(|group| Raw(group.into_bytes()))
                .collect(),
        },
        sudo: Sudo {
            pid: own.pid,
            start_time: own.start_time,
            argv: occasion.argv.iter().cloned().map(Raw).collect(),
            service: occasion.service.clone(),
        },
        call: reading.call,
        unreadable: reading.unreadable,
        program: reading.program,
        cwd: reading.cwd,
        stdio: streams::first_three(),
        tty: own
            .terminal
            .map(|terminal| Raw(aisudo_sys::process::terminal_path(terminal))),
        parents: above.processes,
        agents: above.agents,
        operands: Vec::new(),
        variables: reading.variables,
        reason: sudo_command::reason().map(Raw),
    })
}

fn pin_and_freeze(mut request: Request) -> Result<Frozen, String> {
    request.operands = operands::changeable(&request);
    freeze(request)
}

/// Those of the requester's environment by which programs run other code, each name once.
fn variables() -> Vec<Raw> {
    let mut names: Vec<Raw> = sudo_command::variables()
        .filter(|name| seldom_there_by_chance(name))
        .map(|name| Raw(name.to_vec()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn freeze(request: Request) -> Result<Frozen, String> {
    let bytes = serde_json::to_string(&request)
        .map_err(|error| format!("the request cannot be written ({error})"))?;
    if bytes.len() > MAX_REQUEST_BYTES {
        return Err(format!(
            "the command is too long to be shown whole to a person ({} bytes, at most {MAX_REQUEST_BYTES}); put long arguments into a file",
            bytes.len()
        ));
    }
    Ok(Frozen { request, bytes })
}

/// The command line, where it is certain what it says.
fn read_call(occasion: &Occasion) -> (Option<Call>, Option<String>) {
    let read = match Asker::of_service(occasion.service.as_ref()) {
        Asker::Sudo => return read_sudo(occasion),
        Asker::Su => asked_by::su(&occasion.argv).map(|mut call| {
            if call.environment.preserve_all {
                call.environment.preserve = variables();
            }
            call
        }),
        Asker::Doas => asked_by::doas(&occasion.argv).and_then(program::certain_for_doas),
        Asker::Other => Err("the program that asks is not known".to_owned()),
    };
    match read {
        Ok(call) => (Some(call), None),
        Err(why) => (None, Some(why)),
    }
}

fn read_sudo(occasion: &Occasion) -> (Option<Call>, Option<String>) {
    // Only C sudo answers for this variable, so its reading is the right one.
    let parse = if sudo_command::from_sudo().is_some() {
        sudo_argv::parse_c_sudo
    } else {
        sudo_argv::parse
    };
    match parse(&occasion.argv) {
        Ok(call) => (Some(Call::from(call)), None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// Whether sudo replaces the beginning of the directory: files with relative names would be looked for elsewhere
/// than it opens them.
fn is_in_a_home(call: &Call) -> bool {
    let chdir = call.chdir.as_ref();
    chdir.is_some_and(|directory| directory.as_ref().starts_with(b"~"))
}

fn new_id() -> Result<Uuid, String> {
    let random = random::random_bytes::<10>().map_err(|_| "the kernel gives no randomness")?;
    Ok(Builder::from_unix_timestamp_millis(clock::unix_ms(), &random).into_uuid())
}

fn host() -> Host {
    let name = rustix::system::uname();
    Host {
        name: Raw::from(OsStr::new(name.nodename().to_str().unwrap_or_default())),
        machine_id: machine_id(),
    }
}
