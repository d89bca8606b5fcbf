//! A sender of Web Push messages: RFC 8030 (how they are sent), RFC 8188 and 8291 (how they are
//! encrypted), RFC 8292 (who sends them). It knows nothing of requests or approvers, and keeps nothing:
//! keys and subscriptions come and go as bytes.
//!
//! ```no_run
//! # async fn one_push(bytes: &[u8], json: &str, rng: &mut impl rand_core::CryptoRngCore, now_s: u64)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use aisudo_push::{Allowed, Client, Contact, Message, Sender, Subscription, Urgency, Vapid};
//!
//! let sender = Sender::new(Vapid::from_bytes(bytes)?, Contact::new("mailto:admin@example.com")?);
//! let client = Client::with_system_roots()?;
//! let subscription: Subscription = serde_json::from_str(json)?;
//! let to = subscription.check(&Allowed::services())?;
//! let message = Message { payload: b"hello", ttl_s: 60, urgency: Urgency::High, topic: None };
//! let push = sender.push(&to, &message, now_s, rng)?;
//! println!("{:?}", client.send(&push).await);
//! # Ok(())
//! # }
//! ```
//!
//! What is sent to is what a stranger may have written, so it is read strictly: the push services of
//! the browsers' makers and what root adds, HTTPS, no redirects, and no address of this machine or its
//! network behind a public name.
//!
//! The encryption is written here, over `p256`, `hkdf` and `aes-gcm`. The crate `web-push-native` 0.5
//! brings a second generation of hashes along (`sha2` 0.11 beside 0.10), and takes its salt and key from
//! the system alone, so RFC 8291's own example could not be run through it.

mod address;
mod allowed;
mod client;
mod connect;
mod contact;
mod encrypt;
mod message;
mod origin;
mod push;
mod sent;
mod subscription;
mod tls;
mod vapid;

pub use self::{
    allowed::{Allowed, NotAnOrigin},
    client::{Client, MAX_AT_ONCE},
    contact::{Contact, NotAContact},
    encrypt::{MAX_PAYLOAD_BYTES, Unsendable},
    message::{Message, Topic, Urgency},
    push::{Push, Sender},
    sent::Sent,
    subscription::{Recipient, Subscription, Unfit},
    tls::NoTls,
    vapid::{NotAKey, Vapid},
};
