//! The settings as a JSON Schema, for forms and checks of a platform.

use serde_json::{Map, Value, json};

use super::actions::{DEFAULT_CAP, EXISTING, LARGEST_CAP, PHONE_FIELD, POLICIES};
use super::parse::{CANDIDATE_WORDS, ROLES};
use super::{OVERRIDABLE, PROMOTING, defaults};
use crate::asymbl::models::word;

const API_NAME: &str = "^[A-Za-z][A-Za-z0-9_]*$";

/// The JSON Schema (draft 2020-12) of the settings object.
pub fn settings_schema() -> String {
    let name = json!({"type": "string", "pattern": API_NAME});
    let words = |about: &str, values: &[&str], defaults: &[(&str, &str)]| {
        let defaults: Map<String, Value> = defaults
            .iter()
            .map(|(k, v)| ((*k).to_owned(), json!(v)))
            .collect();
        json!({
            "description": format!(
                "{about}. Keys are words of the org, compared without regard to case, `*` standing for any text; values are {} or any \
                 other text. Entries come before the defaults; words that nothing matches pass through.",
                values.join(", ")
            ),
            "type": "object",
            "additionalProperties": {"type": "string", "minLength": 1},
            "default": defaults,
        })
    };
    let choices: Vec<&str> = CANDIDATE_WORDS.iter().map(|(w, _)| *w).collect();
    let roles: Vec<&str> = ROLES.iter().map(|(w, _)| *w).collect();
    let team: Vec<Value> = defaults::HIRING_TEAM
        .iter()
        .map(|(field, role)| {
            if role.is_empty() {
                json!({"field": field})
            } else {
                json!({"field": field, "role": role})
            }
        })
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of the Asymbl connector",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "namespace": {
                "description": "The package's namespace in this org.",
                "type": "string",
                "default": defaults::NAMESPACE,
            },
            "job_object": {
                "description": "Which object is the Job, where the org uses its own: its API name when the package's mapping metadata \
                                tells the rest, else all of it.",
                "anyOf": [name, {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["object", "applicant_lookup", "stage_lookup"],
                    "properties": {
                        "object": name,
                        "applicant_lookup": name,
                        "stage_lookup": name,
                        "closed_field": name,
                    },
                }],
            },
            "hired_stages": {
                "description": "Names or types of stages that mean hired; compared whole, without regard to case.",
                "type": "array",
                "items": {"type": "string"},
                "default": defaults::HIRED_STAGES,
            },
            "job_status": words("Job status", &["OPEN", "CLOSED", "DRAFT", "ARCHIVED"], &defaults::JOB_STATUS),
            "employment_type": words(
                "Employment type",
                &["FULL_TIME", "PART_TIME", "CONTRACT", "SEASONAL", "INTERNSHIP"],
                &defaults::EMPLOYMENT_TYPE,
            ),
            "visibility": words(
                "Visibility of a job",
                &["PUBLIC", "INTERNAL", "UNLISTED", "CONFIDENTIAL"],
                &defaults::VISIBILITY,
            ),
            "candidates": {
                "description": "Which contacts are candidates: those with an application or of the candidate record type, one of the \
                                two, all, or those that a SOQL condition takes.",
                "anyOf": [{"enum": choices}, {"type": "string", "description": "A SOQL condition on Contact."}],
                "default": "applied-or-typed",
            },
            "candidate_record_type": {
                "description": "Developer name of the contact record type of candidates.",
                "type": "string",
                "minLength": 1,
                "default": defaults::CANDIDATE_RECORD_TYPE,
            },
            "candidate_email_fields": {
                "description": "Further e-mail fields of the contact, besides Email.",
                "type": "array",
                "items": {"anyOf": [name, {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["field"],
                    "properties": {"field": name, "type": {"type": "string", "description": "PRIVATE, WORK or another word."}},
                }]},
                "default": [],
            },
            "hiring_team": {
                "description": "The job's lookups to users or contacts that make its hiring team, in place of the default list. \
                                Without a role someone is on the team with no role.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["field"],
                    "properties": {"field": name, "role": {"enum": roles}},
                },
                "default": team,
            },
            "default_currency": {
                "description": "ISO 4217 code of salaries, for orgs with one currency.",
                "type": "string",
                "pattern": "^[A-Za-z]{3}$",
            },
            "fields": {
                "description": "Unified fields that are read from other source fields than the usual ones; of several the first that \
                                has a value.",
                "type": "object",
                "additionalProperties": false,
                "properties": choosable(),
            },
            "integration_fields": {
                "description": "Source fields to hand on in `integration_fields`.",
                "type": "object",
                "additionalProperties": false,
                "properties": PROMOTING
                    .iter()
                    .map(|m| (word(*m).to_owned(), json!({"type": "array", "items": name})))
                    .collect::<Map<String, Value>>(),
            },
            "candidate_account": {
                "description": "Id of the account that new contacts belong to. Without one they belong to none, and Salesforce \
                                shows a contact without an account only to its owner and to administrators.",
                "type": "string",
                "pattern": "^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$",
            },
            "existing_application": {
                "description": "When the candidate has applied to the job before: return that application with a warning, or fail.",
                "enum": EXISTING.map(|(word, _)| word),
                "default": "return",
            },
            "allow_closed_jobs": {
                "description": "Whether jobs that are not open take applications.",
                "type": "boolean",
                "default": false,
            },
            "phone_field": {
                "description": "The contact field that takes the telephone number.",
                "type": "string",
                "pattern": API_NAME,
                "default": PHONE_FIELD,
            },
            "source_policy": {
                "description": "When the picklist of sources lacks the source: write it into the free-text field with a warning, or \
                                refuse the call.",
                "enum": POLICIES.map(|(word, _)| word),
                "default": "free-text",
            },
            "contact_external_id_field": {
                "description": "A unique text field of the contact, 64 characters or more. New contacts get the SHA-256 of their \
                                lower-cased e-mail address in it, as hex; it keeps two creates at once from making two contacts.",
                "type": "string",
                "pattern": API_NAME,
            },
            "attachment_cap": {
                "description": "Most bytes of one file; the host may allow fewer.",
                "type": "integer",
                "minimum": 1,
                "maximum": LARGEST_CAP,
                "default": DEFAULT_CAP,
            },
            "mark_primary_cv": {
                "description": "Whether the first CV of a candidate without one is marked as the primary one.",
                "type": "boolean",
                "default": true,
            },
        },
    });
    schema.to_string()
}

/// A property for each model whose sources can be chosen; the parts of a location nested.
fn choosable() -> Map<String, Value> {
    let source = json!({"anyOf": [
        {"type": "string", "pattern": API_NAME},
        {"type": "array", "items": {"type": "string", "pattern": API_NAME}},
    ]});
    let object = |properties: Map<String, Value>| json!({"type": "object", "additionalProperties": false, "properties": properties});
    let mut models = Map::new();
    for (model, fields) in OVERRIDABLE {
        let (mut properties, mut location) = (Map::new(), Map::new());
        for field in *fields {
            match field.strip_prefix("location.") {
                Some(part) => location.insert(part.to_owned(), source.clone()),
                None => properties.insert((*field).to_owned(), source.clone()),
            };
        }
        if !location.is_empty() {
            properties.insert("location".to_owned(), object(location));
        }
        models.insert(word(*model).to_owned(), object(properties));
    }
    models
}
