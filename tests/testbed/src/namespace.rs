//! A mount namespace and a hostname for the calling thread, and the way back.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount,
};
use rustix::process::umask;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

/// This thread's private mounts and hostname.
#[derive(Debug)]
pub(crate) struct Namespace {
    /// What the link in /proc says of it.
    pub(crate) name: PathBuf,
    host_mounts: File,
    host_name: File,
    host_directory: PathBuf,
    host_umask: Mode,
}

/// Of the machine itself: these stay as they are. Everything else that is mounted becomes read-only.
const LEFT_ALONE: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Own, empty and writable in a world: path, options.
const OWN: [(&str, MountFlags, &std::ffi::CStr); 7] = [
    ("/etc", MountFlags::empty(), c"mode=0755"),
    ("/run", MountFlags::empty(), c"mode=0755"),
    ("/var", MountFlags::empty(), c"mode=0755"),
    ("/home", MountFlags::NODEV, c"mode=0755"),
    ("/root", MountFlags::NODEV, c"mode=0700"),
    ("/tmp", MountFlags::NODEV, c"mode=1777"),
    ("/dev/shm", MountFlags::NODEV, c"mode=1777"),
];

impl Namespace {
    /// Moves the calling thread into a new one. `fill_etc` gets a path to the machine's own `/etc`.
    pub(crate) fn enter(fill_etc: impl FnOnce(&Path)) -> Self {
        let host_mounts = File::open("/proc/thread-self/ns/mnt").expect("open the mount namespace");
        let host_name =
            File::open("/proc/thread-self/ns/uts").expect("open the hostname's namespace");
        let host_directory = std::env::current_dir().expect("the working directory");
        unshare(UnshareFlags::FS | UnshareFlags::NEWNS | UnshareFlags::NEWUTS);
        // From here on it is this thread's alone, as the working directory is.
        let host_umask = umask(Mode::from_raw_mode(0o022));
        rustix::system::sethostname(b"testbed").expect("set the world's hostname");
        mount_change(
            "/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )
        .expect("make the mounts private");

        let host_etc = Held::open(Path::new("/etc"));
        let checkout = Checkout::find();
        make_read_only();
        for (target, flags, options) in OWN {
            own_tmpfs(target, flags, options);
        }
        own_terminals();
        own_var();
        hide_the_log();
        checkout.show();
        std::env::set_current_dir("/").expect("go to the world's root");
        fill_etc(&host_etc.path());
        let name = fs::read_link("/proc/thread-self/ns/mnt").expect("the namespace's name");
        Self {
            name,
            host_mounts,
            host_name,
            host_directory,
            host_umask,
        }
    }

    /// Moves the calling thread back.
    pub(crate) fn leave(&self) -> std::io::Result<()> {
        // Threads made here share our working directory, and the kernel refuses to move one of several.
        unshare(UnshareFlags::FS);
        move_into_link_name_space(self.host_mounts.as_fd(), Some(LinkNameSpaceType::Mount))?;
        move_into_link_name_space(
            self.host_name.as_fd(),
            Some(LinkNameSpaceType::HostNameAndNISDomainName),
        )?;
        umask(self.host_umask);
        std::env::set_current_dir(&self.host_directory)
    }
}

/// A directory held open, so that it has a path also when a mount hides it.
struct Held(File);

impl Held {
    fn open(path: &Path) -> Self {
        Self(File::open(path).unwrap_or_else(|error| panic!("open {}: {error}", path.display())))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/thread-self/fd/{}", self.0.as_raw_fd()))
    }
}

/// The checkout that the tests are of: it keeps its path and stays writable, for snapshots and coverage.
struct Checkout(Option<(PathBuf, Held)>);

impl Checkout {
    fn find() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        let root = root.and_then(|path| path.canonicalize().ok());
        Self(root.map(|path| {
            let held = Held::open(&path);
            (path, held)
        }))
    }

    fn show(&self) {
        let Some((path, held)) = &self.0 else {
            return;
        };
        // Where it is not hidden, this is a bind mount of it on itself.
        fs::create_dir_all(path).expect("make the path of the checkout");
        mount_bind_recursive(held.path(), path).expect("show the checkout");
        mount_remount(path, MountFlags::BIND, c"").expect("keep the checkout writable");
    }
}

fn own_tmpfs(target: &str, flags: MountFlags, options: &std::ffi::CStr) {
    if Path::new(target).is_dir() {
        mount("tmpfs", target, "tmpfs", flags, options)
            .unwrap_or_else(|error| panic!("mount a tmpfs on {target}: {error}"));
    }
}

/// Pseudo-terminals of its own: their numbers start at 0, and nobody else's are there.
fn own_terminals() {
    mount(
        "devpts",
        "/dev/pts",
        "devpts",
        MountFlags::NOSUID | MountFlags::NOEXEC,
        c"newinstance,ptmxmode=0666,mode=0620,gid=5",
    )
    .expect("mount the world's terminals");
}

fn own_var() {
    for (path, mode) in [
        ("/var/cache", 0o755),
        ("/var/lib", 0o755),
        ("/var/lib/sudo", 0o700),
        ("/var/log", 0o755),
        ("/var/mail", 0o775),
        ("/var/spool", 0o755),
        ("/var/tmp", 0o1777),
    ] {
        fs::create_dir(path).expect("fill the world's /var");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("fill the world's /var");
    }
    symlink("/run", "/var/run").expect("fill the world's /var");
    symlink("/run/lock", "/var/lock").expect("fill the world's /var");
}

/// Where /dev/log is a socket and not a link into /run, the machine's syslog would hear of the world.
fn hide_the_log() {
    if fs::symlink_metadata("/dev/log").is_ok_and(|log| log.file_type().is_socket()) {
        mount_bind("/dev/null", "/dev/log").expect("hide the log's socket");
    }
}

/// Root in the world is root: what it could change of this machine's files is read-only.
fn make_read_only() {
    let table = fs::read_to_string("/proc/thread-self/mountinfo").expect("read the mounts");
    for line in table.lines() {
        let mut fields = line.split(' ').skip(4);
        let (Some(target), Some(options)) = (fields.next(), fields.next()) else {
            continue;
        };
        let target = Path::new(target);
        if LEFT_ALONE.iter().any(|alone| target.starts_with(alone)) {
            continue;
        }
        let mut flags = MountFlags::BIND | MountFlags::RDONLY;
        for option in options.split(',') {
            flags |= match option {
                "nosuid" => MountFlags::NOSUID,
                "nodev" => MountFlags::NODEV,
                "noexec" => MountFlags::NOEXEC,
                "noatime" => MountFlags::NOATIME,
                _ => MountFlags::empty(),
            };
        }
        // One that another mount hides, or whose path has escapes in it, cannot be named and is left.
        let done = mount_remount(target, flags, c"");
        assert!(
            done.is_ok() || target != Path::new("/"),
            "make / read-only: {done:?}"
        );
    }
}

fn unshare(flags: UnshareFlags) {
    #[allow(unsafe_code)]
    // SAFETY: unsafe only with FILES, which would take this thread's file descriptors from under the others.
    let done = unsafe { rustix::thread::unshare_unsafe(flags) };
    if let Err(error) = done {
        panic!(
            "a world needs root (CAP_SYS_ADMIN), as `cargo xtask test` arranges: unshare: {error}"
        );
    }
}
