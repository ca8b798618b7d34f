//! `practice-org`: serves a simulated Salesforce org with the Asymbl package on loopback.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use practice_org::{Builder, OrgConfig, Variations};

/// A simulated Salesforce org with the Asymbl ATS package.
#[derive(Parser)]
#[command(name = "practice-org", version)]
struct Arguments {
    /// Port on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// About how many candidates; other records scale with it.
    #[arg(long, default_value_t = 2_000)]
    candidates: usize,
    /// Seed of the generated data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds added to every call.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// Rows of a query page.
    #[arg(long, default_value_t = 2_000)]
    page_size: usize,
    /// API calls a day.
    #[arg(long, default_value_t = 100_000)]
    daily_api_calls: u64,
    /// Where the org's clock starts, e.g. 2026-11-24T00:00:00Z; the real time when absent.
    #[arg(long)]
    now: Option<chrono::DateTime<chrono::Utc>>,
    /// Writes a ready tenant file here.
    #[arg(long)]
    tenant_file: Option<PathBuf>,
    /// The org uses its own object Position__c as the Job.
    #[arg(long)]
    custom_job_object: bool,
    /// The org has several currencies.
    #[arg(long)]
    multi_currency: bool,
    /// The Asymbl package is not installed.
    #[arg(long)]
    no_package: bool,
    /// Hides a field from the running user, as Object.Field (repeatable).
    #[arg(long = "hide-field")]
    hidden_fields: Vec<String>,
    /// Hides an object from the running user (repeatable).
    #[arg(long = "hide-object")]
    hidden_objects: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = OrgConfig {
        port: arguments.port,
        candidates: arguments.candidates,
        seed: arguments.seed,
        page_size: arguments.page_size.max(1),
        daily_api_calls: arguments.daily_api_calls,
        start_ms: arguments.now.map(|now| now.timestamp_millis()),
        variations: Variations {
            custom_job_object: arguments.custom_job_object,
            multi_currency: arguments.multi_currency,
            no_package: arguments.no_package,
            hidden_fields: arguments.hidden_fields,
            hidden_objects: arguments.hidden_objects,
        },
        ..OrgConfig::default()
    };
    let builder = Builder::from_config(config).latency(Duration::from_millis(arguments.latency));
    let org = builder.start().await?;
    if let Some(path) = &arguments.tenant_file {
        std::fs::write(path, org.tenant_toml())
            .with_context(|| format!("cannot write the tenant file {}", path.display()))?;
    }
    println!("{}", org.ready_line());
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for the interrupt signal")?;
    org.shutdown().await;
    Ok(())
}
