//! What people do with their phones.

use serde_json::{Value, json};

use crate::envelope::{self, Times};
use crate::people::{Account, Person};
use crate::sim::Sim;
use crate::state::{Mail, now_ms};

/// Somebody is about to write. Each of the last methods sends it and gives its timestamp.
#[derive(Debug)]
#[must_use = "nothing is sent yet"]
pub struct Post<'a> {
    sim: &'a Sim,
    sender: Person,
    account: Account,
    /// Whose messages are quoted, reacted to and voted on.
    author: Person,
    timestamp: Option<u64>,
    /// The timestamp is one that a test wants.
    chosen: bool,
    received: Option<u64>,
    group: Option<String>,
    /// By the owner, on another device: arrives as a sync message.
    sync: bool,
    /// To whom the owner wrote; nothing: to themselves.
    to: Option<Person>,
}

impl Sim {
    /// Somebody writes to the account.
    pub fn from(&self, person: &Person) -> Post<'_> {
        let account = self.shared().lock().first_account();
        Post {
            sim: self,
            sender: person.clone(),
            author: account.owner(),
            account,
            timestamp: None,
            chosen: false,
            received: None,
            group: None,
            sync: false,
            to: None,
        }
    }

    /// The account's owner writes on their phone, to themselves unless [`Post::to`] says otherwise.
    pub fn from_owner(&self) -> Post<'_> {
        let owner = self.shared().lock().first_account().owner();
        Post {
            sync: true,
            ..self.from(&owner)
        }
    }

    /// A message. Each of these gives its timestamp.
    pub fn reply(&self, person: &Person, text: &str) -> u64 {
        self.from(person).text(text)
    }

    /// A message that quotes one of ours.
    pub fn quote(&self, person: &Person, timestamp: u64, text: &str) -> u64 {
        self.from(person).quote(timestamp, text)
    }

    /// A reaction to one of ours, or its removal.
    pub fn react(&self, person: &Person, timestamp: u64, emoji: &str, removed: bool) -> u64 {
        self.from(person).react(timestamp, emoji, removed)
    }

    /// A vote in our poll.
    pub fn vote(&self, person: &Person, timestamp: u64, option: u32) -> u64 {
        self.from(person).vote(timestamp, &[option])
    }

    /// An earlier message of theirs gets another text.
    pub fn edit(&self, person: &Person, target: u64, text: &str) -> u64 {
        self.from(person).edit(target, text)
    }

    /// An earlier message of theirs is deleted for everyone.
    pub fn delete(&self, person: &Person, target: u64) -> u64 {
        self.from(person).delete(target)
    }

    /// Their phone has received our messages, or they have read them.
    pub fn receipt(&self, person: &Person, timestamps: &[u64], read: bool) -> u64 {
        self.from(person).receipt(timestamps, read)
    }

    /// The owner writes into their "note to self".
    pub fn note_to_self(&self, text: &str) -> u64 {
        self.from_owner().text(text)
    }

    /// Anything as `params` of a notification, as it stands.
    pub fn raw(&self, params: Value) {
        let account = self.shared().lock().first_account().number;
        self.shared().change(|state| {
            state.mail.push_back(Mail {
                account,
                sender: None,
                params,
            });
        });
    }

    /// This line, whatever it is, on each connection at once.
    pub fn raw_line(&self, line: &[u8]) {
        let connections = self.shared().lock().connections.clone();
        for connection in connections {
            connection.write(&[line, b"\n"]);
        }
    }
}

impl Post<'_> {
    /// From another of their devices.
    pub fn device(mut self, device: u32) -> Self {
        self.sender.device = device;
        self
    }

    /// With this timestamp, which is the sender's to choose: milliseconds since 1970.
    pub fn at(mut self, timestamp: u64) -> Self {
        self.timestamp = Some(timestamp);
        self.chosen = true;
        self
    }

    /// Taken by the server then: milliseconds since 1970.
    pub fn received_at(mut self, timestamp: u64) -> Self {
        self.received = Some(timestamp);
        self
    }

    /// In a group that our account is in, too.
    pub fn in_group(mut self, id: &str) -> Self {
        self.group = Some(id.to_owned());
        self
    }

    /// To another account of ours.
    #[track_caller]
    pub fn to_account(mut self, number: &str) -> Self {
        let accounts = self.sim.shared().lock().accounts.clone();
        let found = accounts
            .into_iter()
            .find(|account| account.number == number);
        self.account = found.expect("an account of the simulator");
        self
    }

    /// The owner writes to somebody else.
    pub fn to(mut self, person: &Person) -> Self {
        self.to = Some(person.clone());
        self
    }

    /// About a message of this person's, and not of our account's.
    pub fn of(mut self, author: &Person) -> Self {
        self.author = author.clone();
        self
    }

    /// A message.
    pub fn text(self, text: &str) -> u64 {
        self.data(Some(text), |_| ())
    }

    /// A message that quotes another.
    pub fn quote(self, timestamp: u64, text: &str) -> u64 {
        let quote = envelope::quote(&self.author, timestamp, "sudo …");
        self.data(Some(text), |data| data["quote"] = quote)
    }

    /// A reaction, or its removal.
    pub fn react(self, timestamp: u64, emoji: &str, removed: bool) -> u64 {
        let reaction = envelope::reaction(&self.author, timestamp, emoji, removed);
        self.data(None, |data| data["reaction"] = reaction)
    }

    /// A vote for these options, or for none.
    pub fn vote(self, timestamp: u64, options: &[u32]) -> u64 {
        let vote = envelope::vote(&self.author, timestamp, options, 1);
        self.data(None, |data| data["pollVote"] = vote)
    }

    /// Another text for an earlier message.
    pub fn edit(mut self, target: u64, text: &str) -> u64 {
        let timestamp = self.timestamp();
        let data = envelope::data(&self.sim.shared().setup, timestamp, Some(text));
        let edit = json!({"targetSentTimestamp": target, "dataMessage": self.grouped(data)});
        let (part, content) = if self.sync {
            let sent = json!({"editMessage": edit});
            (
                "syncMessage",
                envelope::sync(Some(&self.destination()), sent),
            )
        } else {
            ("editMessage", edit)
        };
        self.send(timestamp, part, content)
    }

    /// The deletion of an earlier message.
    pub fn delete(self, target: u64) -> u64 {
        self.data(None, |data| {
            data["remoteDelete"] = json!({"timestamp": target});
        })
    }

    /// A receipt: read, or only delivered.
    pub fn receipt(mut self, timestamps: &[u64], read: bool) -> u64 {
        let timestamp = self.timestamp();
        let content = envelope::receipt(timestamp, read, timestamps);
        self.send(timestamp, "receiptMessage", content)
    }

    /// "… is typing".
    pub fn typing(mut self) -> u64 {
        let timestamp = self.timestamp();
        let content = json!({"action": "STARTED", "timestamp": timestamp});
        self.send(timestamp, "typingMessage", content)
    }

    fn data(mut self, message: Option<&str>, fill: impl FnOnce(&mut Value)) -> u64 {
        let timestamp = self.timestamp();
        let mut data = envelope::data(&self.sim.shared().setup, timestamp, message);
        fill(&mut data);
        let data = self.grouped(data);
        let (part, content) = if self.sync {
            let destination = self.destination();
            let to_person = self.group.is_none().then_some(&destination);
            ("syncMessage", envelope::sync(to_person, data))
        } else {
            ("dataMessage", data)
        };
        self.send(timestamp, part, content)
    }

    fn grouped(&self, mut data: Value) -> Value {
        if let Some(group) = &self.group {
            data["groupInfo"] = envelope::group(group);
        }
        data
    }

    fn destination(&self) -> Person {
        self.to.clone().unwrap_or_else(|| self.account.owner())
    }

    fn timestamp(&mut self) -> u64 {
        let mut state = self.sim.shared().lock();
        *self.timestamp.get_or_insert_with(|| state.next_timestamp())
    }

    fn send(self, timestamp: u64, part: &str, content: Value) -> u64 {
        let times = Times {
            sent: timestamp,
            // A timestamp of ours may be ahead of the clock: they are unique.
            received: self.received.unwrap_or_else(|| match self.chosen {
                true => now_ms(),
                false => now_ms().max(timestamp),
            }),
        };
        let params = envelope::params(&self.account, &self.sender, times, part, content);
        self.sim.shared().change(|state| {
            let sender = (!self.sync).then_some(self.sender.aci);
            if sender.is_some_and(|aci| aci != self.account.aci) {
                state.known(&self.sender).met.get_or_insert(times.received);
            }
            state.mail.push_back(Mail {
                account: self.account.number,
                sender,
                params,
            });
        });
        timestamp
    }
}
