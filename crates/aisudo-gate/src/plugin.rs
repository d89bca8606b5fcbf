//! What the approval plugin of C sudo answers: sudo_plugin(5), "Approval plugin API".
//!
//! sudo asks it after PAM and sudoers, as the last before the command, and tells it exactly what it will run.
//! What the PAM module in the same process had approved is held against that, and taken: one yes is good for one
//! command. Where the module was not asked, the plugin asks.

mod compare;
mod exact;

pub use exact::Said;

use aisudo_core::{
    config::{Config, When},
    evidence::EvidenceKind,
    messages::Line,
    paths::Paths,
    raw::Raw,
    request::Request,
};
use aisudo_sys::trusted;

use crate::{
    facts::{self, Frozen},
    flow::{self, Answer, Approval, Outcome, Surroundings, Verdict},
    kept::{self, Kept, Unknown},
    sudo::{ask_about, gated, occasion, still_holds},
};
use compare::same;
use exact::Exact;

/// What is printed on standard error by sudo itself.
pub trait Voice {
    /// One line, its newline included.
    fn error(&mut self, line: &str);
}

/// Whether the command may run: the answer of `check()`. A line says why not.
pub fn check(paths: Paths, said: Said, voice: &mut impl Voice) -> bool {
    decide(&mut Check {
        paths,
        said,
        voice,
        request: None,
    })
}

/// What [`decide`] needs beyond what the two PAM phases do.
trait Last: Surroundings {
    /// What the PAM module left in this process; a second time there is nothing.
    fn take(&mut self) -> Result<Option<Kept>, Unknown>;
    /// Puts it back.
    fn leave(&mut self, kept: Kept);
    /// Whether what will run is what was asked about.
    ///
    /// # Errors
    /// One short phrase that names what differs.
    fn same(&self, request: &Request) -> Result<(), String>;
    /// What [`Surroundings::still_holds`] looks at.
    fn is_about(&mut self, request: Option<Request>);
}

/// The decision table.
fn decide(here: &mut impl Last) -> bool {
    if here.uid() == 0 {
        return true;
    }
    let kept = match here.take() {
        Ok(Some(kept)) => kept,
        // The module was not called, or for another command of this process.
        Ok(None) => return flow::unasked(here) != Answer::Abort,
        Err(Unknown) => {
            return refuse(here, "what the PAM module did is not known".to_owned());
        }
    };
    match kept.verdict {
        Verdict::Password => {
            // Whom root gates cannot be known, and a password was asked for: it opens what this command
            // starts, too, should sudo ask about that (I9).
            if here.config().is_err() {
                here.leave(kept);
            }
            true
        }
        Verdict::Denied => refuse(
            here,
            "this was not approved, and other PAM modules let it through".to_owned(),
        ),
        Verdict::Approved(approval) => {
            let asked_about = match &kept.request {
                Some(request) => here
                    .same(request)
                    .map_err(|difference| format!("{difference}, which is not what was approved")),
                None => Ok(()),
            };
            here.is_about(kept.request);
            match asked_about.and_then(|()| here.still_holds(&approval)) {
                Ok(()) => true,
                Err(why) => refuse(here, why),
            }
        }
    }
}

fn refuse(here: &mut impl Last, why: String) -> bool {
    here.say(&Line::Refused { why });
    false
}

/// A sudo process in `check()`.
struct Check<'a, V> {
    paths: Paths,
    said: Said,
    voice: &'a mut V,
    request: Option<Request>,
}

impl<V: Voice> Check<'_, V> {
    fn freeze(&self, config: &Config) -> Result<Frozen, String> {
        let service = if self.said.login_shell() {
            "sudo-i"
        } else {
            "sudo"
        };
        let occasion = occasion(self.uid(), Raw::from(service), config)?;
        let exact = Exact::read(&self.said)?;
        facts::gather_by(&occasion, |request| Ok(exactly(request, &exact)))
    }
}

/// The request with sudo's own word for what it runs. The command line stays as it was read where that comes to
/// the same; a command that another one starts under `intercept` is not on it.
fn exactly(mut request: Request, exact: &Exact) -> Request {
    let of_command = |request: &mut Request| {
        if let Some(call) = &request.call {
            request.program = exact.program(&facts::directory(call, &request.cwd));
        }
    };
    of_command(&mut request);
    if request.call.is_none() || same(&request, exact).is_err() {
        request.call = Some(exact.call());
        request.unreadable = None;
        of_command(&mut request);
    }
    request.variables = exact
        .variables
        .iter()
        .filter(|name| !is_asked_for(&request, name))
        .cloned()
        .collect();
    request
}

/// Whether the command line itself sets or keeps this variable.
fn is_asked_for(request: &Request, name: &Raw) -> bool {
    request.call.iter().any(|call| {
        let set = call
            .environment
            .set
            .iter()
            .filter_map(|word| word.as_ref().split(|byte| *byte == b'=').next());
        let kept = call.environment.preserve.iter().map(Raw::as_ref);
        set.chain(kept).any(|it| it == name.as_ref())
    })
}

/// No rule is about what sudoers keeps of the requester's environment (`env_keep`): nobody saw it.
fn environment_is_allowed(request: &Request, exact: &Exact) -> Result<(), String> {
    let kept = exact
        .variables
        .iter()
        .find(|name| !is_asked_for(request, name));
    match kept {
        None => Ok(()),
        Some(name) => Err(format!(
            "sudoers keeps {} of the environment, and root's policy allows none that can make programs run other code",
            name.as_os().to_string_lossy()
        )),
    }
}

impl<V: Voice> Surroundings for Check<'_, V> {
    fn uid(&self) -> u32 {
        // Nobody, if sudo does not say: not root, and not in any user database.
        self.said.requester().unwrap_or(u32::MAX)
    }

    fn config(&self) -> Result<Config, String> {
        trusted::load_config(&self.paths)
    }

    fn gated(&self, config: &Config) -> Result<Option<When>, String> {
        gated(self.uid(), config)
    }

    /// No password can be asked for here, whoever sits there.
    fn attended(&self) -> bool {
        false
    }

    fn ask(&mut self, config: &Config) -> Outcome {
        let frozen = match self.freeze(config) {
            Ok(frozen) => frozen,
            Err(why) => return Outcome::Refused(why),
        };
        let voice = &mut *self.voice;
        let outcome = ask_about(&frozen, config, &self.paths, &mut |line| say(voice, line));
        self.request = Some(frozen.request);
        outcome
    }

    fn still_holds(&self, approval: &Approval) -> Result<(), String> {
        still_holds(self.request.as_ref(), approval)?;
        match &self.request {
            Some(request) if approval.by == EvidenceKind::Policy => {
                environment_is_allowed(request, &Exact::read(&self.said)?)
            }
            _ => Ok(()),
        }
    }

    fn say(&mut self, line: &Line) {
        say(self.voice, line);
    }

    fn recall(&self) -> Option<Verdict> {
        None
    }

    /// Nothing comes after this.
    fn remember(&mut self, _verdict: Verdict) {}
}

impl<V: Voice> Last for Check<'_, V> {
    fn take(&mut self) -> Result<Option<Kept>, Unknown> {
        kept::take()
    }

    fn leave(&mut self, kept: Kept) {
        kept::leave(&kept);
    }

    fn same(&self, request: &Request) -> Result<(), String> {
        Exact::read(&self.said).and_then(|exact| same(request, &exact))
    }

    fn is_about(&mut self, request: Option<Request>) {
        self.request = request;
    }
}

fn say(voice: &mut impl Voice, line: &Line) {
    voice.error(&format!("{line}\n"));
}

#[cfg(test)]
mod tests;
