//! Requests to show.

use uuid::Uuid;

use crate::{
    raw::{Hex32, Raw},
    request::{
        Call, Content, Environment, Found, Host, Operand, Process, Program, Request, Role, Stream,
        Sudo, User,
    },
    sudo_argv::Mode,
};

/// How many texts [`all_fields`] takes.
pub(super) const TEXTS: usize = 27;

/// A request in which every text is one of the given.
pub(super) fn all_fields(texts: &[String], mode: Mode, readable: bool) -> Request {
    let mut texts = texts.iter().cloned();
    let mut text = || texts.next().unwrap();
    let mut request = sample(&[]);
    let mut raw = || Raw(text().into_bytes());
    request.host = Host {
        name: raw(),
        machine_id: String::from_utf8(raw().0).unwrap(),
    };
    request.requester.name = raw();
    request.call = readable.then(|| Call {
        mode,
        argv: vec![raw(), raw()],
        user: Some(raw()),
        group: Some(raw()),
        chdir: Some(raw()),
        chroot: Some(raw()),
        environment: Environment {
            preserve_all: true,
            preserve: vec![raw()],
            set: vec![raw()],
        },
        background: true,
    });
    request.unreadable = Some(String::from_utf8(raw().0).unwrap());
    request.sudo.argv = vec![raw(), raw()];
    request.program = Program {
        path: Some(raw()),
        real: None,
        found: Found::Gate,
    };
    request.cwd = raw();
    request.stdio = [
        Stream::File { path: raw() },
        Stream::Terminal { path: raw() },
        Stream::Other { path: raw() },
    ];
    request.tty = Some(raw());
    request.parents = vec![Process {
        pid: 2,
        start_time: 1,
        uid: 1,
        name: raw(),
        exe: Some(raw()),
    }];
    request.agents = vec![String::from_utf8(raw().0).unwrap()];
    request.operands = vec![
        Operand {
            path: raw(),
            role: Role::Program,
            content: Content::Directory,
        },
        operand(
            "/x",
            Role::Argument,
            Content::Unpinned {
                why: String::from_utf8(raw().0).unwrap(),
            },
        ),
    ];
    request.variables = vec![raw()];
    request.reason = Some(raw());
    if readable {
        assert!(texts.next().is_none(), "TEXTS is too large");
    }
    request
}

pub(super) fn sample(words: &[&str]) -> Request {
    let argv: Vec<Raw> = words.iter().map(|word| Raw::from(*word)).collect();
    Request {
        version: 1,
        id: Uuid::from_u128(0x0193_5a3b_7c00_7000_8000_0000_0000_0001),
        nonce: Hex32([7; 32]),
        asked_at_ms: 1_700_000_000_000,
        timeout_ms: 120_000,
        host: Host {
            name: Raw::from("web1"),
            machine_id: "4f2a0c5e9b7d4f0e8a1b2c3d4e5f6071".to_owned(),
        },
        requester: User {
            uid: 1001,
            name: Raw::from("agent"),
            groups: Vec::new(),
        },
        sudo: Sudo {
            pid: 4711,
            start_time: 99,
            argv: [Raw::from("sudo"), Raw::from("-n")]
                .into_iter()
                .chain(argv.clone())
                .collect(),
            service: Raw::from("sudo"),
        },
        program: Program {
            path: words
                .first()
                .map(|word| Raw::from(format!("/usr/bin/{word}").as_str())),
            real: None,
            found: Found::Sudo,
        },
        call: Some(Call {
            mode: Mode::Run,
            argv,
            user: None,
            group: None,
            chdir: None,
            chroot: None,
            environment: Environment::default(),
            background: false,
        }),
        unreadable: None,
        cwd: Raw::from("/home/agent/project"),
        stdio: [Stream::Null, Stream::Pipe, Stream::Pipe],
        tty: None,
        parents: vec![
            Process {
                pid: 4700,
                start_time: 90,
                uid: 1001,
                name: Raw::from("bash"),
                exe: Some(Raw::from("/usr/bin/bash")),
            },
            Process {
                pid: 4600,
                start_time: 80,
                uid: 1001,
                name: Raw::from("claude"),
                exe: None,
            },
        ],
        agents: vec!["Claude Code".to_owned()],
        operands: Vec::new(),
        variables: Vec::new(),
        reason: Some(Raw::from("the site needs a web server")),
    }
}

pub(super) fn operand(path: &str, role: Role, content: Content) -> Operand {
    Operand {
        path: Raw::from(path),
        role,
        content,
    }
}

pub(super) fn hashed() -> Content {
    Content::Hashed {
        sha256: Hex32([0xab; 32]),
        size: 120,
    }
}

pub(super) fn terminal() -> Stream {
    Stream::Terminal {
        path: Raw::from("/dev/pts/3"),
    }
}
