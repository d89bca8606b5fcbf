//! The same over HTTP/1.1: `/api/v1/check`, `/api/v1/rpc` and `/api/v1/events`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use serde_json::Value;

use crate::lines::{Connection, Form, enter, leave};
use crate::rpc;
use crate::state::{Shared, monotonic_ns};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 16 << 20;

struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Serves a connection until it ends.
pub(crate) fn serve(shared: &Arc<Shared>, socket: File) {
    let mut reader = BufReader::new(socket.try_clone().expect("a second descriptor"));
    let calls = Connection::new(socket.try_clone().expect("a third descriptor"), Form::Lines);
    if !enter(shared, &calls) {
        return;
    }
    while let Some(request) = read(&mut reader) {
        let at_ns = monotonic_ns();
        shared.wait_while_it_hangs();
        let expected = match request.path.as_str() {
            "/api/v1/check" | "/api/v1/events" => "GET",
            "/api/v1/rpc" => "POST",
            _ => "",
        };
        let allowed = is_host_allowed(shared, &request) || request.path == "/api/v1/check";
        let status = match expected {
            "" => 404,
            _ if !allowed => 421,
            method if method != request.method => 405,
            _ => 200,
        };
        if status != 200 {
            respond(&calls, status, None);
            continue;
        }
        match request.path.as_str() {
            "/api/v1/rpc" => call(shared, &calls, &request, at_ns),
            "/api/v1/events" => {
                if events(shared, &socket, &request) {
                    break;
                }
                respond(&calls, 400, None);
            }
            _ => respond(&calls, 200, None),
        }
    }
    leave(shared, &calls);
}

/// Nothing: the connection has ended, or is not HTTP.
fn read(reader: &mut BufReader<File>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let first = lines.first()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").unwrap_or("0").parse().ok();
    request.body = vec![0; length.filter(|length| *length <= MAX_BODY)?];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Since 0.14.4 only by a name of this host: against pages that rebind their name.
fn is_host_allowed(shared: &Shared, request: &Request) -> bool {
    if !shared.setup.is_since([0, 14, 4]) {
        return true;
    }
    let host = request.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["localhost", "127.0.0.1", "[::1]"].contains(&name.to_lowercase().as_str())
}

fn call(shared: &Arc<Shared>, connection: &Arc<Connection>, request: &Request, at_ns: u64) {
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        respond(connection, 415, None);
        return;
    }
    let Some(wait) = rpc::fate(shared, &text(request)) else {
        let _never = rpc::answer(shared, &text(request), None, at_ns);
        rpc::show(shared, at_ns);
        return;
    };
    let answer = rpc::answer(shared, &text(request), None, at_ns);
    if !wait.is_zero() {
        rpc::show(shared, at_ns);
        std::thread::sleep(wait);
    }
    match &answer {
        Some(answer) => respond(connection, 200, Some(answer)),
        None => respond(connection, 201, None),
    }
    rpc::show(shared, at_ns);
}

fn text(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

fn respond(connection: &Connection, status: u16, body: Option<&Value>) {
    let reason = match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        415 => "Unsupported Media Type",
        _ => "Misdirected Request",
    };
    let body = body.map(Value::to_string).unwrap_or_default();
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-type: application/json\r\n"
    };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\n{kind}Content-length: {}\r\n\r\n",
        body.len()
    );
    connection.write(&[head.as_bytes(), body.as_bytes()]);
}

/// Streams what is received until the connection ends. False: there is no such account.
fn events(shared: &Arc<Shared>, socket: &File, request: &Request) -> bool {
    let wanted = request
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("account="))
        .filter(|account| !account.is_empty() && shared.setup.several)
        .map(|account| account.replace("%2B", "+").replace("%2b", "+"));
    if let Some(number) = &wanted {
        let accounts = &shared.lock().accounts;
        if !accounts.iter().any(|account| account.number == *number) {
            return false;
        }
    }
    let stream = Connection::new(
        socket.try_clone().expect("one more descriptor"),
        Form::Events,
    );
    stream.write(&[
        b"HTTP/1.1 200 OK\r\nContent-type: text/event-stream\r\nTransfer-encoding: chunked\r\n\r\n",
    ]);
    stream.subscribe(
        shared.change(|state| state.take_subscription()),
        wanted,
        true,
    );
    if !enter(shared, &stream) {
        return true;
    }
    while !stream.is_closed() {
        let over = shared.wait(shared.setup.keep_alive, |state| {
            (state.over || !state.listening || stream.is_closed()).then_some(())
        });
        if over.is_some() {
            break;
        }
        stream.write_chunk(":\n");
    }
    leave(shared, &stream);
    true
}
