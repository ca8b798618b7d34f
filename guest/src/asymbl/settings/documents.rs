//! Writes the JSON Schema of the settings from their one declaration, and finds it out of date. `INSTA_UPDATE=always
//! cargo test -p asymbl-connector documents` writes it anew. The page `docs/settings.md` comes from the schema.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::api_name::API_NAME;
use super::kinds::CANDIDATES;
use super::parts::ROLES;
use super::*;
use crate::asymbl::models::{choosable, promoting, read_settings};
use crate::asymbl::names::word;
use crate::exports::ats::connector::unified::HiringTeamRole;

/// Patterns for the words of the org and what they stand for.
#[derive(JsonSchema)]
#[schemars(
    transparent,
    extend("description" = "Keys are words of the org, compared without regard to case; `*` stands for any text. They come \
        before the defaults; a word that nothing matches is handed on.")
)]
pub struct Words(#[allow(dead_code)] BTreeMap<String, String>);

impl Serialize for WordTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.pairs())
    }
}

pub fn role<S: Serializer>(
    role: &Option<HiringTeamRole>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let found = ROLES.iter().find(|(_, r)| Some(*r) == *role);
    found.map(|(word, _)| word).serialize(serializer)
}

pub fn roles(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ROLES.map(|(word, _)| word)})
}

pub fn candidates(_: &mut SchemaGenerator) -> Schema {
    let words = CANDIDATES.map(|(word, _)| word);
    json_schema!({"anyOf": [{"enum": words}, {"type": "string", "description": "A SOQL condition on Contact."}]})
}

pub fn promoted(_: &mut SchemaGenerator) -> Schema {
    let names = json!({"type": "array", "items": name()});
    object(promoting().map(|model| (word(model).to_owned(), names.clone())))
}

pub fn overrides(_: &mut SchemaGenerator) -> Schema {
    let models = choosable().map(|(model, fields)| {
        let source = json!({"anyOf": [name(), {"type": "array", "items": name()}]});
        let (parts, whole): (Vec<&str>, Vec<&str>) = fields.iter().partition(|f| f.contains('.'));
        let mut fields: Map<String, Value> = whole
            .iter()
            .map(|f| ((*f).to_owned(), source.clone()))
            .collect();
        let parts = parts.iter().filter_map(|f| f.split_once('.'));
        let location = object(parts.map(|(_, part)| (part.to_owned(), source.clone())));
        if location.as_value()["properties"] != json!({}) {
            fields.insert("location".to_owned(), location.to_value());
        }
        (word(model).to_owned(), object(fields).to_value())
    });
    object(models)
}

fn name() -> Value {
    json!({"type": "string", "pattern": API_NAME})
}

fn object(properties: impl IntoIterator<Item = (String, Value)>) -> Schema {
    let properties: Map<String, Value> = properties.into_iter().collect();
    json_schema!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|s| s.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value();
    plain(&mut schema);
    schema["title"] = json!("Settings of the Asymbl connector");
    schema
}

/// Without the second way to leave a value out (null), and with each description on one line.
fn plain(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(members) => {
            members.retain(|key, value| key != "format" && !(key == "default" && value.is_null()));
            if let Some(Value::String(about)) = members.get_mut("description") {
                *about = about.replace('\n', " ");
            }
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|t| t != "null");
                if let [one] = types.as_slice() {
                    members["type"] = one.clone();
                }
            }
            if let Some(Value::Array(kinds)) = members.get_mut("anyOf") {
                kinds.retain(|kind| *kind != json!({"type": "null"}));
                if let [Value::Object(one)] = kinds.as_slice() {
                    let one = one.clone();
                    members.shift_remove("anyOf");
                    for (key, value) in one {
                        members.entry(key).or_insert(value);
                    }
                }
            }
            members.values_mut().for_each(plain);
        }
        _ => {}
    }
}

/// The schema with a line for each setting: short in the component, and readable in a diff.
fn lines(schema: &Value) -> String {
    let mut whole = schema.clone();
    let properties = whole["properties"].take();
    let lines: Vec<String> = properties
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, setting)| format!("{}:{setting}", json!(key)))
        .collect();
    whole.to_string().replace(
        "\"properties\":null",
        &format!("\"properties\":{{\n{}\n}}", lines.join(",\n")),
    ) + "\n"
}

/// Fails when a file of the repository does not hold the text.
pub fn assert_written(path: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} is out of date: {}",
        path.display(),
        module_path!()
    );
}

#[test]
fn the_schema_of_the_settings_is_up_to_date() {
    assert_written("src/asymbl/settings/schema.json", &lines(&schema()));
}

#[test]
fn each_setting_has_an_example_that_is_read_and_changes_it() {
    for (key, setting) in schema()["properties"].as_object().unwrap() {
        let example = &setting["examples"][0];
        let (settings, problems) = Settings::read(&json!({ key: example }).to_string(), &[]);
        assert!(problems.is_empty(), "{key} = {example}: {problems:?}");
        assert_ne!(settings.unwrap(), Settings::default(), "{key} = {example}");
    }
}

#[test]
fn the_defaults_of_the_schema_are_the_defaults() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let defaults: Map<String, Value> = properties
        .iter()
        .filter_map(|(key, p)| Some((key.clone(), p.get("default")?.clone())))
        // As the tenant's words they come before the default ones: the same meaning, another table.
        .filter(|(key, _)| !["job_status", "employment_type", "visibility"].contains(&key.as_str()))
        .collect();
    let parse = |settings: Value| read_settings(&settings.to_string(), &[]).unwrap();
    assert_eq!(parse(Value::Object(defaults)), parse(json!({})));
}
