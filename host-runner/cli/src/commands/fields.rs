//! `asymbl fields MODEL`: every source field that a model could draw on, and what recent rows hold in it.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::output::counted;
use super::table::{Table, Tone};
use super::text::Styled;
use super::{Context, Exit, TenantArgument, model};
use host_runner::sandbox::contract::inspection::SourceField;
use host_runner::session::StepError;
use host_runner::unified::Model;

/// What to look at.
#[derive(Args)]
pub(super) struct Arguments {
    /// users, jobs, candidates, application-stages, applications, job-stages, hiring-team-members
    #[arg(value_parser = model)]
    model: Model,
    #[command(flatten)]
    tenant: TenantArgument,
    /// Look at this many recent rows for values and fill rates, at most 200
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=200))]
    sample: u32,
    /// Only fields that no unified field, reference or team draws on
    #[arg(long)]
    unmapped: bool,
    /// Only fields that the setting `integration_fields` could hand on, and does not
    #[arg(long)]
    candidates: bool,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let session = context.session(&arguments.tenant.tenant).await?;
    let mut job = session.start().await?;
    let step = |step: String, error, job: &_| StepError::new(&session, step, error, Some(job));
    let profile = match job.discover().await {
        Ok(discovery) => discovery.profile,
        Err(error) => return Err(step("discover".into(), error, &job).into()),
    };
    let mut fields = match job
        .list_fields(&profile, arguments.model, arguments.sample)
        .await
    {
        Ok(fields) => fields,
        Err(error) => return Err(step(format!("fields {}", arguments.model), error, &job).into()),
    };
    if arguments.unmapped {
        // Custom fields come along as such; what is asked here is which could feed more.
        fields.retain(|field| {
            field
                .feeds
                .iter()
                .all(|fed| matches!(fed.as_str(), "custom_fields" | "integration_fields"))
        });
    }
    if arguments.candidates {
        fields.retain(|field| field.candidate);
    }
    let mut out = super::text::buffered(context.json);
    if context.json {
        for field in &fields {
            writeln!(out, "{}", as_json(field))?;
        }
    } else {
        print(&fields, arguments.sample > 0, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn as_json(field: &SourceField) -> Value {
    let sample =
        |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    json!({
        "object": field.object,
        "name": field.name,
        "label": field.label,
        "type": field.kind,
        "custom": field.custom,
        "readable": field.readable,
        "writable": field.writable,
        "required": field.required,
        "values": field.choices.iter().map(|choice| json!({
            "value": choice.value,
            "label": choice.label,
            "active": choice.active,
        })).collect::<Vec<_>>(),
        "feeds": field.feeds,
        "candidate": field.candidate,
        "samples": field.samples.iter().map(sample).collect::<Vec<Value>>(),
        "fill_rate": field.fill_rate,
    })
}

/// A table for each object.
fn print(fields: &[SourceField], sampled: bool, out: &mut impl Styled) -> std::io::Result<()> {
    for (i, of_object) in fields.chunk_by(|a, b| a.object == b.object).enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        table(of_object, sampled, out)?;
    }
    Ok(())
}

/// The column that says what the user may do.
const RIGHTS: usize = 3;

fn table(fields: &[SourceField], sampled: bool, out: &mut impl Styled) -> std::io::Result<()> {
    if let Some(first) = fields.first() {
        let number = counted(fields.len() as u64, "field");
        writeln!(out, "{}: {number}", first.object)?;
        writeln!(out)?;
    }
    let mut head = vec!["field", "label", "type", "rights", "feeds"];
    if sampled {
        head.extend(["filled", "for example"]);
    }
    let mut table = Table::new(&head, &["label", "for example", "type", "rights"]);
    for field in fields {
        let rights = match (field.readable, field.required, field.writable) {
            (false, ..) => "not visible",
            (true, true, _) => "required",
            (true, false, true) => "read, write",
            (true, false, false) => "read",
        };
        let mut row = vec![
            field.name.clone(),
            field.label.clone(),
            field.kind.clone(),
            rights.to_owned(),
            field.feeds.join(", "),
        ];
        if sampled {
            row.push(
                field
                    .fill_rate
                    .map_or_else(String::new, |rate| format!("{:.0} %", rate * 100.0)),
            );
            row.push(example(field));
        }
        table.row(row);
        if !field.readable {
            table.tone(RIGHTS, Tone::Warning);
        }
    }
    table.print(out)
}

/// One value in short.
fn example(field: &SourceField) -> String {
    let first = field.samples.first().map_or("", String::as_str);
    first.chars().take(40).collect()
}
