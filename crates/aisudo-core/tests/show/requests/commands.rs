//! What is run, and on what.

use aisudo_core::{
    raw::Raw,
    request::{Content, Environment, Found, Program, Role, Stream},
    sudo_argv::Mode,
};

use super::{MODES, case, changed, raws};
use crate::{
    form::RequestCase,
    sample::{hashed, operand, sample, terminal},
};

/// Each mode, with and without words, as whom.
pub(super) fn modes() -> Vec<RequestCase> {
    let mut cases = Vec::new();
    for mode in MODES {
        for (words, user, group) in [
            (&[][..], None, None),
            (&["id"], None, None),
            (&["(a shell)", "a b"], None, None),
            (&["id"], Some("#0"), None),
            (&["id"], None, Some("adm")),
            (&[], Some("bob"), Some("adm")),
        ] {
            let request = changed(words, |request| {
                let call = request.call.as_mut().unwrap();
                call.mode = mode;
                call.user = user.map(Raw::from);
                call.group = group.map(Raw::from);
            });
            let name = format!("{mode:?} {words:?}, user {user:?}, group {group:?}");
            cases.push(case(&name, &request));
        }
    }
    cases
}

/// The program, the files, the environment: what is run.
pub(super) fn commands() -> Vec<RequestCase> {
    let program = |path: Option<&str>, found| {
        changed(&["deploy", "now"], |request| {
            request.program = Program {
                path: path.map(Raw::from),
                real: None,
                found,
            };
        })
    };
    let files = |files: &[(Role, Content)]| {
        changed(&["python3", "setup.py"], |request| {
            request.operands = files
                .iter()
                .map(|(role, content)| operand("/home/agent/a b", *role, content.clone()))
                .collect();
        })
    };
    let unpinned = || Content::Unpinned {
        why: "too large".to_owned(),
    };
    let mut cases = vec![
        case(
            "a plain command",
            &sample(&["apt-get", "install", "-y", "nginx"]),
        ),
        case(
            "a20 found by the gate",
            &program(Some("/home/agent/bin/deploy.sh"), Found::Gate),
        ),
        case(
            "a20 found by sudo",
            &program(Some("/bin/deploy.sh"), Found::Sudo),
        ),
        case(
            "a20 a path, and yet unknown",
            &program(Some("deploy"), Found::Unknown),
        ),
        case("a20 not found", &program(None, Found::Unknown)),
        case("a23 one file", &files(&[(Role::Argument, hashed())])),
        case(
            "a23 one that is not checked",
            &files(&[(Role::Stdin, unpinned())]),
        ),
        case(
            "a23 several files",
            &files(&[
                (Role::Program, hashed()),
                (Role::Interpreter, Content::Directory),
                (Role::Argument, hashed()),
                (Role::Stdin, hashed()),
                (Role::Argument, unpinned()),
                (Role::Argument, Content::Directory),
            ]),
        ),
        case(
            "a26 environment, directory, root and background",
            &changed(&["make", "install"], |request| {
                let call = request.call.as_mut().unwrap();
                call.chdir = Some(Raw::from("/srv/my site"));
                call.chroot = Some(Raw::from("/srv/jail"));
                call.background = true;
                call.environment = Environment {
                    preserve_all: true,
                    preserve: raws(&["PYTHONPATH", "TERM", "LD_PRELOAD"]),
                    set: raws(&[
                        "LD_PRELOAD=/tmp/x.so",
                        "LANG=C",
                        "IFS",
                        "=",
                        "LD_PRELOAD=2",
                        "PATH=",
                    ]),
                };
                request.variables = raws(&["LD_AUDIT", "BASH_FUNC_x%%"]);
            }),
        ),
        case(
            "a26 a variable that is no text",
            &changed(&["id"], |request| {
                let set = &mut request.call.as_mut().unwrap().environment.set;
                set.push(Raw(b"LD_\xff=x".to_vec()));
                set.push(Raw(b"X\xff=LD_".to_vec()));
            }),
        ),
    ];
    for name in [
        "",
        "sudo",
        "/usr/bin/sudo",
        "sudoedit",
        "/x/sudo-rs",
        "sudoedit-rs",
        "-sudo",
        "./sudo",
        "a/sudo",
        "/sudo",
        "sudo/",
        "SUDO",
        "sudo|apt|update",
    ] {
        let request = changed(&["rm", "-r", "/srv"], |request| {
            request.sudo.argv[0] = Raw::from(name);
        });
        cases.push(case(&format!("a19 sudo as {name:?}"), &request));
    }
    cases
}

/// Sealed copies, and what only looks like them.
pub(super) fn sealed() -> Vec<RequestCase> {
    const OWN: &str = "/usr/bin/aisudo";
    let sha256 = |content: Content| match content {
        Content::Hashed { sha256, .. } => sha256.to_string(),
        _ => String::new(),
    };
    let hash = sha256(hashed());
    let run = |words: &[&str], hashes: &str| {
        let argv = [&[OWN, "run", "--sealed", "--sha256", hashes, "--"], words].concat();
        changed(&argv, |request| {
            request.program.path = Some(Raw::from(OWN));
            request.program.real = Some(Raw::from(OWN));
            request.operands = vec![operand("/home/agent/a b", Role::Argument, hashed())];
        })
    };
    let script = || run(&["/bin/bash", "a b"], &hash);
    let with = |change: fn(&mut aisudo_core::request::Request)| {
        let mut request = script();
        change(&mut request);
        request
    };
    let word = |place: usize, word: &str| {
        let mut request = script();
        request.call.as_mut().unwrap().argv[place] = Raw::from(word);
        request
    };
    let mut cases = vec![
        case("a23 a sealed script", &script()),
        case(
            "a23 a sealed program beside other files",
            &with(|request| {
                request.operands[0].role = Role::Program;
                request.operands.extend([
                    operand("/home/agent/in", Role::Stdin, hashed()),
                    operand("/home/agent/dir", Role::Argument, Content::Directory),
                    operand("/home/agent/py", Role::Interpreter, hashed()),
                ]);
            }),
        ),
        case(
            "a23 sealed by two hashes",
            &run(&["/bin/bash", "a b"], &format!("{},{hash}", "0".repeat(64))),
        ),
        case(
            "a23 sealed by another hash",
            &run(&["/bin/bash", "a b"], &"0".repeat(64)),
        ),
        case(
            "a20 sealed by a program of the requester's",
            &with(|request| {
                request.operands.push(operand(OWN, Role::Program, hashed()));
            }),
        ),
        case(
            "a20 sealed by what is behind a link",
            &with(|request| request.program.real = Some(Raw::from("/usr/bin/env"))),
        ),
        case(
            "a20 sealed by what is not known",
            &with(|request| request.program.real = None),
        ),
        case(
            "a20 sealed by another path",
            &with(|request| request.program.path = Some(Raw::from("/usr/sbin/aisudo"))),
        ),
        case(
            "sealed in another root directory",
            &with(|request| {
                request.call.as_mut().unwrap().chroot = Some(Raw::from("/srv"));
            }),
        ),
        case(
            "sealed by doas",
            &with(|request| request.sudo.service = Raw::from("doas")),
        ),
        case(
            "sealed in a shell",
            &with(|request| request.call.as_mut().unwrap().mode = Mode::Shell),
        ),
        case(
            "sealed, without a command",
            &with(|request| request.call.as_mut().unwrap().argv.truncate(6)),
        ),
        case(
            "sealed, alone",
            &with(|request| request.call.as_mut().unwrap().argv.truncate(1)),
        ),
    ];
    let twice = format!("{hash},{hash}");
    let many = |count: u8| {
        let hashes: Vec<String> = (1..count).map(|number| format!("{number:064x}")).collect();
        format!("{hash},{}", hashes.join(","))
    };
    let (sixteen, seventeen) = (many(16), many(17));
    for (place, said) in [
        (0, "aisudo"),
        (0, "/usr/bin/env"),
        (0, "/usr/bin/aisudo/"),
        (1, "show"),
        (2, "--sealed "),
        (3, "--sha256 x"),
        (4, ""),
        (4, hash.to_uppercase().as_str()),
        (4, twice.as_str()),
        (4, sixteen.as_str()),
        (4, seventeen.as_str()),
        (4, format!("{hash},").as_str()),
        (5, "-"),
        (6, "bash"),
        (6, "./bash"),
    ] {
        cases.push(case(
            &format!("sealed, with word {place} as {said:?}"),
            &word(place, said),
        ));
    }
    cases
}

/// Programs beside sudo that ask.
pub(super) fn askers() -> Vec<RequestCase> {
    let mut cases = Vec::new();
    for service in [
        "sudo",
        "sudo-i",
        "su",
        "su-l",
        "doas",
        "polkit-1",
        "",
        "SU",
        "a b\u{202e}",
    ] {
        for (name, keeps) in [("su", true), ("/usr/bin/doas", false), ("./sudo", true)] {
            let request = changed(&["id", "-u"], |request| {
                request.sudo.service = Raw::from(service);
                request.sudo.argv[0] = Raw::from(name);
                request.program.found = Found::Gate;
                request.variables = raws(&["BASH_ENV"]);
                let call = request.call.as_mut().unwrap();
                call.mode = Mode::Shell;
                call.environment.preserve_all = keeps;
                call.environment.preserve = raws(&["BASH_ENV"]);
            });
            cases.push(case(&format!("asked with {name} by {service:?}"), &request));
        }
        let unknown = changed(&["id"], |request| {
            request.sudo.service = Raw::from(service);
            request.program.path = None;
            request.unreadable = Some("-m".to_owned());
        });
        cases.push(case(&format!("not certain, by {service:?}"), &unknown));
        let raw = changed(&[], |request| {
            request.sudo.service = Raw::from(service);
            request.call = None;
            request.unreadable = Some("su with -m".to_owned());
        });
        cases.push(case(&format!("raw, by {service:?}"), &raw));
    }
    let text = changed(&["id"], |request| request.sudo.service = Raw(vec![0xff]));
    cases.push(case("asked by a service that is no text", &text));
    cases
}

/// a25: standard input as half of the command.
pub(super) fn inputs() -> Vec<RequestCase> {
    let commands: &[&[&str]] = &[
        &["bash"],
        &["/bin/bash", "-x", "--"],
        &["bash", "-c", "id"],
        &["bash", ""],
        &["python3.11", "-"],
        &["python-3.1.", "x"],
        &["env", "-i", "X=1", "/bin/sh"],
        &["timeout", "9", "bash", "-c", "id"],
        &["nice", "tee", "sh"],
        &["tee", "/etc/sudoers"],
        &["xargs", "rm"],
        &["apt-get", "install", "bash"],
        &["dir/", "x"],
        &["7"],
        &[],
    ];
    let mut cases = Vec::new();
    for words in commands {
        for found in [true, false] {
            let request = changed(words, |request| {
                request.stdio[0] = Stream::Pipe;
                request.program.path = request.program.path.take().filter(|_| found);
            });
            cases.push(case(
                &format!("a25 {words:?} from a pipe, {found}"),
                &request,
            ));
        }
    }
    let streams = || {
        [
            terminal(),
            Stream::Pipe,
            Stream::Socket,
            Stream::Null,
            Stream::File {
                path: Raw::from("/tmp/a b\u{202e}"),
            },
            Stream::Other {
                path: Raw(b"anon_inode:\xff".to_vec()),
            },
            Stream::Closed,
        ]
    };
    for stream in streams() {
        for mode in [Mode::Run, Mode::Shell, Mode::LoginShell, Mode::Edit] {
            let request = changed(&["perl"], |request| {
                request.call.as_mut().unwrap().mode = mode;
                request.stdio = [stream.clone(), stream.clone(), stream.clone()];
            });
            cases.push(case(&format!("a25 {mode:?} from {stream:?}"), &request));
        }
        let request = changed(&["id"], |request| request.stdio[2] = stream.clone());
        cases.push(case(&format!("errors to {stream:?}"), &request));
    }
    let unreadable = changed(&["bash"], |request| {
        request.program.path = Some(Raw(b"/x/bash\xff".to_vec()));
    });
    cases.push(case("a program that is no text", &unreadable));
    cases
}
