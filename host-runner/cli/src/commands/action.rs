//! `asymbl action NAME`: one action, JSON in and JSON out.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::component::sign_in;
use super::{Context, Exit, MirrorArgument, TenantArgument, WrongInput};
use host_runner::session::Session;
use host_runner::tenant::without_mark;
use mirror::actions::{self, Action, ActionError, NAMES, Outcome, Problem};
use mirror::store::{Location, MirrorError};
use mirror::sync::{Discovered, discover};

/// The status of an answer of which a part is done.
const PARTIAL: &str = "partial";

/// What to do.
#[derive(Args)]
pub(super) struct Arguments {
    /// create-candidate, create-application, add-attachment-to-application, move-application-to-stage,
    /// get-candidate-attachments
    #[arg(value_parser = named)]
    action: Action,
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    mirror: MirrorArgument,
    /// The input, a JSON object (- for standard input)
    #[arg(long, value_name = "FILE")]
    input: String,
    /// Names this attempt: a repeat with the same key returns what the first one wrote
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The stage to move to, by its name within the job, in place of the input's stage_id
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
}

/// The action of a name.
pub(super) fn named(name: &str) -> Result<Action, String> {
    Action::of(name).ok_or_else(|| {
        format!(
            "no such action; actions: {}",
            NAMES.map(|(name, _)| name).join(", ")
        )
    })
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let mut input = read(&arguments.input)?;
    if arguments.stage.is_some() && arguments.action != Action::Move {
        anyhow::bail!(WrongInput(
            "--stage goes with move-application-to-stage".into()
        ));
    }
    let location = arguments.mirror.location(&arguments.tenant)?;
    let session = context.unsigned(&arguments.tenant.tenant, location.tokens())?;
    check(arguments, &input, &session, &location).await?;
    sign_in(&session).await?;
    let Discovered { discovery, org, .. } = discover(&session).await?;
    let mut mirror = location.open(&org)?;
    let profile = &discovery.profile;
    if let Some(name) = &arguments.stage {
        let application = input
            .get("application_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let stage =
            actions::stage_named(&session, mirror.as_ref(), profile, &application, name).await?;
        if let Some(object) = input.as_object_mut() {
            object.insert("stage_id".into(), stage.into());
        }
    }
    let key = arguments.idempotency_key.clone();
    let outcome = actions::run(
        &session,
        mirror.as_mut(),
        profile,
        arguments.action,
        &input,
        key,
    )
    .await?;
    print(&answer(outcome), context.json)
}

/// An outcome as it is printed.
pub(super) fn answer(outcome: Outcome) -> Value {
    let status = match outcome.is_partial {
        true => PARTIAL,
        false => "success",
    };
    json!({ "status": status, "data": outcome.data, "warnings": outcome.warnings })
}

/// The outcome of an answer; none where it is not one.
pub(super) fn outcome(mut answer: Value) -> Option<Outcome> {
    Some(Outcome {
        is_partial: answer.get("status")?.as_str()? == PARTIAL,
        data: answer.get_mut("data")?.take(),
        warnings: match answer.get_mut("warnings")?.take() {
            Value::Array(warnings) => warnings,
            _ => return None,
        },
    })
}

/// Prints an answer.
pub(super) fn print(answer: &Value, is_json: bool) -> anyhow::Result<Exit> {
    if is_json {
        println!("{answer}");
    } else {
        let mut out = super::text::stdout(false);
        for line in format!("{answer:#}").lines() {
            writeln!(out, "{line}")?;
        }
    }
    Ok(match answer["status"] == PARTIAL {
        true => Exit::Incomplete,
        false => Exit::Success,
    })
}

/// Finds every problem of the input before the org is asked for anything.
async fn check(
    arguments: &Arguments,
    input: &Value,
    session: &Session,
    location: &Location,
) -> anyhow::Result<()> {
    let mirror = match location.open_existing() {
        Ok(mirror) => Some(mirror),
        Err(MirrorError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mirror = mirror.as_deref();
    let key = arguments.idempotency_key.as_deref();
    let mut problems = match actions::check(session, mirror, arguments.action, input, key).await {
        Ok(()) => Vec::new(),
        Err(ActionError::Input(problems)) => problems,
        Err(error) => return Err(error.into()),
    };
    if arguments.stage.is_some() {
        problems.retain(|problem| problem.field != "stage_id");
        if input.get("stage_id").is_some_and(|id| !id.is_null()) {
            problems.push(Problem {
                field: "stage_id".into(),
                message: "give --stage or the input's stage_id, not both".into(),
            });
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ActionError::Input(problems).into())
    }
}

/// Reads an input from a file, or from standard input.
pub(super) fn read(file: &str) -> anyhow::Result<Value> {
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .context("standard input")?;
        text
    } else {
        std::fs::read_to_string(file)
            .map_err(|why| WrongInput(format!("can't read {file}: {why}")))?
    };
    Ok(serde_json::from_str(without_mark(&text)).map_err(|why| {
        ActionError::Input(vec![Problem {
            field: String::new(),
            message: format!("the input is not valid JSON: {why}"),
        }])
    })?)
}
