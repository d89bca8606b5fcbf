//! The verification of a WebAuthn assertion (level 3, section 7.2), as far as it can be a proof of one
//! decision. Ours, as libraries for it choose the challenge themselves.
//!
//! The signature counter is not looked at: many passkeys have none, and the gate keeps no state.

use std::borrow::Cow;

use aisudo_core::base64url;
use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest, Sha256};

use super::Why;

/// What is hashed before the bytes that a passkey stands for.
const CHALLENGE_DOMAIN: &[u8] = b"aisudo passkey v1\0";

/// The longest `clientDataJSON`. Browsers write about 200 bytes and the origin.
const MAX_CLIENT_DATA: usize = 4096;

/// A relying party's hash, flags and a counter; then extensions, if any.
const MIN_AUTHENTICATOR_DATA: usize = 37;

/// The longest authenticator data.
const MAX_AUTHENTICATOR_DATA: usize = 1024;

/// Somebody was there.
const USER_PRESENT: u8 = 1;

/// It was made sure who: a finger, a face, a PIN.
const USER_VERIFIED: u8 = 4;

/// What the passkey is asked to sign for these bytes.
pub(crate) fn challenge(message: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(CHALLENGE_DOMAIN);
    hash.update(message);
    hash.finalize().into()
}

/// `crossOrigin` may be left out, `topOrigin` is only there in a frame.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<IgnoredAny>,
}

/// Whether the browser says that our page, by itself, asked for these bytes to be signed.
pub(super) fn check_client_data(
    json: &[u8],
    message: &[u8],
    origins: &[String],
) -> Result<(), Why> {
    if json.len() > MAX_CLIENT_DATA {
        return Err(Why::ClientData);
    }
    let data: ClientData<'_> = serde_json::from_slice(json).map_err(|_| Why::ClientData)?;
    if data.kind != "webauthn.get" {
        return Err(Why::ClientDataType);
    }
    if data.challenge != base64url::encode(&challenge(message)) {
        return Err(Why::Challenge);
    }
    if !origins.iter().any(|origin| data.origin == *origin) {
        return Err(Why::Origin);
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(Why::CrossOrigin);
    }
    Ok(())
}

/// Whether the authenticator says that it is for our address, and that its owner was there.
pub(super) fn check_authenticator_data(data: &[u8], rp_id: &str) -> Result<(), Why> {
    if !(MIN_AUTHENTICATOR_DATA..=MAX_AUTHENTICATOR_DATA).contains(&data.len()) {
        return Err(Why::AuthenticatorData);
    }
    let (rp_hash, rest) = data
        .split_first_chunk::<32>()
        .ok_or(Why::AuthenticatorData)?;
    let flags = rest.first().ok_or(Why::AuthenticatorData)?;
    if *rp_hash != <[u8; 32]>::from(Sha256::digest(rp_id)) {
        return Err(Why::RelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(Why::UserPresence);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(Why::UserVerification);
    }
    Ok(())
}

/// What the authenticator signed.
pub(super) fn signed_bytes(authenticator_data: &[u8], client_data_json: &[u8]) -> Vec<u8> {
    let hash: [u8; 32] = Sha256::digest(client_data_json).into();
    [authenticator_data, &hash].concat()
}
