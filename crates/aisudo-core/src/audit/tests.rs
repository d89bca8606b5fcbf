use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::json;

use super::*;
use crate::digest::sha256;

/// Expected hashes computed with Python's hashlib and json, not with this code.
#[test]
fn the_chain_is_the_one_the_independent_verifier_knows() {
    let Value::Object(fields) =
        json!({"sequence": 1, "text": "ä\u{7f}\u{1f600}\n\"", "a": [true, null, {"z": 1, "b": 2}]})
    else {
        unreachable!()
    };
    let (line, hash) = seal(fields, GENESIS);
    assert_eq!(hash, include_str!("vector.txt").trim());
    assert!(line.is_ascii());
    assert!(
        line.contains(r#""text":"\u00e4\u007f\ud83d\ude00\n\"""#),
        "{line}"
    );
}

fn chain() -> Vec<String> {
    let mut previous = GENESIS.to_owned();
    (1..=4)
        .map(|sequence| {
            let fields = Map::from_iter([("sequence".to_owned(), sequence.into())]);
            let (line, hash) = seal(fields, &previous);
            previous = hash;
            line
        })
        .collect()
}

fn verify(lines: &[String]) -> Result<u64, u64> {
    let mut verifier = Verifier::default();
    for line in lines {
        verifier.next(line).map_err(|broken| broken.entry)?;
    }
    Ok(verifier.count())
}

#[test]
fn the_first_bad_entry_is_named() {
    let good = chain();
    assert_eq!(verify(&good), Ok(4));

    let mut edited = good.clone();
    edited[2] = edited[2].replace("\"sequence\":3", "\"sequence\":3,\"x\":1");
    assert_eq!(verify(&edited), Err(3));

    let mut cut = good.clone();
    cut.remove(1);
    assert_eq!(verify(&cut), Err(2));

    let mut swapped = good.clone();
    swapped.swap(1, 2);
    assert_eq!(verify(&swapped), Err(2));

    assert_eq!(verify(&good[1..]), Err(1), "the beginning is missing");
    assert_eq!(verify(&["x".to_owned()]), Err(1));
}

fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn entry_hash(fields: &Map<String, Value>, previous_hash: &str) -> String {
    let json = canonical(&Value::Object(fields.clone()));
    sha256(&[previous_hash.as_bytes(), json.as_bytes()].concat()).to_string()
}

/// What [`Verifier`] says of the first entry, worked out the long way: parsed, put together again
/// in the one form, hashed. Gives the hash.
fn slowly(line: &str) -> Option<String> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return None;
    };
    let whole = canonical(&Value::Object(fields.clone()));
    let written = fields.remove("entry_hash")?;
    let hash = entry_hash(&fields, GENESIS);
    let good = whole == line
        && fields.get("previous_hash")?.as_str()? == GENESIS
        && fields.get("sequence")?.as_u64()? == 1
        && written.as_str()? == hash;
    good.then_some(hash)
}

fn quickly(line: &str) -> Option<String> {
    let mut verifier = Verifier::default();
    verifier.next(line).ok()?;
    Some(verifier.hash().to_owned())
}

/// A first entry with these fields, sealed.
fn sealed(fields: Value) -> String {
    let Value::Object(mut fields) = fields else {
        unreachable!()
    };
    fields.insert("sequence".to_owned(), 1.into());
    seal(fields, GENESIS).0
}

#[test]
fn what_is_written_otherwise_is_refused_although_its_hash_would_fit() {
    let good = sealed(json!({"a": "x/\n\u{e4}", "n": [1, {"entry_hash": "not mine"}], "z": 0}));
    assert!(quickly(&good).is_some());
    // Each means the same to a JSON parser, so a hash over what was parsed would fit.
    let otherwise = [
        good.replace(":", ": "),
        format!("{good} "),
        good.replace(r"x/\n", r"x\/\n"),
        good.replace(r"x/\n", r"\u0078/\n"),
        good.replace(r"x/\n", r"x/\u000a"),
        good.replace(r"\u00e4", r"\u00E4"),
        good.replace(r"\u00e4", "ä"),
        good.replace(r#""z":0"#, r#""z":-0"#),
        good.replace("[1,", "[1e0,"),
        // The last of two counts for some parsers, the first for others.
        good.replacen(r#"{"a""#, r#"{"a":0,"a""#, 1),
        good.replacen(r#""entry_hash""#, r#""entry_hash":"","entry_hash""#, 1),
        good.replacen(r#"{"entry_hash""#, r#"{"entry_hash":1,"entry_hash""#, 1),
    ];
    for line in otherwise {
        assert_ne!(line, good);
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
        let mut verifier = Verifier::default();
        let broken = verifier.next(&line).unwrap_err();
        assert!(
            broken.why.starts_with("it was changed: aisudo writes"),
            "{line}: {}",
            broken.why
        );
    }
}

#[test]
fn keys_are_sorted_by_what_they_mean_and_may_be_called_like_the_chains() {
    for fields in [
        json!({"é": 1, "z": 2, "\u{1f600}": 3, "\u{fffd}": 4, "\"": 5, "\\": 6}),
        json!({"entry_hash": "overwritten", "previous_hash": "too", "a": {"sequence": 2}}),
        json!({"entry_hash ": "later", "entry_has": "sooner", "zz": "\",\"entry_hash\":\""}),
        json!({}),
    ] {
        let line = sealed(fields);
        assert_eq!(quickly(&line), slowly(&line));
        assert!(quickly(&line).is_some(), "{line}");
    }
}

#[test]
fn depth_and_numbers_end_where_the_parser_ends() {
    for depth in 120..=130 {
        let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let whole = format!(r#"{{"a":{lists}}}"#);
        let parsed = serde_json::from_str::<Value>(&whole).is_ok();
        assert_eq!(written::read(&whole).is_some(), parsed, "{depth}");
    }
    for number in [
        "0",
        "-0",
        "-1",
        "00",
        "01",
        "1.5",
        "1.50",
        "1e5",
        "1E5",
        "-",
        "+1",
        "1.",
        ".1",
        "1e",
        "999999999999999999",
        "1000000000000000000",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "12a",
    ] {
        let whole = format!(r#"{{"a":{number}}}"#);
        let again = serde_json::from_str::<Value>(&whole).map(|value| canonical(&value));
        let same = again.is_ok_and(|again| again == whole);
        assert_eq!(written::read(&whole).is_some(), same, "{number}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let chosen = select(vec![
        "entry_hash",
        "previous_hash",
        "sequence",
        "",
        "a",
        "b",
        "\"",
        "\\",
        "\n",
        "\u{7f}",
        "\u{e4}",
        "\u{2028}",
        "\u{1f600}",
        "\u{ffff}",
        "12345678",
        "123456789abcdef",
        "\"entry_hash\":\"",
        "1234567\n",
    ]);
    prop_oneof![
        3 => vec(chosen, 0..4).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u8..3).prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((any_text(), inner), 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn any_entry() -> impl Strategy<Value = String> {
    vec((any_text(), any_value()), 0..6).prop_map(|fields| sealed(fields.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_was_sealed_is_good(line in any_entry()) {
        prop_assert!(slowly(&line).is_some(), "{}", line);
        prop_assert_eq!(quickly(&line), slowly(&line));
    }

    /// A piece is put in, taken out or put elsewhere: both say the same of what comes of it.
    #[test]
    fn what_was_changed_is_judged_alike(
        line in any_entry(),
        other in any_entry(),
        (from, to, at) in any::<(Index, Index, Index)>(),
        how in 0_u8..5,
        piece in select(vec![
            " ", ",", ":", "\"", "\\", "{", "}", "[", "]", "0", "1", "e", "\u{e4}", "\\u00e4", "\\/", "null", "-0", "1.0",
            "\"a\":1,", "\"sequence\":1,", "\"entry_hash\":\"\",", "\n",
        ]),
    ) {
        let (from, to) = (from.index(line.len()), to.index(line.len()));
        let (from, to) = (from.min(to), from.max(to));
        let at = at.index(other.len());
        let (before, rest) = line.split_at(from);
        let (between, after) = rest.split_at(to - from);
        let changed = match how {
            0 => [before, piece, rest].concat(),
            1 => [before, after].concat(),
            2 => [before, piece, after].concat(),
            3 => [before, other.split_at(at).1].concat(),
            _ => [before, between, between, after].concat(),
        };
        prop_assert_eq!(quickly(&changed), slowly(&changed), "{}", changed);
        let read = serde_json::from_str::<Value>(&changed).ok().filter(Value::is_object);
        let same = read.is_some_and(|value| canonical(&value) == changed);
        prop_assert_eq!(written::read(&changed).is_some(), same, "{}", changed);
    }
}
