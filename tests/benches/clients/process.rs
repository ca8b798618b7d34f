//! A program's run: its time, its CPU time and the most memory that it held.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use connector_tests::process;

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
        run.peak = run
            .peak
            .max(process::peak(child.id()) as f64 / f64::from(1 << 20));
        if process::has_ended(child.id()) {
            run.cpu = process::cpu(child.id()).as_secs_f64();
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
