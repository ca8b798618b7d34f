//! `asymbl completions` and `asymbl man`: the command line's own definition, for shells and for man.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::{Exit, WrongInput};

/// Which shell.
#[derive(Args)]
pub(super) struct CompletionsArguments {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Where to.
#[derive(Args)]
pub(super) struct ManArguments {
    /// Write a page for each command into this folder [default: print the page of asymbl itself]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Prints the script that completes commands and options.
pub(super) fn completions(
    arguments: &CompletionsArguments,
    command: &mut Command,
) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "asymbl", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Exit::Success)
}

/// Prints or writes the manual.
pub(super) fn man(arguments: &ManArguments, command: Command) -> anyhow::Result<Exit> {
    match &arguments.folder {
        Some(folder) => clap_mangen::generate_to(command, folder)
            .map_err(|why| WrongInput(format!("can't write to {}: {why}", folder.display())))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            std::io::stdout().lock().write_all(&page)?;
        }
    }
    Ok(Exit::Success)
}
