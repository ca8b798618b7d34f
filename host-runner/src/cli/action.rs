//! `asymbl action NAME`: one action, JSON in and JSON out.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::{Context, MirrorArgument, TenantArgument, WrongInput};
use crate::actions::{self, Action, NAMES};
use crate::mirror::SqliteMirror;
use crate::sync::discover;

/// What to do.
#[derive(Args)]
pub(super) struct Arguments {
    /// create-candidate, create-application, add-attachment-to-application, move-application-to-stage, get-candidate-attachments
    #[arg(value_parser = action)]
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

fn action(name: &str) -> Result<Action, String> {
    Action::of(name).ok_or_else(|| {
        format!(
            "no such action; actions: {}",
            NAMES.map(|(name, _)| name).join(", ")
        )
    })
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    let mut input = read(&arguments.input)?;
    if arguments.stage.is_some() && arguments.action != Action::Move {
        anyhow::bail!(WrongInput(
            "--stage goes with move-application-to-stage".into()
        ));
    }
    let session = context.session(&arguments.tenant.tenant).await?;
    let discovered = discover(&session).await?;
    let mut mirror =
        SqliteMirror::open(&arguments.mirror.path(&arguments.tenant), &discovered.org)?;
    let profile = &discovered.discovery.profile;
    if let Some(name) = &arguments.stage {
        let application = input
            .get("application_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let stage = actions::stage_named(&session, &mirror, profile, &application, name).await?;
        match input.as_object_mut() {
            Some(object) if !object.contains_key("stage_id") => {
                object.insert("stage_id".into(), stage.into())
            }
            _ => anyhow::bail!(WrongInput(
                "give --stage or the input's stage_id, not both".into()
            )),
        };
    }
    let key = arguments.idempotency_key.clone();
    let outcome = actions::run(
        &session,
        &mut mirror,
        profile,
        arguments.action,
        &input,
        key,
    )
    .await?;
    let status = if outcome.is_partial {
        "partial"
    } else {
        "success"
    };
    let answer = json!({ "status": status, "data": outcome.data, "warnings": outcome.warnings });
    if context.json {
        println!("{answer}");
    } else {
        println!("{answer:#}");
    }
    Ok(if outcome.is_partial {
        ExitCode::from(5)
    } else {
        ExitCode::SUCCESS
    })
}

fn read(file: &str) -> anyhow::Result<Value> {
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
    Ok(serde_json::from_str(&text)
        .map_err(|why| WrongInput(format!("the input is no JSON: {why}")))?)
}
