//! `asymbl inspect`: what a component asks of its host, what it offers, what it can do.

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::component::describe;
use super::output::count;
use super::{Context, Exit, coverage, settings};
use host_runner::egress::SALESFORCE;
use host_runner::sandbox::contract::about::ConnectorDescription;
use host_runner::sandbox::{CheckedComponent, unified_model};

/// What to show.
#[derive(Args)]
pub(super) struct Arguments {
    /// Models with their fields, actions with their inputs, features; as Markdown, or with --json as data
    #[arg(long)]
    coverage: bool,
    /// Every key of the tenant file and of its table `connector`, with default, example and what it affects
    #[arg(long, conflicts_with = "coverage")]
    settings: bool,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let connector = context.load()?;
    let about = describe(&connector).await?;
    let component = connector.component();
    let mut out = super::text::stdout(context.json);
    if arguments.settings {
        let schema = schema(&about)?;
        match context.json {
            true => writeln!(out, "{}", settings::as_json(&schema))?,
            false => settings::markdown(&schema, &mut out)?,
        }
        return Ok(Exit::Success);
    }
    match (arguments.coverage, context.json) {
        (true, true) => writeln!(out, "{}", coverage::as_json(&about))?,
        (true, false) => coverage::markdown(&about, &mut out)?,
        (false, true) => writeln!(out, "{}", as_json(component, &about)?)?,
        (false, false) => print(component, &about, &mut out)?,
    }
    Ok(Exit::Success)
}

fn schema(about: &ConnectorDescription) -> anyhow::Result<Value> {
    serde_json::from_str(&about.settings_schema).context("the component's settings schema")
}

fn as_json(component: &CheckedComponent, about: &ConnectorDescription) -> anyhow::Result<Value> {
    let models = about.models.iter().map(|model| {
        json!({
            "name": unified_model(model.model).name(),
            "label": model.label,
            "fields": model.fields.iter().map(|field| &field.name).collect::<Vec<_>>(),
            "notes": model.notes,
        })
    });
    Ok(json!({
        "slug": about.slug,
        "label": about.label,
        "version": about.version,
        "sha256": component.sha256(),
        "bytes": component.size(),
        "contract_version": component.contract_version(),
        "toolchain": component.toolchain().collect::<Vec<_>>(),
        "imports": component.imports(),
        "exports": component.exports(),
        "reading_requests": SALESFORCE.lines().collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
        "actions": about.actions.iter().map(|action| &action.label).collect::<Vec<_>>(),
        "features": about.features.iter().map(|feature| &feature.name).collect::<Vec<_>>(),
        "settings_schema": schema(about)?,
    }))
}

fn print(
    component: &CheckedComponent,
    about: &ConnectorDescription,
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "{} ({}) {}", about.label, about.slug, about.version)?;
    writeln!(out, "sha256    {}", component.sha256())?;
    writeln!(out, "size      {} bytes", count(component.size() as u64))?;
    writeln!(
        out,
        "contract  ats:connector@{}",
        component.contract_version()
    )?;
    let toolchain: Vec<&str> = component.toolchain().collect();
    writeln!(out, "made by   {}", toolchain.join(", "))?;
    writeln!(out, "\nIt imports, and can reach nothing else:")?;
    for import in component.imports() {
        writeln!(out, "  {import}")?;
    }
    writeln!(out, "\nIt exports:")?;
    for export in component.exports() {
        writeln!(out, "  {export}")?;
    }
    let models = about
        .models
        .iter()
        .map(|model| unified_model(model.model).name());
    writeln!(out)?;
    writeln!(
        out,
        "A job that reads may send to the org ({}):",
        SALESFORCE.system
    )?;
    for line in SALESFORCE.lines() {
        writeln!(out, "  {line}")?;
    }
    let actions = about.actions.iter().map(|action| action.label.as_str());
    let features = about.features.iter().map(|feature| feature.name.as_str());
    writeln!(out)?;
    writeln!(out, "Models:   {}", none_or(models))?;
    writeln!(out, "Actions:  {}", none_or(actions))?;
    writeln!(out, "Features: {}", none_or(features))
}

fn none_or<'a>(words: impl Iterator<Item = &'a str>) -> String {
    match words.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none yet".into(),
        words => words,
    }
}
