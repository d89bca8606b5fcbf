//! The facts below the command.

use super::{Field, Label, Safe, target};
use crate::{
    asked_by::Asker,
    raw::Raw,
    request::{Call, Content, Found, Operand, Process, Request, Role, Stream},
    sealed::Sealed,
};

pub(super) fn of(request: &Request, label: &Label<'_>, safe: &mut Safe) -> Vec<Field> {
    let mut fields = Fields::default();
    who(request, &mut fields, safe);
    how(request, &mut fields, safe);
    around(request, &mut fields, safe);
    fields.add("request", request.id.to_string());
    fields.add("digest", label.digest.to_string());
    fields.add(
        "answer",
        match label.remaining_ms {
            Some(ms) => format!("within {} s; no answer means no", ms / 1000),
            None => "it is over: no answer is taken any more".to_owned(),
        },
    );
    fields.0
}

#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    fn add(&mut self, label: &'static str, value: String) {
        self.0.push(Field { label, value });
    }
}

/// As whom, where, for whom.
fn who(request: &Request, fields: &mut Fields, safe: &mut Safe) {
    if let Some(call) = &request.call {
        fields.add("as", target(request, call, safe));
    }
    let machine = match request.host.machine_id.as_str() {
        "" => String::new(),
        id => format!(" (machine {})", safe.word("the machine id", id)),
    };
    fields.add(
        "host",
        format!("{}{machine}", safe.word("the host", &request.host.name)),
    );
    fields.add(
        "asked by",
        format!(
            "{} (uid {})",
            safe.word("the user", &request.requester.name),
            request.requester.uid
        ),
    );
    for agent in &request.agents {
        let agent = safe.word("the agent's name", agent);
        fields.add(
            "agent",
            format!("{agent} (claimed: by the names of processes)"),
        );
    }
}

/// What exactly is run, and on what.
fn how(request: &Request, fields: &mut Fields, safe: &mut Safe) {
    let words = request
        .call
        .as_ref()
        .map_or(&request.sudo.argv, |call| &call.argv);
    fields.add("length", length(words));
    if let Some(call) = &request.call {
        fields.add("sudo's part", sudos_part(request, call, safe));
    }
    fields.add("directory", directory(request, safe));
    if let Some(program) = program(request, safe) {
        fields.add("program", program);
    }
    if let Some(call) = &request.call {
        if let Some(root) = &call.chroot {
            let root = safe.word("the root directory", root);
            fields.add("inside", format!("{root} (-R: another root directory)"));
        }
        environment(request, call, fields, safe);
        variables(request, call, fields, safe);
        if call.background {
            fields.add(
                "background",
                "yes (-b): sudo does not wait for it".to_owned(),
            );
        }
    }
    let sealed = Sealed::of(request);
    for operand in &request.operands {
        let is_copied = sealed.as_ref().is_some_and(|it| it.covers(operand));
        fields.add("changeable", changeable(operand, is_copied, safe));
    }
}

/// The process and what it hangs on.
fn around(request: &Request, fields: &mut Fields, safe: &mut Safe) {
    let [input, output, errors] = &request.stdio;
    fields.add("input", stream(input, "the input", safe));
    fields.add("output", stream(output, "the output", safe));
    if errors != output {
        fields.add("errors", stream(errors, "the output", safe));
    }
    let terminal = match &request.tty {
        Some(terminal) => safe.word("the terminal", terminal),
        None => "none".to_owned(),
    };
    fields.add("terminal", terminal);
    fields.add("sudo", format!("pid {}", request.sudo.pid));
    for process in &request.parents {
        fields.add("started by", parent(process, safe));
    }
    if let Some(reason) = &request.reason {
        fields.add(
            "reason",
            format!(
                "in the agent's own words: {}",
                safe.text("the reason", reason)
            ),
        );
    }
}

/// How many words and bytes, for whoever has to scroll.
pub(super) fn length(words: &[Raw]) -> String {
    let bytes: usize = words.iter().map(|word| word.0.len()).sum();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "{} word{}, {bytes} byte{}",
        words.len(),
        plural(words.len()),
        plural(bytes)
    )
}

/// sudo's own words: those before the command, which hold options that are named nowhere else.
fn sudos_part(request: &Request, call: &Call, safe: &mut Safe) -> String {
    let argv = request.sudo.argv.as_slice();
    let own = argv.strip_suffix(call.argv.as_slice()).unwrap_or(argv);
    safe.words("sudo's own words", own)
}

fn program(request: &Request, safe: &mut Safe) -> Option<String> {
    let found = match request.program.found {
        Found::Sudo => "as sudo says".to_owned(),
        Found::Gate => format!(
            "as aisudo searched; {}'s own search may differ",
            Asker::of(request).name()
        ),
        Found::Unknown => "not found".to_owned(),
    };
    match (&request.program.path, &request.call) {
        (Some(path), _) => Some(format!("{} ({found})", safe.word("the program", path))),
        (None, Some(call)) if super::runs(call) => Some("not known".to_owned()),
        (None, _) => None,
    }
}

fn directory(request: &Request, safe: &mut Safe) -> String {
    const FIELD: &str = "the directory";
    let started = match request.cwd.as_ref() {
        b"" => "not known".to_owned(),
        path => safe.word(FIELD, path),
    };
    match request.call.as_ref().and_then(|call| call.chdir.as_ref()) {
        Some(chdir) => format!("{} (-D), started in {started}", safe.word(FIELD, chdir)),
        None => started,
    }
}

fn environment(request: &Request, call: &Call, fields: &mut Fields, safe: &mut Safe) {
    const FIELD: &str = "the environment";
    let environment = &call.environment;
    if environment.preserve_all {
        fields.add(
            "environment",
            format!("keeps all of the requester's{}", super::by_option(request)),
        );
    }
    if !environment.preserve.is_empty() {
        let names = safe.words(FIELD, &environment.preserve);
        fields.add("environment", format!("keeps the requester's {names}"));
    }
    if !environment.set.is_empty() {
        let settings = safe.words(FIELD, &environment.set);
        fields.add("environment", format!("sets {settings}"));
    }
}

/// What the requester's environment holds, whether or not it survives (a26).
fn variables(request: &Request, call: &Call, fields: &mut Fields, safe: &mut Safe) {
    if !request.variables.is_empty() {
        let what = match Asker::of(request) {
            Asker::Sudo => "sudo drops what sudoers does not keep",
            Asker::Su if call.environment.preserve_all => "su keeps it",
            Asker::Su => "su drops it",
            Asker::Doas => "doas drops what doas.conf does not keep",
            Asker::Other => "what becomes of it is not known",
        };
        let names = safe.words("the environment", &request.variables);
        fields.add(
            "environment",
            format!("the requester's own has {names}: {what}"),
        );
    }
}

fn changeable(operand: &Operand, is_copied: bool, safe: &mut Safe) -> String {
    let path = safe.word("a changeable file", &operand.path);
    let role = match operand.role {
        Role::Program => "the program",
        Role::Interpreter => "the interpreter of the program",
        Role::Argument => "named by the command",
        Role::Stdin => "standard input",
    };
    let content = match &operand.content {
        Content::Hashed { sha256, size } => format!("{size} bytes, SHA-256 {sha256}"),
        Content::Directory => "a directory: what is in it is not checked".to_owned(),
        Content::Unpinned { why } => {
            format!("not checked: {}", safe.text("a changeable file", why))
        }
    };
    let copied = if is_copied {
        "; a sealed copy runs"
    } else {
        ""
    };
    format!("{path} ({role}; {content}{copied})")
}

fn stream(stream: &Stream, field: &'static str, safe: &mut Safe) -> String {
    let input = field == "the input";
    match stream {
        Stream::Terminal { path } => format!("the terminal {}", safe.word(field, path)),
        Stream::Pipe if input => "piped from another process: not visible here".to_owned(),
        Stream::Pipe => "piped to another process".to_owned(),
        Stream::Socket if input => "a socket: what comes through it is not visible here".to_owned(),
        Stream::Socket => "a socket".to_owned(),
        Stream::Null => "nothing (/dev/null)".to_owned(),
        Stream::File { path } => format!("the file {}", safe.word(field, path)),
        Stream::Other { path } => format!("something else: {}", safe.word(field, path)),
        Stream::Closed => "closed".to_owned(),
    }
}

fn parent(process: &Process, safe: &mut Safe) -> String {
    const FIELD: &str = "a parent process";
    let name = safe.word(FIELD, &process.name);
    let exe = match &process.exe {
        Some(exe) => safe.word(FIELD, exe),
        None => "not readable".to_owned(),
    };
    format!(
        "{name} (claimed; program {exe}, pid {}, uid {})",
        process.pid, process.uid
    )
}
