//! Ways to reach approvers. A channel is told of requests after they are on disk; the answers it
//! hears go to the ledger as one `Command::Decide`, like everybody's.
//!
//! A new channel is one folder here and one line in [`Channels::new`].

mod terminal;

use aisudo_core::{config, wire::Row};
use tokio::sync::mpsc;

use self::terminal::Terminal;

/// One way to reach approvers. It is called by the writer, and must not block: what takes time
/// belongs in a task of its own.
pub trait Channel: Send + std::fmt::Debug {
    /// Its name, as it is shown to whoever waits.
    fn name(&self) -> &'static str;

    /// A request waits: ask the approvers.
    fn announce(&mut self, announcement: &Announcement<'_>);

    /// A request no longer waits, or is over: withdraw the question.
    fn withdraw(&mut self, row: &Row);

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

/// All channels.
#[derive(Debug)]
pub struct Channels {
    terminal: Terminal,
    others: Vec<Box<dyn Channel>>,
}

impl Channels {
    /// The channels that root's configuration names. The terminal is always there.
    #[must_use]
    pub fn new(_config: &config::Channels) -> Self {
        Self {
            terminal: Terminal::default(),
            others: Vec::new(),
        }
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.all().map(Channel::name).collect()
    }

    /// Their names and how they are.
    #[must_use]
    pub fn health(&self) -> Vec<(String, String)> {
        self.all()
            .map(|channel| (channel.name().to_owned(), channel.health()))
            .collect()
    }

    /// Asks approvers on each of them.
    pub fn announce(&mut self, announcement: &Announcement<'_>) {
        self.all_mut()
            .for_each(|channel| channel.announce(announcement));
    }

    /// Withdraws the question on each of them.
    pub fn withdraw(&mut self, row: &Row) {
        self.all_mut().for_each(|channel| channel.withdraw(row));
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
