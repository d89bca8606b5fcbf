//! `agent.sock`: anyone sees their own requests, and nothing else.

use std::{sync::Arc, time::Duration};

use aisudo_core::wire::{FromAgent, ToAgent};

use super::{Broken, Peer, Service, Shared, Wire, agent_refusal, said_wrong};
use crate::ledger::{Query, View};

/// How long a client may say nothing.
const IDLE: Duration = Duration::from_secs(30);

/// The longest frame, in bytes.
const MAX_FRAME: usize = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Agent;

impl Service for Agent {
    type Refusal = ToAgent;

    fn refusal(why: String) -> ToAgent {
        agent_refusal(why)
    }

    async fn serve(shared: Arc<Shared>, mut wire: Wire, peer: Peer) {
        loop {
            let answer = match wire.message_within(IDLE, MAX_FRAME).await {
                Ok((FromAgent::Status, _)) => ToAgent::Alive {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                Ok((FromAgent::Mine, _)) => mine(&shared, peer.uid).await,
                Err(Broken::Closed | Broken::Slow) => return,
                Err(broken) => {
                    let _ = wire.send(&agent_refusal(said_wrong(&broken))).await;
                    return;
                }
            };
            if wire.send(&answer).await.is_err() {
                return;
            }
        }
    }
}

async fn mine(shared: &Shared, uid: u32) -> ToAgent {
    match shared.ledger.look(Query::Mine { uid }).await {
        Ok(View::Rows(requests, _)) => ToAgent::Requests { requests },
        Ok(_) => agent_refusal("this cannot be shown".to_owned()),
        Err(failure) => agent_refusal(failure.to_string()),
    }
}
