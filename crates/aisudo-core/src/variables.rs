//! What is known of environment variables by their names.

/// Whether it is one of the variables by which dynamic linkers, shells, interpreters and common tools load or
/// run code.
#[must_use]
pub fn loads_code(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"BASH_ENV",
        b"BASHOPTS",
        b"BROWSER",
        b"CDPATH",
        b"EDITOR",
        b"ENV",
        b"GCONV_PATH",
        b"HOME",
        b"IFS",
        b"LESSOPEN",
        b"LOCPATH",
        b"MANPAGER",
        b"NODE_OPTIONS",
        b"NODE_PATH",
        b"PAGER",
        b"PATH",
        b"PERLLIB",
        b"PROMPT_COMMAND",
        b"PS4",
        b"RUBYLIB",
        b"RUBYOPT",
        b"SHELL",
        b"SHELLOPTS",
        b"TERMINFO",
        b"VISUAL",
        b"XDG_CONFIG_HOME",
        b"ZDOTDIR",
    ];
    const BEGINNINGS: &[&[u8]] = &[
        b"BASH_FUNC_",
        b"DYLD_",
        b"GIT_",
        b"JAVA_",
        b"LD_",
        b"PERL5",
        b"PYTHON",
        b"_RLD",
    ];
    NAMES.contains(&name)
        || BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

/// Whether it is one of those that hardly anybody has without having put it there. Worth to be told of
/// when the requester's environment holds it: sudo drops it, unless sudoers keeps it.
#[must_use]
pub fn seldom_there_by_chance(name: &[u8]) -> bool {
    const USUAL: &[&[u8]] = &[
        b"BROWSER",
        b"CDPATH",
        b"EDITOR",
        b"HOME",
        b"LESSOPEN",
        b"MANPAGER",
        b"PAGER",
        b"PATH",
        b"SHELL",
        b"SHELLOPTS",
        b"BASHOPTS",
        b"TERMINFO",
        b"VISUAL",
        b"XDG_CONFIG_HOME",
    ];
    loads_code(name) && !USUAL.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_path_and_few_a_preloaded_library() {
        for (name, expected) in [
            ("PATH", (true, false)),
            ("EDITOR", (true, false)),
            ("LD_PRELOAD", (true, true)),
            ("PYTHONPATH", (true, true)),
            ("BASH_ENV", (true, true)),
            ("LANG", (false, false)),
            ("", (false, false)),
        ] {
            let name = name.as_bytes();
            assert_eq!((loads_code(name), seldom_there_by_chance(name)), expected);
        }
    }
}
