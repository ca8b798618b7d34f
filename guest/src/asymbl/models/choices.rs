//! What a tenant may choose of the models: the settings are checked against the models' tables.

use super::{TABLES, Table};
use crate::asymbl::names::word;
use crate::asymbl::settings::{Settings, SettingsProblem, did_you_mean};
use crate::engine::hash;
use crate::exports::ats::connector::types::Model;

/// Raised when the mapping itself changes, so that models are read anew.
const MAPPING_VERSION: u32 = 1;

/// Returns the models that have fields whose source a tenant may choose, with those fields.
pub fn choosable() -> impl Iterator<Item = (Model, Vec<&'static str>)> {
    let fields = |table: &'static Table| -> Vec<&'static str> {
        let rules = table.rules.iter().filter(|rule| rule.choice.is_some());
        rules.map(|rule| rule.field).collect()
    };
    let models = TABLES
        .into_iter()
        .map(move |table| (table.model, fields(table)));
    models.filter(|(_, fields)| !fields.is_empty())
}

/// Returns the models that have `integration_fields`.
pub fn promoting() -> impl Iterator<Item = Model> {
    let tables = TABLES.into_iter();
    let promoting = tables.filter(|table| table.has("integration_fields"));
    promoting.map(|table| table.model)
}

/// Reads the connection's settings and its list of switched-off things. Empty text and `null` mean all defaults.
///
/// # Errors
/// All problems at once.
pub fn read_settings(json: &str, disabled: &[String]) -> Result<Settings, Vec<SettingsProblem>> {
    let (settings, mut problems) = Settings::read(json, disabled);
    if let Some(settings) = &settings {
        problems.extend(wrong_choices(settings));
    }
    match settings {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => Err(problems),
    }
}

fn wrong_choices(settings: &Settings) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    let mut report = |key: String, message: String| problems.push(SettingsProblem { key, message });
    let not_of = |model: Model, models: Vec<&str>| {
        let possible = models.join(", ");
        format!(
            "{:?} is not a model for this setting; possible: {possible}",
            word(model)
        )
    };
    for chosen in &settings.fields {
        let key = format!("fields.{}.{}", word(chosen.model), chosen.field);
        match choosable().find(|(model, _)| *model == chosen.model) {
            Some((_, fields)) if fields.contains(&chosen.field.as_str()) => {}
            Some((_, fields)) => {
                let hint = did_you_mean(&chosen.field, fields.iter().copied());
                let possible = fields.join(", ");
                report(
                    key,
                    format!("the source of this field can't be chosen{hint}; possible: {possible}"),
                );
            }
            None => report(
                key,
                not_of(
                    chosen.model,
                    choosable().map(|(model, _)| word(model)).collect(),
                ),
            ),
        }
    }
    for (model, _) in &settings.integration_fields {
        if promoting().all(|promoting| promoting != *model) {
            report(
                format!("integration_fields.{}", word(*model)),
                not_of(*model, promoting().map(word).collect()),
            );
        }
    }
    problems
}

/// Returns a short text that changes when a setting changes that steers the records of a model.
pub fn fingerprint(table: &Table, settings: &Settings) -> String {
    let model = table.model;
    let mut parts = format!(
        "{MAPPING_VERSION};{};{:?};",
        settings.namespace, settings.job_object
    );
    for off in settings.scopes.fields_off(model) {
        parts.push_str(&format!("{off:?};"));
    }
    for chosen in settings
        .fields
        .iter()
        .filter(|chosen| chosen.model == model)
    {
        parts.push_str(&format!("{:?};", (&chosen.field, &chosen.sources)));
    }
    parts.push_str(&format!("{:?};", settings.promoted(model)));
    parts.push_str(&(table.steered_by)(settings));
    format!("{:016x}", hash(parts.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asymbl::models::{MODELS, table};
    use serde_json::{Value, json};

    fn parse(settings: Value) -> Settings {
        read_settings(&settings.to_string(), &[]).unwrap()
    }

    #[test]
    fn a_fingerprint_moves_only_for_the_steered_models() {
        let base = parse(json!({}));
        for (changed, steered) in [
            (json!({"hired_stages": ["Placed"]}), vec!["applications"]),
            (json!({"job_status": {"Paused": "CLOSED"}}), vec!["jobs"]),
            (json!({"candidates": "all"}), vec!["candidates"]),
            (
                json!({"hiring_team": []}),
                vec!["users", "jobs", "hiring-team-members"],
            ),
            (
                json!({"fields": {"application-stages.name": "Label__c"}}),
                vec!["application-stages"],
            ),
            (
                json!({"integration_fields": {"candidates": ["Department"]}}),
                vec!["candidates"],
            ),
            (
                json!({"namespace": "other"}),
                MODELS.map(|(_, w)| w).to_vec(),
            ),
        ] {
            let settings = parse(changed.clone());
            let moved: Vec<_> = MODELS
                .iter()
                .filter(|(m, _)| fingerprint(table(*m), &settings) != fingerprint(table(*m), &base))
                .map(|(m, _)| word(*m))
                .collect();
            assert_eq!(moved, steered, "{changed}");
        }
    }
}
