//! `cargo xtask demo`.

use crate::root::{again_as_root, is_root};
use crate::setup;
use crate::sh::Result;
use crate::test::build_artefacts;

/// Installs and builds what the demo needs as the person who calls, then goes on as root.
pub(crate) fn prepare(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    build_artefacts()?;
    if is_root() {
        return demo(arguments);
    }
    let mut again = vec!["demo-as-root".to_owned()];
    again.extend_from_slice(arguments);
    again_as_root(
        &again,
        "to mount a private world in which the demo's users and sudo live",
    )
}

/// The demo itself. Called as root, with everything built.
pub(crate) fn demo(_arguments: &[String]) -> Result<()> {
    if !is_root() {
        return Err("this is the demo's second half: start `cargo xtask demo`".to_owned());
    }
    Err("the demo is not written yet".to_owned())
}
