use super::*;
use crate::{
    config::Changeable,
    executed::{
        refusal,
        tests::{file, request},
    },
};

const OWN: &str = "/usr/bin/aisudo";

fn hash(content: u8) -> String {
    Hex32([content; 32]).to_string()
}

/// `aisudo run --sealed --sha256 HASH -- WORDS`, with the agent's `/home/agent/x`, whose content is 1.
fn sealed(hashes: &str, words: &[&str], role: Role) -> Request {
    let all = [&[OWN, "run", "--sealed", "--sha256", hashes, "--"], words].concat();
    let mut request = request("run", &all, OWN);
    request.operands = vec![file("/home/agent/x", role, 1)];
    request
}

#[test]
fn a_sealed_run_names_what_it_runs_by_hash() {
    let request = sealed(&hash(1), &["/home/agent/x", "-a"], Role::Program);
    let sealed = Sealed::of(&request).unwrap();
    assert_eq!(sealed.hashes, [Hex32([1; 32])]);
    assert_eq!(sealed.program, &Raw::from("/home/agent/x"));
    assert_eq!(sealed.words, [Raw::from("-a")]);
    assert!(sealed.covers(&request.operands[0]));
    assert!(!sealed.covers(&file("/home/agent/x", Role::Program, 2)));
    assert!(!sealed.covers(&file("/home/agent/x", Role::Interpreter, 1)));
    assert!(!sealed.covers(&file("/home/agent/x", Role::Stdin, 1)));
}

#[test]
fn what_only_looks_like_one_is_none() {
    let of = |words: &[&str]| {
        let request = request("run", words, words[0]);
        Sealed::of(&request).is_some()
    };
    let h = hash(1);
    assert!(of(&[OWN, "run", "--sealed", "--sha256", &h, "--", "/x"]));
    let others: [&[&str]; 11] = [
        &[
            "/usr/bin/env",
            "run",
            "--sealed",
            "--sha256",
            &h,
            "--",
            "/x",
        ],
        &["aisudo", "run", "--sealed", "--sha256", &h, "--", "/x"],
        &["./aisudo", "run", "--sealed", "--sha256", &h, "--", "/x"],
        &[OWN, "run", "--sealed", "--", "/x"],
        &[OWN, "run", "--sha256", &h, "--sealed", "--", "/x"],
        &[OWN, "run", "--sealed", "--sha256", &h, "/x"],
        &[OWN, "run", "--sealed", "--sha256", &h, "--", "x"],
        &[OWN, "run", "--sealed", "--sha256", &h, "--"],
        &[OWN, "run", "--sealed", "--sha256", "", "--", "/x"],
        &[
            OWN,
            "run",
            "--sealed",
            "--sha256",
            h.trim_start_matches("01"),
            "--",
            "/x",
        ],
        &[
            OWN, "--root", "/r", "run", "--sealed", "--sha256", &h, "--", "/x",
        ],
    ];
    for words in others {
        assert!(!of(words), "{words:?}");
    }
    let twice = format!("{h},{h}");
    assert!(!of(&[
        OWN, "run", "--sealed", "--sha256", &twice, "--", "/x"
    ]));
}

#[test]
fn a20_a_program_that_the_requester_can_change_or_that_is_another_seals_nothing() {
    let good = sealed(&hash(1), &["/home/agent/x"], Role::Program);
    assert!(Sealed::of(&good).is_some());
    let changes: [fn(&mut Request); 7] = [
        |r| r.sudo.service = Raw::from("doas"),
        |r| r.operands.push(file(OWN, Role::Program, 9)),
        |r| r.operands.push(file(OWN, Role::Argument, 9)),
        |r| r.program.real = Some(Raw::from("/home/agent/tool")),
        |r| r.program.real = None,
        |r| r.program.path = Some(Raw::from("/usr/local/bin/aisudo")),
        |r| r.call.as_mut().unwrap().chroot = Some(Raw::from("/srv")),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut other = good.clone();
        change(&mut other);
        assert_eq!(Sealed::of(&other), None, "{index}");
        assert!(refusal(&other, Changeable::Seal).is_some(), "{index}");
    }
}

#[test]
fn a23_a_hash_that_is_not_the_files_is_refused_whatever_root_says_of_changeable_files() {
    let cases: [(Request, Option<&str>); 8] = [
        (sealed(&hash(1), &["/home/agent/x"], Role::Program), None),
        (sealed(&hash(1), &["/bin/bash", "x"], Role::Argument), None),
        (
            sealed(&hash(1), &["/bin/cp", "x", "/etc"], Role::Argument),
            Some(
                "/home/agent/x has a sealed hash and is not executed; only programs and scripts can be sealed",
            ),
        ),
        (
            sealed(&hash(2), &["/home/agent/x"], Role::Program),
            Some("/home/agent/x is not what was sealed: it changed; start again"),
        ),
        (
            sealed(&hash(2), &["/opt/tool", "x"], Role::Argument),
            Some("no program or script of yours has the sealed hash: it changed; start again"),
        ),
        (
            sealed(
                &format!("{},{}", hash(1), hash(2)),
                &["/bin/bash", "x"],
                Role::Argument,
            ),
            Some("no program or script of yours has the sealed hash: it changed; start again"),
        ),
        (
            sealed(&hash(1), &["/bin/bash"], Role::Stdin),
            Some(
                "standard input is /home/agent/x, which you can change; name it as the script instead",
            ),
        ),
        (
            sealed(&hash(1), &["/opt/script"], Role::Interpreter),
            Some("you can change the interpreter /home/agent/x; name one that root installed"),
        ),
    ];
    for (request, expected) in cases {
        for changeable in [Changeable::Mark, Changeable::Seal] {
            assert_eq!(
                refusal(&request, changeable).as_deref(),
                expected,
                "{:?}",
                request.call.as_ref().unwrap().argv
            );
        }
        // There root wants nothing of the requester's to run, sealed or not.
        assert!(refusal(&request, Changeable::Refuse).is_some());
    }
}
