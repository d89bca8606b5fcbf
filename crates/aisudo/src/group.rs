//! Requests that are one question, asked several times.
//!
//! Whether they are is seen from the frozen bytes, by `Request::fingerprint`; what the daemon's rows
//! say of it is believed nowhere.

use aisudo_core::{
    raw::Hex32,
    wire::{FromControl, Row, ToControl},
};
use uuid::Uuid;

use crate::{
    daemon::{Control, out_of_place},
    failure::Failure,
    fetch::{Fetched, fetch, is_pending},
};

/// One question, and all who ask it: at least one, in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) fingerprint: Hex32,
    pub(crate) members: Vec<Fetched>,
}

/// What waits for a person.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) requests: Vec<Fetched>,
    /// What cannot be shown, and why.
    pub(crate) unshown: Vec<(Row, String)>,
    /// How many more there are than the daemon tells.
    pub(crate) left_out: usize,
}

/// All that waits, each checked. Those that are `known` are not asked for again: their bytes cannot
/// have changed.
pub(crate) fn waiting(control: &mut Control, known: &[Fetched]) -> Result<Waiting, Failure> {
    let ToControl::Requests { requests, left_out } =
        control.ask(&FromControl::List { all: false })?
    else {
        return Err(out_of_place());
    };
    let mut waiting = Waiting {
        left_out,
        ..Waiting::default()
    };
    for row in requests.into_iter().filter(is_pending) {
        if let Some(known) = known.iter().find_map(|known| known.standing_at(&row)) {
            waiting.requests.push(known);
            continue;
        }
        match fetch(control, &row.id.to_string()) {
            Ok(fetched) if fetched.is_pending() => waiting.requests.push(fetched),
            // Over since the list was made.
            Ok(_) => {}
            Err(Failure::Refused(why)) => waiting.unshown.push((row, why)),
            Err(failure) => return Err(failure),
        }
    }
    Ok(waiting)
}

/// Puts those together that are one question. Each stands where its first one stood.
pub(crate) fn groups(requests: Vec<Fetched>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for fetched in requests {
        let known = groups
            .iter_mut()
            .find(|group| group.fingerprint == fetched.fingerprint);
        match known {
            Some(group) => group.members.push(fetched),
            None => groups.push(Group {
                fingerprint: fetched.fingerprint,
                members: vec![fetched],
            }),
        }
    }
    groups
}

impl Group {
    pub(crate) fn first(&self) -> Option<&Fetched> {
        self.members.first()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.members.iter().map(|member| member.row.id)
    }

    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.ids().any(|own| own == id)
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, id: Uuid) {
        self.members.retain(|member| member.row.id != id);
    }

    /// The names of all but the first, in one phrase; nothing when there is but one.
    pub(crate) fn others(&self) -> Option<String> {
        match self.members.get(1..) {
            None | Some([]) => None,
            Some(others) => Some(codes(others)),
        }
    }
}

/// The names of requests, in one phrase. They were checked, and are plain.
pub(crate) fn codes(requests: &[Fetched]) -> String {
    let codes: Vec<&str> = requests
        .iter()
        .map(|fetched| fetched.row.code.as_str())
        .collect();
    codes.join(", ")
}

/// What stands below a request that is asked several times.
pub(crate) fn asked_times(group: &Group) -> Option<String> {
    let others = group.others()?;
    Some(format!(
        "The same is asked {} times: also by {others}.",
        group.members.len()
    ))
}
