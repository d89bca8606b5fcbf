//! `aisudo setup`: from nothing to a gated sudo, and back.
//!
//! [`plan`] says what is to be done, in an order in which nothing can lock anybody out; [`record`]
//! writes down how to undo it before anything is done; [`apply`] does it; [`trial`] tries real sudos;
//! and [`watchdog`], a process of its own, undoes all of it unless it is told to keep it.

mod apply;
mod choice;
mod daemon;
mod plan;
mod record;
mod system;
mod texts;
mod trial;
mod undo;
mod uninstall;
mod visudo;
mod watchdog;

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use aisudo_core::{config::When, state::Tick};
use aisudo_sys::{clock::boottime, users::user_name};

use self::{
    choice::{Choice, choose},
    plan::{Findings, NewUser, Plan},
    record::{Service, Store},
    system::{Folder, Real, System},
    trial::Usual,
    undo::Undone,
    watchdog::{Ending, Watchdog},
};
use crate::{
    cli::Setup,
    failure::Failure,
    host::{
        below, module,
        os::{Family, Os},
        sudo::{Kind, Sudo},
    },
    output::{Output, remark},
    root::{
        changes,
        console::{Console, refused},
    },
    wait::events::ready,
};

/// Runs the command, below this directory.
pub(crate) fn run(root: &Path, arguments: &Setup, output: &mut Output) -> Result<(), Failure> {
    let root = std::path::absolute(root).map_err(|error| refused(&format!("--root: {error}")))?;
    let os = Os::of(&root);
    let store = Store::below(&root);
    let system: Box<dyn System> = match root == Path::new("/") {
        true => Box::new(Real::new(&os)),
        false => Box::new(Folder::new(&root, &os)),
    };
    if system.is_live() && !rustix::process::geteuid().is_root() {
        return Err(Failure::NotPermitted(
            "only root may set sudo up; run this as root".to_owned(),
        ));
    }
    let here = Here {
        root: &root,
        os: &os,
        store: &store,
        system: system.as_ref(),
    };
    if arguments.watchdog {
        return watchdog::run(&store, here.system);
    }
    let mut console = Console::new(output, arguments.yes);
    if arguments.uninstall {
        here.uninstall(arguments, &mut console)
    } else {
        here.install(arguments, &mut console)
    }
}

/// Where it is done.
struct Here<'a> {
    root: &'a Path,
    os: &'a Os,
    store: &'a Store,
    system: &'a dyn System,
}

/// What sudo will load, and where the daemon is.
struct Programs {
    sudos: Vec<Sudo>,
    /// On the machine.
    module: PathBuf,
    /// What stands in PAM's files.
    module_word: String,
    daemon: Option<PathBuf>,
}

impl Here<'_> {
    fn install(&self, arguments: &Setup, console: &mut Console<'_>) -> Result<(), Failure> {
        let programs = self.programs(arguments).map_err(nothing_changed)?;
        self.unfinished(arguments, console)?;
        let invoker = invoker();
        let choice = choose(arguments, self.system, invoker.as_deref(), console)?;
        let findings = self.findings(arguments, &programs);
        let plan = Plan::make(&findings, &choice, self.system).map_err(nothing_changed)?;
        visudo::check_all(self.root, &programs.sudos, self.system).map_err(nothing_changed)?;
        if plan.is_empty(self.system) {
            return console.say("Everything is as it should be already; nothing was changed.");
        }
        self.show(&plan, &programs, console)?;
        if arguments.dry_run {
            return console.say("\nThis was a dry run: nothing was changed.");
        }
        if !console.confirm("\nDo this?", true)? {
            return Err(refused("nothing was changed"));
        }
        self.carry_out(arguments, &plan, &findings, &choice, console)
    }

    /// What has to be there before anything is touched.
    fn programs(&self, arguments: &Setup) -> Result<Programs, String> {
        let sudos = Sudo::all(self.root);
        let Some(sudo) = sudos.first() else {
            return Err("there is no sudo here; install it".to_owned());
        };
        let (module, module_word) = match &arguments.module {
            Some(path) => (path.clone(), path.to_string_lossy().into_owned()),
            None => {
                let directory =
                    module::directory(self.root, self.os, &sudo.path).ok_or_else(|| {
                        "PAM's modules were not found; say where aisudo's is: --module".to_owned()
                    })?;
                let directory = directory.strip_prefix(self.root).unwrap_or(&directory);
                let path = Path::new("/").join(directory).join(module::FILE);
                (path, module::FILE.to_owned())
            }
        };
        if !module.is_absolute() || module.file_name() != Some(module::FILE.as_ref()) {
            return Err(format!(
                "--module: give the absolute path of {}",
                module::FILE
            ));
        }
        for sudo in &sudos {
            module::check(self.root, &below(self.root, &module), &sudo.path)
                .map_err(|trouble| trouble.message())?;
        }
        // What stands beside it: sudo-rs reads no sudo.conf, and an older C sudo would refuse everything.
        let no_plugins = sudos
            .iter()
            .find(|one| (one.kind == Kind::C || *one == sudo) && !one.has_approval_plugins());
        if let (true, Some(other)) = (arguments.plugin, no_plugins) {
            return Err(format!(
                "{other} has no approval plugins; leave out --plugin"
            ));
        }
        Ok(Programs {
            daemon: self.daemon_program()?,
            sudos,
            module,
            module_word,
        })
    }

    /// Where packages put it, where root does, or beside this program.
    fn daemon_program(&self) -> Result<Option<PathBuf>, String> {
        let beside = std::env::current_exe()
            .ok()
            .filter(|_| self.system.is_live())
            .map(|own| own.with_file_name("aisudo-daemon"));
        let usual = ["/usr/sbin/aisudo-daemon", "/usr/local/sbin/aisudo-daemon"].map(PathBuf::from);
        let found = usual
            .into_iter()
            .chain(beside)
            .find(|path| below(self.root, path).is_file());
        if let Some(found) = &found {
            module::trusted(self.root, &below(self.root, found))?;
        }
        Ok(found)
    }

    fn findings<'a>(&'a self, arguments: &Setup, programs: &'a Programs) -> Findings<'a> {
        let runs = self.system.is_live() && self.runs_and_will();
        Findings {
            root: self.root,
            os: self.os,
            sudos: &programs.sudos,
            module: &programs.module_word,
            plugin: arguments.plugin.then_some(programs.module.as_path()),
            daemon: programs.daemon.as_deref(),
            start: !arguments.no_service && !runs,
            must_answer: self.system.is_live(),
        }
    }

    /// Whether the daemon answers, and will after the next boot, as far as can be known.
    fn runs_and_will(&self) -> bool {
        let is_enabled = || {
            let words = ["systemctl", "is-enabled", "aisudo-daemon.service"];
            self.system.service_manager() != Service::Systemd || self.system.run(&words).is_ok()
        };
        daemon::answers(self.root) && is_enabled()
    }

    /// A run that neither ended nor was undone: the machine went down in it.
    fn unfinished(&self, arguments: &Setup, console: &mut Console<'_>) -> Result<(), Failure> {
        let on_trial = self.store.on_trial().map_err(nothing_changed)?;
        if on_trial.is_none() {
            return Ok(());
        }
        if arguments.dry_run {
            return Err(refused(
                "an earlier aisudo setup was cut short; nothing was changed; run aisudo setup --uninstall first",
            ));
        }
        self.store.make().map_err(nothing_changed)?;
        let _lock = self.store.lock().map_err(nothing_changed)?;
        console.say("An earlier aisudo setup was cut short; it is undone first.")?;
        let undone =
            undo::roll_back(self.store, self.system).map_err(|why| Failure::refused_by(&why))?;
        report(&undone, console)
    }

    fn show(
        &self,
        plan: &Plan,
        programs: &Programs,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let sudos: Vec<String> = programs.sudos.iter().map(Sudo::to_string).collect();
        console.say(&format!(
            "{}, {}; the module: {}",
            safe(&self.os.name),
            sudos.join(" and "),
            programs.module.display()
        ))?;
        console.say("\nIn this order, and undone in the reverse one:\n")?;
        for group in &plan.groups {
            console.say(&format!("  make the group {group}"))?;
        }
        for user in &plan.users {
            let why = match user {
                NewUser::Daemon => "the daemon's, which is never root",
                NewUser::Agent(_) => "the agent's, without a password",
            };
            console.say(&format!("  make the user {} ({why})", user.name()))?;
        }
        for directory in &plan.directories {
            console.say(&format!("  make {}", directory.path.display()))?;
        }
        let show = |edits: &[plan::Edit], console: &mut Console<'_>| {
            edits.iter().try_for_each(|edit| {
                let before = edit.before.as_ref().map(|(text, _)| text.as_str());
                changes::unified(console, &edit.path, before, &edit.after)
            })
        };
        show(&plan.early, console)?;
        if let Some(service) = plan.service {
            console.say(match service {
                _ if !self.system.is_live() => "\n  (start the daemon: not in a folder)",
                Service::Systemd => "\n  start aisudo-daemon by systemd, now and with each boot",
                Service::Launchd => "\n  start aisudo-daemon by launchd, now and with each boot",
                Service::Process => "\n  start aisudo-daemon in the background, until the next boot: there is no systemd here",
            })?;
        }
        show(&plan.late, console)
    }

    fn carry_out(
        &self,
        arguments: &Setup,
        plan: &Plan,
        findings: &Findings<'_>,
        choice: &Choice,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        self.can_be_started(plan, findings)
            .map_err(nothing_changed)?;
        self.store.make().map_err(nothing_changed)?;
        let _lock = self.store.lock().map_err(nothing_changed)?;
        let invoker = invoker();
        let usual = match self.system.is_live() {
            true => trial::usual(
                &choice.gated,
                findings.sudos,
                self.system,
                invoker.as_deref(),
            ),
            false => Vec::new(),
        };
        for name in trial::without_password(&usual) {
            console.say(&format!(
                "Note: sudo of {name} asks for no password. Should aisudo.toml ever be unreadable, it is refused: see to it that {name} has a password, or keep another way to root."
            ))?;
        }
        // It runs before there is anything to undo: at no moment is there nobody to do it.
        let mut watchdog = Watchdog::start(self.store)?;
        let begun = plan
            .record(self.store)
            .and_then(|record| self.store.begin(&record));
        if let Err(why) = begun {
            let _ = self.store.end();
            watchdog.let_go();
            return Err(nothing_changed(why));
        }
        let done = apply::apply(plan, findings, self.system)
            .and_then(|()| self.try_out(findings, choice, &usual, console));
        if let Err(why) = done {
            return Err(undone(watchdog.let_go(), &why));
        }
        if !arguments.yes && self.system.is_live() {
            let seconds = arguments.keep_within;
            watchdog.until(seconds);
            if let Err(why) = root_keeps_it(&watchdog, choice, seconds, console) {
                return Err(undone(watchdog.let_go(), &why));
            }
        }
        match watchdog.keep() {
            Ending::Kept => self.say_what_next(plan, choice, console),
            ending => Err(undone(ending, "time was up")),
        }
    }

    /// The daemon can be started here.
    fn can_be_started(&self, plan: &Plan, findings: &Findings<'_>) -> Result<(), String> {
        let is_packaged = |directory: &str| {
            below(self.root, directory)
                .join("aisudo-daemon.service")
                .exists()
        };
        let missing = match plan.service {
            _ if !self.system.is_live() => false,
            Some(Service::Systemd) => {
                findings.daemon.is_none()
                    && !["/usr/lib/systemd/system", "/lib/systemd/system"]
                        .into_iter()
                        .any(is_packaged)
            }
            Some(Service::Process) => findings.daemon.is_none(),
            Some(Service::Launchd) => !below(self.root, apply::PLIST).exists(),
            None => false,
        };
        match missing {
            true => Err(
                "aisudo-daemon is not installed; put it into /usr/local/sbin, see docs/install.md"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    fn try_out(
        &self,
        findings: &Findings<'_>,
        choice: &Choice,
        usual: &[Usual],
        console: &mut Console<'_>,
    ) -> Result<(), String> {
        if !self.system.is_live() || self.os.family == Family::MacOs {
            return Ok(());
        }
        let _ = console.say("\nDone; now tried:");
        let invoker = invoker();
        let mut say = |line: &str| {
            let _ = console.say(&format!("  {}", safe(line)));
        };
        trial::run(
            self.root,
            &choice.gated,
            findings.sudos,
            usual,
            self.system,
            invoker.as_deref(),
            &mut say,
        )
    }

    fn say_what_next(
        &self,
        plan: &Plan,
        choice: &Choice,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        console.say("\nKept. To undo all of it: aisudo setup --uninstall")?;
        if plan.service == Some(Service::Process) && self.system.is_live() {
            console.say(
                "There is no systemd here: have aisudo-daemon started with each boot by what there is.",
            )?;
        }
        for one in &choice.gated {
            let when = match one.when {
                When::Always => "each sudo",
                When::Unattended => "each sudo without a terminal",
            };
            console.say(&format!(
                "From now on, {when} of {} waits for a person.",
                one.name
            ))?;
        }
        console.say(
            "Approve as root: aisudo watch. On a phone: aisudo pair NAME, or aisudo signal setup. Other doors to root: aisudo doctor",
        )
    }
}

/// Waits until root says that it works; or says why not.
fn root_keeps_it(
    watchdog: &Watchdog,
    choice: &Choice,
    seconds: u64,
    console: &mut Console<'_>,
) -> Result<(), String> {
    let names: Vec<&str> = choice.gated.iter().map(|one| one.name.as_str()).collect();
    let asked = console.say(&format!(
        "\nNow open another terminal and try sudo, as yourself and as {}. It is all undone in {seconds} s,\nor when this ends, unless you type: keep",
        names.join(", ")
    ));
    asked.map_err(|_| "nobody can be asked whether to keep it".to_owned())?;
    let until = Tick(boottime().0.saturating_add(seconds * 1000));
    let stdin = io::stdin();
    loop {
        let sources = [Some(stdin.as_fd()), Some(watchdog.output().as_fd())];
        let [typed, over] = ready(sources, Some(until))
            .map_err(|failure| failure.message().unwrap_or_default().to_owned())?;
        if over || boottime() >= until {
            return Err("time was up".to_owned());
        }
        if !typed {
            continue;
        }
        let mut line = String::new();
        match stdin.lock().read_line(&mut line) {
            Ok(0) | Err(_) => return Err("the input ended before keep was typed".to_owned()),
            Ok(_) if line.trim() == "keep" => return Ok(()),
            Ok(_) if line.trim().is_empty() || !io::stdin().is_terminal() => {}
            Ok(_) => {
                let _ = console.say("Type keep, or Ctrl-C to undo it.");
            }
        }
    }
}

/// A failure after something was changed, and what became of that.
fn undone(ending: Ending, why: &str) -> Failure {
    refused(&match ending {
        Ending::Undone => format!("{why}; everything was rolled back"),
        Ending::Kept => format!("{why}; yet it was kept; aisudo setup --uninstall undoes it"),
        Ending::NotUndone => {
            format!("{why}; not everything could be rolled back: run aisudo setup --uninstall")
        }
    })
}

fn nothing_changed(why: impl AsRef<str>) -> Failure {
    let why = why.as_ref();
    match why.contains("nothing was changed") {
        true => refused(why),
        false => refused(&format!("{why}; nothing was changed")),
    }
}

/// What was undone, and what was not.
fn report(undone: &Undone, console: &mut Console<'_>) -> Result<(), Failure> {
    for line in &undone.said {
        console.say(&format!("  {}", safe(line)))?;
    }
    for why in &undone.failed {
        remark(&safe(why));
    }
    match undone.failed.is_empty() {
        true => Ok(()),
        false => Err(refused(
            "not all could be undone; see to it, and run it again",
        )),
    }
}

fn safe(text: &str) -> String {
    aisudo_core::display::text(text.as_bytes()).text
}

/// Whose sudo this runs under, if it does.
fn invoker() -> Option<String> {
    let uid: u32 = std::env::var("SUDO_UID").ok()?.parse().ok()?;
    let name = user_name(uid).filter(|_| uid != 0)?;
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests;
