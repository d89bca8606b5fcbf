//! One connection: JSON, a line each, in both directions. HTTP's stream of events is written here, too.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};
use serde_json::{Value, json};

use crate::builder::ReceiveMode;
use crate::rpc;
use crate::state::{Shared, monotonic_ns};

/// A client.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: File,
    form: Form,
    /// Held while one thing is written.
    writing: Mutex<()>,
    closed: AtomicBool,
    subscriptions: Mutex<Vec<Subscription>>,
}

/// How something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An object and a newline.
    Lines,
    /// Server-sent events in chunks.
    Events,
}

#[derive(Debug)]
struct Subscription {
    id: i64,
    /// Of these accounts; nothing: of all.
    account: Option<String>,
    /// Made by the daemon itself, and not by `subscribeReceive`.
    internal: bool,
}

impl Connection {
    pub(crate) fn new(socket: File, form: Form) -> Arc<Self> {
        Arc::new(Self {
            socket,
            form,
            writing: Mutex::default(),
            closed: AtomicBool::new(false),
            subscriptions: Mutex::default(),
        })
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // It may be closed by the other side already.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn subscribe(&self, id: i64, account: Option<String>, internal: bool) {
        self.subscriptions().push(Subscription {
            id,
            account,
            internal,
        });
    }

    /// False: there is no such subscription.
    pub(crate) fn unsubscribe(&self, id: i64) -> bool {
        let mut subscriptions = self.subscriptions();
        let before = subscriptions.len();
        subscriptions.retain(|subscription| subscription.id != id);
        subscriptions.len() < before
    }

    pub(crate) fn receives(&self, account: &str) -> bool {
        !self.is_closed() && self.subscriptions().iter().any(|one| one.is_for(account))
    }

    /// Writes a notification, once for each subscription to the account.
    pub(crate) fn notify(&self, account: &str, params: &Value, torn: Duration) {
        let forms: Vec<Value> = self
            .subscriptions()
            .iter()
            .filter(|one| one.is_for(account))
            .map(|one| match (self.form, one.internal) {
                (Form::Events, _) => params.clone(),
                (Form::Lines, true) => {
                    json!({"jsonrpc": "2.0", "method": "receive", "params": params})
                }
                (Form::Lines, false) => {
                    let params = json!({"subscription": one.id, "result": params});
                    json!({"jsonrpc": "2.0", "method": "receive", "params": params})
                }
            })
            .collect();
        for form in forms {
            self.write_object(&form, torn);
        }
    }

    pub(crate) fn write_object(&self, object: &Value, torn: Duration) {
        let text = object.to_string();
        match self.form {
            Form::Lines if torn.is_zero() => self.write(&[text.as_bytes(), b"\n"]),
            Form::Lines => {
                let (first, second) = text.as_bytes().split_at(text.len() / 2);
                let _writing = self.writing();
                self.write_now(&[first]);
                std::thread::sleep(torn);
                self.write_now(&[second]);
                std::thread::sleep(torn);
                self.write_now(&[b"\n"]);
            }
            Form::Events => self.write_chunk(&format!("event:receive\ndata:{text}\n\n")),
        }
    }

    /// One chunk of HTTP.
    pub(crate) fn write_chunk(&self, text: &str) {
        self.write(&[format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()]);
    }

    /// Each piece in a write of its own, nothing of others between them.
    pub(crate) fn write(&self, pieces: &[&[u8]]) {
        let _writing = self.writing();
        self.write_now(pieces);
    }

    fn write_now(&self, pieces: &[&[u8]]) {
        for piece in pieces {
            if (&self.socket).write_all(piece).is_err() {
                self.close();
                return;
            }
        }
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscriptions(&self) -> MutexGuard<'_, Vec<Subscription>> {
        self.subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    fn is_for(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|own| own == account)
    }
}

/// Serves a connection until it ends.
pub(crate) fn serve(shared: &Arc<Shared>, socket: File) {
    let reader = BufReader::new(socket.try_clone().expect("a second descriptor"));
    let connection = Connection::new(socket, Form::Lines);
    if shared.setup.receive != ReceiveMode::Manual {
        let id = shared.change(|state| state.take_subscription());
        connection.subscribe(id, None, true);
    }
    if !enter(shared, &connection) {
        return;
    }
    read(shared, &connection, reader);
    leave(shared, &connection);
}

/// Adds a connection to those that are served. False: the daemon is not running.
pub(crate) fn enter(shared: &Shared, connection: &Arc<Connection>) -> bool {
    shared.change(|state| {
        if state.listening {
            state.connections.push(Arc::clone(connection));
        } else {
            connection.close();
        }
        state.listening
    })
}

/// Takes it away again.
pub(crate) fn leave(shared: &Shared, connection: &Arc<Connection>) {
    connection.close();
    shared.change(|state| {
        state
            .connections
            .retain(|other| !Arc::ptr_eq(other, connection));
    });
}

fn read(shared: &Arc<Shared>, connection: &Arc<Connection>, mut reader: BufReader<File>) {
    loop {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let at_ns = monotonic_ns();
        shared.wait_while_it_hangs();
        // signal-cli gives up on a connection that is not UTF-8.
        let Ok(line) = String::from_utf8(line) else {
            return;
        };
        if rpc::blocks(&line) {
            let (shared, connection) = (Arc::clone(shared), Arc::clone(connection));
            std::thread::spawn(move || call(&shared, &connection, &line, at_ns));
        } else {
            call(shared, connection, &line, at_ns);
        }
    }
}

/// Does what the line says at once, and answers when it is time.
fn call(shared: &Arc<Shared>, connection: &Arc<Connection>, line: &str, at_ns: u64) {
    let fate = rpc::fate(shared, line);
    let answer = rpc::answer(shared, line, Some(connection), at_ns);
    let Some(wait) = fate else {
        rpc::show(shared, at_ns);
        return;
    };
    let torn = shared.lock().faults.torn;
    if wait.is_zero() {
        if let Some(answer) = answer {
            connection.write_object(&answer, torn);
        }
        rpc::show(shared, at_ns);
        return;
    }
    rpc::show(shared, at_ns);
    let connection = Arc::clone(connection);
    std::thread::spawn(move || {
        std::thread::sleep(wait);
        if let Some(answer) = answer {
            connection.write_object(&answer, torn);
        }
    });
}
