//! What a request, a decision and their safe display are.
//!
//! Pure: no file, socket, clock or randomness is touched here, so that everything which decides
//! can be read in one sitting and tested without a machine around it. The same code is loaded
//! into sudo by the gate, linked into the daemon, and used by the command.

pub mod agents;
pub mod approvers;
pub mod asked_by;
pub mod audit;
pub mod base64url;
pub mod config;
pub mod device;
pub mod digest;
pub mod display;
pub mod evidence;
pub mod executed;
pub mod messages;
pub mod paths;
pub mod policy;
pub mod raw;
pub mod render;
pub mod request;
mod runners;
pub mod sealed;
pub mod state;
pub mod sudo_argv;
pub mod variables;
pub mod wire;
