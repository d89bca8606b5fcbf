//! Requests for tests.

#[path = "../../tests/fake/data.rs"]
#[allow(dead_code, reason = "what other tests need as well")]
pub(super) mod data;

use aisudo_core::{
    digest::{code, request_digest},
    request::Request,
    state::{End, Tick},
    wire::{LiveState, Row, Standing},
};
use serde_json::Value;

use super::{areas::Size, model::Model};
use crate::{
    fetch::{Fetched, check},
    group::Waiting,
};

pub(super) const SMALL: Size = Size {
    width: 80,
    height: 24,
};

pub(super) const LARGE: Size = Size {
    width: 120,
    height: 40,
};

/// A request that waits.
pub(super) fn fetched(number: usize, words: &[&str]) -> Fetched {
    frozen(data::request(number, words))
}

/// The same with other facts.
pub(super) fn altered(number: usize, words: &[&str], alter: impl Fn(&mut Value)) -> Fetched {
    let mut value = serde_json::from_str(&data::request(number, words)).unwrap();
    alter(&mut value);
    frozen(value.to_string())
}

fn frozen(frozen: String) -> Fetched {
    let request = Request::parse(&frozen).unwrap();
    let digest = request_digest(frozen.as_bytes());
    let row = Row {
        id: request.id,
        code: code(&digest, 5),
        digest,
        fingerprint: request.fingerprint(),
        uid: request.requester.uid,
        asked_at_ms: request.asked_at_ms,
        remaining_ms: Some(97_900),
        state: Standing::Live(LiveState::Pending),
    };
    check(row, frozen).unwrap()
}

/// The same request, over.
pub(super) fn over(fetched: &Fetched, end: End) -> Fetched {
    let mut over = fetched.clone();
    over.row.state = Standing::Ended(end);
    over.row.remaining_ms = None;
    over
}

pub(super) fn waiting(requests: &[Fetched]) -> Waiting {
    Waiting {
        requests: requests.to_vec(),
        ..Waiting::default()
    }
}

/// A screen with these on it for so long that everything is armed, and that time.
pub(super) fn armed(size: Size, requests: &[Fetched]) -> (Model, Tick) {
    let mut model = Model::new(size, Tick(0));
    model.listed(Tick(0), waiting(requests));
    model.fit(size);
    model.drawn(Tick(0));
    (model, Tick(700))
}
