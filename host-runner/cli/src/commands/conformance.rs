//! `asymbl conformance`: does a connector keep the contract?

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;

use super::{Context, Exit, TenantArgument};
use host_runner::conformance::{
    Change, ChangeKind, ChangeSource, Finding, Options, Outcome, Report, check,
};

/// What to check.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    /// A shell command that changes the source and prints a line of JSON for each change: model, key, kind
    #[arg(long, value_name = "COMMAND")]
    change: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let session = context.session(&arguments.tenant.tenant).await?;
    let change = arguments.change.clone().map(source);
    let report = check(&session, Options { change }).await?;
    let mut out = super::text::stdout(context.json);
    if context.json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        print(&report, &mut out)?;
    }
    Ok(match report.conforms() {
        true => Exit::Success,
        false => Exit::Component,
    })
}

/// A change as the command of `--change` prints it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    model: String,
    key: String,
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Updated,
    Deleted,
}

fn source(command: String) -> ChangeSource {
    Box::new(move || changes(&command).map_err(|error| format!("{error:#}")))
}

fn changes(command: &str) -> anyhow::Result<Vec<Change>> {
    let shell = Path::new("/bin/sh");
    let output = Command::new(shell).args(["-c", command]).output();
    let output = output.with_context(|| shell.display().to_string())?;
    if !output.status.success() {
        anyhow::bail!(
            "`{command}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let text = String::from_utf8(output.stdout).context("the output of --change")?;
    let line = |line: &str| -> anyhow::Result<Change> {
        let read: Line = serde_json::from_str(line)?;
        Ok(Change {
            model: read.model.parse()?,
            key: read.key,
            kind: match read.kind {
                Kind::Updated => ChangeKind::Updated,
                Kind::Deleted => ChangeKind::Deleted,
            },
        })
    };
    let read = |text: &str| line(text).with_context(|| format!("--change printed `{text}`"));
    text.lines().map(read).collect()
}

fn print(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{} ({}) {}", report.label, report.slug, report.version)?;
    let mut counts = [0_u32; 3];
    for finding in &report.findings {
        let (mark, count) = match &finding.outcome {
            Outcome::Passed(_) => ("ok", 0),
            Outcome::Skipped(_) => ("-", 1),
            Outcome::Failed(_) => ("FAIL", 2),
        };
        if let Some(count) = counts.get_mut(count) {
            *count += 1;
        }
        line(finding, mark, out)?;
    }
    let [passed, skipped, failed] = counts;
    writeln!(out)?;
    writeln!(out, "{passed} passed, {skipped} skipped, {failed} failed")?;
    for finding in report.failures() {
        writeln!(
            out,
            "{}: a connector {}",
            finding.rule.name(),
            finding.rule.text()
        )?;
    }
    Ok(())
}

fn line(finding: &Finding, mark: &str, out: &mut impl Write) -> std::io::Result<()> {
    let (_, detail) = finding.outcome.parts();
    let (rule, call) = (finding.rule.name(), &finding.call);
    writeln!(out, "{mark:<4}  {rule:<16}  {call}: {detail}")
}
