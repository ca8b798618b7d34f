//! What the system tells of a process: on Linux, elsewhere nothing.

use std::time::Duration;

/// The CPU time of a process so far; zero where the system does not tell.
pub fn cpu(process: u32) -> Duration {
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    let times = stat(process);
    let ticks: u64 = times
        .iter()
        .skip(11)
        .take(2)
        .flat_map(|field| field.parse::<u64>())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Returns true if a process has ended that nobody has waited for yet: it keeps its CPU time, but not its memory.
pub fn has_ended(process: u32) -> bool {
    stat(process).first().is_some_and(|state| state == "Z")
}

/// The fields of proc_pid_stat(5) from the third on: the name before them may hold anything.
fn stat(process: u32) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().map(str::to_owned).collect()
}

/// The memory of a process, in bytes; 0 where the system does not tell.
pub fn memory(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most memory that a process had so far, in bytes; 0 where the system does not tell.
pub fn peak(process: u32) -> u64 {
    status(process, "VmHWM:")
}

/// A line of proc_pid_status(5), which is in kilobytes.
fn status(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
