//! `asymbl inspect --coverage`: models × fields, actions × inputs, features, as the component itself tells them.

use std::io::{self, Write};

use serde_json::{Value, json};

use host_runner::sandbox::contract::inspection::{Action, ConnectorDescription, FieldCoverage};
use host_runner::sandbox::unified_model;

/// An action's name in settings and on the command line.
fn action_name(action: Action) -> &'static str {
    match action {
        Action::CreateCandidate => "create-candidate",
        Action::CreateApplication => "create-application",
        Action::AddAttachmentToApplication => "add-attachment-to-application",
        Action::MoveApplicationToStage => "move-application-to-stage",
        Action::GetCandidateAttachments => "get-candidate-attachments",
    }
}

/// The page, in the form in which coverage is promised.
pub(super) fn markdown(about: &ConnectorDescription, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "# Coverage: {} (slug `{}`), version {}\n",
        about.label, about.slug, about.version
    )?;
    writeln!(
        out,
        "## Models (reads)\n\n| model | WIT function | fields |\n| --- | --- | --- |"
    )?;
    for model in &about.models {
        let name = unified_model(model.model);
        writeln!(
            out,
            "| {} | `list-{name}` | {} |",
            model.label,
            names(&model.fields)
        )?;
    }
    let notes: Vec<(&str, &String)> = about
        .models
        .iter()
        .flat_map(|model| model.notes.iter().map(|note| (model.label.as_str(), note)))
        .collect();
    if !notes.is_empty() {
        writeln!(out, "\nRules that come with it:")?;
        for (label, note) in notes {
            writeln!(out, "- {label}: {note}")?;
        }
    }
    writeln!(
        out,
        "\nWhere a field has a rule of its own:\n\n| model | field | rule |\n| --- | --- | --- |"
    )?;
    for model in &about.models {
        for field in model.fields.iter().filter(|field| !field.note.is_empty()) {
            writeln!(out, "| {} | {} | {} |", model.label, field.name, field.note)?;
        }
    }
    if !about.actions.is_empty() {
        writeln!(
            out,
            "\n## Actions\n\n| action | input fields | rule |\n| --- | --- | --- |"
        )?;
        for action in &about.actions {
            writeln!(
                out,
                "| {} | {} | {} |",
                action.label,
                names(&action.inputs),
                action.notes.join("; ")
            )?;
        }
        for action in about
            .actions
            .iter()
            .filter(|action| !action.further_inputs.is_empty())
        {
            let further: Vec<String> = action
                .further_inputs
                .iter()
                .map(|input| format!("{} ({})", input.name, input.note))
                .collect();
            writeln!(
                out,
                "\n{} also accepts: {}",
                action.label,
                further.join("; ")
            )?;
        }
        for action in about
            .actions
            .iter()
            .filter(|action| !action.ignored_inputs.is_empty())
        {
            let ignored = action.ignored_inputs.join(", ");
            writeln!(
                out,
                "\n{} also accepts, with a warning that it is not kept: {ignored}",
                action.label
            )?;
        }
    }
    writeln!(
        out,
        "\n## Features\n\n| feature | what it does here |\n| --- | --- |"
    )?;
    for feature in &about.features {
        writeln!(out, "| {} | {} |", feature.label, feature.note)?;
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
            "name": action_name(action.action),
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
