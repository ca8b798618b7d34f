//! `asymbl guide`: how an administrator links the system, as a Markdown page or as data.

use std::io::Write;

use serde_json::json;

use super::{Context, Exit};
use host_runner::sandbox::JobSetup;

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let mut job = context.load()?.start(JobSetup::offline()).await?;
    let guide = job.connection_guide().await?;
    let mut out = super::text::stdout(context.json);
    if !context.json {
        for line in guide.markdown.lines() {
            writeln!(out, "{line}")?;
        }
        return Ok(Exit::Success);
    }
    let guide = json!({
        "title": guide.title,
        "inputs": guide.inputs.iter().map(|input| json!({
            "name": input.name,
            "label": input.label,
            "help": input.help,
            "pattern": input.pattern,
            "secret": input.secret,
        })).collect::<Vec<_>>(),
        "steps": guide.steps.iter().map(|step| json!({ "title": step.title, "body": step.body })).collect::<Vec<_>>(),
        "problems": guide.problems.iter().map(|problem| json!({
            "symptom": problem.symptom,
            "fix": problem.fix,
        })).collect::<Vec<_>>(),
        "markdown": guide.markdown,
    });
    writeln!(out, "{guide}")?;
    Ok(Exit::Success)
}
