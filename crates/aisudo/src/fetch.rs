//! One request from the daemon, checked, and what is said about where it stands.

use aisudo_core::{
    digest::{code, normalize_code, request_digest},
    display,
    evidence::Decision,
    raw::Hex32,
    render::{self, Label, View},
    request::Request,
    state::End,
    wire::{FromControl, LiveState, Row, Standing, ToControl},
};
use aisudo_sys::clock;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    daemon::{Control, out_of_place},
    failure::Failure,
    times,
};

/// A request whose bytes fit the digest that the daemon names.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) row: Row,
    /// As the gate froze it.
    pub(crate) frozen: String,
    pub(crate) request: Request,
    /// Of these bytes; what the row says of it is not looked at.
    pub(crate) fingerprint: Hex32,
}

/// Gets one request by its id or code.
pub(crate) fn fetch(control: &mut Control, which: &str) -> Result<Fetched, Failure> {
    let which = match which.trim().parse::<Uuid>() {
        Ok(id) => id.to_string(),
        Err(_) => normalize_code(which),
    };
    match control.ask(&FromControl::Show { which })? {
        ToControl::Request { row, request } => check(row, request),
        _ => Err(out_of_place()),
    }
}

/// The daemon may be mistaken, or stolen: what is shown must be what its row and the decision
/// name (I4).
pub(crate) fn check(row: Row, frozen: String) -> Result<Fetched, Failure> {
    let request = Request::parse(&frozen).map_err(|error| Failure::refused_by(&error))?;
    let digest = request_digest(frozen.as_bytes());
    let is_whole = digest == row.digest
        && request.id == row.id
        && request.requester.uid == row.uid
        && !row.code.is_empty()
        && row.code == code(&digest, row.code.len());
    if !is_whole {
        return Err(Failure::Refused(
            "what aisudo-daemon shows does not fit its digest: decide nothing, and look at the daemon".to_owned(),
        ));
    }
    Ok(Fetched {
        fingerprint: request.fingerprint(),
        row,
        frozen,
        request,
    })
}

/// Whether this row is about a request that waits for a person.
pub(crate) fn is_pending(row: &Row) -> bool {
    row.state == Standing::Live(LiveState::Pending)
}

impl Fetched {
    pub(crate) fn is_pending(&self) -> bool {
        is_pending(&self.row)
    }

    /// The same request where this newer row puts it; nothing when the row is about another one.
    pub(crate) fn standing_at(&self, row: &Row) -> Option<Self> {
        let is_same = row.id == self.row.id
            && row.digest == self.row.digest
            && row.code == self.row.code
            && row.uid == self.row.uid;
        is_same.then(|| Self {
            row: row.clone(),
            ..self.clone()
        })
    }

    pub(crate) fn view(&self) -> View {
        let label = Label {
            code: &self.row.code,
            digest: self.row.digest,
            remaining_ms: self.row.remaining_ms,
        };
        render::request(&self.request, &label)
    }

    /// The stable form for programs.
    pub(crate) fn json(&self) -> Result<Json<'_>, Failure> {
        Ok(Json {
            row: &self.row,
            request: verbatim(&self.frozen)?,
            frozen: &self.frozen,
            warnings: self.view().warnings,
        })
    }
}

/// A request as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Json<'a> {
    #[serde(flatten)]
    row: &'a Row,
    request: &'a RawValue,
    /// What the digest is over: its UTF-8 bytes.
    frozen: &'a str,
    warnings: Vec<String>,
}

/// The frozen text as a part of other JSON, not written anew.
pub(crate) fn verbatim(frozen: &str) -> Result<&RawValue, Failure> {
    serde_json::from_str(frozen).map_err(|error| Failure::refused_by(&error.to_string()))
}

/// Who wants to become whom, for lists; not whom, where the call could not be read.
pub(crate) fn who_as_whom(who: &str, view: &View) -> String {
    match view.lines.iter().find(|field| field.label == "as") {
        Some(target) => format!("{who} as {}", target.value),
        None => who.to_owned(),
    }
}

/// Where a request stands, as the rest of a sentence that begins with "it".
pub(crate) fn standing(state: &Standing) -> String {
    match state {
        Standing::Live(LiveState::Pending) => "waits for an answer".to_owned(),
        Standing::Live(LiveState::Approved { decision }) => {
            format!(
                "was approved {}, and sudo has not gone on yet",
                by(decision)
            )
        }
        Standing::Ended(End::Denied { decision }) => format!("was denied {}", by(decision)),
        Standing::Ended(End::Expired) => "expired: nobody answered in time".to_owned(),
        Standing::Ended(End::Cancelled { why }) => {
            format!("was cancelled: {}", display::text(why.as_bytes()).text)
        }
        Standing::Ended(End::Released { decision, .. }) => {
            format!("was approved {}, and let through", by(decision))
        }
        Standing::Ended(End::Unused { decision, why }) => format!(
            "was approved {}, but not let through: {}",
            by(decision),
            display::text(why.as_bytes()).text
        ),
    }
}

fn by(decision: &Decision) -> String {
    let ago = times::span(clock::unix_ms().saturating_sub(decision.at_ms));
    let approver = display::word(decision.approver.as_bytes()).text;
    format!("by {approver} {ago} ago")
}
