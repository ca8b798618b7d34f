//! `asymbl inspect --coverage`: models × fields, actions × inputs, features, as the component itself tells them.

use std::io::{self, Write};

use serde_json::{Value, json};

use host_runner::sandbox::contract::about::{
    ActionCoverage, ConnectorDescription, FieldCoverage, ModelCoverage,
};
use host_runner::sandbox::unified_model;
use mirror::actions::name_of;

/// Writes the page, in the form in which coverage is promised.
pub(super) fn markdown(about: &ConnectorDescription, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "# Coverage: {} (slug `{}`), version {}",
        about.label, about.slug, about.version
    )?;
    writeln!(out)?;
    models(&about.models, out)?;
    if !about.actions.is_empty() {
        actions(&about.actions, out)?;
    }
    if !about.features.is_empty() {
        writeln!(
            out,
            "\n## Features\n\n| feature | what it does here |\n| --- | --- |"
        )?;
    }
    for feature in &about.features {
        writeln!(out, "| {} | {} |", feature.label, feature.note)?;
    }
    Ok(())
}

fn models(models: &[ModelCoverage], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "## Models (reads)\n\n| model | WIT function | fields |\n| --- | --- | --- |"
    )?;
    for model in models {
        let name = unified_model(model.model);
        let fields = names(&model.fields);
        writeln!(out, "| {} | `list-{name}` | {fields} |", model.label)?;
    }
    if models.iter().any(|model| !model.notes.is_empty()) {
        writeln!(out, "\nRules that come with it:")?;
    }
    for model in models {
        for note in &model.notes {
            writeln!(out, "- {}: {note}", model.label)?;
        }
    }
    let has_rule = |field: &&FieldCoverage| !field.note.is_empty();
    if models
        .iter()
        .flat_map(|model| &model.fields)
        .any(|field| has_rule(&field))
    {
        writeln!(
            out,
            "\nWhere a field has a rule of its own:\n\n| model | field | rule |\n| --- | --- | --- |"
        )?;
    }
    for model in models {
        for field in model.fields.iter().filter(has_rule) {
            writeln!(out, "| {} | {} | {} |", model.label, field.name, field.note)?;
        }
    }
    Ok(())
}

fn actions(actions: &[ActionCoverage], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\n## Actions\n\n| action | input fields | rule |\n| --- | --- | --- |"
    )?;
    for action in actions {
        let (inputs, rule) = (names(&action.inputs), action.notes.join("; "));
        writeln!(out, "| {} | {inputs} | {rule} |", action.label)?;
    }
    for action in actions.iter().filter(|a| !a.further_inputs.is_empty()) {
        let further = action.further_inputs.iter();
        let further: Vec<String> = further
            .map(|input| format!("{} ({})", input.name, input.note))
            .collect();
        let (label, further) = (&action.label, further.join("; "));
        writeln!(out)?;
        writeln!(out, "{label} also accepts: {further}")?;
    }
    for action in actions.iter().filter(|a| !a.ignored_inputs.is_empty()) {
        let (label, ignored) = (&action.label, action.ignored_inputs.join(", "));
        writeln!(out)?;
        writeln!(
            out,
            "{label} also accepts, with a warning that it is not kept: {ignored}"
        )?;
    }
    Ok(())
}

fn names(fields: &[FieldCoverage]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names.join(", ")
}

/// The same as one object.
pub(super) fn as_json(about: &ConnectorDescription) -> Value {
    let fields = |fields: &[FieldCoverage]| -> Vec<Value> {
        fields
            .iter()
            .map(|field| json!({ "name": field.name, "note": field.note }))
            .collect()
    };
    json!({
        "slug": about.slug,
        "label": about.label,
        "version": about.version,
        "models": about.models.iter().map(|model| {
            let name = unified_model(model.model);
            json!({
                "name": name.to_string(),
                "label": model.label,
                "function": format!("list-{name}"),
                "fields": fields(&model.fields),
                "notes": model.notes,
            })
        }).collect::<Vec<_>>(),
        "actions": about.actions.iter().map(|action| json!({
            "name": name_of(action.action),
            "label": action.label,
            "inputs": fields(&action.inputs),
            "further_inputs": fields(&action.further_inputs),
            "ignored_inputs": action.ignored_inputs,
            "notes": action.notes,
        })).collect::<Vec<_>>(),
        "features": about.features.iter().map(|feature| json!({
            "name": feature.name,
            "label": feature.label,
            "note": feature.note,
        })).collect::<Vec<_>>(),
    })
}
