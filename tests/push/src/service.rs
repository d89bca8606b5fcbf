//! The push service's handle.

use std::{
    collections::{BTreeSet, VecDeque},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    Answer, Subscription,
    browsers::Browsers,
    http::{Request, respond},
    judge::{Mistake, judge},
};

/// How long a test waits for something to happen.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A message that a browser has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// To which subscription.
    pub endpoint: String,
    /// What the browser reads.
    pub payload: Vec<u8>,
    /// The header `TTL`.
    pub ttl_s: u64,
    /// The header `Urgency`.
    pub urgency: Option<String>,
    /// The header `Topic`.
    pub topic: Option<String>,
    /// The sender's, in the token.
    pub contact: String,
    /// When the token ends, in seconds since 1970.
    pub expires_at_s: u64,
    /// All headers as they came, with names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A running push service. It ends when this is dropped.
#[derive(Debug)]
pub struct PushService {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    browsers: Browsers,
    state: Mutex<State>,
    changed: Condvar,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// How many subscriptions there were.
    made: usize,
    subscribed: BTreeSet<String>,
    answers: VecDeque<Answer>,
    received: Vec<Push>,
    mistakes: Vec<String>,
    requests: usize,
}

impl PushService {
    /// On a free port of 127.0.0.1.
    ///
    /// # Panics
    /// It cannot listen, or what plays the browsers is not installed.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("its address"),
            browsers: Browsers::start(),
            state: Mutex::default(),
            changed: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        Self {
            shared,
            accepting: Some(std::thread::spawn(move || {
                accept_all(&listener, &accepting)
            })),
        }
    }

    /// Such as `http://127.0.0.1:43210`: what root would allow.
    #[must_use]
    pub fn origin(&self) -> String {
        self.shared.origin()
    }

    /// A browser subscribes, with an application server's key of 65 bytes; other servers' messages are
    /// refused.
    #[must_use]
    pub fn subscription(&self, server_key: &[u8]) -> Subscription {
        let path = {
            let mut state = self.shared.lock();
            state.made += 1;
            let path = format!("/push/{}", state.made);
            state.subscribed.insert(path.clone());
            path
        };
        let endpoint = format!("{}{path}", self.origin());
        self.shared.browsers.subscribe(&path, server_key, endpoint)
    }

    /// A browser unsubscribes: pushes to it are answered with 410.
    pub fn unsubscribe(&self, subscription: &Subscription) {
        let path = subscription.endpoint.strip_prefix(&self.origin());
        let path = path.expect("a subscription of this service");
        self.shared.lock().subscribed.remove(path);
    }

    /// Answers the next push like this, whatever it is; it reaches no browser. Several are used one after
    /// the other.
    pub fn answer(&self, answer: Answer) {
        self.shared.lock().answers.push_back(answer);
    }

    /// What has arrived, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Push> {
        self.shared.lock().received.clone()
    }

    /// Waits until so many have arrived; gives all of them.
    ///
    /// # Panics
    /// It takes too long.
    #[must_use]
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Push> {
        let too_few = |state: &mut State| state.received.len() < count;
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, too_few);
        let (state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !result.timed_out(),
            "{} of {count} pushes have arrived; refused: {:?}",
            state.received.len(),
            state.mistakes
        );
        state.received.clone()
    }

    /// What was wrong with those that were refused.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        self.shared.lock().mistakes.clone()
    }

    /// How many requests came, of any kind.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.shared.lock().requests
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // This ends the wait in accept(2).
        let _ = TcpStream::connect(self.shared.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, request: &Request) -> Answer {
        let mut state = self.lock();
        state.requests += 1;
        if let Some(answer) = state.answers.pop_front() {
            return answer;
        }
        if !state.subscribed.contains(&request.path) {
            return Answer::status(410);
        }
        drop(state);
        let judged = judge(request, &request.path, &self.origin(), &self.browsers);
        let answer = match &judged {
            Ok(push) => {
                Answer::status(201).header("Location", &format!("{}/message", push.endpoint))
            }
            Err(mistake) => mistake.answer(),
        };
        self.remember(judged);
        answer
    }

    fn remember(&self, judged: Result<Push, Mistake>) {
        let mut state = self.lock();
        match judged {
            Ok(push) => state.received.push(push),
            Err(mistake) => state.mistakes.push(mistake.why),
        }
        self.changed.notify_all();
    }
}

fn accept_all(listener: &TcpListener, shared: &Arc<Shared>) {
    for connection in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut connection) = connection else {
            return;
        };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            if let Some(request) = Request::read(&connection) {
                let answer = shared.decide(&request);
                respond(&mut connection, &answer);
            }
        });
    }
}
