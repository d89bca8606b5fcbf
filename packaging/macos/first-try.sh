#!/bin/bash
# The first meeting of the module and Apple's sudo, on a Mac that is thrown away afterwards: it changes PAM,
# sudoers and users. Never run so far. As root:  first-try.sh DIRECTORY-OF-THE-BUILD
set -u -o pipefail

if [ "${CI:-}" != true ] && [ "${AISUDO_THROW_THIS_MAC_AWAY:-}" != yes ]; then
  echo "this is for a Mac that nobody needs; docs/macos.md is for yours" >&2
  exit 2
fi
if [ "$(id -u)" != 0 ] || [ "$(uname -s)" != Darwin ]; then
  echo "run it as root, on a Mac" >&2
  exit 2
fi
out=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
failures=0

say() { printf '\n== %s\n' "$*"; }
check() {
  if "${@:2}"; then echo "ok: $1"; else echo "FAILED: $1"; failures=$((failures + 1)); fi
}
# What would leave this Mac without a sudo comes off by itself.
(sleep 600; rm -f /etc/pam.d/sudo_local) &
watchdog=$!
undo() {
  rm -f /etc/pam.d/sudo_local /etc/sudoers.d/aisudo
  launchctl bootout system/aisudo.daemon 2>/dev/null
  kill "$watchdog" 2>/dev/null
}
trap undo EXIT

say "this Mac"
sw_vers; uname -m; sudo -V | head -1; file /usr/bin/sudo
cat /etc/pam.d/sudo
ls -lde /usr/local /usr/local/lib /usr/local/sbin

say "users, directories, files"
dscl . -create /Groups/_aisudo PrimaryGroupID 399
dscl . -create /Users/_aisudo UniqueID 399
dscl . -create /Users/_aisudo PrimaryGroupID 399
dscl . -create /Users/_aisudo UserShell /usr/bin/false
dscl . -create /Users/_aisudo NFSHomeDirectory /var/empty
password=$(uuidgen)
sysadminctl -addUser agent -password "$password" 2>&1
install -d -o root -g wheel -m 755 /etc/aisudo /var/db/aisudo-run /usr/local/sbin /Library/aisudo
install -d -o _aisudo -g _aisudo -m 700 /var/db/aisudo
install -o root -g wheel -m 755 "$out/aisudo" "$out/aisudo-daemon" /usr/local/sbin/
# Runners have Homebrew, and /usr/local may not be root's: the module goes where only root writes.
module=/Library/aisudo/pam_aisudo.so
install -o root -g wheel -m 444 "$out/libpam_aisudo.dylib" "$module.2"
codesign --sign - --force "$module.2"
printf '%s\n' 'version = 1' '[gate]' 'timeout = 30' '[[gate.who]]' 'user = "agent"' 'when = "always"' \
  '[daemon]' 'user = "_aisudo"' > /etc/aisudo/aisudo.toml
printf '%s\n' 'agent ALL=(ALL) ALL' 'Defaults:agent timestamp_timeout=0, passwd_tries=1, noninteractive_auth' \
  > /etc/sudoers.d/aisudo
chmod 440 /etc/sudoers.d/aisudo
check "visudo takes the drop-in" visudo -c -f /etc/sudoers.d/aisudo

say "the daemon under launchd"
install -o root -g wheel -m 644 "$here/packaging/launchd/aisudo.daemon.plist" /Library/LaunchDaemons/
check "launchd takes the property list" launchctl bootstrap system /Library/LaunchDaemons/aisudo.daemon.plist
for _ in 1 2 3 4 5 6 7 8 9 10; do /usr/local/sbin/aisudo status >/dev/null 2>&1 && break; sleep 1; done
check "the daemon answers" /usr/local/sbin/aisudo status
ls -l /var/db/aisudo-run
cat /var/log/aisudo-daemon.log

say "the module in sudo"
printf 'auth binding %s\nauth requisite %s\n' "$module" "$module" > /etc/pam.d/sudo_local

# As the agent, without a terminal.
as_agent() { launchctl asuser "$(id -u agent)" /usr/bin/su -m agent -c "cd /; $*" </dev/null; }
code() { /usr/local/sbin/aisudo list --json | grep -o '"code":"[A-Z0-9]*"' | head -1 | cut -d'"' -f4; }
answer() { # approve|deny
  for _ in $(seq 1 50); do
    found=$(code)
    if [ -n "$found" ]; then
      /usr/local/sbin/aisudo show "$found"
      /usr/local/sbin/aisudo "$1" "$found"
      return
    fi
    sleep 0.2
  done
  echo "nothing was asked"
  return 1
}

as_agent "sudo -n /usr/bin/id -u" > /tmp/yes.out 2> /tmp/yes.err &
check "a question arrives and is approved" answer approve
wait $!
check "an approved command runs" test "$?" = 0
check "as root" grep -qx 0 /tmp/yes.out
cat /tmp/yes.out /tmp/yes.err

as_agent "sudo -n /usr/bin/id -u" > /tmp/no.out 2> /tmp/no.err &
check "a question arrives and is denied" answer deny
wait $!
check "a denied command does not run" test "$?" = 1
check "and says nothing on standard output" test ! -s /tmp/no.out
cat /tmp/no.out /tmp/no.err

say "without the daemon, the password"
launchctl bootout system/aisudo.daemon
sleep 2
check "the password still works" bash -c "echo '$password' | launchctl asuser $(id -u agent) /usr/bin/su -m agent -c 'cd /; sudo -S -k /usr/bin/id -u' 2>/tmp/password.err | grep -qx 0"
cat /tmp/password.err

say "what the system says of it"
log show --last 10m --style compact --predicate 'process == "sudo" OR process == "aisudo-daemon"' | tail -50

say "$failures failed"
[ "$failures" = 0 ]
