//! What the tenant has switched off: models, fields and actions that are not asked of Salesforce.

use super::strict;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The models of the contract, by the names that the command line uses.
pub const MODELS: [&str; 7] = [
    "users",
    "jobs",
    "candidates",
    "application-stages",
    "applications",
    "job-stages",
    "hiring-team-members",
];

/// The actions of the contract, by the names that the command line uses.
pub const ACTIONS: [&str; 5] = [
    "create-candidate",
    "create-application",
    "add-attachment-to-application",
    "move-application-to-stage",
    "get-candidate-attachments",
];

/// What is switched off. Empty means that all is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    models: BTreeSet<String>,
    fields: BTreeSet<(String, String)>,
    actions: BTreeSet<String>,
}

/// `[scopes]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopesTable {
    #[serde(default)]
    disabled_models: Vec<String>,
    #[serde(default)]
    disabled_fields: Vec<String>,
    #[serde(default)]
    disabled_actions: Vec<String>,
}

impl Scopes {
    /// Whether this model (`candidates`, `application-stages`) may be read.
    pub fn model_enabled(&self, model: &str) -> bool {
        !self.models.contains(&kebab(model))
    }

    /// Whether this field of this model may be read.
    pub fn field_enabled(&self, model: &str, field: &str) -> bool {
        self.model_enabled(model) && !self.fields.contains(&(kebab(model), field.to_owned()))
    }

    /// Whether this action (`create-candidate`) may be called.
    pub fn action_enabled(&self, action: &str) -> bool {
        !self.actions.contains(&kebab(action))
    }

    /// All that is switched off, in the form of the contract's `connection.disabled`.
    pub fn switched_off(&self) -> Vec<String> {
        let fields = self
            .disabled_fields()
            .map(|(model, field)| format!("{model}.{field}"));
        let whole = self.disabled_models().chain(self.disabled_actions());
        whole.map(str::to_owned).chain(fields).collect()
    }

    /// The models switched off.
    pub fn disabled_models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(String::as_str)
    }

    /// The fields switched off, as (model, field).
    pub fn disabled_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(model, field)| (model.as_str(), field.as_str()))
    }

    /// The actions switched off.
    pub fn disabled_actions(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(String::as_str)
    }
}

impl ScopesTable {
    /// Checks every name; an error is the key and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Scopes, (&'static str, String)> {
        let models = self
            .disabled_models
            .iter()
            .map(|name| known("model", name, &MODELS));
        let actions = self
            .disabled_actions
            .iter()
            .map(|name| known("action", name, &ACTIONS));
        let fields = self.disabled_fields.iter().map(|text| field(text));
        Ok(Scopes {
            models: models
                .collect::<Result<_, _>>()
                .map_err(|e| ("scopes.disabled_models", e))?,
            actions: actions
                .collect::<Result<_, _>>()
                .map_err(|e| ("scopes.disabled_actions", e))?,
            fields: fields
                .collect::<Result<_, _>>()
                .map_err(|e| ("scopes.disabled_fields", e))?,
        })
    }
}

fn kebab(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn known(what: &str, name: &str, table: &[&str]) -> Result<String, String> {
    let plain = kebab(name);
    if table.contains(&plain.as_str()) {
        return Ok(plain);
    }
    Err(strict::unknown(&format!("unknown {what}"), name, table))
}

fn field(text: &str) -> Result<(String, String), String> {
    let (model, field) = text
        .split_once('.')
        .ok_or_else(|| format!("`{text}` names no field; write it like \"candidates.location\""))?;
    let plain = !field.is_empty()
        && field
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        return Err(format!(
            "`{field}` is not a field name; write it like \"candidates.location\""
        ));
    }
    Ok((known("model", model, &MODELS)?, field.to_owned()))
}
