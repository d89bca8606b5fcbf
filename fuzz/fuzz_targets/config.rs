//! Root's configuration, however badly written, is read or refused in one line.
#![no_main]

use aisudo_core::config::Config;
use aisudo_fuzz::one_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::parse(text) {
        Ok(config) => {
            assert!((5..=3600).contains(&config.gate.timeout));
            for who in &config.gate.who {
                assert!(who.user.is_some() != who.group.is_some());
            }
            let _ = config.gate.when("agent", &["staff".to_owned()]);
        }
        Err(error) => one_line(&error),
    }
});
