//! Processes, as the kernel tells them apart.

/// When a process was started, in clock ticks since boot (`/proc/PID/stat`, field 22; proc(5)).
/// With the pid it is a name that is not used twice. Nothing when there is no such process, or it
/// may not be seen.
#[must_use]
pub fn start_time(pid: i32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    start_time_in(&stat)
}

/// The name in parentheses may itself hold blanks and parentheses: count from the last one.
fn start_time_in(stat: &[u8]) -> Option<u64> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let text = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    // The first field behind the name is number 3.
    text.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_move_the_field() {
        let stat = b"7 (a) 1 2 3 (b)) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 9 9";
        assert_eq!(start_time_in(stat), Some(4711));
        assert_eq!(start_time_in(b"7 (a"), None);
        assert_eq!(start_time_in(b""), None);
    }

    #[test]
    fn this_process_has_one_and_a_missing_one_has_none() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(start_time(own).is_some());
        assert_eq!(start_time(own), start_time(own));
        assert_eq!(start_time(-1), None);
    }
}
