//! `asymbl practice-org`: a simulated Salesforce org on loopback, until it is interrupted.

use super::Exit;
use clap::Args;
use practice_org::cli::Options;

/// What org to simulate.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: Options,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    arguments.options.run().await?;
    Ok(Exit::Success)
}
