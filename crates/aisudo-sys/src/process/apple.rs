//! What macOS's kernel writes into buffers, read without it: so that this is tested where there is no Mac.
//!
//! The layouts are those of Apple's `<sys/sysctl.h>` and `<sys/proc.h>` for 64-bit programs (`struct
//! kinfo_proc`, 648 bytes, alike on Intel and ARM), and of sysctl(3)'s `KERN_PROCARGS2`.

use std::path::PathBuf;

use super::{Stat, Terminal};

/// Bytes of one `struct kinfo_proc`.
pub(super) const KINFO_BYTES: usize = 648;

/// `kp_proc.p_un.__p_starttime.tv_sec`
const STARTED_SECONDS: usize = 0;
/// `kp_proc.p_un.__p_starttime.tv_usec`
const STARTED_MICROSECONDS: usize = 8;
/// `kp_proc.p_pid`
const PID: usize = 40;
/// `kp_proc.p_comm`, 17 bytes.
const NAME: std::ops::Range<usize> = 243..260;
/// `kp_eproc.e_pcred.p_ruid`
const REAL_UID: usize = 392;
/// `kp_eproc.e_ppid`
const PARENT: usize = 560;
/// `kp_eproc.e_tdev`
const TERMINAL: usize = 572;

/// `NODEV` of `<sys/param.h>`: no terminal.
const NO_DEVICE: i32 = -1;

/// A process, and its real user.
pub(super) fn read_kinfo(bytes: &[u8]) -> Option<(Stat, u32)> {
    // No process: the kernel writes nothing, and says so by the length.
    if bytes.len() != KINFO_BYTES {
        return None;
    }
    let seconds = u64::try_from(i64::from_ne_bytes(chunk(bytes, STARTED_SECONDS)?)).ok()?;
    let micros = u64::try_from(i32::from_ne_bytes(chunk(bytes, STARTED_MICROSECONDS)?)).ok()?;
    let name = bytes.get(NAME)?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let stat = Stat {
        pid: i32::from_ne_bytes(chunk(bytes, PID)?),
        name: name.to_vec(),
        parent: i32::from_ne_bytes(chunk(bytes, PARENT)?),
        terminal: terminal(i32::from_ne_bytes(chunk(bytes, TERMINAL)?)),
        start_time: seconds.checked_mul(1_000_000)?.checked_add(micros)?,
    };
    Some((stat, u32::from_ne_bytes(chunk(bytes, REAL_UID)?)))
}

/// `major()` and `minor()` of `<sys/types.h>`: the upper byte, and the rest.
fn terminal(device: i32) -> Option<Terminal> {
    let number = device.cast_unsigned();
    (device != NO_DEVICE).then_some(Terminal {
        major: number >> 24,
        minor: number & 0x00ff_ffff,
    })
}

/// The device number of a terminal.
pub(super) fn device(terminal: Terminal) -> i32 {
    ((terminal.major << 24) | (terminal.minor & 0x00ff_ffff)).cast_signed()
}

/// What `KERN_PROCARGS2` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    /// The path that was given to execve(2).
    pub(super) program: PathBuf,
    /// `argv`; empty words at its beginning may be missing.
    pub(super) words: Vec<Vec<u8>>,
}

/// The number of words, the program's path, zero bytes up to a word's boundary, the words, and then the
/// environment, which is not looked at.
///
/// An empty `argv[0]` cannot be told from the zero bytes before it, and what follows would then move up
/// into its place: the last "word" would be the environment's first. So this is good for a label of
/// somebody else's process, and never for what sudo was told to do.
pub(super) fn read_arguments(bytes: &[u8]) -> Option<Arguments> {
    use std::os::unix::ffi::OsStringExt as _;

    let count = usize::try_from(i32::from_ne_bytes(chunk(bytes, 0)?)).ok()?;
    let rest = bytes.get(size_of::<i32>()..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let program = rest.get(..end)?.to_vec();
    let padded = rest.get(end..)?;
    let start = padded.iter().position(|byte| *byte != 0);
    let strings = start.and_then(|start| padded.get(start..));
    let words = strings
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .take(count)
        .map(<[u8]>::to_vec)
        .collect();
    Some(Arguments {
        program: PathBuf::from(std::ffi::OsString::from_vec(program)),
        words,
    })
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The structure as its header declares it, field by field, so that the compiler finds the places.
    mod header {
        use std::ffi::{c_char, c_int, c_short, c_void};

        type Pointer = *const c_void;

        #[repr(C)]
        pub(super) struct Time {
            pub(super) seconds: i64,
            pub(super) microseconds: i32,
        }

        #[repr(C)]
        pub(super) struct ExternProc {
            pub(super) p_starttime: Time,
            p_vmspace: Pointer,
            p_sigacts: Pointer,
            p_flag: c_int,
            p_stat: c_char,
            pub(super) p_pid: c_int,
            p_oppid: c_int,
            p_dupfd: c_int,
            user_stack: Pointer,
            exit_thread: Pointer,
            p_debugger: c_int,
            sigwait: c_int,
            p_estcpu: u32,
            p_cpticks: c_int,
            p_pctcpu: u32,
            p_wchan: Pointer,
            p_wmesg: Pointer,
            p_swtime: u32,
            p_slptime: u32,
            p_realtimer: [Time; 2],
            p_rtime: Time,
            p_uticks: u64,
            p_sticks: u64,
            p_iticks: u64,
            p_traceflag: c_int,
            p_tracep: Pointer,
            p_siglist: c_int,
            p_textvp: Pointer,
            p_holdcnt: c_int,
            p_sigmask: u32,
            p_sigignore: u32,
            p_sigcatch: u32,
            p_priority: u8,
            p_usrpri: u8,
            p_nice: c_char,
            pub(super) p_comm: [c_char; 17],
            p_pgrp: Pointer,
            p_addr: Pointer,
            p_xstat: u16,
            p_acflag: u16,
            p_ru: Pointer,
        }

        #[repr(C)]
        pub(super) struct Pcred {
            pc_lock: [c_char; 72],
            pc_ucred: Pointer,
            pub(super) p_ruid: u32,
            p_svuid: u32,
            p_rgid: u32,
            p_svgid: u32,
            p_refcnt: c_int,
        }

        #[repr(C)]
        struct Ucred {
            cr_ref: i32,
            cr_uid: u32,
            cr_ngroups: c_short,
            cr_groups: [u32; 16],
        }

        #[repr(C)]
        struct Vmspace {
            dummy: i32,
            dummy2: Pointer,
            dummy3: [i32; 5],
            dummy4: [Pointer; 3],
        }

        #[repr(C)]
        pub(super) struct Eproc {
            e_paddr: Pointer,
            e_sess: Pointer,
            pub(super) e_pcred: Pcred,
            e_ucred: Ucred,
            e_vm: Vmspace,
            pub(super) e_ppid: i32,
            e_pgid: i32,
            e_jobc: c_short,
            pub(super) e_tdev: i32,
            e_tpgid: i32,
            e_tsess: Pointer,
            e_wmesg: [c_char; 8],
            e_xsize: i32,
            e_xrssize: c_short,
            e_xccount: c_short,
            e_xswrss: c_short,
            e_flag: i32,
            e_login: [c_char; 12],
            e_spare: [i32; 4],
        }

        #[repr(C)]
        pub(super) struct KinfoProc {
            pub(super) kp_proc: ExternProc,
            pub(super) kp_eproc: Eproc,
        }
    }

    #[test]
    fn the_places_are_those_of_the_header() {
        use std::mem::{offset_of, size_of};

        use header::KinfoProc as K;

        assert_eq!(size_of::<K>(), KINFO_BYTES);
        assert_eq!(offset_of!(K, kp_proc.p_starttime.seconds), STARTED_SECONDS);
        assert_eq!(
            offset_of!(K, kp_proc.p_starttime.microseconds),
            STARTED_MICROSECONDS
        );
        assert_eq!(offset_of!(K, kp_proc.p_pid), PID);
        assert_eq!(offset_of!(K, kp_proc.p_comm), NAME.start);
        assert_eq!(offset_of!(K, kp_eproc.e_pcred.p_ruid), REAL_UID);
        assert_eq!(offset_of!(K, kp_eproc.e_ppid), PARENT);
        assert_eq!(offset_of!(K, kp_eproc.e_tdev), TERMINAL);
    }

    fn kinfo(fields: &[(usize, &[u8])]) -> Vec<u8> {
        // Whatever is not read is not zero.
        let mut bytes = vec![0xa5; KINFO_BYTES];
        for (at, field) in fields {
            bytes[*at..at + field.len()].copy_from_slice(field);
        }
        bytes
    }

    #[test]
    fn a_process_is_read_from_its_structure() {
        let bytes = kinfo(&[
            (0, &1_700_000_000_i64.to_ne_bytes()),
            (8, &123_456_i32.to_ne_bytes()),
            (40, &501_i32.to_ne_bytes()),
            (243, b"sudo (x)\0rest of\0"),
            (392, &502_u32.to_ne_bytes()),
            (560, &77_i32.to_ne_bytes()),
            (572, &0x1000_0003_i32.to_ne_bytes()),
        ]);
        let (stat, uid) = read_kinfo(&bytes).unwrap();
        assert_eq!(
            stat,
            Stat {
                pid: 501,
                name: b"sudo (x)".to_vec(),
                parent: 77,
                terminal: Some(Terminal {
                    major: 16,
                    minor: 3
                }),
                start_time: 1_700_000_000_123_456,
            }
        );
        assert_eq!(uid, 502);
        assert_eq!(device(stat.terminal.unwrap()), 0x1000_0003);
    }

    #[test]
    fn a_name_without_an_end_and_no_terminal_are_read_too() {
        let bytes = kinfo(&[
            (0, &1_i64.to_ne_bytes()),
            (8, &0_i32.to_ne_bytes()),
            (243, b"seventeen letters"),
            (572, &NO_DEVICE.to_ne_bytes()),
        ]);
        let (stat, _) = read_kinfo(&bytes).unwrap();
        assert_eq!(stat.name, b"seventeen letters");
        assert_eq!(stat.terminal, None);
    }

    #[test]
    fn what_is_no_process_is_none() {
        assert_eq!(read_kinfo(&[]), None);
        assert_eq!(read_kinfo(&[0; KINFO_BYTES - 1]), None);
        let negative = kinfo(&[(0, &(-1_i64).to_ne_bytes()), (8, &0_i32.to_ne_bytes())]);
        assert_eq!(read_kinfo(&negative), None);
    }

    fn arguments(count: i32, rest: &[u8]) -> Vec<u8> {
        [&count.to_ne_bytes()[..], rest].concat()
    }

    #[test]
    fn words_end_where_the_environment_begins() {
        let bytes = arguments(3, b"/bin/sh\0\0\0\0\0sh\0\0a b\0HOME=/x\0LAST=1\0");
        assert_eq!(
            read_arguments(&bytes),
            Some(Arguments {
                program: PathBuf::from("/bin/sh"),
                words: vec![b"sh".to_vec(), b"".to_vec(), b"a b".to_vec()],
            })
        );
    }

    /// The reason why sudo's own words are not read this way.
    #[test]
    fn an_empty_first_word_moves_the_others() {
        let bytes = arguments(2, b"/usr/bin/sudo\0\0\0\0\0id\0LANG=C\0");
        let words = read_arguments(&bytes).unwrap().words;
        assert_eq!(words, [b"id".to_vec(), b"LANG=C".to_vec()]);
    }

    #[test]
    fn what_is_cut_or_nonsense_is_read_without_a_fault() {
        assert_eq!(read_arguments(b""), None);
        assert_eq!(read_arguments(b"\x01\0\0"), None);
        assert_eq!(read_arguments(&arguments(-1, b"/bin/sh\0sh\0")), None);
        assert_eq!(read_arguments(&arguments(1, b"no end")), None);
        let words = |count, rest: &[u8]| read_arguments(&arguments(count, rest)).unwrap().words;
        assert_eq!(words(i32::MAX, b"p\0a"), [b"a".to_vec()]);
        assert_eq!(words(0, b"p\0\0a\0"), Vec::<Vec<u8>>::new());
        assert_eq!(words(2, b"p\0\0\0"), [b"".to_vec()]);
    }
}
