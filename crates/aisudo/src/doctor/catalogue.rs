//! All checks: their ids, which are stable, how bad what they find is, and why it matters.
//!
//! `docs/doctor.md` has the same list for people; a test compares them.

use super::report::Severity::{self, Fail, Note, Warn};

/// A check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// What is said when nothing was found.
    pub(super) good: &'static str,
    /// Why what it finds matters.
    pub(super) why: &'static str,
}

const fn check(
    id: &'static str,
    severity: Severity,
    good: &'static str,
    why: &'static str,
) -> Check {
    Check {
        id,
        severity,
        good,
        why,
    }
}

/// The check with this id.
pub(super) fn of(id: &str) -> &'static Check {
    const UNKNOWN: Check = check("unknown", Fail, "", "");
    CHECKS
        .iter()
        .find(|check| check.id == id)
        .unwrap_or(&UNKNOWN)
}

/// Of `sudoers.` and `door.`, those that mean something where nobody is gated; the others are about gated
/// users.
pub(super) const ABOUT_NO_USER: [&str; 8] = [
    "sudoers.check_failed",
    "sudoers.writable",
    "sudoers.other_source",
    "door.root_password_empty",
    "door.second_root",
    "door.setuid_unknown",
    "door.capability",
    "door.scan_incomplete",
];

/// In the order in which they are told.
#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check("config.untrusted", Fail, "aisudo.toml can be written by root alone", "sudo and the daemon refuse it, so nobody is gated and a password is enough"),
    check("config.malformed", Fail, "aisudo.toml is understood", "sudo and the daemon refuse it, so nobody is gated and a password is enough"),
    check("config.nobody_gated", Warn, "somebody is gated", "a gate for nobody asks nobody"),
    check("config.unknown_user", Warn, "all who are to be gated exist", "a misspelt name gates nobody"),
    check("policy.untrusted", Fail, "policy.toml can be written by root alone", "it is refused: nothing is allowed by it, and new denials do not count"),
    check("policy.malformed", Fail, "policy.toml is understood", "it is refused: nothing is allowed by it, and new denials do not count"),
    check("policy.dangerous", Warn, "no rule allows more than it seems to", "a rule that allows a shell, an editor or a changeable file allows everything"),
    check("approvers.untrusted", Fail, "approvers.toml can be written by root alone", "it is refused: no phone and no Signal account counts"),
    check("approvers.malformed", Fail, "approvers.toml is understood", "it is refused: no phone and no Signal account counts"),
    check("approvers.none", Fail, "somebody can approve", "each command waits for its deadline, and is refused"),
    check("approvers.group_unknown", Warn, "the approvers' group exists", "the daemon does not start with a group that is not there"),
    check("approvers.gated", Warn, "no gated user is in the approvers' group", "the daemon refuses their answers; whoever is put there later without being gated is not refused"),
    check("sudo.missing", Fail, "sudo is there", "what is not there cannot be gated; somebody may put another one in its place"),
    check("pam.service_missing", Fail, "sudo's PAM services are there", "PAM takes the service other instead, which does not ask aisudo"),
    check("pam.unreadable", Fail, "PAM's files are understood", "PAM refuses what it does not understand, or leaves it out"),
    check("pam.auth_missing", Fail, "auth asks aisudo", "a password is enough"),
    check("pam.auth_order", Fail, "aisudo is asked first in auth", "what is called before it can let somebody in without it"),
    check("pam.auth_control", Fail, "aisudo's no counts in auth", "with this control PAM goes on after a no, and a password is enough"),
    check("pam.account_missing", Fail, "account asks aisudo", "where sudo asks for no password (a ticket, NOPASSWD, -u self) nobody is asked"),
    check("pam.account_order", Fail, "aisudo is asked first in account", "what is called before it can let somebody in without it"),
    check("pam.account_control", Fail, "aisudo's no counts in account", "with this control PAM goes on after a no"),
    check("pam.module_unknown", Warn, "a missing module leaves a sudo with a password", "if the module cannot be loaded, nobody gets root by sudo any more, you included"),
    check("pam.options", Warn, "the module has no option that it does not know", "a misspelt option moves the configuration to nowhere"),
    check("pam.file_writable", Fail, "PAM's files can be written by root alone", "whoever can write them can let themselves in"),
    check("module.missing", Fail, "the module is there", "without it a password is enough"),
    check("module.wrong_machine", Fail, "the module is for this machine", "it cannot be loaded, and a password is enough"),
    check("module.writable", Fail, "the module can be changed by root alone", "it runs as root in each sudo: whoever can change it is root"),
    check("sudo_conf.writable", Fail, "sudo.conf can be written by root alone", "it names code that sudo runs as root, and sudo leaves it out when others can write it"),
    check("sudo_conf.malformed", Warn, "sudo.conf is understood", "sudo leaves such a line out"),
    check("sudo_conf.other_plugin", Note, "sudo loads no plugins of others", "a plugin sees and decides each command"),
    check("plugin.missing", Fail, "each plugin of sudo.conf is there", "sudo refuses everything, to everybody"),
    check("plugin.wrong_machine", Fail, "each plugin of sudo.conf is for this machine", "sudo refuses everything, to everybody"),
    check("plugin.no_symbol", Fail, "the plugin is aisudo's", "sudo refuses everything, to everybody"),
    check("plugin.writable", Fail, "plugins can be changed by root alone", "they run as root in each sudo: whoever can change them is root"),
    check("plugin.sudo_too_old", Fail, "sudo knows approval plugins", "an older sudo refuses everything, to everybody"),
    check("plugin.absent", Note, "sudo loads aisudo's approval plugin", "with it, a change of PAM's files alone opens nothing"),
    check("sudoers.check_failed", Fail, "sudoers is understood", "sudo leaves out what it does not understand, or refuses everything"),
    check("sudoers.writable", Fail, "sudoers can be written by root alone", "whoever can write it can give themselves root"),
    check("sudoers.other_source", Note, "all rules are in files", "what a directory server says is not looked at"),
    check("sudoers.nopasswd", Fail, "no rule leaves the password out", "auth is skipped: only account asks, there is no password to fall back to, and some sudos skip account, too"),
    check("sudoers.nopasswd_sudoedit", Fail, "no sudo-rs edits without asking", "sudo-rs before 0.2.14 calls no PAM for sudoedit with NOPASSWD: nobody is asked"),
    check("sudoers.authenticate_off", Fail, "authenticate is on", "auth is skipped for every command, as by NOPASSWD"),
    check("sudoers.exempt_group", Fail, "nobody is exempt", "members of that group are asked for no password, as by NOPASSWD"),
    check("sudoers.pam_acct_mgmt_off", Fail, "account is called", "where sudo asks for no password nobody is asked at all"),
    check("sudoers.ticket", Fail, "there are no tickets", "after one yes auth is skipped for minutes: what follows is asked in account alone, without a password to fall back to"),
    check("sudoers.passwd_tries", Warn, "there is one try", "some sudos ask again after a no: one command becomes several questions"),
    check("sudoers.noninteractive_auth_missing", Warn, "sudo -n asks, too", "sudo -n is refused without a question: agents look for another way"),
    check("sudoers.noninteractive_auth_unknown", Warn, "sudo knows what is set", "this sudo prints an error on each run, or refuses"),
    check("sudoers.pam_service", Fail, "sudo uses the PAM services that were looked at", "another PAM service does not ask aisudo"),
    check("sudoers.other_password", Warn, "a user's own password is asked for", "a password of somebody else is asked for where aisudo falls back to one"),
    check("sudoers.setenv", Warn, "requesters cannot keep their environment for single commands", "the requester chooses variables by which the command loads code"),
    check("sudoers.env_reset_off", Fail, "the environment is reset", "the requester chooses variables by which each command loads code"),
    check("sudoers.env_keep", Fail, "no variable that loads code is kept", "the requester chooses what code the approved command loads"),
    check("sudoers.secure_path", Warn, "sudo looks for programs in root's directories", "a program in the requester's own directory can have the name of another"),
    check("daemon.user_missing", Fail, "the daemon's user exists", "the daemon does not start"),
    check("daemon.user_root", Warn, "the daemon does not run as root", "what talks to the network would have root's rights"),
    check("daemon.user_gated", Fail, "the daemon's user is nobody who is gated", "the agent could change the daemon's memory and its log"),
    check("daemon.user_groups", Warn, "the daemon's user is in no group that is as good as root", "a daemon that is taken over would be root"),
    check("daemon.run_dir", Fail, "the sockets' directory is root's", "others could put another daemon in its place"),
    check("daemon.gate_socket", Fail, "gate.sock is root's alone", "others could ask in sudo's name, or sudo not at all"),
    check("daemon.agent_socket", Warn, "agent.sock is open to everybody", "agents cannot see their own requests"),
    check("daemon.control_socket", Fail, "control.sock is the approvers'", "others could try to approve, or approvers cannot"),
    check("daemon.state_dir", Fail, "the daemon's directory is its own", "others could read what was asked, or change the log"),
    check("daemon.database", Fail, "the database is the daemon's own", "others could read what was asked, or change the log"),
    check("daemon.host_key", Fail, "the host's key is the daemon's own", "whoever has it can pretend to phones to be this host"),
    check("daemon.disk_space", Warn, "there is room for the audit log", "what cannot be recorded is not approved"),
    check("daemon.unreachable", Fail, "the daemon answers", "nobody can be asked: root's fallback applies to each command"),
    check("daemon.version", Warn, "command and daemon are of one version", "they may not understand each other"),
    check("daemon.policy_refused", Warn, "the daemon uses the policy", "what the policy allows is asked about, and new denials do not count"),
    check("daemon.channel", Warn, "all accepted channels work", "approvers are not asked where they expect it"),
    check("daemon.clock_before_log", Warn, "the clock is not before the log", "times in the log cannot be believed, and answers of phones are refused"),
    check("daemon.clock_unsynchronised", Note, "the clock is synchronised", "times in the log are off, and answers of phones may be refused"),
    check("door.group", Fail, "no gated user is in a group that is as good as root", "its members become root without sudo, and nobody is asked"),
    check("door.group_reads", Note, "no gated user is in a group that reads logs or input", "logs and devices hold passwords and commands of others"),
    check("door.socket", Fail, "no gated user can use a socket of a root service", "what listens there does as root what it is told, and nobody is asked"),
    check("door.polkit_rule", Fail, "no polkit rule says yes to a gated user", "polkit does as root what it allows, and nobody is asked"),
    check("door.polkit_admin", Warn, "no gated user is an administrator for polkit", "whoever knows the user's own password gets root by it, and aisudo is not asked"),
    check("door.pkexec", Note, "polkit runs no programs", "whoever knows an administrator's password gets root by it, and aisudo is not asked"),
    check("door.su", Fail, "su asks for a password", "root without a password, and nobody is asked"),
    check("door.root_password_empty", Fail, "root's password is not empty", "root without a password, and nobody is asked"),
    check("door.second_root", Warn, "root alone has the uid 0", "another password opens root's account"),
    check("door.doas_nopass", Fail, "doas asks for a password", "root without a password, and nobody is asked"),
    check("door.doas_ungated", Warn, "doas asks aisudo", "whoever knows the user's password gets root by doas, and aisudo is not asked"),
    check("door.ssh_root", Fail, "no gated user has a key to root's account", "root without sudo, and nobody is asked"),
    check("door.lingering", Note, "no gated user's services go on by themselves", "an agent's programs run when nobody looks"),
    check("door.tiocsti", Warn, "nobody can type into a terminal", "the agent types a command into the owner's terminal, where it counts as the owner's own"),
    check("door.shared_terminals", Note, "the agent cannot reach the owner's terminals", "the agent acts where it counts as the owner; a uid of its own stops that"),
    check("door.setuid_unknown", Warn, "all setuid programs are known", "it may give root to whoever starts it"),
    check("door.setuid_writable", Fail, "no gated user can change a setuid program", "whoever can change it is root"),
    check("door.capability", Warn, "no program has capabilities that are as good as root", "it may give root to whoever starts it"),
    check("door.scan_incomplete", Note, "all programs were looked at", "there may be setuid programs that were not seen"),
    check("door.account_file", Fail, "no gated user can change who is who", "whoever can write these files can make themselves root"),
    check("door.shadow_readable", Fail, "no gated user can read /etc/shadow", "hashes of passwords can be guessed offline"),
    check("door.root_shell", Fail, "no gated user can change what root's shells read", "root runs it at the next login"),
    check("door.loader", Fail, "no gated user can change what the linker loads", "each program of root's loads it"),
    check("door.hook", Fail, "no gated user can change what the system runs by itself", "root runs it, or takes orders from it"),
    check("door.path", Fail, "no gated user can change root's programs", "root runs them"),
    check("door.pam_module", Fail, "no gated user can change PAM's modules", "root loads them at each login"),
    check("door.sudo_plugin", Fail, "no gated user can change sudo's plugins", "sudo loads them as root"),
    check("door.cron", Fail, "no gated user can change what cron runs as root", "root runs it by itself"),
    check("door.unit", Fail, "no gated user can change what systemd runs as root", "root runs it by itself"),
];
