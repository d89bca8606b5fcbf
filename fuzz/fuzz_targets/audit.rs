//! Any line is an entry of the audit log or is refused, and what is sealed is an entry, also when it
//! holds what the chain's own fields are called.
#![no_main]

use aisudo_core::audit::{GENESIS, Verifier, seal};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|line: &str| {
    // Nobody finds a hash that fits by chance.
    if let Err(broken) = Verifier::default().next(line) {
        assert_eq!(broken.entry, 1);
        assert!(!broken.why.contains('\n'));
    }
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(line) else {
        return;
    };
    if fields.values().any(has_fractions) {
        return;
    }
    fields.insert("sequence".to_owned(), 1.into());
    let (sealed, hash) = seal(fields, GENESIS);
    let mut verifier = Verifier::default();
    verifier.next(&sealed).expect("what was sealed is good");
    assert_eq!(verifier.hash(), hash);
});

/// The daemon turns requests with them away: not every parser reads them alike.
fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fractions),
        Value::Object(fields) => fields.values().any(has_fractions),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
