//! `asymbl practice-org`: a simulated Salesforce org on loopback, until it is interrupted.
#![cfg(feature = "practice-org")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use practice_org::PracticeOrg;

/// What org to simulate.
#[derive(Args)]
pub(super) struct Arguments {
    /// Port on loopback; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many candidates; the rest of the org grows with them
    #[arg(long, default_value_t = 2_000)]
    candidates: usize,
    /// The same seed gives the same org
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds that each answer takes
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Also write a tenant file for it
    #[arg(long, value_name = "PATH")]
    tenant_file: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let org = PracticeOrg::builder()
        .port(arguments.port)
        .candidates(arguments.candidates)
        .seed(arguments.seed)
        .latency(Duration::from_millis(arguments.latency))
        .start()
        .await
        .context("can't start the practice org")?;
    if let Some(path) = &arguments.tenant_file {
        std::fs::write(path, org.tenant_toml()).with_context(|| format!("can't write {}", path.display()))?;
    }
    println!("{}", org.ready_line());
    tokio::signal::ctrl_c().await.context("can't wait for an interrupt")?;
    Ok(ExitCode::SUCCESS)
}
