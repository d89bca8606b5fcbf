//! sudo's options, as data.

use super::{Reader, SudoCall};

/// One option of sudo: a row of the table.
pub(super) struct Opt {
    pub(super) short: Option<u8>,
    pub(super) long: &'static str,
    /// Whether it exists when sudo is called as `sudoedit`.
    pub(super) in_sudoedit: bool,
    pub(super) takes: Takes,
}

/// What an option takes, and where that goes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// Nothing: it sets a flag.
    Nothing(Flag),
    /// Nothing: sudo does something of its own and exits.
    Exit,
    /// A value that this accepts.
    Value(Slot, fn(&[u8]) -> bool),
    /// A list of names, with `=` only, or nothing.
    Names,
    /// `-h`: a host, or nothing.
    HelpOrHost,
}

pub(super) type Flag = for<'a> fn(&'a mut Reader<'_>) -> &'a mut bool;
pub(super) type Slot = fn(&mut SudoCall) -> &mut Option<Vec<u8>>;

/// An option of `sudo` and of `sudoedit`.
const fn both(short: u8, long: &'static str, takes: Takes) -> Opt {
    let short = Some(short);
    Opt {
        short,
        long,
        in_sudoedit: true,
        takes,
    }
}

/// An option of `sudo` only.
const fn sudo(short: u8, long: &'static str, takes: Takes) -> Opt {
    Opt {
        in_sudoedit: false,
        ..both(short, long, takes)
    }
}

const fn flag(flag: Flag) -> Takes {
    Takes::Nothing(flag)
}

const fn value(slot: Slot) -> Takes {
    Takes::Value(slot, |value| !value.is_empty())
}

const fn text(slot: Slot) -> Takes {
    Takes::Value(slot, |_| true)
}

/// `sudo_short_opts`, `edit_short_opts` and `sudo_long_opts` of C sudo. (`sudoedit` knows `-K`, but
/// only to refuse it; here it does not.)
#[rustfmt::skip] // One option, one line.
pub(super) const OPTIONS: &[Opt] = &[
    sudo(b'b', "background", flag(|r| &mut r.call.background)),
    sudo(b'E', "preserve-env", Takes::Names),
    sudo(b'e', "edit", flag(|r| &mut r.edit)),
    sudo(b'H', "set-home", flag(|r| &mut r.call.set_home)),
    sudo(b'i', "login", flag(|r| &mut r.login)),
    sudo(b'K', "remove-timestamp", Takes::Exit),
    sudo(b'l', "list", flag(|r| r.list())),
    sudo(b'P', "preserve-groups", flag(|r| &mut r.call.preserve_groups)),
    sudo(b's', "shell", flag(|r| &mut r.shell)),
    sudo(b'U', "other-user", value(|c| &mut c.other_user)),
    sudo(b'v', "validate", flag(|r| &mut r.validate)),
    both(b'A', "askpass", flag(|r| &mut r.call.askpass)),
    both(b'a', "auth-type", value(|c| &mut c.auth_type)),
    both(b'B', "bell", flag(|r| &mut r.call.bell)),
    both(b'C', "close-from", Takes::Value(|c| &mut c.close_from, is_descriptor)),
    both(b'c', "login-class", value(|c| &mut c.login_class)),
    both(b'D', "chdir", value(|c| &mut c.chdir)),
    both(b'g', "group", value(|c| &mut c.group)),
    both(b'h', "help", Takes::HelpOrHost),
    HOST,
    both(b'k', "reset-timestamp", flag(|r| &mut r.call.reset_timestamp)),
    both(b'N', "no-update", flag(|r| &mut r.call.no_update)),
    both(b'n', "non-interactive", flag(|r| &mut r.call.non_interactive)),
    both(b'p', "prompt", text(|c| &mut c.prompt)),
    both(b'R', "chroot", value(|c| &mut c.chroot)),
    both(b'r', "role", value(|c| &mut c.role)),
    both(b'S', "stdin", flag(|r| &mut r.call.stdin_password)),
    both(b'T', "command-timeout", text(|c| &mut c.command_timeout)),
    both(b't', "type", value(|c| &mut c.selinux_type)),
    both(b'u', "user", value(|c| &mut c.user)),
    both(b'V', "version", Takes::Exit),
];

/// `--host`, which `-h` is when it has a value.
pub(super) const HOST: Opt = Opt {
    short: None,
    long: "host",
    in_sudoedit: true,
    takes: value(|c| &mut c.host),
};

/// A plain number from 3 to `INT_MAX`. (sudo also accepts blanks and a sign before it.)
fn is_descriptor(value: &[u8]) -> bool {
    let number = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse::<i32>().ok());
    value.iter().all(u8::is_ascii_digit) && number.is_some_and(|number| number >= 3)
}
