//! Command line options of an org, shared by the `practice-org` program and by `asymbl practice-org`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::description::{Description, DescriptionError};
use crate::server::Builder;
use crate::server::config::{Latency, OrgConfig, Variations};

/// What org to simulate.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Port on loopback; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// About how many candidates; the rest of the org grows with them
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    candidates: usize,
    /// The same seed gives the same org
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Milliseconds that each answer takes
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Microseconds more for each row of an answer
    #[arg(long, value_name = "US", default_value_t = 0)]
    latency_per_row: u64,
    /// Rows of a query page
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    page_size: usize,
    /// API calls a day
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    daily_api_calls: u64,
    /// Where the org's clock starts, e.g. 2026-11-24T00:00:00Z; the real time when absent
    #[arg(long, value_name = "TIME")]
    now: Option<chrono::DateTime<chrono::Utc>>,
    /// Serve HTTPS on the same port and write the certificate authority to this file
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "practice-org-ca.pem")]
    tls: Option<PathBuf>,
    /// Allow logins with username and password: SOAP login() and the OAuth password flow
    #[arg(long)]
    password_login: bool,
    /// Write a ready tenant file here
    #[arg(long, value_name = "FILE")]
    tenant_file: Option<PathBuf>,
    /// An org description (TOML): objects, users, rights and rules of another package
    #[arg(long, value_name = "FILE")]
    description: Option<PathBuf>,
    #[command(flatten)]
    variations: VariationFlags,
}

/// Ready-made differences from the plain org, one flag each.
#[derive(Debug, Clone, Args)]
struct VariationFlags {
    /// The org uses its own object Position__c as the Job
    #[arg(long)]
    custom_job_object: bool,
    /// The org has several currencies
    #[arg(long)]
    multi_currency: bool,
    /// The org is a sandbox
    #[arg(long)]
    sandbox: bool,
    /// The Asymbl package is not installed
    #[arg(long)]
    no_package: bool,
    /// Contact has no record type Candidate
    #[arg(long)]
    no_candidate_record_type: bool,
    /// Job status, job type and stage type have values of the org's own
    #[arg(long)]
    other_value_sets: bool,
    /// State and country picklists are on
    #[arg(long)]
    state_country_picklists: bool,
    /// Work sites have an address field
    #[arg(long)]
    work_site_address: bool,
    /// Quotes, emoji, right-to-left, control characters and 32 kB of HTML in many rows
    #[arg(long)]
    awkward_text: bool,
    /// Give the running user this permission set and no administrator's rights (repeatable)
    #[arg(long = "permission-set", value_name = "NAME")]
    permission_sets: Vec<String>,
    /// Hide a field from the running user, as Object.Field (repeatable)
    #[arg(long = "hide-field", value_name = "OBJECT.FIELD")]
    hidden_fields: Vec<String>,
    /// Hide an object from the running user (repeatable)
    #[arg(long = "hide-object", value_name = "OBJECT")]
    hidden_objects: Vec<String>,
}

impl Options {
    /// The org that the options describe, ready to start.
    ///
    /// # Errors
    /// When the description cannot be used.
    pub fn builder(&self) -> Result<Builder, DescriptionError> {
        let flags = self.variations.clone();
        let description = self
            .description
            .as_deref()
            .map(Description::read)
            .transpose()?;
        Ok(Builder::from_config(OrgConfig {
            port: self.port,
            candidates: self.candidates,
            seed: self.seed,
            page_size: self.page_size.max(1),
            daily_api_calls: self.daily_api_calls,
            start_ms: self.now.map(|now| now.timestamp_millis()),
            tls_authority: self.tls.clone(),
            password_login: self.password_login,
            latency: Latency {
                per_call: Duration::from_millis(self.latency),
                per_row: Duration::from_micros(self.latency_per_row),
            },
            variations: Variations {
                custom_job_object: flags.custom_job_object,
                multi_currency: flags.multi_currency,
                sandbox: flags.sandbox,
                no_package: flags.no_package,
                no_candidate_record_type: flags.no_candidate_record_type,
                other_value_sets: flags.other_value_sets,
                state_country_picklists: flags.state_country_picklists,
                work_site_address: flags.work_site_address,
                awkward_text: flags.awkward_text,
                permission_sets: flags.permission_sets,
                hidden_fields: flags.hidden_fields,
                hidden_objects: flags.hidden_objects,
            },
            description,
            ..OrgConfig::default()
        }))
    }

    /// Starts the org, writes the tenant file, prints the line that says where it is, and serves until interrupted.
    ///
    /// # Errors
    /// What a person must know: the address is taken, a file cannot be written, a variation does not fit.
    pub async fn run(&self) -> anyhow::Result<()> {
        use anyhow::Context as _;
        let org = self
            .builder()?
            .start()
            .await
            .context("can't start the practice org")?;
        if let Some(path) = &self.tenant_file {
            write_tenant(path, &org.tenant_toml())
                .with_context(|| format!("can't write {}", path.display()))?;
        }
        println!("{}", org.ready_line());
        tokio::signal::ctrl_c()
            .await
            .context("can't wait for an interrupt")?;
        org.shutdown().await;
        Ok(())
    }
}

/// Writes a tenant file that its owner alone can read, since it holds a secret. One of another org stays as it is.
fn write_tenant(path: &Path, text: &str) -> std::io::Result<()> {
    let is_ours = |held: &str| held.starts_with(OURS);
    match std::fs::read_to_string(path) {
        Ok(held) if !held.trim().is_empty() && !is_ours(&held) => {
            return Err(std::io::Error::other(
                "it is the tenant file of another org; name another file",
            ));
        }
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

/// How a tenant file of a practice org begins.
const OURS: &str = "name = \"practice-org\"";
