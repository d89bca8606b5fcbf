//! One thread hands over what waits on the server. As in signal-cli, a client that does not read stops
//! it for everybody.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::builder::ReceiveMode;
use crate::envelope::untrusted;
use crate::lines::Connection;
use crate::people::UNTRUSTED;
use crate::state::{Mail, Setup, Shared, State, now_ms};

/// What is written next, and to whom.
struct Delivery {
    params: Vec<Value>,
    account: String,
    to: Vec<Arc<Connection>>,
}

/// Delivers until the simulator is over.
pub(crate) fn deliver(shared: &Shared) {
    while let Some(delivery) = next(shared) {
        let torn = shared.lock().faults.torn;
        for params in &delivery.params {
            for connection in &delivery.to {
                connection.notify(&delivery.account, params, torn);
            }
        }
        shared.change(|state| state.delivering = false);
    }
}

/// Waits for the next. Nothing: it is over.
fn next(shared: &Shared) -> Option<Delivery> {
    loop {
        let found = shared.wait(Duration::from_secs(3600), |state| {
            if state.over {
                return Some(None);
            }
            take(&shared.setup, state).map(Some)
        });
        if let Some(next) = found {
            return next;
        }
    }
}

fn take(setup: &Setup, state: &mut State) -> Option<Delivery> {
    if state.faults.hang || !state.listening {
        return None;
    }
    let mail = if let Some(late) = state.held_back.take_if(|_| !state.faults.reordered) {
        late
    } else {
        let waits_for_somebody = setup.receive != ReceiveMode::OnStart;
        let index = state
            .mail
            .iter()
            .position(|mail| !waits_for_somebody || is_received(state, &mail.account))?;
        state.mail.remove(index)?
    };
    let account = mail.account.clone();
    let params = befall(setup, state, mail);
    state.delivering = true;
    let to = receivers(state, &account);
    Some(Delivery {
        params,
        account,
        to,
    })
}

/// What becomes of a message on its way: nothing, an exception, itself, or more.
fn befall(setup: &Setup, state: &mut State, mut mail: Mail) -> Vec<Value> {
    let sender = mail.sender.and_then(|aci| state.knows(aci));
    if sender.is_some_and(|known| known.trust == UNTRUSTED) && !setup.trusts_new_keys {
        let params = untrusted(&mail.params);
        state.withheld.push(mail);
        return vec![params];
    }
    if let Some(delivered) = mail
        .params
        .pointer_mut("/envelope/serverDeliveredTimestamp")
    {
        *delivered = now_ms().into();
    }
    let faults = &mut state.faults;
    if faults.deaf {
        return Vec::new();
    }
    if faults.notifications_lost > 0 {
        faults.notifications_lost -= 1;
        return Vec::new();
    }
    let mut params = Vec::new();
    if faults.reordered {
        match state.held_back.take() {
            Some(earlier) => params.extend([mail.params, earlier.params]),
            None => state.held_back = Some(mail),
        }
    } else {
        params.push(mail.params);
    }
    if state.faults.twice {
        params = params
            .into_iter()
            .flat_map(|one| [one.clone(), one])
            .collect();
    }
    params
}

fn is_received(state: &State, account: &str) -> bool {
    state
        .connections
        .iter()
        .any(|connection| connection.receives(account))
}

fn receivers(state: &State, account: &str) -> Vec<Arc<Connection>> {
    let receives = |connection: &&Arc<Connection>| connection.receives(account);
    state.connections.iter().filter(receives).cloned().collect()
}
