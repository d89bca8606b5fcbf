//! Whose sudo is stopped, and when: by options, or by questions.

use aisudo_core::config::When;

use super::system::System;
use crate::{
    cli::Setup,
    failure::Failure,
    root::console::{Console, Question, refused},
};

/// A user whose sudo is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gated {
    pub(super) name: String,
    /// The groups they are in.
    pub(super) groups: Vec<String>,
    pub(super) when: When,
    /// Whether they get a rule of sudoers; others have theirs.
    pub(super) gets_rule: bool,
}

/// What root wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) gated: Vec<Gated>,
    /// A user that is not there yet.
    pub(super) new_user: Option<String>,
}

/// What a separate user is called, unless said otherwise.
const USUAL_AGENT: &str = "agent";

const MODES: &str = "
Whose sudo is to wait for a person?

  agent       A user of the agent's own. Each sudo of theirs waits, always. The agent cannot read
              your files or act as you. Recommended.
  unattended  Your own user, for an agent that works as you. Only a sudo without a terminal waits;
              at a terminal you give your password as before. Such an agent can still read and
              change all that is yours: your shell's start-up files, for instance, and with them
              what you type into sudo next. It stops an honest agent, not a cunning one.
";

/// Reads the options, and asks for what they do not say.
pub(super) fn choose(
    arguments: &Setup,
    system: &dyn System,
    invoker: Option<&str>,
    console: &mut Console<'_>,
) -> Result<Choice, Failure> {
    if let Some(name) = arguments.agent_user.as_deref() {
        return separate(name, arguments, system);
    }
    if !arguments.users.is_empty() {
        return existing(&arguments.users, arguments.unattended, system);
    }
    if arguments.unattended {
        let name = invoker
            .ok_or_else(|| refused("nothing was changed; say whose sudo it is: give --user"))?;
        return existing(&[name.to_owned()], true, system);
    }
    console.say(MODES)?;
    let question = Question {
        text: "agent or unattended?",
        suggested: Some("agent"),
        option: "--agent-user or --unattended",
    };
    let unattended = console.ask(question, None, |answer| match answer {
        "agent" => Ok(false),
        "unattended" => Ok(true),
        _ => Err("answer agent or unattended".to_owned()),
    })?;
    let question = Question {
        text: if unattended {
            "Which user?"
        } else {
            "What is the agent's user called? It is made if it is not there."
        },
        suggested: if unattended {
            invoker
        } else {
            Some(USUAL_AGENT)
        },
        option: if unattended { "--user" } else { "--agent-user" },
    };
    let name = console.ask(question, None, |answer| {
        checked(answer).map(|()| answer.to_owned())
    })?;
    match unattended {
        true => existing(&[name], true, system),
        false => separate(&name, arguments, system),
    }
}

/// A user of the agent's own.
fn separate(name: &str, arguments: &Setup, system: &dyn System) -> Result<Choice, Failure> {
    checked(name).map_err(|why| refused(&why))?;
    let account = system.account(name);
    if account.as_ref().is_some_and(|account| account.uid == 0) {
        return Err(root_is_never_gated());
    }
    let groups = account.as_ref().map_or_else(
        || vec![name.to_owned()],
        |account| system.groups_of(account),
    );
    let mut gated = vec![Gated {
        name: name.to_owned(),
        groups,
        when: When::Always,
        gets_rule: true,
    }];
    let others = existing(&arguments.users, arguments.unattended, system)?;
    gated.extend(others.gated.into_iter().filter(|other| other.name != name));
    Ok(Choice {
        gated,
        new_user: account.is_none().then(|| name.to_owned()),
    })
}

/// Users that are there, and have their rules.
fn existing(names: &[String], unattended: bool, system: &dyn System) -> Result<Choice, Failure> {
    let mut gated = Vec::new();
    for name in names {
        checked(name).map_err(|why| refused(&why))?;
        let account = system.account(name).ok_or_else(|| {
            refused(&format!(
                "there is no user {name}; nothing was changed; --agent-user {name} makes one"
            ))
        })?;
        if account.uid == 0 {
            return Err(root_is_never_gated());
        }
        gated.push(Gated {
            name: name.clone(),
            groups: system.groups_of(&account),
            when: match unattended {
                true => When::Unattended,
                false => When::Always,
            },
            gets_rule: false,
        });
    }
    Ok(Choice {
        gated,
        new_user: None,
    })
}

fn root_is_never_gated() -> Failure {
    refused("root is never asked for; nothing was changed; name another user")
}

/// A name that means the same in sudoers, in TOML and to useradd(8), whatever stands around it.
fn checked(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_name = name.len() <= 32
        && name.starts_with(first)
        && name.chars().all(plain)
        // All in capitals it could be an alias of sudoers.
        && name.contains(|c: char| c.is_ascii_lowercase());
    match is_name {
        true => Ok(()),
        false => Err(format!(
            "{name:?} cannot be written into sudoers as it is; nothing was changed; name a user of letters, digits, - _ and ."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn a_name_that_sudoers_could_read_otherwise_is_refused() {
        for good in ["agent", "build-bot", "_x", "a.b", "Claude2"] {
            assert_eq!(checked(good), Ok(()));
        }
        for bad in [
            "", "ALL", "ADMINS", "%wheel", "#0", "+group", "a b", "a,b", "-a", "1a", "a\n", "ä",
            "a=b",
        ] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
    }
}
