//! `aisudo signal setup`: from a running signal-cli to an approver who is asked there.

use aisudo_core::{
    approvers::SignalAccount,
    config::{Config, Endpoint, Receive},
    paths::Paths,
};
use aisudo_signal::Recipient;
use aisudo_sys::{clock, random::random_bytes, socket};
use uuid::Uuid;

use super::{
    asker::{Asker, asker, host, is_digits, is_number},
    edit::{Section, accepts_signal, with_approver, with_section},
    pair::{Challenge, Paired, pair},
    show,
    signal_cli::SignalCli,
};
use crate::{
    cli::SignalSetup,
    failure::Failure,
    output::Output,
    root::{
        Files, changes, checked_name,
        console::{Console, Question, refused},
        file::BEFORE,
    },
};

/// Where signal-cli listens by our unit.
const USUAL_PLACE: &str = "unix:/run/signal-cli/socket";

pub(super) fn run(
    paths: &Paths,
    arguments: &SignalSetup,
    output: &mut Output,
) -> Result<(), Failure> {
    let before = Files::read(paths)?;
    let mut console = Console::new(output, arguments.yes);
    let (endpoint, signal_cli) = connected(paths, arguments, &before, &mut console)?;
    let closed = is_closed(paths, arguments, &before.config, &endpoint, &mut console)?;
    let asker = asker(&signal_cli, arguments, &before.config, &mut console)?;
    let name = approver_name(arguments, &mut console)?;
    if before.knows(&name)
        && !console.confirm(
            &format!("There is an approver {name}. Pair them anew?"),
            false,
        )?
    {
        return Err(refused("nothing was written; give another --name"));
    }
    let to = recipient(arguments, &asker, &mut console)?;
    let paired = challenged(&signal_cli, &asker.account, &to, &mut console)?;
    compare(&paired, asker.note_to_self, &mut console)?;
    let section = Section {
        connect: endpoint,
        account: asker.account,
        note_to_self: asker.note_to_self,
        receive: arguments.receive.clone(),
        port_is_closed_to_others: closed,
        languages: arguments.languages.clone(),
    };
    write(paths, &before, &section, &name, &paired, &mut console)
}

/// Where signal-cli is; it answers there.
fn connected(
    paths: &Paths,
    arguments: &SignalSetup,
    before: &Files,
    console: &mut Console<'_>,
) -> Result<(Endpoint, SignalCli), Failure> {
    let known = before.config.channels.signal.as_ref();
    let suggested = known.map_or_else(
        || USUAL_PLACE.to_owned(),
        |signal| signal.connect.to_string(),
    );
    let question = Question {
        text: "Where does signal-cli listen?",
        suggested: Some(&suggested),
        option: "--connect",
    };
    let endpoint: Endpoint = console.ask(question, arguments.connect.as_deref(), str::parse)?;
    if let Endpoint::Unix(path) = &endpoint {
        socket::check(&paths.of(path), &before.config).map_err(|why| refused(&why))?;
    }
    let receive = match arguments.receive.as_deref() {
        Some("manual") => Receive::Manual,
        Some(_) => Receive::OnConnection,
        None => known.map(|signal| signal.receive).unwrap_or_default(),
    };
    let signal_cli = SignalCli::new(paths, &endpoint, receive)?;
    let version = signal_cli.with(
        None,
        |client| async move { Ok(client.version().to_owned()) },
    )?;
    console.say(&format!("signal-cli {version} answers on {endpoint}."))?;
    Ok((endpoint, signal_cli))
}

/// Root's word on a port; and a look whether the daemon can use a socket.
fn is_closed(
    paths: &Paths,
    arguments: &SignalSetup,
    config: &Config,
    endpoint: &Endpoint,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    if let Endpoint::Unix(path) = endpoint {
        if let Some(why) = socket::closed_to_daemon(&paths.of(path), config) {
            console.say(&format!("Note: {why}"))?;
        }
        return Ok(false);
    }
    let question = "Any user of this host can use a port, and edit what is asked. Is this one closed to all but aisudo-daemon?";
    if arguments.port_is_closed_to_others || console.confirm(question, false)? {
        return Ok(true);
    }
    Err(refused(
        "nothing was written; let signal-cli listen on a Unix socket, see docs/signal.md",
    ))
}

fn approver_name(arguments: &SignalSetup, console: &mut Console<'_>) -> Result<String, Failure> {
    let question = Question {
        text: "What is the approver's name, as others see it?",
        suggested: None,
        option: "--name",
    };
    console.ask(question, arguments.name.as_deref(), checked_name)
}

fn recipient(
    arguments: &SignalSetup,
    asker: &Asker,
    console: &mut Console<'_>,
) -> Result<Recipient, Failure> {
    if asker.note_to_self {
        return match arguments.to {
            None => Ok(Recipient::NoteToSelf),
            Some(_) => Err(refused(
                "with a note to self the approver is the account itself; leave out --to",
            )),
        };
    }
    let question = Question {
        text: "Their number (+1555…), username (u:name.01) or identity (a UUID)?",
        suggested: None,
        option: "--to",
    };
    console.ask(question, arguments.to.as_deref(), |answer| {
        if answer == asker.account {
            return Err(
                "that is the account that asks; leave it out and give --note-to-self".to_owned(),
            );
        }
        whom(answer)
    })
}

fn whom(text: &str) -> Result<Recipient, String> {
    let is_username = |name: &str| {
        let (word, digits) = name.split_once('.').unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !word.is_empty() && word.chars().all(is_word) && is_digits(digits)
    };
    match text.strip_prefix("u:") {
        Some(name) if is_username(name) => Ok(Recipient::Address(text.to_owned())),
        None if is_number(text) => Ok(Recipient::Address(text.to_owned())),
        _ => match text.parse::<Uuid>() {
            Ok(aci) => Ok(Recipient::Account(aci)),
            Err(_) => Err(
                "give a number such as +15550002222, a username such as u:name.01, or a UUID"
                    .to_owned(),
            ),
        },
    }
}

fn challenged(
    signal_cli: &SignalCli,
    account: &str,
    to: &Recipient,
    console: &mut Console<'_>,
) -> Result<Paired, Failure> {
    let random = random_bytes().map_err(|error| refused(&format!("no randomness: {error}")))?;
    let challenge = Challenge::new(random);
    if !console.confirm("Send the approver a message that asks for a code?", true)? {
        return Err(refused("nothing was sent or written"));
    }
    let host = host();
    signal_cli.listening(Some(account), |client, events| async move {
        pair(&client, events, to, &host, &challenge, console).await
    })
}

/// Root sees who answered before anything is believed.
fn compare(paired: &Paired, note_to_self: bool, console: &mut Console<'_>) -> Result<(), Failure> {
    console.say("\nAnswered, by this account:\n")?;
    show::key(console, &paired.known)?;
    let question = if note_to_self {
        "\nIs it the account of this approver?"
    } else {
        "\nCompare the safety number with the phone's: in the chat, tap the name, then View safety number.\nIs it the same?"
    };
    if console.confirm(question, false)? {
        Ok(())
    } else {
        Err(refused("nothing was written; do not use this account"))
    }
}

fn write(
    paths: &Paths,
    before: &Files,
    section: &Section,
    name: &str,
    paired: &Paired,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let account = SignalAccount {
        aci: paired.known.aci,
        identity: paired.known.key.clone(),
        since_ms: match paired.at_ms {
            0 => clock::unix_ms(),
            server => server,
        },
    };
    let approvers =
        with_approver(&before.approvers_text, name, &account).map_err(|why| refused(&why))?;
    let config = with_section(&before.config_text, section).map_err(|why| refused(&why))?;
    changes::show(
        console,
        &paths.approvers(),
        &before.approvers_text,
        &approvers,
    )?;
    changes::show(console, &paths.config(), &before.config_text, &config)?;
    if !accepts_signal(&before.config) {
        console.say("\nNote: \"signal\" is added to what the gate accepts: answers from there let commands run.")?;
    }
    if !console.confirm("\nWrite this?", true)? {
        return Err(refused("nothing was written"));
    }
    before.save_approvers(paths, &approvers)?;
    before.save_config(paths, &config)?;
    console.say(&format!(
        "\nWritten; what was there before is in …{}. Now run: systemctl restart aisudo-daemon, then: aisudo status",
        BEFORE
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approver_is_named_by_number_username_or_identity() {
        let aci = "11111111-2222-4333-8444-555555555555";
        for address in ["+15550002222", "u:name.01", "u:na_me9.4711"] {
            assert_eq!(whom(address), Ok(Recipient::Address(address.to_owned())));
        }
        assert_eq!(whom(aci), Ok(Recipient::Account(aci.parse().unwrap())));
        for wrong in [
            "",
            "name.01",
            "u:name",
            "u:.01",
            "u:na me.01",
            "+",
            "+1555x",
            "15550002222",
            "PNI:x",
        ] {
            assert!(whom(wrong).is_err(), "{wrong}");
        }
    }
}
