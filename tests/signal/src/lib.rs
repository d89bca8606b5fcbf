//! A simulator of `signal-cli daemon`: its JSON over a Unix socket, TCP or HTTP, an account, people who
//! write to it, and a network with bad days. Threads of this process, so it lives in the world of the
//! thread that starts it.
//!
//! ```
//! use aisudo_signal_sim::{Endpoint, Person, Sim};
//! let owner = Person::new(1);
//! let sim = Sim::builder().account("+15550001111").person(&owner).start(Endpoint::Tcp);
//! assert!(sim.address().starts_with("tcp:127.0.0.1:"));
//! sim.reply(&owner, "yes 7KQ2"); // waits until somebody connects
//! assert!(sim.sent().is_empty());
//! ```
//!
//! What it says is what signal-cli was seen to say, or what its source says. It is stricter in nothing:
//! what signal-cli ignores is ignored here.

mod acts;
mod builder;
mod deliver;
mod envelope;
mod faults;
mod http;
mod identities;
mod lines;
mod listen;
mod methods;
mod people;
mod record;
mod rpc;
mod send;
mod sim;
mod state;

pub use acts::Post;
pub use builder::{Builder, Endpoint, ReceiveMode};
pub use faults::{Faults, SendFailure};
pub use people::Person;
pub use record::{Call, Message, Poll, Quote, Reaction};
pub use sim::{PATIENCE, Sim};
