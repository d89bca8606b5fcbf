//! Whether an account still has the identity key that root pinned.

use std::collections::BTreeMap;

use aisudo_core::approvers::{IdentityKey, SignalAccount};
use aisudo_signal::{Client, Failure, Identity, Trust};

use super::worker::{Block, DOWN, SUSPENDED, UP, Worker};

/// Makes sure that it has, by what signal-cli lists for it.
///
/// # Errors
/// What is wrong, to stand behind the approver's name.
pub(super) fn check(listed: &[Identity], account: &SignalAccount) -> Result<(), &'static str> {
    let mut own = listed
        .iter()
        .filter(|identity| identity.uuid == Some(account.aci))
        .peekable();
    if own.peek().is_none() {
        return Err("signal-cli knows no identity key of the account");
    }
    let is_pinned = |identity: &Identity| {
        let fingerprint = identity.fingerprint.parse::<IdentityKey>();
        fingerprint.is_ok_and(|key| key == account.identity)
    };
    // Older keys stay in the list; the one that signal-cli uses is not among the untrusted.
    let (trusted, untrusted): (Vec<&Identity>, Vec<&Identity>) =
        own.partition(|identity| identity.trust != Trust::Untrusted);
    if !untrusted.is_empty() || !trusted.iter().all(|identity| is_pinned(identity)) {
        return Err("the identity key of the account has changed");
    }
    Ok(())
}

impl Worker {
    /// The keys that signal-cli lists for our own account and the approvers'. Not all that it knows:
    /// strangers can make that list long.
    pub(super) fn look(
        &self,
        client: &Client,
    ) -> impl Future<Output = Result<Vec<Identity>, Failure>> + Send + use<> {
        let (client, own) = (client.clone(), self.own.account.clone());
        let approvers = self.port.approvers().unwrap_or_default();
        async move {
            let mut listed = client.identities_of_number(&own).await?;
            for (_, account) in approvers.on_signal() {
                listed.extend(client.identities(Some(account.aci)).await?);
            }
            Ok(listed)
        }
    }

    /// Compares the keys that signal-cli lists with those that root pinned: who can be asked.
    pub(super) async fn compare(&mut self, listed: &[Identity]) {
        self.own.aci = listed
            .iter()
            .find(|identity| identity.number.as_ref() == Some(&self.own.account))
            .and_then(|identity| identity.uuid);
        if self.own.note_to_self && self.own.aci.is_none() {
            let why = "signal-cli does not say which identity its own account has; link it anew";
            return self.nobody(why.to_owned()).await;
        }
        let approvers = match self.port.approvers() {
            Ok(approvers) => approvers,
            Err(why) => return self.nobody(why).await,
        };
        let now = self.port.now().tick;
        self.blocked
            .retain(|_, block| matches!(block, Block::Unregistered(until) if now < *until));
        let mut can = 0;
        let mut cannot = BTreeMap::new();
        let mut kind = Failure::Unregistered.kind();
        for (name, account) in approvers.on_signal() {
            if self.own.note_to_self && self.own.aci != Some(account.aci) {
                continue;
            }
            if let Err(why) = check(listed, account) {
                self.blocked.insert(account.aci, Block::Key(why));
            }
            let why = match self.blocked.get(&account.aci) {
                None => {
                    can += 1;
                    continue;
                }
                Some(Block::Key(why)) => {
                    kind = Failure::Untrusted.kind();
                    format!("{name} is suspended: {why}; see: aisudo signal trust {name}")
                }
                Some(Block::Unregistered(_)) => {
                    format!("{name} has no account at Signal any more")
                }
            };
            cannot.insert(account.aci, why);
        }
        if can == 0 && cannot.is_empty() {
            let why = "no approver has a Signal account; run: aisudo signal setup";
            return self.nobody(why.to_owned()).await;
        }
        let suspended = cannot.values().next().cloned();
        self.health.approvers(can, cannot);
        match suspended {
            Some(why) => self.record(SUSPENDED, Some(kind), &why).await,
            None if self.paused_until.is_none() => {
                self.record(UP, None, "all approvers can be asked").await;
            }
            None => {}
        }
    }

    async fn nobody(&mut self, why: String) {
        self.record(DOWN, Some("nobody"), &why).await;
        self.health.nobody(why);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn identity(aci: Uuid, byte: &str, trust: Trust) -> Identity {
        Identity {
            uuid: Some(aci),
            number: None,
            fingerprint: format!("05 {}", [byte; 32].join(" ")),
            safety_number: String::new(),
            trust,
        }
    }

    #[test]
    fn a12_only_the_pinned_key_passes() {
        let aci = Uuid::from_u128(7);
        let account = SignalAccount {
            aci,
            identity: format!("05{}", "ab".repeat(32)).parse().unwrap(),
            since_ms: 0,
        };
        let listed = |trust| {
            vec![
                identity(aci, "AB", trust),
                identity(Uuid::nil(), "01", trust),
            ]
        };
        assert!(check(&listed(Trust::Unverified), &account).is_ok());
        assert!(check(&listed(Trust::Verified), &account).is_ok());
        assert!(check(&listed(Trust::Untrusted), &account).is_err());
        assert!(check(&[], &account).is_err(), "never heard of");
        // As with --trust-new-identities=always.
        let other = [identity(aci, "CD", Trust::Verified)];
        assert!(check(&other, &account).is_err());
        let both = [
            identity(aci, "AB", Trust::Verified),
            identity(aci, "CD", Trust::Untrusted),
        ];
        assert!(check(&both, &account).is_err(), "a new key has been seen");
    }
}
