//! `asymbl schema NAME`: the JSON Schema of what a model's records or an action's input look like.

use clap::Args;
use serde_json::Value;

use super::component::describe;
use super::{Context, Exit, WrongInput};
use host_runner::unified::{Model, schema};
use mirror::actions::name_of;

/// Of what.
#[derive(Args)]
pub(super) struct Arguments {
    /// A model (candidates) for its records, or an action (create-candidate) for its input
    name: String,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let schema = match arguments.name.parse::<Model>() {
        Ok(model) => schema(model),
        Err(unknown) => {
            let about = describe(&context.load()?).await?;
            let actions = &about.actions;
            let action = actions
                .iter()
                .find(|one| name_of(one.action) == arguments.name);
            let Some(action) = action else {
                let names: Vec<_> = actions.iter().map(|one| name_of(one.action)).collect();
                let names = match names.join(", ") {
                    none if none.is_empty() => "the connector has no actions".to_owned(),
                    names => format!("the actions are {names}"),
                };
                anyhow::bail!(WrongInput(format!("{unknown}; {names}")));
            };
            serde_json::from_str::<Value>(&action.input_schema)?
        }
    };
    println!("{schema:#}");
    Ok(Exit::Success)
}
