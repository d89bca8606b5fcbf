//! A sender and a client, as the tests want them.

use aisudo_push::{
    Allowed, Client, Contact, Message, Push, Recipient, Sender, Sent, Subscription, Urgency, Vapid,
};
use aisudo_push_sim::PushService;
use aisudo_sys::{clock::unix_ms, random::random_bytes};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;

pub(crate) const HELLO: Message<'static> = Message {
    payload: b"hello",
    ttl_s: 60,
    urgency: Urgency::High,
    topic: None,
};

pub(crate) const CONTACT: &str = "mailto:admin@example.com";

/// A push service, and a browser that has subscribed there.
pub(crate) struct World {
    pub(crate) service: PushService,
    pub(crate) sender: Sender,
    pub(crate) to: Recipient,
    pub(crate) client: Client,
}

impl World {
    pub(crate) fn new() -> Self {
        let service = PushService::start();
        let sender = sender();
        let subscription = service.subscription(&sender.vapid().public());
        let to = check(&subscription, &service.origin());
        Self {
            service,
            sender,
            to,
            client: Client::trusting(vec![]).unwrap(),
        }
    }

    pub(crate) fn push(&self, message: &Message<'_>) -> Push {
        push(&self.sender, &self.to, message)
    }

    pub(crate) async fn send(&self, message: &Message<'_>) -> Sent {
        self.client.send(&self.push(message)).await
    }
}

/// With a new key.
pub(crate) fn sender() -> Sender {
    let key = Vapid::generate(&mut rng());
    Sender::new(key, Contact::new(CONTACT).unwrap())
}

pub(crate) fn push(sender: &Sender, to: &Recipient, message: &Message<'_>) -> Push {
    sender.push(to, message, now_s(), &mut rng()).unwrap()
}

/// A browser's subscription, read where root allows its service.
pub(crate) fn check(subscription: &aisudo_push_sim::Subscription, origin: &str) -> Recipient {
    let json = serde_json::to_string(subscription).unwrap();
    let read: Subscription = serde_json::from_str(&json).unwrap();
    let mut allowed = Allowed::services();
    allowed.add(origin).unwrap();
    read.check(&allowed).unwrap()
}

pub(crate) fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed(random_bytes().unwrap())
}

pub(crate) fn now_s() -> u64 {
    unix_ms() / 1000
}
