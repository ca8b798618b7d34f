//! The command `asymbl` as a user runs it: a process with arguments, an exit code and two outputs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a run of the command gave.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The folder that cargo builds into: this test program lies in its `deps`.
pub fn build_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program's path");
    let deps = program.parent().expect("a folder");
    deps.parent().unwrap_or(deps).to_owned()
}

/// The built command.
///
/// # Panics
/// Where it is not there: it belongs to another package, so cargo does not build it for these tests by itself.
pub fn asymbl_path() -> PathBuf {
    let path = build_folder().join(format!("asymbl{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build --bins` first, or `make test`",
        path.display()
    );
    path
}

/// The command with these arguments, ready to start.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(asymbl_path());
    // The help shows the variable's value, which differs from machine to machine.
    if arguments.contains(&"--help") {
        command.env_remove("ASYMBL_COMPONENT");
    } else {
        command.env("ASYMBL_COMPONENT", crate::component_path("asymbl.wasm"));
    }
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("ASYMBL_LOG")
        // Compiled once for all tests and runs.
        .env("XDG_CACHE_HOME", build_folder().join("e2e-cache"))
        .stdin(Stdio::null());
    command
}

/// Runs the command to its end, without holding up the org that this test serves.
pub async fn asymbl(folder: &Path, arguments: &[&str]) -> Outcome {
    run(command(folder, arguments)).await
}

/// As [`asymbl`], for a command that a test prepared.
pub async fn run(mut command: Command) -> Outcome {
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("a thread")
        .expect("the command runs");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Starts the command and leaves it running, its outputs thrown away.
pub fn start(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts")
}

/// Waits until something is so.
///
/// # Panics
/// After 20 seconds.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still not so: {what}");
}
