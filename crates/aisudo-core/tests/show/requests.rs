//! Requests as the gate freezes them, and how they are shown.

mod commands;
mod hostile;

use aisudo_core::{
    digest::{code, request_digest},
    raw::Raw,
    render::{self, Label},
    request::{Content, Found, Request, Role, Stream},
    sudo_argv::Mode,
};

use crate::{
    form::RequestCase,
    sample::{hashed, operand, sample, terminal},
};

pub(crate) fn cases() -> Vec<RequestCase> {
    [
        commands::modes(),
        commands::commands(),
        commands::sealed(),
        commands::askers(),
        commands::inputs(),
        around(),
        hostile::long(),
        hostile::hostile(),
        forms(),
        labels(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const MODES: [Mode; 6] = [
    Mode::Run,
    Mode::Shell,
    Mode::LoginShell,
    Mode::Edit,
    Mode::List,
    Mode::Validate,
];

/// A request as the gate writes it.
fn case(name: &str, request: &Request) -> RequestCase {
    case_of(name, serde_json::to_string(request).unwrap())
}

fn case_of(name: &str, frozen: String) -> RequestCase {
    let digest = request_digest(frozen.as_bytes());
    labelled(name, frozen, code(&digest, 5), Some(97_900))
}

fn labelled(name: &str, frozen: String, code: String, remaining_ms: Option<u64>) -> RequestCase {
    let request = Request::parse(&frozen).unwrap();
    let digest = request_digest(frozen.as_bytes());
    let label = Label {
        code: &code,
        digest,
        remaining_ms,
    };
    RequestCase {
        name: name.to_owned(),
        view: render::request(&request, &label).into(),
        request: frozen,
        digest: digest.to_string(),
        code,
        remaining_ms,
    }
}

fn changed(words: &[&str], change: impl FnOnce(&mut Request)) -> Request {
    let mut request = sample(words);
    change(&mut request);
    request
}

fn raws(words: &[&str]) -> Vec<Raw> {
    words.iter().copied().map(Raw::from).collect()
}

/// What else is in a request.
fn around() -> Vec<RequestCase> {
    let raw = |why: Option<&str>| {
        changed(&[], |request| {
            request.call = None;
            request.unreadable = why.map(str::to_owned);
            request.sudo.argv = raws(&["sudo", "-\u{1b}", "id; x"]);
            request.program.path = None;
            request.program.found = Found::Unknown;
        })
    };
    vec![
        case("raw", &raw(Some("unknown option -\u{1b}"))),
        case("raw, without a word why", &raw(None)),
        case(
            "not certain",
            &changed(&["id"], |request| {
                request.unreadable = Some("-h with\na host".to_owned());
            }),
        ),
        case(
            "no words at all",
            &changed(&["id"], |request| request.sudo.argv.clear()),
        ),
        case(
            "other words than sudo's",
            &changed(&["id"], |request| {
                request.sudo.argv = raws(&["sudo", "ls", "-l", "x"]);
            }),
        ),
        case(
            "little is known",
            &changed(&["id"], |request| {
                request.host.machine_id.clear();
                request.host.name = Raw::from("");
                request.requester.name = Raw::from("");
                request.cwd = Raw::from("");
                request.parents.clear();
                request.agents.clear();
                request.reason = None;
            }),
        ),
        case(
            "a directory for it, from one that is not known",
            &changed(&["id"], |request| {
                request.cwd = Raw::from("");
                request.call.as_mut().unwrap().chdir = Some(Raw::from(""));
            }),
        ),
        case(
            "the largest numbers",
            &changed(&["id"], |request| {
                request.requester.uid = u32::MAX;
                request.sudo.pid = i32::MAX;
                request.parents[0].pid = i32::MIN;
                request.asked_at_ms = (1 << 53) - 1;
                request.operands = vec![operand("/x", Role::Argument, hashed())];
                if let Content::Hashed { size, .. } = &mut request.operands[0].content {
                    *size = (1 << 53) - 1;
                }
            }),
        ),
        case(
            "output and errors to different files",
            &changed(&["id"], |request| {
                let file = |path| Stream::File {
                    path: Raw::from(path),
                };
                request.stdio = [Stream::Null, file("/tmp/a"), file("/tmp/b")];
            }),
        ),
        case(
            "a terminal and two agents",
            &changed(&["id"], |request| {
                request.stdio = [terminal(), terminal(), terminal()];
                request.tty = Some(Raw::from("/dev/pts/3"));
                request.agents = vec!["Codex".to_owned(), "Claude Code".to_owned()];
                request.requester.groups = raws(&["docker"]);
                request.program.real = Some(Raw::from("/usr/bin/busybox"));
            }),
        ),
    ]
}

/// Texts that say the same in another form: their digest is another, what they say is not.
fn forms() -> Vec<RequestCase> {
    let frozen = serde_json::to_string(&sample(&["id", "é💡"])).unwrap();
    let with = |from: &str, to: &str| {
        assert!(frozen.contains(from), "{from}");
        frozen.replacen(from, to, 1)
    };
    vec![
        case_of(
            "blanks around and between",
            format!(" \t\r\n{} \n", with(",", "\r\n\t , ")),
        ),
        case_of(
            "escapes",
            with("\"é💡\"", r#""\u00E9\ud83d\uDCA1\/\b\f\n\r\t\"\\""#),
        ),
        case_of(
            "hexadecimal of a text",
            with("[\"id\"", r#"[{"hex":"6964"}"#),
        ),
        case_of("no bytes in hexadecimal", with("[\"id\"", r#"[{"hex":""}"#)),
        case_of(
            "fields that are not known",
            with(
                "{",
                r#"{"new":[{"a":[null,true,-1,"x"]},{}],"__proto__":{"x":1},"":0,"#,
            ),
        ),
        case_of(
            "a stream with more than its kind",
            with(r#"{"kind":"pipe"}"#, r#"{"x":1,"kind":"pipe","path":2}"#),
        ),
        case_of("what may be missing", with(r#","tty":null"#, "")),
        case_of("no call at all", with(r#""call":"#, r#""not a call":"#)),
    ]
}

/// What the bytes do not say.
fn labels() -> Vec<RequestCase> {
    let frozen = || serde_json::to_string(&sample(&["id"])).unwrap();
    let mut cases = vec![
        labelled("it is over", frozen(), "7KQ2M".to_owned(), None),
        labelled(
            "a code that lies",
            frozen(),
            "7KQ2M: bob\u{200b}".to_owned(),
            Some(0),
        ),
    ];
    for ms in [1, 999, 1000, 3_599_999] {
        cases.push(labelled(
            &format!("{ms} ms"),
            frozen(),
            "7KQ2M0".to_owned(),
            Some(ms),
        ));
    }
    cases
}
