//! Programs of the machine that some tests need: Python, Node.js.

use std::process::Command;

/// Returns true if the program runs. If it does not, says on standard error that the test `of` was skipped.
///
/// # Panics
/// If the program is missing in CI (the variable `CI` is set), where nothing may be skipped.
pub fn present(program: &str, of: &str) -> bool {
    let runs = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !runs {
        assert!(
            std::env::var_os("CI").is_none(),
            "{program} is missing, and CI needs it: {of}"
        );
        eprintln!("\n*** SKIPPED: {program} is missing, so this was NOT tested: {of} ***\n");
    }
    runs
}

/// Runs a command to its end and returns what it wrote to standard output, without holding up the org that a test
/// serves.
///
/// # Panics
/// If the command does not start or fails; the message holds both its outputs.
pub async fn output_of(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("a thread")
        .expect("the command starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}
