//! A client of the JSON-RPC daemon of [signal-cli](https://github.com/AsamK/signal-cli), as
//! `signal-cli-jsonrpc(5)` describes it. It knows nothing of requests or approvers, and starts no
//! program.
//!
//! A client that stops reading holds up signal-cli for everybody, so here a task always reads. What
//! nobody takes from [`Events`] in time is dropped and counted.

mod calls;
mod client;
mod events;
mod failure;
mod http;
mod identity;
mod lines;
mod message;
mod queue;

pub use self::{
    client::{Client, Options},
    events::{Author, Content, Event, Incoming, Quoted, Reaction, Vote, event_of},
    failure::Failure,
    identity::{Identity, Trust},
    message::{Message, Recipient, Sent},
    queue::Events,
};
