//! The processes above sudo.

use aisudo_core::{agents, raw::Raw, request::Process};
use aisudo_sys::process;

/// How far up the gate looks.
const MOST_PARENTS: usize = 32;

/// The processes above sudo.
#[derive(Clone, Debug, Default)]
pub struct Above {
    /// Nearest first.
    pub processes: Vec<Process>,
    /// AI agents that they look like, each once.
    pub agents: Vec<String>,
}

/// The chain from `parent` up to the first process.
#[must_use]
pub fn above(parent: i32) -> Above {
    let mut found = Above::default();
    let mut next = parent;
    while next > 0 && found.processes.len() < MOST_PARENTS {
        let Some(stat) = process::stat(next) else {
            break;
        };
        let exe = process::program(next);
        let command = process::words(next);
        let names = [stat.name.as_slice()]
            .into_iter()
            .chain(exe.iter().map(|exe| exe.as_os_str().as_encoded_bytes()))
            // A script's name is the first or second word of its interpreter's command line.
            .chain(command.iter().take(2).map(Vec::as_slice));
        if let Some(agent) = agents::recognize(names)
            .filter(|agent| !found.agents.iter().any(|known| known == agent))
        {
            found.agents.push(agent.to_owned());
        }
        next = stat.parent;
        found.processes.push(Process {
            pid: stat.pid,
            start_time: stat.start_time,
            uid: process::real_uid(stat.pid).unwrap_or(u32::MAX),
            name: Raw(stat.name),
            exe: exe.map(|exe| Raw::from(exe.as_os_str())),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_parent_and_a_first_ancestor() {
        let own = process::own().unwrap();
        let above = above(own.parent);
        assert_eq!(above.processes.first().unwrap().pid, own.parent);
        assert_eq!(
            above.processes.first().unwrap().uid,
            rustix::process::getuid().as_raw()
        );
    }
}
