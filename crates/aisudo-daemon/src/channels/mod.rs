//! Ways to reach approvers. A channel is told of requests after they are on disk; the answers it
//! hears go to the ledger as one `Command::Decide`, like everybody's.
//!
//! A new channel is one folder here and one line in [`Channels::new`].

pub(crate) mod app;
mod mailbox;
mod port;
mod reach;
mod signal;
mod terminal;

use std::pin::Pin;

use aisudo_core::{config, evidence::EvidenceKind, wire::Row};
use tokio::sync::mpsc;

use self::{
    app::{App, Door},
    signal::Signal,
    terminal::Terminal,
};
pub use self::{
    port::Port,
    reach::{Reach, Reachable},
};

/// One way to reach approvers. It is called by the writer, and must not block: what takes time
/// belongs in the [`Work`] that comes with it.
pub trait Channel: Send + std::fmt::Debug {
    /// The kind of evidence that its answers are. Its name is shown to whoever waits.
    fn kind(&self) -> EvidenceKind;

    /// A request waits: ask the approvers.
    fn announce(&mut self, announcement: &Announcement<'_>);

    /// A request changed: it no longer waits, or is over. Withdraw the question, and say what became
    /// of it.
    fn update(&mut self, row: &Row);

    /// Whether somebody can be asked now; for those who ask, on any thread.
    fn reach(&self) -> Reach;

    /// How it is, in one short phrase.
    fn health(&self) -> String;
}

/// A request to ask approvers about.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// Where it stands.
    pub row: &'a Row,
    /// Its frozen bytes.
    pub body: &'a str,
    /// Whether this daemon asked before it was restarted.
    pub again: bool,
}

/// The part of a channel that takes time: it talks to the world, and brings what it hears to the
/// port. It runs until the daemon ends.
pub type Work = Box<dyn FnOnce(Port) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// All channels.
#[derive(Debug)]
pub struct Channels {
    terminal: Terminal,
    others: Vec<Box<dyn Channel>>,
    door: Door,
}

impl Channels {
    /// The channels that root's configuration names, and what must run for them. The terminal is
    /// always there; the app is opened besides.
    #[must_use]
    pub fn new(config: &config::Channels) -> (Self, Vec<Work>) {
        let mut channels = Self {
            terminal: Terminal::default(),
            others: Vec::new(),
            door: Door::default(),
        };
        let mut works = Vec::new();
        if let Some(signal) = &config.signal {
            channels.add(Signal::new(signal), &mut works);
        }
        (channels, works)
    }

    /// Adds the app's, and what must run for it.
    pub(crate) fn add_app(&mut self, opened: app::Opened, works: &mut Vec<Work>) {
        let (app, work, door) = App::new(opened);
        self.add((app, work), works);
        self.door = door;
    }

    /// The app's, for root's commands.
    #[must_use]
    pub(crate) fn door(&self) -> Door {
        self.door.clone()
    }

    fn add(&mut self, (channel, work): (impl Channel + 'static, Work), works: &mut Vec<Work>) {
        self.others.push(Box::new(channel));
        works.push(work);
    }

    /// On which of them somebody can be asked, at any time from now on.
    #[must_use]
    pub fn reachable(&self) -> Reachable {
        Reachable::new(self.all().map(|channel| (channel.kind(), channel.reach())))
    }

    /// Their names and how they are.
    #[must_use]
    pub fn health(&self) -> Vec<(String, String)> {
        self.all()
            .map(|channel| (channel.kind().name().to_owned(), channel.health()))
            .collect()
    }

    /// Asks approvers on each of them.
    pub fn announce(&mut self, announcement: &Announcement<'_>) {
        self.all_mut()
            .for_each(|channel| channel.announce(announcement));
    }

    /// Tells each of them what became of a request.
    pub fn update(&mut self, row: &Row) {
        self.all_mut().for_each(|channel| channel.update(row));
    }

    /// An approver's screen that wants to see each change.
    pub fn watch(&mut self, uid: u32, events: mpsc::Sender<Row>) {
        self.terminal.watch(uid, events);
    }

    fn all(&self) -> impl Iterator<Item = &dyn Channel> {
        let terminal: &dyn Channel = &self.terminal;
        std::iter::once(terminal).chain(self.others.iter().map(AsRef::as_ref))
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut (dyn Channel + 'static)> {
        let terminal: &mut dyn Channel = &mut self.terminal;
        std::iter::once(terminal).chain(self.others.iter_mut().map(AsMut::as_mut))
    }
}
