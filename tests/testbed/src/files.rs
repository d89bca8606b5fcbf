//! The texts of a world's `/etc`, as Debian 12 has them unless a comment says otherwise.

/// The password of `owner`.
pub const OWNER_PASSWORD: &str = "owner-password";

/// The password of `agent`.
pub const AGENT_PASSWORD: &str = "agent-password";

/// `/etc/aisudo/aisudo.toml` of a new world.
pub const DEFAULT_CONFIG: &str = r#"version = 1

[gate]
timeout = 20
fallback = "password"
accept = ["terminal", "policy"]

[[gate.who]]
user = "agent"
when = "always"

[daemon]
user = "aisudo"

[channels.terminal]
group = "aisudo-approvers"

# Tests ask often; those about limits set their own.
[limits]
requests_per_minute = 100000
requests_per_minute_all = 100000
ruled_per_minute = 100000
cooldown = 0
"#;

/// `/etc/sudoers.d/aisudo` of a new world.
pub const DEFAULT_SUDOERS: &str = "\
agent ALL=(ALL:ALL) ALL
Defaults:agent timestamp_timeout=0
Defaults:agent passwd_tries=1
Defaults:agent noninteractive_auth
owner ALL=(ALL:ALL) ALL
";

/// The text of a PAM service of sudo's with these lines above Debian's includes.
#[must_use]
pub fn pam_text(first: &str) -> String {
    format!(
        "#%PAM-1.0
{first}
session    required   pam_limits.so

@include common-auth
@include common-account
@include common-session-noninteractive
"
    )
}

/// The lines that put our module into a service.
pub(crate) const OUR_PAM_LINES: &str = "\
auth    [success=done ignore=ignore default=die] /run/aisudo-build/pam_aisudo.so
account required                                 /run/aisudo-build/pam_aisudo.so";

/// Path, mode and text of the files that are the same in each world.
pub(crate) const ETC: &[(&str, u32, &str)] = &[
    ("passwd", 0o644, PASSWD),
    ("group", 0o644, GROUP),
    ("shadow", 0o640, SHADOW),
    ("gshadow", 0o640, ""),
    ("nsswitch.conf", 0o644, NSSWITCH),
    ("login.defs", 0o644, "UMASK 022\nENCRYPT_METHOD SHA512\n"),
    ("hostname", 0o644, "testbed\n"),
    (
        "hosts",
        0o644,
        "127.0.0.1 localhost testbed\n::1 localhost testbed\n",
    ),
    ("machine-id", 0o444, "7e57bed07e57bed07e57bed07e57bed0\n"),
    ("shells", 0o644, "/bin/sh\n/bin/bash\n"),
    ("profile", 0o644, "PS1='$ '\n"),
    ("bash.bashrc", 0o644, "PS1='$ '\n"),
    ("environment", 0o644, ""),
    ("sudo.conf", 0o644, "# Nothing but the defaults.\n"),
    ("sudoers", 0o440, SUDOERS),
    ("sudoers.d/aisudo", 0o440, DEFAULT_SUDOERS),
    ("aisudo/aisudo.toml", 0o644, DEFAULT_CONFIG),
    ("pam.d/common-auth", 0o644, COMMON_AUTH),
    ("pam.d/common-account", 0o644, COMMON_ACCOUNT),
    ("pam.d/common-password", 0o644, COMMON_PASSWORD),
    ("pam.d/common-session", 0o644, COMMON_SESSION),
    ("pam.d/common-session-noninteractive", 0o644, COMMON_SESSION),
    ("pam.d/other", 0o644, OTHER),
    ("pam.d/su", 0o644, SU),
    ("pam.d/su-l", 0o644, SU),
    ("pam.d/login", 0o644, OTHER),
    ("pam.d/passwd", 0o644, "@include common-password\n"),
];

/// What programs need of this machine's own `/etc`, taken if it is there.
pub(crate) const FROM_HOST: &[&str] = &[
    "alternatives",
    "debian_version",
    "default/locale",
    "gai.conf",
    "host.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "mtab",
    "os-release",
    "protocols",
    "python3",
    "python3.11",
    "python3.13",
    "security",
    "services",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
];

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
owner:x:7000:7000:The owner:/home/owner:/bin/bash
agent:x:7001:7001:The agent:/home/agent:/bin/bash
other:x:7002:7002:Someone else:/home/other:/bin/bash
aisudo:x:7099:7099:The daemon:/var/lib/aisudo:/bin/bash
";

const GROUP: &str = "\
root:x:0:
daemon:x:1:
tty:x:5:
sudo:x:27:
shadow:x:42:
nogroup:x:65534:
owner:x:7000:
agent:x:7001:
other:x:7002:
aisudo:x:7099:
aisudo-approvers:x:7100:owner
";

// `openssl passwd -6 -salt aisudotestbed <password>`
const SHADOW: &str = "\
root:*:19000:0:99999:7:::
daemon:*:19000:0:99999:7:::
nobody:*:19000:0:99999:7:::
owner:$6$aisudotestbed$2BEZ7rAoTocfJZtgMDOcMibDoTLkELn.pS2HpdguNENui1QJxdtoeZW7RBxwVw9Sm1hB.svXiffEQCdwaupkn.:19000:0:99999:7:::
agent:$6$aisudotestbed$KhlB69BmPBdKuECaSQJfn9XBo2okudyA5N0/digONjHMfeFoKPlNU4cklJH5c4I6kTsYlVZaGPswvUqVz6gPJ/:19000:0:99999:7:::
other:!:19000:0:99999:7:::
aisudo:!:19000:0:99999:7:::
";

const NSSWITCH: &str = "\
passwd:   files
group:    files
shadow:   files
gshadow:  files
hosts:    files
networks: files
protocols: files
services: files
sudoers:  files
";

// Without mail: it would leave the world.
const SUDOERS: &str = "\
Defaults	env_reset
Defaults	!mailerpath
Defaults	secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"
Defaults	use_pty
root	ALL=(ALL:ALL) ALL
%sudo	ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
";

// With nodelay: a wrong password need not cost a test two seconds. Without pam_cap, which may be missing.
const COMMON_AUTH: &str = "\
auth	[success=1 default=ignore]	pam_unix.so nullok nodelay
auth	requisite			pam_deny.so
auth	required			pam_permit.so
";

const COMMON_ACCOUNT: &str = "\
account	[success=1 new_authtok_reqd=done default=ignore]	pam_unix.so
account	requisite			pam_deny.so
account	required			pam_permit.so
";

const COMMON_PASSWORD: &str = "\
password	[success=1 default=ignore]	pam_unix.so obscure sha512
password	requisite			pam_deny.so
password	required			pam_permit.so
";

// Without pam_systemd: a session would reach the machine's logind.
const COMMON_SESSION: &str = "\
session	[default=1]			pam_permit.so
session	requisite			pam_deny.so
session	required			pam_permit.so
session	required	pam_unix.so
";

const OTHER: &str = "\
@include common-auth
@include common-account
@include common-password
@include common-session
";

const SU: &str = "\
auth       sufficient pam_rootok.so
session    required   pam_limits.so
@include common-auth
@include common-account
@include common-session
";
