//! The gate in a real sudo: what [`crate::flow`] needs, taken from the process and the system.

use aisudo_core::{
    approvers::Approvers,
    config::{Config, When},
    executed::refusal,
    messages::Line,
    paths::Paths,
    policy::Ruling,
    raw::{Hex32, Raw},
    request::{Operand, Request},
};
use aisudo_sys::{clock, process, random, trusted, users};

use crate::{
    ask::{self, Asker, Question},
    facts::{self, Frozen, Occasion, operands, streams},
    flow::{Approval, Outcome, Surroundings, Verdict},
    kept::{self, Kept},
    stderr,
};

/// What PAM knows and keeps for us.
pub trait PamHost {
    /// `PAM_SERVICE`.
    fn service(&self) -> Vec<u8>;
    /// `PAM_RUSER`: who sudo says has started it.
    fn remote_user(&self) -> Option<Vec<u8>>;
    /// What was left by `pam_set_data(3)`.
    fn recall(&self) -> Option<Kept>;
    /// `pam_set_data(3)`.
    fn remember(&mut self, kept: Kept);
}

/// A sudo process, in one of its PAM phases.
#[derive(Debug)]
pub struct Sudo<H> {
    paths: Paths,
    host: H,
    request: Option<Request>,
}

impl<H: PamHost> Sudo<H> {
    /// The process, with its files below `paths`.
    pub fn new(paths: Paths, host: H) -> Self {
        let request = host.recall().and_then(|kept| kept.request);
        Self {
            paths,
            host,
            request,
        }
    }

    fn freeze(&self, config: &Config) -> Result<Frozen, String> {
        facts::gather(&occasion(self.uid(), Raw(self.host.service()), config)?)
    }
}

/// What is known of this process before its facts are gathered.
pub(crate) fn occasion(uid: u32, service: Raw, config: &Config) -> Result<Occasion, String> {
    Ok(Occasion {
        argv: process::own_words().map_err(|_| "sudo's own words cannot be read")?,
        service,
        uid,
        timeout_ms: u64::from(config.gate.timeout) * 1000,
    })
}

/// When root's configuration gates the user with this id.
pub(crate) fn gated(uid: u32, config: &Config) -> Result<Option<When>, String> {
    let name =
        users::user_name(uid).ok_or_else(|| format!("uid {uid} is not in the user database"))?;
    Ok(config
        .gate
        .when(&String::from_utf8_lossy(&name), &users::group_names(uid)))
}

/// Asks about what was frozen, and waits for the end.
pub(crate) fn ask_about(
    frozen: &Frozen,
    config: &Config,
    paths: &Paths,
    say: &mut dyn FnMut(&Line),
) -> Outcome {
    if let Some(why) = refusal(&frozen.request, config.gate.changeable) {
        return Outcome::Refused(why);
    }
    let Ok(token) = random::random_bytes() else {
        return Outcome::Refused("the kernel gives no randomness".to_owned());
    };
    let question = Question {
        request: &frozen.request,
        bytes: &frozen.bytes,
        token: Hex32(token),
    };
    ask::ask(
        &question,
        &config.gate,
        &paths.gate_socket(),
        &mut Here { paths, say },
    )
}

/// Whether a yes to this request still holds: in time, and what it is about as it was.
pub(crate) fn still_holds(request: Option<&Request>, approval: &Approval) -> Result<(), String> {
    if clock::boottime() >= approval.deadline {
        return Err("the approval came too late".to_owned());
    }
    match request {
        Some(request) => unchanged(request, &approval.operands),
        None => Err("what was approved is not known any more".to_owned()),
    }
}

impl<H: PamHost> Surroundings for Sudo<H> {
    fn uid(&self) -> u32 {
        let real = rustix::process::getuid().as_raw();
        if real != 0 {
            return real;
        }
        // A program that has already become root altogether still says who started it.
        self.host
            .remote_user()
            .and_then(|name| users::uid_of(&String::from_utf8(name).ok()?))
            .unwrap_or(real)
    }

    fn config(&self) -> Result<Config, String> {
        trusted::load_config(&self.paths)
    }

    fn gated(&self, config: &Config) -> Result<Option<When>, String> {
        gated(self.uid(), config)
    }

    fn attended(&self) -> bool {
        streams::attended()
    }

    fn ask(&mut self, config: &Config) -> Outcome {
        let frozen = match self.freeze(config) {
            Ok(frozen) => frozen,
            Err(why) => return Outcome::Refused(why),
        };
        let outcome = ask_about(&frozen, config, &self.paths, &mut stderr::say);
        self.request = Some(frozen.request);
        outcome
    }

    fn still_holds(&self, approval: &Approval) -> Result<(), String> {
        still_holds(self.request.as_ref(), approval)
    }

    fn say(&mut self, line: &Line) {
        stderr::say(line);
    }

    fn recall(&self) -> Option<Verdict> {
        self.host.recall().map(|kept| kept.verdict)
    }

    fn remember(&mut self, verdict: Verdict) {
        let kept = Kept {
            verdict,
            request: self.request.clone(),
        };
        // A yes that was only looked at again is where it was left, or the plugin has taken it: PAM may be called
        // once more for what the command starts (`intercept_authenticate`).
        let again = matches!(kept.verdict, Verdict::Approved(_)) && self.host.recall().is_some();
        if !again {
            kept::leave(&kept);
        }
        self.host.remember(kept);
    }
}

/// The files, and the directory from which the command will open those with a relative name: another one can
/// have taken its path, with the same files in it.
fn unchanged(request: &Request, operands: &[Operand]) -> Result<(), String> {
    if facts::working_directory() != request.cwd {
        return Err("the directory was moved after it was asked about".to_owned());
    }
    operands::unchanged(request, operands)
}

/// This process, as asking needs it.
struct Here<'a> {
    paths: &'a Paths,
    say: &'a mut dyn FnMut(&Line),
}

impl Asker for Here<'_> {
    fn say(&mut self, line: &Line) {
        (self.say)(line);
    }

    fn operands_unchanged(&self, request: &Request) -> Result<(), String> {
        unchanged(request, &request.operands)
    }

    fn content_of(&self, request: &Request, sha256: &Hex32) -> Option<Vec<u8>> {
        operands::content_of(request.requester.uid, &request.operands, sha256)
    }

    fn approvers(&self) -> Result<Approvers, String> {
        trusted::read_approvers(self.paths)
    }

    fn ruling(&self, request: &Request) -> Result<Ruling, String> {
        let (policy, _) = trusted::read_policy(self.paths)?;
        Ok(policy.judge(request, clock::local_time(clock::unix_ms())))
    }
}
