//! Which account asks.

use aisudo_core::{config::Config, display};

use super::signal_cli::{SignalCli, failed};
use crate::{
    cli::SignalSetup,
    failure::Failure,
    root::{
        console::{Console, Question, refused},
        host_name, qr,
    },
};

/// Which account asks, and how.
pub(super) struct Asker {
    pub(super) account: String,
    pub(super) note_to_self: bool,
}

/// Root chooses it, or links it now.
pub(super) fn asker(
    signal_cli: &SignalCli,
    arguments: &SignalSetup,
    config: &Config,
    console: &mut Console<'_>,
) -> Result<Asker, Failure> {
    let accounts = signal_cli.with(None, |client| async move {
        match client.serves_several() {
            true => client
                .accounts()
                .await
                .map(Some)
                .map_err(|failure| failed(&failure)),
            false => Ok(None),
        }
    })?;
    let linked = match &accounts {
        _ if arguments.link => Some(link(signal_cli, arguments, console)?),
        Some(accounts) if accounts.is_empty() && arguments.account.is_none() => {
            // Unattended, a link is not something to fall into.
            if arguments.yes || !console.confirm(NO_ACCOUNT, true)? {
                return Err(refused(REGISTER));
            }
            Some(link(signal_cli, arguments, console)?)
        }
        _ => None,
    };
    let account = match &linked {
        Some(account) => account.clone(),
        None => account(accounts.as_deref(), arguments, config, console)?,
    };
    let known = config.channels.signal.as_ref();
    let known = known.filter(|signal| signal.account == account);
    let suggested = linked.is_some() || known.is_some_and(|signal| signal.note_to_self);
    let note_to_self = match (arguments.note_to_self, arguments.own_number) {
        (true, _) => true,
        (_, true) => false,
        _ if arguments.yes => suggested,
        _ => console.confirm(
            &format!(
                "Is {account} the approver's own account, with signal-cli linked to their phone?"
            ),
            suggested,
        )?,
    };
    Ok(Asker {
        account,
        note_to_self,
    })
}

const NO_ACCOUNT: &str = "signal-cli has no account. Link it to a phone now? (To give it a number of its own, answer n.)";

const REGISTER: &str = "signal-cli has no account, and nothing was written; give --link, or register a number as docs/signal.md says and restart signal-cli";

/// One of those that signal-cli has; any, if it does not say.
fn account(
    accounts: Option<&[String]>,
    arguments: &SignalSetup,
    config: &Config,
    console: &mut Console<'_>,
) -> Result<String, Failure> {
    let known = config
        .channels
        .signal
        .as_ref()
        .map(|signal| signal.account.as_str());
    let suggested = match accounts {
        Some([one]) => Some(one.as_str()),
        Some(several) => {
            console.say(&format!("Its accounts: {}", safe(&several.join(", "))))?;
            known.filter(|known| several.iter().any(|account| account == known))
        }
        None => known,
    };
    let question = Question {
        text: "Which account asks?",
        suggested,
        option: "--account",
    };
    console.ask(question, arguments.account.as_deref(), |answer| {
        let is_there = accounts.is_none_or(|all| all.iter().any(|account| account == answer));
        match is_number(answer) {
            true if is_there => Ok(answer.to_owned()),
            true => Err("signal-cli has no such account".to_owned()),
            false => Err("give its number, such as +15550001111".to_owned()),
        }
    })
}

/// What signal-cli's links begin with. Phones take others as well, and do other things with them.
const LINK: &str = "sgnl://linkdevice?";

/// A longer link is none.
const LONGEST_LINK: usize = 500;

const NO_LINK: &str = "signal-cli gave no link that can be shown; see its log, and try again";

fn is_link(uri: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/?=&%-._~+".contains(c);
    uri.starts_with(LINK) && uri.len() <= LONGEST_LINK && uri.chars().all(is_plain)
}

/// Links signal-cli to a phone; gives the account's number.
fn link(
    signal_cli: &SignalCli,
    arguments: &SignalSetup,
    console: &mut Console<'_>,
) -> Result<String, Failure> {
    let device = arguments
        .device_name
        .clone()
        .unwrap_or_else(|| format!("aisudo on {}", host()));
    let number = signal_cli.with(None, |client| async move {
        let uri = client.start_link().await.map_err(|failure| failed(&failure))?;
        if !is_link(&uri) {
            return Err(refused(NO_LINK));
        }
        let code = qr::shown(&uri).map_err(|why| refused(&why))?;
        console.say(&format!(
            "\n{code}\n{uri}\n\nScan this with the phone: Settings, Linked devices. Waiting; Ctrl-C ends it."
        ))?;
        let linked = client.finish_link(&uri, &device).await;
        linked.map_err(|failure| failed(&failure))
    })?;
    if is_number(&number) {
        Ok(number)
    } else {
        Err(refused(
            "signal-cli does not say which account was linked; see its log",
        ))
    }
}

/// A phone number in its international form.
pub(super) fn is_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| is_digits(digits) && (5..=15).contains(&digits.len()))
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// This host's name, safe to show.
pub(super) fn host() -> String {
    safe(&host_name())
}

fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_links_a_device_is_a_link() {
        assert!(is_link(
            "sgnl://linkdevice?uuid=8JXk2wAAQb%2BAAA%3D%3D&pub_key=BQ%2Fabc-_~."
        ));
        for wrong in [
            "https://example.org",
            "sgnl://signal.group/#x",
            "sgnl://linkdevice?uuid=\u{1b}[2J",
            &format!("{LINK}{}", "x".repeat(500)),
        ] {
            assert!(!is_link(wrong), "{wrong}");
        }
    }
}
