//! A program's run: its time, its CPU time and the most memory that it held.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// From start to end, in seconds.
    pub wall: f64,
    /// In seconds; 0 where the system does not tell.
    pub cpu: f64,
    /// In megabytes; 0 where the system does not tell.
    pub peak: f64,
}

/// Runs a program to its end.
///
/// # Panics
/// When it fails.
pub fn run(command: &mut Command) -> Run {
    let start = Instant::now();
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mut run = Run {
        wall: 0.0,
        cpu: 0.0,
        peak: 0.0,
    };
    // A process that ended keeps its CPU time until it is waited for, but not its memory.
    while cfg!(target_os = "linux") {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id()));
        let (stat, status) = (read("stat").unwrap(), read("status").unwrap());
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(peak) = peak.and_then(|peak| peak.split_whitespace().next()) {
            run.peak = peak.parse::<f64>().unwrap() / 1024.0;
        }
        // Fields 3, 14 and 15 of proc_pid_stat(5), the times in hundredths of a second.
        if fields[0] == "Z" {
            let ticks = |place: usize| fields[place].parse::<f64>().unwrap();
            run.cpu = (ticks(11) + ticks(12)) / 100.0;
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    run.wall = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    run
}
