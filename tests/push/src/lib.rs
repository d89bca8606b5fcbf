//! A push service on this machine's loopback, with the browsers behind it: real HTTP, and messages that
//! arrive decrypted. Threads of this process and one child, in the world of the thread that starts it.
//!
//! ```no_run
//! # let server_key = [0; 65];
//! use aisudo_push_sim::{Answer, PushService};
//! let service = PushService::start();
//! let subscription = service.subscription(&server_key);
//! // … the sender may send to service.origin(), and is given the subscription …
//! service.answer(Answer::status(503).header("Retry-After", "7")); // to the next push, once
//! let pushes = service.wait_for(1);
//! assert_eq!(pushes[0].payload, b"hello");
//! assert!(service.mistakes().is_empty());
//! ```
//!
//! It shares no code with the sender: tokens are verified by Node's own cryptography, and messages are
//! decrypted by the package `http_ece`, in `browsers.cjs`. It is as strict as the RFCs, which is stricter
//! than the push services are, and remembers what was wrong.

mod answer;
mod browsers;
mod http;
mod judge;
mod service;

pub use answer::Answer;
pub use browsers::Subscription;
pub use service::{PATIENCE, Push, PushService};
