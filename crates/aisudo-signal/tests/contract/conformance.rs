//! The simulator says what the real one says: the same lines and requests are put to both.

use std::net::SocketAddr;
use std::path::Path;

use aisudo_signal_sim::{Endpoint, ReceiveMode, Sim};
use serde_json::{Value, json};

use crate::raw::{Lines, Response, bare, post};
use crate::real::Real;

/// How far an answer is the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Same {
    /// Word for word.
    Words,
    /// But for the words of the JSON parser, or of Java.
    Code,
    /// But for a number that counts something.
    Kind,
}

use Same::*;

/// Lines, and how far the answers to each must be the same.
const LINES: &[(&str, Same)] = &[
    // Not JSON-RPC.
    ("", Words),
    ("  ", Words),
    ("{", Code),
    ("nonsense", Code),
    ("7", Words),
    ("\"text\"", Words),
    ("true", Words),
    ("null", Words),
    ("[]", Words),
    ("[1]", Code),
    ("{}", Words),
    (r#"{"jsonrpc":"2.0","id":1}"#, Words),
    (r#"{"method":"version","id":1}"#, Words),
    (r#"{"jsonrpc":"1.0","method":"version","id":1}"#, Words),
    (r#"{"jsonrpc":"2.0","method":7,"id":1}"#, Words),
    (
        r#"{"jsonrpc":"2.0","method":"version","id":1,"more":2}"#,
        Code,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"version","params":7,"id":1}"#,
        Code,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"version","params":[],"id":1}"#,
        Code,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"version","params":null,"id":1}"#,
        Words,
    ),
    (r#"{"jsonrpc":"2.0","method":null,"id":1}"#, Words),
    (r#"{"jsonrpc":"2.0","method":true,"id":1}"#, Words),
    (r#"{"jsonrpc":"2.0","method":{},"id":1}"#, Code),
    // Whose answer it is.
    (
        r#"{"jsonrpc":"2.0","method":"version","id":"any scalar"}"#,
        Words,
    ),
    (r#"{"jsonrpc":"2.0","method":"version","id":1.5}"#, Words),
    (r#"{"jsonrpc":"2.0","method":"version","id":true}"#, Words),
    (r#"{"jsonrpc":"2.0","method":"version","id":null}"#, Words),
    (
        r#"{"jsonrpc":"2.0","method":"version","id":18446744073709551615}"#,
        Words,
    ),
    (r#"{"jsonrpc":"2.0","method":"version","id":{}}"#, Code),
    (r#"{"jsonrpc":"2.0","method":"version","id":[]}"#, Code),
    (
        r#"[{"jsonrpc":"2.0","method":"version","id":1},{"jsonrpc":"2.0","method":"frob","id":2}]"#,
        Words,
    ),
    // Answers and what has no id are not answered: the next line is.
    (
        "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":1}\n{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":9}",
        Words,
    ),
    (
        "{\"jsonrpc\":\"2.0\",\"method\":\"version\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":9}",
        Words,
    ),
    (
        "{\"jsonrpc\":\"2.0\",\"method\":\"frob\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":9}",
        Words,
    ),
    // Methods.
    (
        r#"{"jsonrpc":"2.0","method":"version","params":{"unknown":1},"id":1}"#,
        Words,
    ),
    (r#"{"jsonrpc":"2.0","method":"listAccounts","id":1}"#, Words),
    (
        r#"{"jsonrpc":"2.0","method":"frobnicate","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"sendPollCreate","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"sendPollTerminate","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"finishLink","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"finishLink","params":{"deviceLinkUri":"sgnl://x"},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"subscribeReceive","params":{},"id":1}"#,
        Kind,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"subscribeReceive","params":{"account":"+15550009999"},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"unsubscribeReceive","params":{"subscription":4711},"id":1}"#,
        Words,
    ),
    // Which account.
    (
        r#"{"jsonrpc":"2.0","method":"listIdentities","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"listIdentities","params":{"account":"+15550009999"},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"send","params":{"recipient":["+15550002201"],"message":"x"},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"send","params":{"account":"+15550009999","recipient":["+15550002201"],"message":"x"},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"trust","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"getUserStatus","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"sendReaction","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"remoteDelete","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"sendReceipt","params":{},"id":1}"#,
        Words,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"sendTyping","params":{},"id":1}"#,
        Words,
    ),
];

const VERSION: &str = r#"{"jsonrpc":"2.0","method":"version","id":1}"#;

/// Without an account, as the real one.
fn sim(endpoint: Endpoint) -> Sim {
    Sim::builder()
        .serves_several()
        .version("0.13.19")
        .receive(ReceiveMode::Manual)
        .start(endpoint)
}

/// An answer, less what need not be the same.
fn essence(answer: Option<Value>, same: Same) -> Option<Value> {
    let mut answer = answer?;
    if let Value::Array(answers) = &mut answer {
        // Those of a batch run side by side.
        answers.sort_by_key(|answer| answer["id"].to_string());
    }
    let answers = match &mut answer {
        Value::Array(answers) => answers.as_mut_slice(),
        answer => std::slice::from_mut(answer),
    };
    for answer in answers {
        if let (Code, Some(words)) = (same, answer.pointer_mut("/error/message")) {
            assert!(words.is_string(), "{words}");
            *words = json!("…");
        }
        if let (Kind, Some(number)) = (same, answer.get_mut("result")) {
            assert!(number.is_u64(), "{number}");
            *number = json!(0);
        }
    }
    Some(answer)
}

/// Puts all lines to one of them.
fn answers(socket: &Path) -> Vec<Option<Value>> {
    let mut lines = Lines::to(socket);
    let said = LINES.iter();
    said.map(|(line, same)| essence(lines.say(line.as_bytes()), *same))
        .collect()
}

#[test]
fn the_simulator_answers_each_line_as_the_real_one() {
    let real = Real::shared();
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _sim = sim(Endpoint::Unix(socket.clone()));
    let (expected, simulated) = (answers(&real.socket()), answers(&socket));
    let mut differ = Vec::new();
    for (((line, _), real), sim) in LINES.iter().zip(&expected).zip(&simulated) {
        // Something came: the connection is not closed by any of these.
        assert!(real.is_some(), "{line}");
        if real != sim {
            differ.push(format!("{line}\n  real {real:?}\n  sim  {sim:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn both_say_literally_what_is_written_down() {
    let real = Real::shared();
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _sim = sim(Endpoint::Unix(socket.clone()));
    for socket in [&real.socket(), &socket] {
        let mut lines = Lines::to(socket);
        let mut say = |line: &str| lines.say(line.as_bytes()).unwrap();
        assert_eq!(
            say(VERSION),
            json!({"jsonrpc": "2.0", "result": {"version": "0.13.19"}, "id": 1})
        );
        assert_eq!(
            say(r#"{"jsonrpc":"2.0","method":"listAccounts","id":3}"#),
            json!({"jsonrpc": "2.0", "result": [], "id": 3})
        );
        assert_eq!(
            say(""),
            json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Empty input line", "data": null}, "id": null})
        );
        assert_eq!(
            say(r#"{"jsonrpc":"2.0","method":"startLnk","id":4}"#),
            json!({"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not implemented", "data": null}, "id": 4})
        );
    }
}

#[test]
fn what_is_not_utf_8_ends_the_connection() {
    let real = Real::shared();
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _sim = sim(Endpoint::Unix(socket.clone()));
    for socket in [&real.socket(), &socket] {
        let mut lines = Lines::to(socket);
        assert_eq!(
            lines.say(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"),
            None
        );
    }
}

/// Requests over HTTP.
fn requests() -> Vec<(String, Same)> {
    const JSON: &str = "application/json";
    vec![
        (bare("GET", "/api/v1/check"), Words),
        (bare("POST", "/api/v1/check"), Words),
        (bare("GET", "/api/v1/rpc"), Words),
        (bare("POST", "/api/v1/events"), Words),
        (bare("GET", "/api/v1/events?account=%2B15550009999"), Words),
        (bare("GET", "/"), Words),
        (bare("GET", "/api/v1/else"), Words),
        (bare("POST", "/api/v1/rpc"), Words),
        (post("text/plain", VERSION), Words),
        (post("application/x-www-form-urlencoded", VERSION), Words),
        (post(JSON, VERSION), Words),
        (post("application/json; charset=utf-8", VERSION), Words),
        (post(JSON, ""), Words),
        (post(JSON, "{"), Code),
        // What wants no answer.
        (post(JSON, r#"{"jsonrpc":"2.0","method":"version"}"#), Words),
        // Over HTTP there is nothing to subscribe.
        (
            post(
                JSON,
                r#"{"jsonrpc":"2.0","method":"subscribeReceive","id":1}"#,
            ),
            Words,
        ),
        (
            post(
                JSON,
                r#"{"jsonrpc":"2.0","method":"unsubscribeReceive","id":1}"#,
            ),
            Words,
        ),
        (
            post(JSON, r#"{"jsonrpc":"2.0","method":"listAccounts","id":1}"#),
            Words,
        ),
        (
            post(
                JSON,
                r#"{"jsonrpc":"2.0","method":"listIdentities","id":1}"#,
            ),
            Words,
        ),
        // A name of another host: until 0.14.4.
        (
            post(JSON, VERSION).replace("Host: localhost", "Host: else.example"),
            Words,
        ),
    ]
}

#[test]
fn the_simulator_answers_each_request_over_http_as_the_real_one() {
    let real = Real::shared();
    let sim = sim(Endpoint::Http);
    let address = sim.address();
    let (_, simulated) = address.split_once(':').unwrap();
    let simulated: SocketAddr = simulated.parse().unwrap();
    let mut differ = Vec::new();
    for (request, same) in requests() {
        let ask = |address| {
            let mut response = Response::to(address, &request);
            if same == Code {
                let answer = essence(Some(response.body), same);
                response.body = answer.unwrap_or_default();
            }
            // A page about an error is not ours to copy.
            response.kind = response.kind.filter(|kind| kind != "text/html");
            response
        };
        let (real, sim) = (ask(real.http()), ask(simulated));
        if real != sim {
            differ.push(format!("{request}\n  real {real:?}\n  sim  {sim:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn what_the_client_relies_on_over_http() {
    let real = Real::shared();
    let status = |request: String| Response::to(real.http(), request).status;
    assert_eq!(status(bare("GET", "/api/v1/check")), 200);
    assert_eq!(status(post("text/plain", VERSION)), 415);
    let answer = Response::to(real.http(), post("application/json", VERSION));
    assert_eq!(answer.kind.as_deref(), Some("application/json"));
    assert_eq!(answer.body["result"]["version"], "0.13.19");
}
