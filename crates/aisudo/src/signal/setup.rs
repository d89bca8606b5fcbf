//! `aisudo signal setup`: from a running signal-cli to an approver who is asked there.

use std::{io::IsTerminal as _, path::Path};

use aisudo_core::{
    approvers::{Approvers, SignalAccount},
    config::{Config, Endpoint, Receive},
    display,
    paths::Paths,
};
use aisudo_signal::Recipient;
use aisudo_sys::{clock, random::random_bytes, users::account_named};
use uuid::Uuid;

use super::{
    console::{Console, Question, refused},
    edit::{Section, accepts_signal, with_approver, with_section},
    file::{self, Access},
    pair::{Challenge, Paired, pair},
    place, qr, show,
    signal_cli::{SignalCli, failed},
};
use crate::{cli::SignalSetup, failure::Failure, output::Output};

/// Where signal-cli listens by our unit.
const USUAL_PLACE: &str = "unix:/run/signal-cli/socket";

/// Which account asks, and how.
struct Asker {
    account: String,
    note_to_self: bool,
}

/// Root's files as they are.
struct Before {
    config: Config,
    config_text: String,
    approvers: Approvers,
    approvers_text: String,
}

pub(super) fn run(
    paths: &Paths,
    arguments: &SignalSetup,
    output: &mut Output,
) -> Result<(), Failure> {
    let before = Before::read(paths)?;
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

impl Before {
    fn read(paths: &Paths) -> Result<Self, Failure> {
        let text = |path: &Path| file::read(path).map_err(|why| refused(&why));
        let config_text = text(&paths.config())?;
        if config_text.is_empty() {
            return Err(refused(&format!(
                "there is no {}; say there who is gated first, see docs/configuration.md",
                paths.config().display()
            )));
        }
        let config = Config::parse(&config_text)
            .map_err(|why| refused(&format!("{}: {why}", paths.config().display())))?;
        let approvers_text = text(&paths.approvers())?;
        let approvers = match approvers_text.as_str() {
            "" => Approvers::default(),
            text => Approvers::parse(text)
                .map_err(|why| refused(&format!("{}: {why}", paths.approvers().display())))?,
        };
        Ok(Self {
            config,
            config_text,
            approvers,
            approvers_text,
        })
    }

    fn knows(&self, name: &str) -> bool {
        self.approvers.approvers.iter().any(|one| one.name == name)
    }
}

/// Where signal-cli is; it answers there.
fn connected(
    paths: &Paths,
    arguments: &SignalSetup,
    before: &Before,
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
    if let Endpoint::Unix(socket) = &endpoint {
        place::check(&paths.of(socket), &before.config).map_err(|why| refused(&why))?;
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
    if let Endpoint::Unix(socket) = endpoint {
        if let Some(why) = place::closed_to_daemon(&paths.of(socket), config) {
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

fn asker(
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
    let colours = std::io::stdout().is_terminal();
    let number = signal_cli.with(None, |client| async move {
        let uri = client.start_link().await.map_err(|failure| failed(&failure))?;
        let code = qr::of_link(&uri, colours).map_err(|why| refused(&why))?;
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

fn approver_name(arguments: &SignalSetup, console: &mut Console<'_>) -> Result<String, Failure> {
    let question = Question {
        text: "What is the approver's name, as others see it?",
        suggested: None,
        option: "--name",
    };
    console.ask(question, arguments.name.as_deref(), |name| {
        // The file's own rules decide.
        let file = format!(
            "version = 1\n[[approver]]\nname = {}\n",
            toml_edit::value(name)
        );
        Approvers::parse(&file).map(|_| name.to_owned())
    })
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
    before: &Before,
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
    show::changes(
        console,
        &paths.approvers(),
        &before.approvers_text,
        &approvers,
    )?;
    show::changes(console, &paths.config(), &before.config_text, &config)?;
    if !accepts_signal(&before.config) {
        console.say("\nNote: \"signal\" is added to what the gate accepts: answers from there let commands run.")?;
    }
    if !console.confirm("\nWrite this?", true)? {
        return Err(refused("nothing was written"));
    }
    save_approvers(paths, &before.config, &before.approvers_text, &approvers)?;
    if config != before.config_text {
        let access = Access::of(&paths.config()).map_err(|why| refused(&why))?;
        file::replace(&paths.config(), &before.config_text, &config, access)
            .map_err(|why| refused(&why))?;
    }
    console.say(&format!(
        "\nWritten; what was there before is in …{}. Now run: systemctl restart aisudo-daemon, then: aisudo status",
        file::BEFORE
    ))
}

/// Writes `approvers.toml`, for root and the daemon to read.
pub(super) fn save_approvers(
    paths: &Paths,
    config: &Config,
    before: &str,
    after: &str,
) -> Result<(), Failure> {
    let daemon = account_named(&config.daemon.user).map(|account| account.gid);
    file::replace(&paths.approvers(), before, after, Access::root_and(daemon))
        .map_err(|why| refused(&why))
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| is_digits(digits) && (5..=15).contains(&digits.len()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn host() -> String {
    let name = rustix::system::uname();
    safe(&name.nodename().to_string_lossy())
}

fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
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
