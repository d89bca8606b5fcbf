//! What is said over the three sockets: frames of a 32-bit big-endian length and one JSON object.
//!
//! The first frame a client sends is its [`Hello`]. Unknown fields are ignored, unknown kinds are
//! refused.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    audit::GENESIS,
    base64url::Base64,
    device::KeyId,
    display::plain_text,
    evidence::{Decision, Verdict},
    raw::Hex32,
    request::MAX_REQUEST_BYTES,
    state::End,
};

/// The protocol's version, in [`Hello`].
pub const WIRE_VERSION: u32 = 1;

/// The longest frame: what an audit entry of the largest request can become as a JSON string. The
/// entry is ASCII only (a DEL is six bytes there), escaped once more (seven), and what stands
/// around it is small.
pub const MAX_FRAME_BYTES: usize = 7 * MAX_REQUEST_BYTES + 16 * 1024;

/// The longest `ask`: its request is a JSON string, and escaping at most doubles it.
pub const MAX_ASK_BYTES: usize = 2 * MAX_REQUEST_BYTES + 1024;

/// The longest file whose content is shown to an approver on demand, in bytes.
pub const MAX_CONTENT_BYTES: usize = 64 * 1024;

/// The longest frame with such a content: Base64 makes four of three.
pub const MAX_CONTENT_FRAME: usize = MAX_CONTENT_BYTES / 3 * 4 + 1024;

/// The longest text an approver can send with a decision, in bytes.
pub const MAX_NOTE_BYTES: usize = 500;

/// The first frame of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`WIRE_VERSION`].
    pub aisudo: u32,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            aisudo: WIRE_VERSION,
        }
    }
}

/// From a gate, on `gate.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromGate {
    /// Here is a request; also sent again, with the same bytes, after the daemon restarted.
    Ask {
        /// The frozen bytes. They are JSON, and travel as a string so that nobody re-writes them.
        request: String,
        /// Drawn for this run: what a release is bound to if the policy allows it at once.
        token: Hex32,
    },
    /// The approval was verified and the command is about to be let through.
    Release {
        /// Drawn for this run; the same when the release is repeated after a lost answer.
        token: Hex32,
    },
    /// Answer to `show`.
    Content {
        /// What was asked for.
        sha256: Hex32,
        /// The content with that hash; nothing when there is none (any more), or it is too long.
        content: Option<Base64>,
    },
    /// The command will not run: an operand changed, the evidence is not accepted, a signal came.
    /// (A gate that just closes the connection means the same.)
    GiveUp {
        /// Why, in one short phrase.
        why: String,
    },
}

/// To a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToGate {
    /// Recorded; people are being asked.
    Waiting {
        /// The name by which they answer.
        code: String,
        /// The channels they were asked on.
        channels: Vec<String>,
        /// Seconds until no answer means no.
        seconds: u64,
    },
    /// An approver wants to see what a changeable file of the request holds.
    Show {
        /// The file, by its hash in the request.
        sha256: Hex32,
    },
    /// An answer.
    Decided {
        /// The answer, with its evidence.
        decision: Decision,
    },
    /// Nobody answered in time.
    Expired,
    /// The release is on disk: the command may run.
    Released,
    /// Root's policy wants the password for this. The gate looks into the policy itself before it
    /// believes that.
    Password {
        /// The rule's name; nothing when it is the policy's default.
        rule: Option<String>,
    },
    /// No. Final.
    Refused {
        /// Why, in one short phrase.
        why: String,
        /// Whether root's fallback may take the place of an answer (a limit was reached, the disk
        /// is full), or the command must not run at all.
        fallback: bool,
    },
}

/// From an approver's program, on `control.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromControl {
    /// The requests: those waiting, or the latest of all.
    List {
        /// Ended ones too, newest first.
        all: bool,
    },
    /// One request, whole.
    Show {
        /// Its id or code.
        which: String,
    },
    /// An answer.
    Decide {
        /// Its id.
        id: Uuid,
        /// The digest of what was on the approver's screen.
        digest: Hex32,
        /// Yes or no.
        verdict: Verdict,
        /// The approver's words, at most [`MAX_NOTE_BYTES`].
        note: Option<String>,
    },
    /// From now on, an event whenever a request comes or changes.
    Watch,
    /// How the daemon is.
    Status,
    /// Entries of the audit log, as they are stored.
    Audit {
        /// Those after this sequence number (the first entry has 1).
        after: u64,
        /// At most so many; the daemon may send fewer, and says the head.
        limit: u32,
        /// When there are none, the answer comes with the next one.
        #[serde(default)]
        wait: bool,
    },
    /// Read configuration and policy again, now. For root.
    Reload,
    /// Pass on the answers of phones that pair, until this connection ends. For root; one at a time.
    Pair,
    /// A message for a phone that has answered.
    PairSend {
        /// The phone's seal key, by its name.
        to: KeyId,
        /// The sealed message.
        message: Base64,
        /// Nothing follows for this phone.
        last: bool,
    },
    /// How each device is reached.
    Devices,
    /// Send a device a test, and wait until it is confirmed.
    TestDevice {
        /// Its signing key's name.
        device: KeyId,
    },
}

/// To an approver's program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToControl {
    /// Answer to `list`.
    Requests {
        /// One row each.
        requests: Vec<Row>,
        /// How many more there are than one frame holds.
        #[serde(default)]
        left_out: usize,
    },
    /// Answer to `show`.
    Request {
        /// Where it stands.
        row: Row,
        /// The frozen bytes.
        request: String,
    },
    /// Answer to `decide`: on disk.
    Decided,
    /// Answer to `watch`, and after that one for each change.
    Changed {
        /// Nothing in the first answer.
        row: Option<Row>,
    },
    /// Answer to `status`.
    Status {
        /// The daemon's state.
        status: Status,
    },
    /// Answer to `audit`.
    Audit {
        /// JSON lines.
        entries: Vec<String>,
        /// The newest entry, as the running daemon remembers it.
        head: Head,
        /// The entry before the oldest that is kept here; number 0 when all are.
        #[serde(default)]
        start: Head,
    },
    /// Answer to `reload`: what was read is in force.
    Reloaded {
        /// What has changed, a phrase each; empty when nothing has.
        changes: Vec<String>,
    },
    /// Answer to `pair`: the app can be opened, and answers are passed on.
    Pairing,
    /// A phone has answered; not looked into.
    PairAnswer {
        /// What it sent.
        message: Base64,
    },
    /// Answer to `pair_send`.
    PairSent,
    /// Answer to `devices`.
    Devices {
        /// Those in root's file.
        devices: Vec<DeviceReach>,
    },
    /// Answer to `test_device`: the device has confirmed it.
    Tested {
        /// After how many milliseconds.
        after_ms: u64,
        /// Whether it was reached by a push, because it did not listen.
        pushed: bool,
    },
    /// It was not done, because this user may not.
    NotPermitted {
        /// One line that says why and what to do.
        message: String,
    },
    /// It was not done.
    Error {
        /// One line that says why and what to do.
        message: String,
    },
}

/// From anyone, on `agent.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromAgent {
    /// The caller's own requests.
    Mine,
    /// Is the daemon there?
    Status,
}

/// To anyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToAgent {
    /// Answer to `mine`, newest first.
    Requests {
        /// One row each.
        requests: Vec<Row>,
    },
    /// Answer to `status`.
    Alive {
        /// The daemon's version.
        version: String,
    },
    /// It was not done.
    Error {
        /// One line that says why and what to do.
        message: String,
    },
}

/// Where one request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The request.
    pub id: Uuid,
    /// The name by which people answer.
    pub code: String,
    /// The digest of its bytes.
    pub digest: Hex32,
    /// What [`crate::request::Request::fingerprint`] says of it: requests that are alike to a person
    /// have the same.
    pub fingerprint: Hex32,
    /// Who asks.
    pub uid: u32,
    /// When, in milliseconds since 1970.
    pub asked_at_ms: u64,
    /// Milliseconds until the deadline; nothing when it is over.
    pub remaining_ms: Option<u64>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: Standing,
}

/// Where one request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Standing {
    /// It ended.
    Ended(End),
    /// It did not.
    Live(LiveState),
}

/// A request that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LiveState {
    /// Waiting for a person.
    Pending,
    /// A person said yes.
    Approved {
        /// Their decision.
        decision: Decision,
    },
}

impl Standing {
    /// The state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Live(LiveState::Pending) => "pending",
            Self::Live(LiveState::Approved { .. }) => "approved",
            Self::Ended(end) => end.name(),
        }
    }

    /// The answer that was given, if one was.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Live(LiveState::Approved { decision })
            | Self::Ended(
                End::Denied { decision }
                | End::Released { decision, .. }
                | End::Unused { decision, .. },
            ) => Some(decision),
            Self::Live(LiveState::Pending) | Self::Ended(End::Expired | End::Cancelled { .. }) => {
                None
            }
        }
    }
}

/// The newest entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its sequence number: how many entries there are.
    pub sequence: u64,
    /// Its `entry_hash`.
    pub hash: String,
}

impl Default for Head {
    /// Before the first entry.
    fn default() -> Self {
        Self {
            sequence: 0,
            hash: GENESIS.to_owned(),
        }
    }
}

/// How a device is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReach {
    /// Its signing key's name.
    pub device: KeyId,
    /// Whether it listens now.
    pub listens: bool,
    /// When something came from it, in milliseconds since 1970; nothing: not since the daemon started.
    pub heard_at_ms: Option<u64>,
    /// Pushes to it, in one short phrase.
    pub push: String,
}

/// How the daemon is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// Requests waiting.
    pub pending: usize,
    /// Approved and not yet picked up.
    pub approved: usize,
    /// The audit log's newest entry.
    pub head: Head,
    /// Each channel and its health, in one short phrase.
    pub channels: Vec<(String, String)>,
    /// The policy that is in force, in one short phrase.
    #[serde(default)]
    pub policy: String,
    /// Milliseconds since the daemon started.
    pub up_ms: u64,
}

/// Why a frame could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Longer than [`MAX_FRAME_BYTES`].
    TooLong(usize),
    /// Not the JSON that was expected here.
    Malformed(String),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong(length) => {
                write!(
                    f,
                    "a frame of {length} bytes is over the limit of {MAX_FRAME_BYTES}"
                )
            }
            Self::Malformed(why) => write!(f, "a frame cannot be read: {why}"),
        }
    }
}

impl std::error::Error for FrameError {}

/// A message as a frame: length and JSON.
///
/// # Errors
/// When it is over [`MAX_FRAME_BYTES`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let json =
        serde_json::to_vec(message).map_err(|error| FrameError::Malformed(error.to_string()))?;
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= MAX_FRAME_BYTES)
        .ok_or(FrameError::TooLong(json.len()))?;
    let mut frame = Vec::with_capacity(json.len() + 4);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&json);
    Ok(frame)
}

/// The length announced by a frame's first four bytes.
///
/// # Errors
/// When it is over [`MAX_FRAME_BYTES`]: checked before anything is allocated.
pub fn frame_length(header: [u8; 4]) -> Result<usize, FrameError> {
    usize::try_from(u32::from_be_bytes(header))
        .ok()
        .filter(|length| *length <= MAX_FRAME_BYTES)
        .ok_or(FrameError::TooLong(
            usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX),
        ))
}

/// The message in a frame's JSON.
///
/// # Errors
/// When it is not one of `T`.
pub fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, FrameError> {
    // The error may quote what was read.
    let malformed = |error: serde_json::Error| plain_text(error.to_string().as_bytes());
    serde_json::from_slice(json).map_err(|error| FrameError::Malformed(malformed(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_length_and_json() {
        assert_eq!(
            encode(&Hello::default()).unwrap(),
            [b"\0\0\0\x0c".as_slice(), br#"{"aisudo":1}"#].concat()
        );
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_read() {
        assert!(matches!(
            frame_length([0xff; 4]),
            Err(FrameError::TooLong(0xffff_ffff))
        ));
        assert!(frame_length(u32::try_from(MAX_FRAME_BYTES).unwrap().to_be_bytes()).is_ok());
        assert!(frame_length(u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_be_bytes()).is_err());
    }

    #[test]
    fn the_largest_request_fits_a_frame_however_it_is_escaped() {
        let request = "\"".repeat(MAX_REQUEST_BYTES);
        assert!(
            encode(&FromGate::Ask {
                request,
                token: Hex32([0; 32])
            })
            .is_ok()
        );
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_kinds_refused() {
        assert_eq!(
            decode::<FromAgent>(br#"{"kind":"mine","later":1}"#).unwrap(),
            FromAgent::Mine
        );
        let error = decode::<FromAgent>(br#"{"kind":"approve"}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a frame cannot be read: unknown variant `approve`")
        );
    }
}
