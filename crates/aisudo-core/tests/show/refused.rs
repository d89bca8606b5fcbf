//! Texts that are no request, and those that the app alone takes for none.

use aisudo_core::request::{Request, Role};
use serde_json::Value;

use crate::{
    form::Refused,
    sample::{hashed, operand, sample, terminal},
};

pub(crate) fn cases() -> Vec<Refused> {
    let both = texts().into_iter().chain(fields()).chain(values());
    let both = both.map(|(name, request)| refused(name, request, false));
    let app = stricter();
    let app = app
        .into_iter()
        .map(|(name, request)| refused(name, request, true));
    both.chain(app).collect()
}

fn refused(name: String, request: String, only_by_the_app: bool) -> Refused {
    let read = Request::parse(&request);
    assert_eq!(read.is_ok(), only_by_the_app, "{name}: {read:?}");
    Refused {
        name,
        request,
        only_by_the_app,
    }
}

fn frozen() -> String {
    let mut request = sample(&["id"]);
    request.stdio[0] = terminal();
    request.operands = vec![operand("/x", Role::Argument, hashed())];
    serde_json::to_string(&request).unwrap()
}

fn with(from: &str, to: &str) -> String {
    let frozen = frozen();
    assert!(frozen.contains(from), "{from}");
    frozen.replacen(from, to, 1)
}

/// No JSON, or no object.
fn texts() -> Vec<(String, String)> {
    let frozen = frozen();
    let cut = |length: usize| frozen.chars().take(length).collect();
    let cases = [
        ("nothing", String::new()),
        ("null", "null".to_owned()),
        ("a number", "1".to_owned()),
        ("a text", "\"x\"".to_owned()),
        ("an empty list", "[]".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("cut at its end", cut(frozen.len() - 1)),
        ("cut in the middle", cut(frozen.len() / 2)),
        ("something follows", format!("{frozen}x")),
        ("a second one follows", format!("{frozen}{frozen}")),
        ("a byte order mark", format!("\u{feff}{frozen}")),
        ("a blank that is none of JSON's", format!("\u{a0}{frozen}")),
        ("a NUL behind it", format!("{frozen}\0")),
        ("single quotes", with("\"version\"", "'version'")),
        ("a name without quotes", with("\"version\"", "version")),
        ("a comma too many", with("\"reason\"", ",\"reason\"")),
        (
            "a comma at the end",
            with("\"agents\":[", "\"agents\":[\"x\",],\"x\":["),
        ),
        (
            "a comma at the end of an object",
            with("\"machine_id\"", "\"x\":1,},\"y\":{\"machine_id\""),
        ),
        ("no colon", with("\"version\":", "\"version\" ")),
        ("a comment", with("{", "{/**/")),
        ("capital words", with("null", "NULL")),
        ("half a word", with("null", "nul")),
        ("a line break in a text", with("agent", "age\nnt")),
        (
            "a control character in a text",
            with("agent", "age\u{1f}nt"),
        ),
        ("an escape that is none", with("agent", r"age\xnt")),
        ("a short escape", with("agent\"", "agent\\u00e\"")),
        ("an escape at the end", with("agent\"", "agent\\\"")),
        ("half a character", with("agent", r"age\ud800nt")),
        ("the other half", with("agent", r"age\udc00nt")),
        (
            "two halves the wrong way",
            with("agent", r"age\udc00\ud800nt"),
        ),
        ("half a character in a name", with("{", r#"{"\ud800":1,"#)),
        ("NaN", with("1001", "NaN")),
    ];
    cases.map(|(name, text)| (name.to_owned(), text)).into()
}

/// Without each of the fields that must be there, and with each of them twice.
fn fields() -> Vec<(String, String)> {
    let whole: Value = serde_json::from_str(&frozen()).unwrap();
    let mut cases = Vec::new();
    for object in [
        "",
        "/host",
        "/requester",
        "/sudo",
        "/call",
        "/call/environment",
        "/program",
        "/stdio/0",
        "/parents/0",
        "/operands/0",
        "/operands/0/content",
    ] {
        for field in whole.pointer(object).unwrap().as_object().unwrap().keys() {
            let mut other = whole.clone();
            let fields = other.pointer_mut(object).unwrap().as_object_mut().unwrap();
            let value = fields.remove(field).unwrap();
            let without = other.to_string();
            if Request::parse(&without).is_err() {
                cases.push((format!("without {object}/{field}"), without));
            }
            let twice = format!("{field:?}:{value},{field:?}:{value}");
            let fields = other.pointer_mut(object).unwrap().as_object_mut().unwrap();
            fields.insert("HERE".to_owned(), Value::Null);
            let text = other.to_string().replace("\"HERE\":null", &twice);
            cases.push((format!("{object}/{field} is there twice"), text));
        }
    }
    cases
}

/// A field that holds what it cannot.
fn values() -> Vec<(String, String)> {
    #[rustfmt::skip]
    let cases = [
        ("a later version", "\"version\":1", "\"version\":2"),
        ("version 0", "\"version\":1", "\"version\":0"),
        ("a version in words", "\"version\":1", "\"version\":\"1\""),
        ("a fraction", "1001", "1001.0"),
        ("an exponent", "1001", "1e3"),
        ("a zero before it", "1001", "01001"),
        ("a plus before it", "1001", "+1001"),
        ("minus zero", "\"uid\":1001", "\"uid\":-0"),
        ("a uid below zero", "\"uid\":1001", "\"uid\":-1"),
        ("a uid of 33 bits", "\"uid\":1001", "\"uid\":4294967296"),
        ("a pid of 32 bits", "\"pid\":4711", "\"pid\":2147483648"),
        ("a size below zero", "\"size\":120", "\"size\":-1"),
        ("a size of 65 bits", "\"size\":120", "\"size\":18446744073709551616"),
        ("a uid that is null", "\"uid\":1001", "\"uid\":null"),
        ("a uid in words", "\"uid\":1001", "\"uid\":\"1001\""),
        ("an id that is none", "\"id\":\"0193", "\"id\":\"x193"),
        ("a nonce in capitals", "0707", "07AB"),
        ("a short nonce", "0707", "07"),
        ("a hash that is none", "abab", "abxx"),
        ("capital hexadecimal", "\"argv\":[\"id\"]", r#""argv":[{"hex":"AB"}]"#),
        ("half a byte", "\"argv\":[\"id\"]", r#""argv":[{"hex":"abc"}]"#),
        ("no hexadecimal", "\"argv\":[\"id\"]", r#""argv":[{"hex":"gg"}]"#),
        ("hexadecimal that is a list", "\"argv\":[\"id\"]", r#""argv":[{"hex":[]}]"#),
        ("no field hex", "\"argv\":[\"id\"]", r#""argv":[{}]"#),
        ("hexadecimal and more", "\"argv\":[\"id\"]", r#""argv":[{"hex":"ab","x":1}]"#),
        ("hexadecimal twice", "\"argv\":[\"id\"]", r#""argv":[{"hex":"ab","hex":"ab"}]"#),
        ("a word that is a number", "\"argv\":[\"id\"]", r#""argv":[1]"#),
        ("a word that is null", "\"argv\":[\"id\"]", r#""argv":[null]"#),
        ("words that are one", "\"argv\":[\"id\"]", r#""argv":"id""#),
        ("words by number", "\"argv\":[\"id\"]", r#""argv":{"0":"id"}"#),
        ("a mode that is none", "\"mode\":\"run\"", "\"mode\":\"Run\""),
        ("a mode that is null", "\"mode\":\"run\"", "\"mode\":null"),
        ("found by nobody", "\"found\":\"sudo\"", "\"found\":\"root\""),
        ("a role that is none", "\"role\":\"argument\"", "\"role\":\"\""),
        ("a stream of no kind", "\"kind\":\"pipe\"", "\"kind\":\"tape\""),
        ("a stream that is a word", r#"{"kind":"pipe"}"#, "\"pipe\""),
        ("two streams", r#","stdio":[{"kind":"terminal","path":"/dev/pts/3"},"#, r#","stdio":["#),
        ("four streams", "\"stdio\":[", r#""stdio":[{"kind":"null"},"#),
        ("content of no kind", "\"kind\":\"hashed\"", "\"kind\":\"guessed\""),
        ("content without its hash", "\"kind\":\"hashed\"", "\"kind\":\"unpinned\""),
        ("a flag that is a number", "\"background\":false", "\"background\":0"),
        ("an agent that is bytes", "\"agents\":[", r#""agents":[{"hex":"61"},"#),
        ("groups that are null", "\"groups\":[]", "\"groups\":null"),
        ("variables that are null", "\"variables\":[]", "\"variables\":null"),
        ("a call that is a list", "\"unreadable\":null", "\"unreadable\":[]"),
        ("a reason that is a number", "\"reason\":\"", "\"reason\":1,\"x\":\""),
        ("a host that is null", "\"host\":{", "\"host\":null,\"x\":{"),
    ];
    cases
        .map(|(name, from, to)| (name.to_owned(), with(from, to)))
        .into()
}

/// Rust reads these.
fn stricter() -> Vec<(String, String)> {
    let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
    let unknown = |value: &str| with("{", &format!("{{\"new\":{value},"));
    let cases = [
        (
            "a field that is not known, twice",
            with("{", r#"{"new":1,"new":1,"#),
        ),
        (
            "a number beyond 2^53",
            with("\"size\":120", "\"size\":9007199254740992"),
        ),
        (
            "a number beyond 2^53 that is not known",
            unknown("9007199254740993"),
        ),
        ("a fraction that is not known", unknown("1.5")),
        ("minus zero that is not known", unknown("-0")),
        ("an exponent that is not known", unknown("1e999")),
        ("half a character that is not known", unknown(r#""\ud800""#)),
        ("very deep", unknown(&deep)),
        (
            "an id in capitals",
            with("\"id\":\"01935a3b", "\"id\":\"01935A3B"),
        ),
        (
            "an id in braces",
            with(
                "\"id\":\"01935a3b-7c00-7000-8000-000000000001\"",
                "\"id\":\"{01935a3b-7c00-7000-8000-000000000001}\"",
            ),
        ),
        (
            "bytes as a list",
            with("\"argv\":[\"id\"]", r#""argv":[["6964"]]"#),
        ),
        (
            "a host as a list",
            with(
                r#"{"name":"web1","machine_id":"4f2a0c5e9b7d4f0e8a1b2c3d4e5f6071"}"#,
                r#"["web1",""]"#,
            ),
        ),
        (
            "a stream as a list",
            with(r#"{"kind":"pipe"}"#, r#"["pipe"]"#),
        ),
        (
            "a mode as an object",
            with("\"mode\":\"run\"", "\"mode\":{\"run\":null}"),
        ),
    ];
    cases.map(|(name, text)| (name.to_owned(), text)).into()
}
