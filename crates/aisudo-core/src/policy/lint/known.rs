//! Programs, by what they do beside what they are for. Sources: GTFOBins (gtfobins.github.io),
//! advisories on sudoers files, the programs' manuals. Each program is in one list only.

use crate::runners::{INTERPRETERS, RUNNERS, SHELLS};

/// What is wrong whatever the words are.
#[rustfmt::skip] // Lists of names, as many to a line as there is room for.
pub(in crate::policy) const ALWAYS: &[(&[&str], &str)] = &[
    (
        SHELLS,
        "is a shell",
    ),
    (
        INTERPRETERS,
        "runs any code it is given",
    ),
    (
        &[
            "eb", "ed", "editor", "emacs", "emacsclient", "ex", "gvim", "helix", "hx", "jed", "jmacs", "joe", "kak", "mc",
            "mcedit", "mg", "micro", "nano", "ne", "nvim", "pico", "ranger", "red", "rnano", "rview", "rvim",
            "select-editor", "sensible-editor", "vi", "view", "vigr", "vim", "vimdiff", "vipw", "virsh", "visudo",
        ],
        "is an editor or opens one, from which any program can be started",
    ),
    (
        &[
            "bat", "batcat", "bzless", "bzmore", "info", "less", "lv", "man", "more", "most", "pager", "perldoc", "pg",
            "sensible-pager", "xzless", "xzmore", "zless", "zmore",
        ],
        "is a pager, from which any program can be started",
    ),
    (
        RUNNERS,
        "runs any program it is given",
    ),
    (
        &[
            "asterisk", "debugfs", "elinks", "ftp", "htop", "iftop", "ipmitool", "irssi", "lftp", "lynx", "mail", "mariadb",
            "minicom", "mongo", "mongosh", "mutt", "mysql", "ncdu", "ncftp", "psftp", "psql", "redis-cli", "sftp",
            "smbclient", "sqlite", "sqlite3", "tdbtool", "telnet", "top", "w3m",
        ],
        "takes commands from whoever sits before it, and starts other programs",
    ),
    (
        &[
            "add-apt-repository", "alien", "apk", "autoconf", "autoheader", "autoreconf", "aws", "brew", "bundle", "bundler",
            "cabal", "cargo", "certbot", "cmake", "composer", "conda", "cpan", "cpanm", "dnf", "dpkg", "dpkg-reconfigure",
            "easy_install", "flatpak", "gcloud", "gdebi", "gem", "gmake", "guix", "helm", "make", "meson", "microdnf", "ninja",
            "nix", "npm", "npx", "opkg", "pacman", "pip", "pipx", "pkg", "pnpm", "poetry", "rake", "rpm", "rustup", "scons",
            "terraform", "uv", "vagrant", "yarn", "yum", "zypper",
        ],
        "installs or builds, and so runs code that it fetches or is given",
    ),
    (
        &[
            "chgpasswd", "chpasswd", "crontab", "dd", "debconf-set-selections", "ip6tables-restore", "iptables-restore", "nc",
            "ncat", "netcat", "newusers", "passwd", "patch", "socat", "sponge", "tee",
        ],
        "does what its standard input says, which is the requester's",
    ),
];

/// Programs that do what their first word says: the words that do no more than they say, and those
/// that do so once there is no pager.
pub(in crate::policy) type Verbs = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

#[rustfmt::skip]
pub(in crate::policy) const VERBS: &[Verbs] = &[
    (
        &["systemctl"],
        &[
            "daemon-reload", "disable", "enable", "halt", "hibernate", "is-active", "is-enabled", "is-failed",
            "is-system-running", "kill", "mask", "poweroff", "reboot", "reload", "reload-or-restart", "reset-failed",
            "restart", "start", "stop", "suspend", "try-reload-or-restart", "try-restart", "unmask",
        ],
        &[
            "cat", "get-default", "list-dependencies", "list-jobs", "list-sockets", "list-timers", "list-unit-files",
            "list-units", "show", "show-environment", "status",
        ],
    ),
    (
        &["docker", "nerdctl", "podman"],
        &[
            "diff", "images", "info", "inspect", "kill", "logs", "pause", "port", "ps", "restart", "start", "stats", "stop",
            "top", "unpause", "version",
        ],
        &[],
    ),
    (&["crictl", "kubectl"], &["cluster-info", "describe", "get", "logs", "top", "version"], &[]),
    (
        &["apt", "apt-get", "aptitude"],
        &["autoclean", "check", "clean", "list", "policy", "search", "show", "update"],
        &[],
    ),
    (&["snap"], &["find", "info", "list", "services", "version"], &[]),
    // The others approve, decide who approves, or run what they are given (`run`).
    (&["aisudo"], &["devices", "list", "show", "status"], &[]),
    (&["incus", "lxc", "lxd"], &["info", "list", "restart", "start", "stop"], &[]),
];

/// systemd's own, which open a pager.
pub(in crate::policy) const PAGED: &[&str] = &[
    "bootctl",
    "busctl",
    "hostnamectl",
    "journalctl",
    "localectl",
    "loginctl",
    "networkctl",
    "resolvectl",
    "systemd-analyze",
    "systemd-resolve",
    "timedatectl",
];

/// Harmless with names, not with paths (`service ../../bin/sh`).
pub(in crate::policy) const NAMES: &[&str] =
    &["invoke-rc.d", "rc-service", "service", "update-rc.d"];

/// Only with every word written out.
#[rustfmt::skip]
pub(in crate::policy) const FIXED: &[&str] = &[
    "7z", "7za", "7zr", "ab", "acr", "adduser", "aoss", "apache2ctl", "apport-cli", "ar", "aria2c", "arj", "aspell", "awk",
    "base64", "bconsole", "borg", "bsdtar", "bzip2", "cancel", "chattr", "chgrp", "chmod", "chown", "cobc", "cowsay",
    "cowthink", "cp", "cpio", "csplit", "csvtool", "ctr", "curl", "dc", "deluser", "dhclient", "dialog", "dmesg", "dmidecode",
    "dmsetup", "dnsmasq", "dos2unix", "dosbox", "dstat", "dvips", "easyrsa", "enscript", "exiftool", "facter",
    "fail2ban-client", "fastfetch", "ffmpeg", "find", "fzf", "gawk", "genie", "getent", "ginsh", "git", "gpasswd", "groupadd",
    "groupmod", "gzip", "hashcat", "hg", "hping3", "iconv", "insmod", "install", "ip", "ip6tables", "iptables",
    "iptables-save", "ispell", "jtag", "kexec", "kill", "ldconfig", "ln", "logrotate", "losetup", "lp", "lwp-download",
    "mawk", "modprobe", "mosh-server", "mount", "msfconsole", "msgfilter", "mv", "mypy", "nawk", "needrestart", "neofetch",
    "nft", "nginx", "nmap", "nping", "nroff", "openssl", "openvpn", "openvt", "original-awk", "pandoc", "perlbug", "pic", "pidstat",
    "plymouth", "procmail", "rcp", "redis", "redis-server", "restic", "rm", "rpmdb", "rpmquery", "rpmverify", "rsync",
    "rsyslogd", "rtorrent", "run-mailcap", "rustdoc", "scp", "scrot", "sed", "setcap", "setfacl", "shred", "shuf", "sort",
    "split", "sqlmap", "ssh", "ssh-copy-id", "ssh-keygen", "ssh-keyscan", "sshfs", "sshpass", "sshuttle", "swapon", "sysctl",
    "tar", "tcpdump", "tftp", "troff", "truncate", "tshark", "tune2fs", "umount", "unsquashfs", "unzip", "update-alternatives",
    "useradd", "userdel", "usermod", "varnishncsa", "volatility", "wall", "wget", "whois", "wireshark", "xdg-user-dir",
    "xdotool", "xxd", "xz", "yt-dlp", "zathura", "zic", "zip", "zstd",
];

/// They show what is in a file, and any file can be named.
#[rustfmt::skip]
pub(in crate::policy) const READERS: &[&str] = &[
    "as", "base32", "basenc", "bzcat", "cat", "cmp", "column", "comm", "cut", "date", "diff", "egrep", "expand", "fgrep",
    "file", "fmt", "fold", "grep", "hd", "head", "hexdump", "highlight", "join", "jq", "last", "look", "nl", "nm", "od",
    "paste", "pr", "readelf", "rev", "rg", "strings", "tac", "tail", "tbl", "tic", "tr", "ul", "unexpand", "uniq", "wc",
    "xmodmap", "xzcat", "zcat", "zgrep", "zstdcat",
];

/// Words that stand for standard input.
pub(in crate::policy) const INPUT: &[&str] = &["-", "/dev/fd/0", "/dev/stdin", "/proc/self/fd/0"];

/// Words that do something else even where they are written out.
#[rustfmt::skip]
pub(in crate::policy) const WORDS: &[(&str, &[&str])] = &[
    ("find", &["-delete", "-exec", "-execdir", "-fls", "-fprint", "-fprint0", "-fprintf", "-ok", "-okdir"]),
    ("ip", &["-b", "-batch", "exec"]),
    ("dmesg", &["--human", "-H"]),
    ("tcpdump", &["-z"]),
    ("nmap", &["--interactive", "--script"]),
];
