//! `asymbl demo`: the whole product in half a minute, on a practice org: sync it, change it as recruiters would, sync
//! again, show what changed.

mod changes;

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use practice_org::PracticeOrg;
use serde_json::{Value, json};

use super::sync::{as_json, print, watched};
use super::{Context, Exit, output, text};
use host_runner::session::Session;
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Mirror, MirrorError, RecordFilter, Records, SqliteMirror, StoredRecord};
use mirror::sync::{SyncOptions, SyncReport, discover};

const INTRODUCTION: &str = "\
asymbl syncs an applicant tracking system (Asymbl ATS, on Salesforce) into one unified model.
The connector that knows Asymbl is a WebAssembly component: it has no files, no secrets, no network of
its own, only HTTP requests that this program checks, signs and sends for it.
";

/// How large an org.
#[derive(Args)]
pub(super) struct Arguments {
    /// How many candidates; the rest of the org grows with them
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    candidates: usize,
    /// The same seed gives the same org
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    // With --json the story is left out, and what came of it is one object.
    let mut out = match context.json {
        true => text::nowhere(),
        false => text::boxed_stdout(),
    };
    for line in INTRODUCTION.lines() {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let org = PracticeOrg::builder()
        .candidates(arguments.candidates)
        .seed(arguments.seed)
        .start()
        .await
        .context("can't start the practice org")?;
    let folder = tempfile::tempdir().context("can't make a folder for the demo")?;
    let tenant_file = folder.path().join("tenant.toml");
    std::fs::write(&tenant_file, org.tenant_toml()).context("can't write the tenant file")?;
    writeln!(
        out,
        "1. A practice org (a simulated Salesforce org with made-up people) listens on {}.",
        org.url()
    )?;
    let session = context.session(&tenant_file).await?;
    writeln!(out, "2. The connector is loaded. All that it can reach:")?;
    writeln!(out, "   {}", imports(&session).join("  "))?;

    writeln!(
        out,
        "\n3. First sync: everything, into a local mirror (SQLite).\n"
    )?;
    let discovered = discover(&session).await?;
    let mut mirror = SqliteMirror::open(&folder.path().join("mirror.sqlite"), &discovered.org)?;
    let first = watched(&session, &mut mirror, &discovered, &SyncOptions::default()).await?;
    print(&first, &mut out)?;
    print_samples(&mirror, &mut out)?;

    writeln!(out, "4. Meanwhile people work in the org:")?;
    let before = Timestamp::now();
    let changes = changes::make(&session, &mirror).await?;
    for change in &changes {
        writeln!(out, "   - {change}")?;
    }

    writeln!(
        out,
        "\n5. Second sync: only what changed, with a safe overlap that is recognised by content.\n"
    )?;
    let session = context.session(&tenant_file).await?;
    let discovered = discover(&session).await?;
    let second = watched(&session, &mut mirror, &discovered, &SyncOptions::default()).await?;
    print(&second, &mut out)?;
    let changed = changed(&mirror, before)?;
    writeln!(out, "\n   What changed in the mirror:")?;
    for (model, stored) in &changed {
        let summary = super::records::stored_summary(stored);
        writeln!(out, "   {model}  {summary}")?;
    }
    let end = format!(
        "The second sync took {}, the first {}. Try it on your own org: see README.md, \"The tenant file\".",
        output::counted(second.requests(), "API call"),
        output::count(first.requests())
    );
    writeln!(out)?;
    output::paragraph(&end, 0, &mut out)?;
    drop(out);
    if context.json {
        let records: Vec<Value> = changed
            .iter()
            .map(|(model, stored)| {
                let record = serde_json::from_str::<Value>(&stored.line(mirror.org()))?;
                Ok(json!({ "model": model.name(), "record": record }))
            })
            .collect::<anyhow::Result<_>>()?;
        let result = json!({
            "first_sync": as_json(&first),
            "changes": changes,
            "second_sync": as_json(&second),
            "changed_records": records,
        });
        println!("{result}");
    }
    org.shutdown().await;
    let failed = |report: &SyncReport| report.models.iter().any(|model| model.failure.is_some());
    Ok(if failed(&first) || failed(&second) {
        Exit::Failure
    } else {
        Exit::Success
    })
}

/// The interfaces that the connector imports, without versions.
fn imports(session: &Session) -> Vec<&str> {
    let imports = session.connector().component().imports().iter();
    imports
        .map(|name| name.split('@').next().unwrap_or(name))
        .collect()
}

fn print_samples(mirror: &dyn Mirror, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "\n   Three of the unified records (`asymbl records MODEL --json` prints them all):\n"
    )?;
    for model in [Model::Jobs, Model::Candidates, Model::Applications] {
        if let Some(stored) = Records::new(mirror, model, RecordFilter::default())
            .next()
            .transpose()?
        {
            write!(out, "   {model}: ")?;
            for line in sample(&stored, mirror)?.lines() {
                writeln!(out, "{line}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// The records that changed since a moment, deleted ones included.
fn changed(
    mirror: &dyn Mirror,
    since: Timestamp,
) -> Result<Vec<(Model, StoredRecord)>, MirrorError> {
    let mut changed = Vec::new();
    for model in Model::SYNC_ORDER {
        let filter = RecordFilter {
            include_deleted: true,
            changed_since: Some(since),
            ..RecordFilter::default()
        };
        for stored in Records::new(mirror, model, filter) {
            changed.push((model, stored?));
        }
    }
    Ok(changed)
}

/// A record as JSON on several lines, without the bulky parts.
fn sample(stored: &StoredRecord, mirror: &dyn Mirror) -> anyhow::Result<String> {
    let mut record: Value = serde_json::from_str(&stored.line(mirror.org()))?;
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|name, value| {
            !value.is_null()
                && !matches!(
                    name.as_str(),
                    "remote_data" | "custom_fields" | "integration_fields"
                )
        });
        if let Some(Value::String(text)) = fields.get_mut("description") {
            *text = text.chars().take(60).chain("...".chars()).collect();
        }
    }
    Ok(serde_json::to_string_pretty(&record)?.replace('\n', "\n   "))
}
