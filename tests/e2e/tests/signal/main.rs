//! Approvers at their phones: the real sudo, the real daemon, and a simulator of signal-cli.

mod answers;
mod attacks;
mod floods;
mod once;
mod outages;
mod outcomes;
mod phone;
mod setup;
mod strangers;
mod transports;
