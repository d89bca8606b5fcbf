//! Whether an account still has the identity key that root pinned.

use aisudo_core::approvers::{IdentityKey, SignalAccount};
use aisudo_signal::{Identity, Trust};

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
