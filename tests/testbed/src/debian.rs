//! Another release of Debian, from a directory.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The path inside, where it is not the machine's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs `"$@"` in the root `$1`, in the directory `$3`; the checkout `$2` is there, too, read-only.
///
/// The script is process 1 of what it starts: when it ends, so does all that is in there, and its mounts go.
const ENTER: &str = r#"
root=$1 checkout=$2 directory=$3
shift 3
# A directory that is always there; nobody else sees what is mounted on it.
base=/mnt
mount -t tmpfs -o mode=0755 tmpfs $base
mkdir $base/upper $base/work $base/root
mount -t overlay -o "lowerdir=$root,upperdir=$base/upper,workdir=$base/work" overlay $base/root
cd $base/root
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
# A name that its own files know: sudo looks for it.
echo debian >/proc/sys/kernel/hostname
echo debian >etc/hostname
echo 127.0.0.1 localhost debian >etc/hosts
mkdir -p "./$checkout"
mount --bind "$checkout" "./$checkout"
mount -o remount,bind,ro "./$checkout"
pivot_root . .
umount -l .
cd "$directory"
"$@" && code=0 || code=$?
exit $code
"#;

/// A program that sees this root as the machine's, in this directory of it.
///
/// The root stays as it is: what is changed is in memory, in namespaces of its own, and goes with the
/// program. The checkout is there under its own path, read-only. Needs root.
#[must_use]
pub fn enter_release<S: AsRef<OsStr>>(
    root: &Path,
    checkout: &Path,
    directory: &Path,
    program: &[S],
) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--uts"])
        .args(["--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", ENTER, "in-root"])
        .args([root, checkout, directory])
        .args(program)
        .env("PATH", PATH);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_inside_keeps_its_words_and_its_directory() {
        let [root, checkout, here] = ["/r", "/c", "/c/x"].map(Path::new);
        let program = ["t", "a b", "--ignored"];
        let command = enter_release(root, checkout, here, &program);
        let words: Vec<_> = command.get_args().map(|w| w.to_str().unwrap()).collect();
        let after = words.iter().position(|word| *word == "in-root").unwrap() + 1;
        assert_eq!(
            words[after..],
            ["/r", "/c", "/c/x", "t", "a b", "--ignored"]
        );
    }
}
