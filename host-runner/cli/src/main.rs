//! The command `asymbl`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod commands;
mod report;

fn main() -> std::process::ExitCode {
    commands::main()
}
