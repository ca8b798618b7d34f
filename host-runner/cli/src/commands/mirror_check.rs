//! `asymbl mirror check`: what of the mirror's file is damaged, and its repair.

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::json;

use super::component::load_tenant;
use super::output::{self, counted, paragraph};
use super::text;
use super::{Context, Exit, MirrorArgument, TenantArgument, WrongInput};
use host_runner::unified::Timestamp;
use mirror::store::{Health, Location, SqliteMirror};

/// What to do with the mirror.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Compare every record and index with its checksum; exit code 6 where something is damaged
    Check(CheckArguments),
}

/// Which mirror, and whether to repair it.
#[derive(Args)]
struct CheckArguments {
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    mirror: MirrorArgument,
    /// Replace what is damaged, or mark it so that the next sync reads it again; exit code 6 where something is lost
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let What::Check(arguments) = &arguments.what;
    // Only to find typos: the mirror needs no credentials.
    if arguments.mirror.mirror.is_none() {
        load_tenant(&arguments.tenant.tenant)?;
    }
    let path = match arguments.mirror.location(&arguments.tenant)? {
        Location::File(path) => path,
        Location::Database(address) => anyhow::bail!(WrongInput(format!(
            "a mirror in a database is checked by the database's own tools, and {address} is one; \
             `asymbl sync --full` writes anew what others altered in it"
        ))),
    };
    let health = SqliteMirror::check(&path, arguments.repair, Timestamp::now())?;
    let mut out = text::stdout(context.json);
    if context.json {
        writeln!(out, "{}", as_json(&health))?;
    } else {
        for problem in &health.problems {
            paragraph(&problem.to_string(), 2, &mut out)?;
        }
        if health.more_problems > 0 {
            writeln!(out, "and {} more", counted(health.more_problems, "problem"))?;
        }
    }
    output::say(&summary(&health));
    Ok(match health.is_well() {
        true => Exit::Success,
        false => Exit::Mirror,
    })
}

/// What came of it, and what to do.
fn summary(health: &Health) -> String {
    let records = counted(health.records, "record");
    let then = match (
        health.problems.is_empty(),
        health.is_repaired,
        health.has_losses(),
    ) {
        (true, _, _) => "nothing is damaged",
        (_, false, _) => "damaged; run `asymbl mirror check --repair`, then `asymbl sync`",
        (_, true, false) => "repaired; run `asymbl sync` to read again what was damaged",
        (_, true, true) => {
            "repaired as far as possible; what is lost does not come back, `asymbl sync` reads the rest again"
        }
    };
    format!("{records} checked: {then}")
}

fn as_json(health: &Health) -> serde_json::Value {
    let problems = health.problems.iter().map(
        |problem| json!({ "message": problem.message, "consequence": problem.consequence.name() }),
    );
    json!({
        "records": health.records,
        "problems": problems.collect::<Vec<_>>(),
        "more_problems": health.more_problems,
        "repaired": health.is_repaired,
    })
}
