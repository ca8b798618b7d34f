//! `asymbl records MODEL`: what the mirror holds.

mod parquet;

use std::io::{IsTerminal as _, Write};

use clap::{Args, ValueEnum};

use super::component::load_tenant;
use super::text;
use super::{Context, Exit, MirrorArgument, TenantArgument, WrongInput, model, output};
use host_runner::unified::{Model, Timestamp, UnifiedRecord};
use mirror::store::{Mirror, MirrorError, RecordFilter, Records, StoredRecord};
use serde_json::Value;

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
    /// text for people, json a line each (as --json), csv with a head, parquet for a file; lists and objects stand in
    /// csv and parquet as JSON
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How records are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    Parquet,
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
        load_tenant(&arguments.tenant.tenant)?;
    }
    let mirror = arguments.mirror.location(&arguments.tenant)?;
    let mirror = mirror.open_existing()?;
    let mirror = mirror.as_ref();
    let filter = RecordFilter {
        include_deleted: arguments.include_deleted,
        changed_since: arguments.since,
        ..RecordFilter::default()
    };
    let records = Records::new(mirror, arguments.model, filter);
    let records = records.take(arguments.limit.unwrap_or(usize::MAX));
    let format = match context.json {
        true => Format::Json,
        false => arguments.format,
    };
    let mut out = text::buffered(format == Format::Json);
    let printed = match format {
        // On a terminal it is text, else data for programs and files.
        Format::Csv if std::io::stdout().is_terminal() => {
            let mut table = Vec::new();
            let printed = csv(arguments.model, mirror, records, &mut table)?;
            for line in String::from_utf8_lossy(&table).lines() {
                writeln!(out, "{line}")?;
            }
            out.flush()?;
            printed
        }
        Format::Csv => {
            drop(out);
            let out = std::io::BufWriter::new(std::io::stdout().lock());
            csv(arguments.model, mirror, records, out)?
        }
        Format::Parquet if std::io::stdout().is_terminal() => {
            let model = arguments.model;
            anyhow::bail!(WrongInput(format!(
                "parquet is for a file: asymbl records {model} --format parquet > {model}.parquet"
            )));
        }
        Format::Parquet => {
            drop(out);
            let org = mirror.org();
            let records = records.map(|stored| Ok(serde_json::from_str(&stored?.line(org))?));
            parquet::write(arguments.model, records, std::io::stdout())?
        }
        Format::Text | Format::Json => lines(format, mirror, records, out)?,
    };
    if format == Format::Text {
        output::say(&output::counted(printed, "record"));
    }
    Ok(Exit::Success)
}

type Stored = Result<StoredRecord, MirrorError>;

/// A line each; returns how many.
fn lines(
    format: Format,
    mirror: &dyn Mirror,
    records: impl Iterator<Item = Stored>,
    mut out: impl Write,
) -> anyhow::Result<u64> {
    let mut printed = 0;
    for stored in records {
        let stored = stored?;
        match format {
            Format::Json => writeln!(out, "{}", stored.line(mirror.org()))?,
            _ => writeln!(out, "{}  {}", stored.id, stored_summary(&stored))?,
        }
        printed += 1;
    }
    out.flush()?;
    Ok(printed)
}

/// A table with the fields of the model as columns, in their order; returns how many rows.
fn csv(
    model: Model,
    mirror: &dyn Mirror,
    records: impl Iterator<Item = Stored>,
    out: impl Write,
) -> anyhow::Result<u64> {
    let fields: Vec<&str> = model.fields().iter().map(|field| field.name).collect();
    let mut table = csv::Writer::from_writer(out);
    table.write_record(&fields)?;
    let mut printed = 0;
    for stored in records {
        let record: Value = serde_json::from_str(&stored?.line(mirror.org()))?;
        table.write_record(fields.iter().map(|field| cell(&record[*field])))?;
        printed += 1;
    }
    table.flush()?;
    Ok(printed)
}

/// A value as a cell: text as it is, nothing for null, anything else as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
