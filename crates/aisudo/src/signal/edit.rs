//! Root's files with something else in them about Signal.

use aisudo_core::{
    approvers::{Approvers, SignalAccount},
    config::{Config, Endpoint},
};
use toml_edit::{Array, Item};

use crate::root::edit::{
    CANNOT_BE_CHANGED, Place, accept, approver, approvers, checked, integer, named, parse, set,
    set_or_remove, table_in,
};

/// What `[channels.signal]` is to say. What is not here stays as it is.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) connect: Endpoint,
    pub(super) account: String,
    pub(super) note_to_self: bool,
    /// As the file has it, such as `manual`.
    pub(super) receive: Option<String>,
    pub(super) port_is_closed_to_others: bool,
    /// As the file has them, such as `en`.
    pub(super) languages: Vec<String>,
}

/// `aisudo.toml` with this section, and "signal" among what the gate accepts.
pub(super) fn with_section(text: &str, section: &Section) -> Result<String, String> {
    let mut document = parse(text)?;
    let root = document.as_table_mut();
    let channels = table_in(root, "channels", Place::NoLine)?;
    let signal = table_in(channels, "signal", Place::End)?;
    set(signal, "connect", section.connect.to_string());
    set(signal, "account", section.account.as_str());
    set_or_remove(signal, "note_to_self", section.note_to_self);
    let is_port = !matches!(section.connect, Endpoint::Unix(_));
    let closed = section.port_is_closed_to_others && is_port;
    set_or_remove(signal, "port_is_closed_to_others", closed);
    if let Some(receive) = &section.receive {
        set(signal, "receive", receive.as_str());
    }
    if !section.languages.is_empty() {
        let languages: Array = section.languages.iter().collect();
        set(signal, "languages", languages);
    }
    accept(root, "signal");
    let text = document.to_string();
    Config::parse(&text)?;
    Ok(text)
}

/// Whether the gate believes Signal by this `aisudo.toml` as it stands.
pub(super) fn accepts_signal(config: &Config) -> bool {
    config
        .gate
        .accept
        .contains(&aisudo_core::evidence::EvidenceKind::Signal)
}

/// `approvers.toml` with this account for this name. An empty text is no file.
pub(super) fn with_approver(
    text: &str,
    name: &str,
    account: &SignalAccount,
) -> Result<String, String> {
    let mut document = approvers(text)?;
    let one = approver(&mut document, name)?;
    let signal = table_in(one, "signal", Place::Within)?;
    set(signal, "aci", account.aci.to_string());
    set(signal, "identity", account.identity.as_str());
    set(signal, "since_ms", integer(account.since_ms)?);
    let text = checked(&document)?;
    // Where a table belongs depends on the lines above it.
    let written = Approvers::parse(&text)?;
    let mut all = written.on_signal();
    if all.any(|written| written == (name, account)) {
        Ok(text)
    } else {
        Err(CANNOT_BE_CHANGED.to_owned())
    }
}

/// `approvers.toml` without this name's Signal account; without the name, if that was all of it.
pub(super) fn without_approver(text: &str, name: &str) -> Result<String, String> {
    let mut document = parse(text)?;
    let all = document
        .get_mut("approver")
        .and_then(Item::as_array_of_tables_mut)
        .ok_or("there are no approvers; nothing was written")?;
    all.retain(|one| {
        !(named(one, name) && one.iter().all(|(key, _)| key == "name" || key == "signal"))
    });
    for one in all.iter_mut().filter(|one| named(one, name)) {
        one.remove("signal");
    }
    checked(&document)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "# Ours.\nversion = 1\n\n[gate]\naccept = [\"terminal\", \"policy\"] # not more\n\n[channels.terminal]\ngroup = \"staff\" # approvers\n";

    fn section() -> Section {
        Section {
            connect: "unix:/run/signal-cli/socket".parse().unwrap(),
            account: "+15550001111".to_owned(),
            note_to_self: false,
            receive: None,
            port_is_closed_to_others: false,
            languages: Vec::new(),
        }
    }

    fn account(digit: char) -> SignalAccount {
        SignalAccount {
            aci: format!("{digit}1111111-2222-4333-8444-555555555555")
                .parse()
                .unwrap(),
            identity: format!("05{}", "ab".repeat(32)).parse().unwrap(),
            since_ms: 7,
        }
    }

    #[test]
    fn a_section_is_added_and_all_else_stays() {
        let text = with_section(CONFIG, &section()).unwrap();
        let accepts = CONFIG.replace("\"policy\"]", "\"policy\", \"signal\"]");
        assert_eq!(
            text,
            format!(
                "{accepts}\n[channels.signal]\nconnect = \"unix:/run/signal-cli/socket\"\naccount = \"+15550001111\"\n"
            )
        );
        assert!(!accepts_signal(&Config::parse(CONFIG).unwrap()));
        assert!(accepts_signal(&Config::parse(&text).unwrap()));
    }

    #[test]
    fn a_section_that_is_there_keeps_what_is_not_asked_about() {
        let before = "version = 1\n[channels.signal]\naccount = \"+1555\" # the old one\nconnect = \"tcp:127.0.0.1:7583\"\nport_is_closed_to_others = true\nnote_to_self = true\nyes = [\"mach\"]\nmessages_per_minute = 3\n";
        let text = with_section(before, &section()).unwrap();
        assert_eq!(
            text,
            "version = 1\n[channels.signal]\naccount = \"+15550001111\" # the old one\nconnect = \"unix:/run/signal-cli/socket\"\nyes = [\"mach\"]\nmessages_per_minute = 3\n"
        );
        let all = Section {
            connect: "http:127.0.0.1:8080".parse().unwrap(),
            note_to_self: true,
            receive: Some("manual".to_owned()),
            port_is_closed_to_others: true,
            languages: vec!["de".to_owned(), "en".to_owned()],
            ..section()
        };
        let signal = Config::parse(&with_section(before, &all).unwrap());
        let signal = signal.unwrap().channels.signal.unwrap();
        assert_eq!(signal.connect, all.connect);
        assert!(signal.note_to_self && signal.port_is_closed_to_others);
        assert_eq!(signal.receive, aisudo_core::config::Receive::Manual);
        assert_eq!(signal.languages.len(), 2);
    }

    #[test]
    fn a_section_finds_its_place_however_the_file_is_written() {
        for before in [
            "version = 1\nchannels = { terminal = { group = \"staff\" } }\n",
            "version = 1\nchannels.terminal.group = \"staff\"\n",
            "version = 1\n[channels]\nterminal = { group = \"staff\" }\n",
            "version = 1\n[channels.terminal]\ngroup = \"staff\"\n[[gate.who]]\nuser = \"a\"\nwhen = \"always\"\n",
            "version = 1\n[channels]\n[channels.terminal]\ngroup = \"staff\"\n[audit]\nkeep_days = 3\n",
            "version = 1\n[channels]\nterminal = { group = \"staff\" }\nsignal = { connect = \"unix:/x\", account = \"+1\" }\n",
        ] {
            let config = Config::parse(&with_section(before, &section()).unwrap()).unwrap();
            assert_eq!(config.channels.terminal.group.as_deref(), Some("staff"));
            assert_eq!(config.channels.signal.unwrap().account, "+15550001111");
        }
    }

    #[test]
    fn what_the_daemon_would_refuse_is_not_written() {
        let mut port = section();
        port.connect = "tcp:127.0.0.1:7583".parse().unwrap();
        assert!(
            with_section(CONFIG, &port)
                .unwrap_err()
                .contains("port_is_closed_to_others")
        );
        let mut number = section();
        number.account = "me".to_owned();
        assert!(
            with_section(CONFIG, &number)
                .unwrap_err()
                .contains("channels.signal.account")
        );
        assert!(
            with_approver("", "a\u{1b}", &account('1'))
                .unwrap_err()
                .contains("the name must be")
        );
        let one = with_approver("", "owner", &account('1')).unwrap();
        assert!(
            with_approver(&one, "other", &account('1'))
                .unwrap_err()
                .contains("has the Signal account of owner")
        );
    }

    #[test]
    fn an_approver_is_added_changed_and_removed() {
        let first = with_approver("", "owner", &account('1')).unwrap();
        assert_eq!(
            first,
            format!(
                "# Who may approve from afar. Written by `aisudo pair` and `aisudo signal`.\nversion = 1\n\n[[approver]]\nname = \"owner\"\n\n[approver.signal]\naci = \"11111111-2222-4333-8444-555555555555\"\nidentity = \"05{}\"\nsince_ms = 7\n",
                "ab".repeat(32)
            )
        );
        let noted = first.replace("since_ms = 7", "since_ms = 7 # the blue phone");
        let two = with_approver(&noted, "other", &account('2')).unwrap();
        let mut newer = account('1');
        newer.since_ms = 9;
        let changed = with_approver(&two, "owner", &newer).unwrap();
        assert_eq!(changed, two.replacen("since_ms = 7 #", "since_ms = 9 #", 1));
        let approvers = Approvers::parse(&changed).unwrap();
        let all: Vec<_> = approvers
            .on_signal()
            .map(|(name, one)| (name, one.since_ms))
            .collect();
        assert_eq!(all, [("owner", 9), ("other", 7)]);
        assert_eq!(without_approver(&two, "other").unwrap(), noted);
        // One who had no account yet, before another who has.
        let unsigned = noted.replace(
            "[[approver]]",
            "[[approver]]\nname = \"early\"\n\n[[approver]]",
        );
        let three = with_approver(&unsigned, "early", &account('3')).unwrap();
        let approvers = Approvers::parse(&three).unwrap();
        let names: Vec<_> = approvers.on_signal().map(|(name, _)| name).collect();
        assert_eq!(names, ["early", "owner"]);
        assert!(without_approver("version = 1\n", "owner").is_err());
        let none = without_approver(&first, "owner").unwrap();
        assert_eq!(Approvers::parse(&none).unwrap().approvers, []);
    }
}
