//! `asymbl records MODEL`: what the mirror holds.

use std::io::Write;

use clap::Args;

use super::{Context, Exit, MirrorArgument, TenantArgument, model, output};
use host_runner::tenant::TenantFile;
use host_runner::unified::{Model, Timestamp, UnifiedRecord};
use mirror::store::{Mirror as _, RecordFilter, Records, SqliteMirror, StoredRecord};

/// What to print.
#[derive(Args)]
pub(super) struct Arguments {
    /// users, jobs, candidates, application-stages, applications, job-stages, hiring-team-members
    #[arg(value_parser = model)]
    model: Model,
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    mirror: MirrorArgument,
    /// Also records that were deleted in Salesforce
    #[arg(long)]
    include_deleted: bool,
    /// Only records whose content changed at or after this moment, like 2026-11-25T09:30:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    since: Option<Timestamp>,
    /// At most so many records
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// One record in a line for people: its key and its most telling fields.
pub(super) fn summary(record: &UnifiedRecord) -> String {
    const TELLING: [&str; 12] = [
        "name",
        "first_name",
        "last_name",
        "title",
        "email",
        "status",
        "outcome",
        "employment_type",
        "source",
        "index",
        "roles",
        "rejection_reason_name",
    ];
    let mut line = record.key().to_string();
    for field in TELLING {
        match record.value(field) {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => line.push_str(&format!("  {text}")),
            other => line.push_str(&format!("  {other}")),
        }
    }
    line
}

/// The same for a record of the mirror, which may be deleted.
pub(super) fn stored_summary(stored: &StoredRecord) -> String {
    match stored.stamps.remote_deleted_at {
        Some(_) => format!("{}  (deleted)", summary(&stored.record)),
        None => summary(&stored.record),
    }
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    // Only to find typos: the mirror needs no credentials.
    if arguments.mirror.mirror.is_none() {
        TenantFile::load(&arguments.tenant.tenant)?;
    }
    let mirror = SqliteMirror::open_existing(&arguments.mirror.path(&arguments.tenant))?;
    let filter = RecordFilter {
        include_deleted: arguments.include_deleted,
        changed_since: arguments.since,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut printed = 0;
    let records = Records::new(&mirror, arguments.model, filter);
    for stored in records.take(arguments.limit.unwrap_or(usize::MAX)) {
        let stored = stored?;
        if context.json {
            writeln!(out, "{}", stored.line(mirror.org()))?;
        } else {
            writeln!(out, "{}  {}", stored.id, stored_summary(&stored))?;
        }
        printed += 1;
    }
    out.flush()?;
    if !context.json {
        eprintln!("{} records", output::count(printed));
    }
    Ok(Exit::Success)
}
