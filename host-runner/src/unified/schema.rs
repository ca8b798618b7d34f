//! The JSON Schema of a model's records, from the table that each record is checked by.

use serde_json::{Map, Value, json};

use super::model::{Kind, Model};

/// Returns the schema of a record as `asymbl records --json` prints it. A record of `asymbl list --json`, and of a
/// connector's page, lacks the members that the platform sets, which are not required.
pub fn schema(model: Model) -> Value {
    let property = |field: &super::Field| (field.name.to_owned(), value(field.kind));
    let mut properties: Map<_, _> = model.fields().iter().map(property).collect();
    if model.field("remote_data").is_some() {
        properties.insert("extra".into(), json!({"type": "object"}));
    }
    let required = model
        .fields()
        .iter()
        .filter(|field| field.is_of_connector());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": model.label(),
        "type": "object",
        "properties": properties,
        "required": required.map(|field| field.name).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn value(kind: Kind) -> Value {
    let text = || json!({"type": ["string", "null"]});
    let object = |names: &[&str], types: Value| {
        let members: Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), text()))
            .collect();
        json!({"type": types, "properties": members, "required": names, "additionalProperties": false})
    };
    match kind {
        Kind::UnifiedId | Kind::RemoteId => json!({"type": "string"}),
        Kind::Text | Kind::Reference(_) => text(),
        Kind::DateTime | Kind::MirrorStamp => {
            json!({"type": ["string", "null"], "format": "date-time"})
        }
        Kind::Number => json!({"type": ["number", "null"]}),
        Kind::Object(names) => object(names, json!(["object", "null"])),
        Kind::Objects(names) => json!({"type": "array", "items": object(names, json!("object"))}),
        Kind::Word(words) => {
            let words = words.iter().map(|word| json!(word)).chain([Value::Null]);
            json!({"enum": words.collect::<Vec<_>>()})
        }
        Kind::Words(words) => json!({"type": "array", "items": {"enum": words}}),
        Kind::FreeObject => json!({"type": "object"}),
        Kind::FreeList => json!({"type": "array"}),
        Kind::RemoteData => json!({}),
    }
}
