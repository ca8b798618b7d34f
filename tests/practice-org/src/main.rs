//! `practice-org`: serves a simulated Salesforce org with the Asymbl package on loopback.

use clap::Parser;
use practice_org::cli::Options;

/// A simulated Salesforce org with the Asymbl ATS package.
#[derive(Parser)]
#[command(name = "practice-org", version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Arguments::parse().options.run().await
}
