//! Which machine this is.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

/// The machine's own name for itself, for people with several; empty where there is none. On Linux
/// machine-id(5), on macOS the hardware's UUID.
#[must_use]
pub fn machine_id() -> String {
    platform::machine_id().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_word() {
        let id = machine_id();
        assert_eq!(id, id.trim());
        assert_eq!(id, machine_id());
    }
}
