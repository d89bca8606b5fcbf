//! `aisudo pair`: a phone may decide from now on.
//!
//! The daemon only carries what is said (`aisudo_seal::pairing` has the steps). What it could invent
//! shows in the words, which a person compares here.

use aisudo_core::{
    approvers::Device, config::App, evidence::EvidenceKind, paths::Paths, raw::Hex32, state::Tick,
};
use aisudo_seal::{
    envelope::{PublicKey, SecretKey},
    pairing::{self, Answered, FromHost, Host, LIFETIME_MS, Offer, Why},
};
use aisudo_sys::clock;
use rand_core::OsRng;

use super::{
    compare::{over, same_words},
    enlist::{self, enlist},
    host_key, kind, safe,
    talk::{Event, Talk},
    waiting::{EXPIRED, Heard, Waiting},
};
use crate::{
    cli::Pair,
    failure::Failure,
    output::Output,
    root::{
        self, Files,
        console::{Console, refused},
        qr,
    },
};

pub(crate) fn run(paths: &Paths, arguments: &Pair, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    let files = Files::read(paths)?;
    let name = root::checked_name(&arguments.name).map_err(|why| refused(&why))?;
    let app = files.config.channels.app.as_ref();
    let app = app.ok_or_else(|| not_set_up(paths))?;
    let key = host_key::read(paths, &files.config).map_err(|why| refused(&why))?;
    let offer = offer(app, &key)?;
    let mut console = Console::attended(output);
    let accept = is_to_be_accepted(paths, &files, &mut console)?;
    let mut pairing = Pairing {
        paths,
        name: &name,
        label: arguments.label.as_deref(),
        accept,
        key: &key,
        deadline: offer.deadline(),
        talk: Talk::open(paths)?,
        console,
    };
    pairing.show(&offer, app)?;
    pairing.run(Waiting::new(offer))
}

fn not_set_up(paths: &Paths) -> Failure {
    refused(&format!(
        "there is no [channels.app] in {}; write that line, and below it: url = \"https://NAME:8443\", by which phones reach this host; then run: systemctl restart aisudo-daemon; see docs/app.md",
        paths.config().display()
    ))
}

fn offer(app: &App, key: &SecretKey) -> Result<Offer, Failure> {
    let host = Host {
        name: &root::host_name(),
        key: key.public(),
        address: app.address(),
        app: app.app_url(),
    };
    Offer::new(host, clock::boottime(), clock::unix_ms(), &mut OsRng)
        .map_err(|why| refused(&format!("no link can be made: {why}")))
}

/// Whether root wants the gate to believe phones from now on, where it does not.
fn is_to_be_accepted(
    paths: &Paths,
    files: &Files,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    if files.config.gate.accept.contains(&EvidenceKind::App) {
        return Ok(false);
    }
    console.confirm(
        &format!(
            "accept in {} has no \"app\", so what phones sign lets nothing run. Add it when the phone is paired?",
            paths.config().display()
        ),
        true,
    )
}

/// One run of the command.
struct Pairing<'a> {
    paths: &'a Paths,
    name: &'a str,
    /// Root's own for the phone.
    label: Option<&'a str>,
    /// Whether "app" is added to what the gate accepts.
    accept: bool,
    key: &'a SecretKey,
    deadline: Tick,
    talk: Talk,
    console: Console<'a>,
}

impl Pairing<'_> {
    fn show(&mut self, offer: &Offer, app: &App) -> Result<(), Failure> {
        let url = offer.url();
        let code = qr::shown(&url).map_err(|why| refused(&why))?;
        self.console.say(&format!(
            "Open this with the phone of {}:\n\n{code}",
            safe(self.name)
        ))?;
        self.console.say(&format!("{}\n", *url))?;
        self.console.say(&format!(
            "It is a secret: who has it can answer in the phone's place. It is good for {} minutes, and once.",
            LIFETIME_MS / 60_000
        ))?;
        if app.app_url().starts_with("http://localhost") {
            self.console.say(
                "Only a browser on this very host can open it; for a phone see docs/app.md.",
            )?;
        }
        self.console.say("Waiting for the phone; Ctrl-C ends it.")
    }

    /// From the link to root's file. Whatever comes of it, the phone is told.
    fn run(&mut self, waiting: Waiting) -> Result<(), Failure> {
        let (answered, answer) = self.answered(waiting).map_err(unwritten)?;
        let phone = answered.device().seal;
        let written = self
            .compared(answered, &answer)
            .map_err(unwritten)
            .and_then(|device| {
                let older = enlist(self.paths, self.name, &device, self.accept)?;
                Ok((device, older))
            });
        let said = match written {
            Ok(_) => FromHost::Paired,
            Err(_) => FromHost::Refused,
        };
        let told = self.tell(&phone, said);
        let (device, older) = written?;
        let key = device.key.id();
        told.map_err(|failure| {
            let why = failure.message().unwrap_or_default();
            Failure::Refused(format!(
                "the phone may decide from now on, but it could not be told: {why}; if it does not show this host, run: aisudo revoke {key}, and pair it again"
            ))
        })?;
        self.console.say(&format!(
            "\nPaired: {} of {}, written to {}. It counts from now on.\nTry it: aisudo test {key}",
            safe(&device.label),
            safe(self.name),
            self.paths.approvers().display()
        ))?;
        match older {
            None => Ok(()),
            // A phone that is paired anew has new keys.
            Some(old) => self.console.say(&format!(
                "Note: there is an older {} of {}. If it is the same phone, run: aisudo revoke {old}",
                safe(&device.label),
                safe(self.name)
            )),
        }
    }

    /// The first right answer, and as it came.
    fn answered(&mut self, mut waiting: Waiting) -> Result<(Answered, Vec<u8>), Failure> {
        loop {
            match self.talk.next(self.deadline)? {
                Event::Answer(message) => {
                    match waiting.hear(&message, self.key, clock::boottime()) {
                        Heard::Answered(answered) => return Ok((*answered, message)),
                        Heard::Over(why) => return Err(refused(why)),
                        Heard::Wrong(still, why) => {
                            waiting = still;
                            self.wrong(&message, why)?;
                        }
                    }
                }
                Event::Line(_) => {}
                other => return Err(over(&other)),
            }
        }
    }

    fn wrong(&mut self, message: &[u8], why: Why) -> Result<(), Failure> {
        self.console.say(&format!(
            "Not accepted: {}. The link stands.",
            safe(&why.to_string())
        ))?;
        // Who knows the link is told, so that they can try with another key.
        let sender = message.first_chunk().copied().map(PublicKey::from_bytes);
        if let (Why::Key(_) | Why::Place | Why::Name, Some(Ok(sender))) = (why, sender) {
            // If it cannot be sent, the next thing that is heard says why.
            let _ = self.tell(&sender, FromHost::Refused);
        }
        Ok(())
    }

    /// Shows the words, and asks. What comes back is to be listed.
    fn compared(&mut self, answered: Answered, answer: &[u8]) -> Result<Device, Failure> {
        let device = self.listed(answered.device());
        enlist::check(self.paths, self.name, &device)?;
        let reveal = answered.reveal(self.key, &mut OsRng);
        let reveal =
            reveal.map_err(|_| refused("the phone cannot be told; nothing was written"))?;
        self.talk
            .send(answered.device().seal.id(), reveal, false)
            .map_err(not_carried)?;
        self.console.say(&format!(
            "\nA phone has answered:\n\n    label   {}\n    key     {} ({})\n\nThese words must stand on it now:\n\n    {}\n",
            self.called(&device, answered.device()),
            device.key.id(),
            kind(&device.key),
            answered.words()
        ))?;
        same_words(&mut self.talk, &mut self.console, answer, self.deadline)?;
        match answered.confirm(clock::boottime()) {
            Ok(_) => Ok(device),
            Err(_) => Err(refused(EXPIRED)),
        }
    }

    /// As it is to stand in root's file.
    fn listed(&self, phone: &pairing::Device) -> Device {
        Device {
            label: self.label.unwrap_or(&phone.label).to_owned(),
            key: phone.key.clone(),
            seal: Hex32(phone.seal.to_bytes()),
            since_ms: clock::unix_ms(),
        }
    }

    fn called(&self, device: &Device, phone: &pairing::Device) -> String {
        match self.label {
            Some(_) => format!(
                "{} (it calls itself {})",
                safe(&device.label),
                safe(&phone.label)
            ),
            None => safe(&device.label),
        }
    }

    /// The last that is said to a phone.
    fn tell(&mut self, phone: &PublicKey, said: FromHost) -> Result<(), Failure> {
        let message = said.seal(self.key, phone, &mut OsRng);
        let message = message.map_err(|_| refused("the message is too long"))?;
        self.talk.send(phone.id(), message, true)
    }
}

/// The phone has gone, as the daemon says.
fn not_carried(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(why) => {
            Failure::Refused(format!("{why}; nothing was written; begin again"))
        }
        other => other,
    }
}

/// A lost daemon, with what it means here.
fn unwritten(failure: Failure) -> Failure {
    match failure {
        Failure::Unreachable(why) => {
            Failure::Unreachable(format!("{why}; nothing was written; begin again"))
        }
        other => other,
    }
}
