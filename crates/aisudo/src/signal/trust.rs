//! `aisudo signal trust`: an approver has a new identity key.

use aisudo_core::{approvers::SignalAccount, paths::Paths};
use aisudo_sys::clock;

use super::{
    edit::with_approver,
    show,
    signal_cli::{KnownKey, SignalCli, failed, key_of},
};
use crate::{
    cli::SignalTrust,
    failure::Failure,
    output::Output,
    root::{
        console::{Console, refused},
        file, save_approvers,
    },
};

pub(super) fn run(
    paths: &Paths,
    arguments: &SignalTrust,
    output: &mut Output,
) -> Result<(), Failure> {
    let (config, _) = aisudo_sys::trusted::read_config(paths).map_err(|why| refused(&why))?;
    let signal = config
        .channels
        .signal
        .as_ref()
        .ok_or_else(|| refused("Signal is not set up; run: aisudo signal setup"))?;
    let approvers = aisudo_sys::trusted::read_approvers(paths).map_err(|why| refused(&why))?;
    let mut all = approvers.on_signal();
    let (name, old) = all
        .find(|(name, _)| *name == arguments.name)
        .ok_or_else(|| {
            refused(&format!(
                "there is no approver {} on Signal",
                arguments.name
            ))
        })?;
    let mut console = Console::new(output, arguments.yes);
    let signal_cli = SignalCli::configured(paths, signal)?;
    let account = Some(signal.account.as_str());
    let new = signal_cli.with(
        account,
        |client| async move { key_of(&client, old.aci).await },
    )?;
    let is_known = new.key == old.identity;
    if is_known && new.is_trusted {
        return console.say(&format!(
            "{name}'s identity key has not changed; nothing is to be done."
        ));
    }
    show_both(&mut console, name, old, &new)?;
    let question = "\nTalk to them, and not by Signal: has their phone changed, and is the safety number the same there?";
    if !console.confirm(question, false)? {
        return Err(refused(
            "nothing was written; the old key stays, and what comes with the new one is not heard",
        ));
    }
    if !new.is_trusted {
        told(&signal_cli, account, &new)?;
    }
    let account = SignalAccount {
        aci: old.aci,
        identity: new.key,
        // What signal-cli held back until now was sent before.
        since_ms: clock::unix_ms(),
    };
    let before = file::read(&paths.approvers()).map_err(|why| refused(&why))?;
    let after = with_approver(&before, name, &account).map_err(|why| refused(&why))?;
    save_approvers(paths, &config, &before, &after)?;
    console.say("Written. It counts from now on; see: aisudo status")
}

fn show_both(
    console: &mut Console<'_>,
    name: &str,
    old: &SignalAccount,
    new: &KnownKey,
) -> Result<(), Failure> {
    console.say(&format!(
        "{name} had this identity key:\n\n    {}\n\nand has now:\n",
        old.identity
    ))?;
    show::key(console, new)
}

/// Tells signal-cli, which holds their messages back. It takes no other key than the one that was shown.
fn told(signal_cli: &SignalCli, account: Option<&str>, shown: &KnownKey) -> Result<(), Failure> {
    let safety_number = shown.safety_number.as_ref().ok_or_else(|| {
        refused("signal-cli gives no safety number; nothing was written; upgrade it")
    })?;
    let now = signal_cli.with(account, |client| async move {
        let trusted = client.trust(shown.aci, &safety_number.0).await;
        trusted.map_err(|failure| failed(&failure))?;
        key_of(&client, shown.aci).await
    })?;
    if now.is_trusted && now.key == shown.key {
        Ok(())
    } else {
        Err(refused(
            "the key has changed again meanwhile; nothing was written; begin again",
        ))
    }
}
