use std::{
    fs,
    io::{IoSliceMut, Seek as _},
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::Path,
};

use aisudo_core::config;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tempfile::TempDir;

use super::*;
use crate::{
    broker::{Caps, Command},
    channels::Channels,
    ledger::{Keep, Ledger, Query, Setup, View, What},
    record::Record,
    store::Store,
};

const CAPS: Caps = Caps {
    pending_per_uid: 5,
    pending: 5,
    timeout_ms: 1000,
    requests_per_minute: u32::MAX,
    requests_per_minute_all: u32::MAX,
    ruled_per_minute: u32::MAX,
    cooldown_ms: 0,
};

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, target: Box<dyn Target>) -> Ledger {
        let store = Store::open(&self.path("db"), "boot").unwrap();
        let copy = Copier::start(Copying {
            target,
            database: self.path("db"),
            copied: self.path("copied"),
            after: store.head().sequence,
        });
        let keep = Keep {
            copy: Some(copy.unwrap()),
            ..Keep::default()
        };
        let setup = Setup {
            store,
            caps: CAPS,
            channels: Channels::new(&config::Channels::default()).0,
            boot_id: "boot".to_owned(),
            first: vec![Record::Started],
            clock: crate::now,
        };
        Ledger::start_keeping(setup, keep).unwrap().0
    }

    fn to_file(&self) -> Ledger {
        let own = rustix::process::geteuid().as_raw();
        self.start(Box::new(CopyFile::open(self.path("copy"), own)))
    }

    fn to_journal(&self) -> Ledger {
        self.start(Box::new(Journal::new(self.path("journal"))))
    }

    fn journal(&self) -> UnixDatagram {
        let journal = UnixDatagram::bind(self.path("journal")).unwrap();
        journal
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        journal
    }

    fn log(&self) -> Vec<String> {
        let store = Store::open(&self.path("db"), "boot").unwrap();
        store.audit(0, 10_000, usize::MAX).unwrap()
    }
}

async fn note(ledger: &Ledger, why: &str) {
    let record = Record::Refused {
        id: None,
        uid: Some(7),
        why: why.to_owned(),
    };
    ledger
        .command(Command::Note(Box::new(record)))
        .await
        .unwrap();
}

async fn health(ledger: &Ledger) -> String {
    let what = What::Status;
    match ledger.look(Query::Approver { uid: 0, what }).await {
        Ok(View::Status(status)) => {
            let mut all = status.channels.into_iter();
            all.find(|(name, _)| name == "audit copy").unwrap().1
        }
        other => panic!("{other:?}"),
    }
}

/// The copy is another thread's: it says how far it is.
async fn until_health(ledger: &Ledger, expected: &str) {
    let deadline = aisudo_sys::clock::boottime().0 + 10_000;
    loop {
        let health = health(ledger).await;
        if health.contains(expected) {
            return;
        }
        let now = aisudo_sys::clock::boottime().0;
        assert!(now < deadline, "{expected}: {health}");
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_file_has_each_entry_once_across_restarts() {
    let place = Place::new();
    for _ in 0..2 {
        let ledger = place.to_file();
        note(&ledger, "a test").await;
        ledger.stop().await;
    }
    assert_eq!(lines(&place.path("copy")), place.log());
    assert_eq!(place.log().len(), 6);
}

#[tokio::test]
async fn what_was_written_before_there_was_a_copy_is_not_copied() {
    let place = Place::new();
    let mut store = Store::open(&place.path("db"), "boot").unwrap();
    let mut writing = store.begin().unwrap();
    writing.write(&Record::Started, 1).unwrap();
    writing.commit().unwrap();
    drop(store);
    let ledger = place.to_file();
    ledger.stop().await;
    assert_eq!(lines(&place.path("copy")), place.log()[1..]);
}

#[tokio::test]
async fn another_file_in_its_place_is_used_from_then_on() {
    let place = Place::new();
    let ledger = place.to_file();
    note(&ledger, "before").await;
    until_health(&ledger, "up to entry 2").await;
    fs::rename(place.path("copy"), place.path("copy.1")).unwrap();
    note(&ledger, "after").await;
    ledger.stop().await;
    let log = place.log();
    assert_eq!(lines(&place.path("copy.1")), log[..2]);
    assert_eq!(lines(&place.path("copy")), log[2..]);
}

#[tokio::test]
async fn a33_a_copy_that_fails_hinders_nobody_and_is_made_later() {
    let place = Place::new();
    fs::create_dir(place.path("copy")).unwrap();
    let ledger = place.to_file();
    note(&ledger, "one").await;
    until_health(&ledger, "entry 1 failed").await;
    fs::remove_dir(place.path("copy")).unwrap();
    note(&ledger, "two").await;
    until_health(&ledger, "up to entry 3").await;
    ledger.stop().await;
    assert_eq!(lines(&place.path("copy")), place.log());
}

#[tokio::test]
async fn a36_a_file_of_others_or_a_link_is_not_written_to() {
    let place = Place::new();
    fs::write(place.path("precious"), "x").unwrap();
    std::os::unix::fs::symlink(place.path("precious"), place.path("copy")).unwrap();
    let ledger = place.to_file();
    until_health(&ledger, "entry 1 failed").await;
    fs::remove_file(place.path("copy")).unwrap();
    fs::hard_link(place.path("precious"), place.path("copy")).unwrap();
    note(&ledger, "one").await;
    until_health(&ledger, "with one name").await;
    ledger.stop().await;
    assert_eq!(fs::read_to_string(place.path("precious")).unwrap(), "x");
}

#[tokio::test]
async fn after_a_crash_entries_come_twice_rather_than_not_at_all() {
    let place = Place::new();
    let ledger = place.to_file();
    note(&ledger, "one").await;
    ledger.stop().await;
    fs::write(place.path("copied"), format!("{:020}\n", 1)).unwrap();
    let ledger = place.to_file();
    ledger.stop().await;
    let log = place.log();
    let expected = [&log[..3], &log[1..]].concat();
    assert_eq!(lines(&place.path("copy")), expected);
}

fn fields(message: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    text.lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[tokio::test]
async fn the_journal_has_fields_to_search_by_and_a_message_without_the_command() {
    let place = Place::new();
    let journal = place.journal();
    let ledger = place.to_journal();
    note(&ledger, "sudo rm -rf").await;
    let mut buffer = vec![0; 65536];
    let started = journal.recv(&mut buffer).unwrap();
    assert!(
        fields(&buffer[..started]).contains(&("AISUDO_EVENT".to_owned(), "started".to_owned()))
    );
    let refused = journal.recv(&mut buffer).unwrap();
    let log = place.log();
    let expected = [
        ("MESSAGE", "audit entry 2: refused, uid 7"),
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "aisudo"),
        ("AISUDO_EVENT", "refused"),
        ("AISUDO_UID", "7"),
        ("AISUDO_ENTRY", &log[1]),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields(&buffer[..refused]), expected);
    ledger.stop().await;
}

#[tokio::test]
async fn a_journal_that_comes_later_gets_what_it_missed() {
    let place = Place::new();
    let ledger = place.to_journal();
    until_health(&ledger, "entry 1 failed").await;
    let journal = place.journal();
    note(&ledger, "one").await;
    ledger.stop().await;
    let mut buffer = vec![0; 65536];
    for event in ["started", "refused", "stopped"] {
        let length = journal.recv(&mut buffer).unwrap();
        assert!(fields(&buffer[..length]).contains(&("AISUDO_EVENT".to_owned(), event.to_owned())));
    }
}

/// The descriptor that comes with an empty datagram.
fn descriptor(journal: &UnixDatagram) -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut nothing = [0; 1];
    let slices = &mut [IoSliceMut::new(&mut nothing)];
    let received = recvmsg(journal, slices, &mut control, RecvFlags::empty()).unwrap();
    assert_eq!(received.bytes, 0);
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
            return descriptors.next().unwrap();
        }
    }
    panic!("no descriptor")
}

#[tokio::test]
async fn a_large_entry_goes_to_the_journal_in_a_sealed_file() {
    let place = Place::new();
    let journal = place.journal();
    let ledger = place.to_journal();
    let mut buffer = vec![0; 65536];
    journal.recv(&mut buffer).unwrap();
    note(&ledger, &"x".repeat(500_000)).await;
    let mut memory = File::from(descriptor(&journal));
    let mut content = Vec::new();
    memory.rewind().unwrap();
    memory.read_to_end(&mut content).unwrap();
    let all = fields(&content);
    assert_eq!(all.last().unwrap().1, place.log()[1]);
    assert!(io::Write::write(&mut memory, b"x").is_err(), "it is sealed");
    ledger.stop().await;
}

#[test]
fn a_value_with_a_newline_makes_no_other_field() {
    let message = journal::message("{\"event\":\"a\\nPRIORITY=0\",\"sequence\":3}");
    let text = String::from_utf8_lossy(&message);
    let priorities = text
        .lines()
        .filter(|line| line.starts_with("PRIORITY="))
        .count();
    assert_eq!(
        priorities, 3,
        "two of them within values with their length: {text}"
    );
    assert!(message.starts_with(b"MESSAGE\n\x1b\0\0\0\0\0\0\0audit entry 3: a\nPRIORITY=0\n"));
}
