//! What narrows the audit log down.

use clap::Args;
use jiff::Timestamp;

use crate::times;

/// All of those that are given must hold.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Only entries")]
pub(crate) struct Filters {
    /// About requests of this user
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// About requests of this uid
    #[arg(long)]
    pub(crate) uid: Option<u32>,
    /// Of this kind, such as denied; may be given several times
    #[arg(long = "event", value_name = "EVENT")]
    pub(crate) events: Vec<String>,
    /// Not older than this: a time (RFC 3339), a date (its beginning, here), or a span such as 2h or 7d
    #[arg(long, value_name = "WHEN", value_parser = times::moment)]
    pub(crate) since: Option<Timestamp>,
    /// Older than this, given as for --since
    #[arg(long, value_name = "WHEN", value_parser = times::moment)]
    pub(crate) until: Option<Timestamp>,
    /// About the request with this code
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// About requests of an agent whose claimed name contains this
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// About requests to run this program, by its path or its last part
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) program: Option<String>,
    /// With an answer by this approver
    #[arg(long, value_name = "NAME")]
    pub(crate) approver: Option<String>,
    /// About requests whose command contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) contains: Option<String>,
}

impl Filters {
    /// Whether any is given.
    pub(crate) fn any(&self) -> bool {
        self.about_requests()
            || self.uid.is_some()
            || !self.events.is_empty()
            || self.since.is_some()
            || self.until.is_some()
            || self.code.is_some()
            || self.approver.is_some()
    }

    /// Whether an entry can be judged only by that in which its request was recorded.
    pub(crate) fn about_requests(&self) -> bool {
        let asked = [&self.user, &self.agent, &self.program, &self.contains];
        asked.iter().any(|filter| filter.is_some())
    }
}
