//! `asymbl guide`: how an administrator links the system, as a Markdown page or as data.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::component::load_tenant;
use super::{Context, Exit, WrongInput};
use host_runner::sandbox::JobSetup;

/// What to print.
#[derive(Args)]
pub(super) struct Arguments {
    /// Print the rights alone, as a permission set for the Metadata API
    #[arg(long)]
    permission_set: bool,
    /// The tenant file whose settings and scopes count [default: tenant.toml where it is there, else the defaults]
    #[arg(long, value_name = "FILE")]
    tenant: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let tenant = match &arguments.tenant {
        Some(path) => Some(load_tenant(path)?),
        None => Some(Path::new("tenant.toml"))
            .filter(|path| arguments.permission_set && path.is_file())
            .map(load_tenant)
            .transpose()?,
    };
    let setup = match &tenant {
        Some(file) => JobSetup::offline()
            .settings(&serde_json::Value::Object(file.connector().clone()))
            .switched_off(file.scopes().switched_off()),
        None => JobSetup::offline(),
    };
    let mut job = context.load()?.start(setup).await?;
    let guide = job.connection_guide().await?;
    let mut out = super::text::stdout(context.json);
    if arguments.permission_set {
        let set = permission_set(&guide.markdown)
            .ok_or_else(|| WrongInput("the component's guide has no permission set".to_owned()))?;
        if context.json {
            writeln!(out, "{}", json!({ "permission_set": set }))?;
            return Ok(Exit::Success);
        }
        for line in set.lines() {
            writeln!(out, "{line}")?;
        }
        return Ok(Exit::Success);
    }
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

/// The block of XML in the guide's page.
fn permission_set(markdown: &str) -> Option<&str> {
    let (_, rest) = markdown.split_once("```xml\n")?;
    rest.split_once("```").map(|(set, _)| set)
}
