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
