//! `asymbl inspect`: what a component asks of its host, what it offers, what it can do.

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::component::describe;
use super::{Context, Exit, coverage};
use host_runner::sandbox::unified_model;

/// What to show.
#[derive(Args)]
pub(super) struct Arguments {
    /// Models with their fields, actions with their inputs, features; as Markdown, or with --json as data
    #[arg(long)]
    coverage: bool,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let connector = context.load()?;
    let component = connector.component();
    let about = describe(&connector).await?;
    if arguments.coverage {
        let mut out = std::io::stdout().lock();
        if context.json {
            writeln!(out, "{}", coverage::as_json(&about))?;
        } else {
            coverage::markdown(&about, &mut out)?;
        }
        return Ok(Exit::Success);
    }
    let models: Vec<String> = about
        .models
        .iter()
        .map(|model| unified_model(model.model).to_string())
        .collect();
    let features: Vec<&str> = about
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let actions: Vec<&str> = about
        .actions
        .iter()
        .map(|action| action.label.as_str())
        .collect();
    let mut out = std::io::stdout().lock();
    if context.json {
        let settings: serde_json::Value = serde_json::from_str(&about.settings_schema)
            .context("the component's settings schema")?;
        let about = json!({
            "slug": about.slug,
            "label": about.label,
            "version": about.version,
            "imports": component.imports(),
            "exports": component.exports(),
            "models": about.models.iter().map(|model| json!({
                "name": unified_model(model.model).to_string(),
                "label": model.label,
                "fields": model.fields.iter().map(|field| &field.name).collect::<Vec<_>>(),
                "notes": model.notes,
            })).collect::<Vec<_>>(),
            "actions": actions,
            "features": features,
            "settings_schema": settings,
        });
        writeln!(out, "{about}")?;
        return Ok(Exit::Success);
    }
    writeln!(out, "{} ({}) {}", about.label, about.slug, about.version)?;
    writeln!(out, "\nIt imports, and can reach nothing else:")?;
    for import in component.imports() {
        writeln!(out, "  {import}")?;
    }
    writeln!(out, "\nIt exports:")?;
    for export in component.exports() {
        writeln!(out, "  {export}")?;
    }
    writeln!(out, "\nModels:   {}", models.join(", "))?;
    writeln!(out, "Actions:  {}", none_or(&actions))?;
    writeln!(out, "Features: {}", none_or(&features))?;
    Ok(Exit::Success)
}

fn none_or(words: &[&str]) -> String {
    if words.is_empty() {
        "none yet".into()
    } else {
        words.join(", ")
    }
}
