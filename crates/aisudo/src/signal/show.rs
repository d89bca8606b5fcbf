//! What root looks at before saying yes.

use aisudo_core::display;

use super::signal_cli::{KnownKey, SafetyNumber};
use crate::{failure::Failure, root::console::Console};

/// An account and its key.
pub(super) fn key(console: &mut Console<'_>, known: &KnownKey) -> Result<(), Failure> {
    console.say(&format!("    identity       {}", known.aci))?;
    if let Some(number) = &known.number {
        let number = display::word(number.as_bytes()).text;
        console.say(&format!(
            "    number         {number} (as signal-cli knows it)"
        ))?;
    }
    console.say(&format!("    identity key   {}", known.key))?;
    let rows = known.safety_number.as_ref().map(SafetyNumber::rows);
    for (index, row) in rows.unwrap_or_default().iter().enumerate() {
        let label = if index == 0 { "safety number" } else { "" };
        console.say(&format!("    {label:13}  {row}"))?;
    }
    Ok(())
}
