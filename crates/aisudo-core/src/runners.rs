//! Programs that run what they are given: what a file named by their words holds is code. Sources as
//! for the lint of policies, which takes these lists, too.

/// Shells.
#[rustfmt::skip] // As many to a line as there is room for.
pub(crate) const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "csh", "dash", "elvish", "fish", "git-shell", "ksh", "lksh", "mksh", "nu", "posh",
    "pwsh", "rbash", "rzsh", "sash", "sh", "slsh", "tasksh", "tcsh", "toybox", "xonsh", "yash", "zsh",
];

/// Interpreters, compilers, debuggers: they run the code they are given.
#[rustfmt::skip] // As many to a line as there is room for.
pub(crate) const INTERPRETERS: &[&str] = &[
    "R", "Rscript", "ansible", "ansible-playbook", "ansible-test", "bpftrace", "bpython", "bun", "c89", "c99", "cc",
    "chef-client", "clang", "clisp", "crash", "deno", "elixir", "erl", "expect", "g++", "gcc", "gdb", "ghc", "ghci",
    "gimp", "gnuplot", "go", "groovy", "gtester", "guile", "iex", "ipython", "irb", "java", "jdb", "jimsh", "jjs",
    "jrunscript", "jshell", "julia", "kotlin", "latex", "latexmk", "lldb", "lua", "lualatex", "luajit", "luatex",
    "m4", "node", "nodejs", "octave", "octave-cli", "pdb", "pdflatex", "pdftex", "perf", "perl", "php", "phpdbg", "pry",
    "puppet", "pypy", "python", "ruby", "runghc", "rustc", "salt-call", "sbcl", "scala", "scanmem", "swift", "tclsh",
    "tex", "wish", "xelatex", "xetex",
];

/// Programs that start the one which their words name.
#[rustfmt::skip] // As many to a line as there is room for.
pub(crate) const RUNNERS: &[&str] = &[
    "aa-exec", "agetty", "arch-nspawn", "at", "batch", "bwrap", "byobu", "capsh", "catchsegv", "cdist", "cgexec",
    "choom", "chroot", "chrt", "coredumpctl", "cpulimit", "daemonize", "dbus-run-session", "distcc", "doas", "dotnet",
    "dtach", "eatmydata", "entr", "env", "faketime", "fakeroot", "firejail", "flock", "getty", "grc", "hyperfine",
    "i386", "ionice", "ksu", "ld.so", "linux32", "linux64", "logsave", "ltrace", "machinectl", "multitime", "newgrp",
    "nice", "nohup", "nsenter", "numactl", "parallel", "pexec", "pkexec", "prlimit", "proxychains", "rc", "rlwrap",
    "run-parts", "run0", "runcon", "runuser", "schroot", "screen", "script", "scriptlive", "setarch", "setlock",
    "setpriv", "setsid", "sg", "softlimit", "ssh-agent", "start-stop-daemon", "stdbuf", "strace", "su", "su-rs",
    "sudo", "sudo-rs", "sudoedit", "sudoedit-rs", "systemd-inhibit", "systemd-nspawn", "systemd-run", "taskset",
    "time", "timeout", "tmate", "tmux", "torify", "torsocks", "uname26", "unbuffer", "unshare", "valgrind", "watch",
    "wg-quick", "x86_64", "xargs", "zellij",
];

/// `python3.11` is `python`, `vim.basic` is `vim`, `gcc-12` is `gcc`.
pub(crate) fn stem(name: &str) -> &str {
    const VARIANTS: &[&str] = &[
        "-static",
        ".athena",
        ".basic",
        ".bsd",
        ".distrib",
        ".gtk3",
        ".motif",
        ".nox",
        ".openbsd",
        ".tiny",
        ".traditional",
    ];
    let name = VARIANTS
        .iter()
        .find_map(|variant| name.strip_suffix(variant))
        .unwrap_or(name);
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    if stem.is_empty() { name } else { stem }
}

/// Those of them that take a script as their first word, and leave the words behind it to the script.
const SCRIPT_FIRST: &[&str] = &[
    "Rscript", "ash", "bash", "dash", "fish", "ksh", "lua", "luajit", "mksh", "node", "nodejs",
    "perl", "php", "pypy", "python", "rbash", "ruby", "sh", "tclsh", "yash", "zsh",
];

/// Whether a program of this name runs what a file among its words, or its standard input, holds.
pub(crate) fn runs_what_it_is_given(name: &[u8]) -> bool {
    is_in(&[SHELLS, INTERPRETERS, RUNNERS], name) || is_loader(name)
}

/// Whether it is a shell or an interpreter, which may run what is in a directory, too.
pub(crate) fn runs_code(name: &[u8]) -> bool {
    is_in(&[SHELLS, INTERPRETERS], name)
}

/// Whether its first word is its script, and the others are the script's.
pub(crate) fn takes_a_script_first(name: &[u8]) -> bool {
    is_in(&[SCRIPT_FIRST], name)
}

/// `ld.so PROGRAM`: ld.so(8).
fn is_loader(name: &[u8]) -> bool {
    name.starts_with(b"ld-linux") || name.starts_with(b"ld-musl")
}

fn is_in(lists: &[&[&str]], name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| {
        lists
            .iter()
            .any(|list| list.contains(&name) || list.contains(&stem(name)))
    })
}
