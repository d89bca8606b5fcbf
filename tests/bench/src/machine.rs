//! What it ran on.

use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) fn describe(state: &Path) -> Vec<(&'static str, String)> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let state = state.to_str().unwrap_or("/");
    vec![
        ("date", output("date", &["-u", "+%Y-%m-%d"])),
        ("cpu", format!("{model}, {cores} cores")),
        ("kernel", output("uname", &["-sr"])),
        (
            "state directory on",
            last_line(&output("df", &["--output=fstype", state])),
        ),
        ("sudo", first_line(&output("sudo", &["-V"]))),
    ]
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or("unknown".to_owned(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}
