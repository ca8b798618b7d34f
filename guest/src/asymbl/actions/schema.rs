//! The JSON Schema of an action's input, from the table that the input is checked by.

use serde_json::{Map, Value, json};

use super::inputs::{self, Input, Kind, Role};
use crate::exports::ats::connector::about::Action;

/// Returns the schema of an action's input as JSON text.
pub fn schema(action: Action) -> String {
    let mut schema = object(inputs::table(action), "");
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema.to_string()
}

/// The object at a path of the table.
fn object(table: &[Input], at: &str) -> Value {
    let members = || {
        let inside = table.iter().filter(move |input| input.place().0 == at);
        inside.filter(|input| input.role != Role::Beside)
    };
    let property = |input: &Input| {
        let mut schema = value(table, input);
        if !input.note.is_empty() {
            schema["description"] = input.note.into();
        }
        (input.place().1.to_owned(), schema)
    };
    let required = members().filter(|input| input.required);
    json!({
        "type": "object",
        "properties": members().map(property).collect::<Map<_, _>>(),
        "required": required.map(|input| input.place().1).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn value(table: &[Input], input: &Input) -> Value {
    let text = |format: &str| json!({"type": "string", "format": format});
    match input.kind {
        Kind::Part => object(table, input.path),
        Kind::List => json!({"type": "array", "items": object(table, input.path)}),
        Kind::Open => json!({"type": "object"}),
        Kind::Word(words) => json!({"enum": words}),
        Kind::Email => text("email"),
        Kind::Country => json!({"type": "string", "pattern": "^[A-Z]{2}$"}),
        Kind::FileUrl | Kind::Link => text("uri"),
        Kind::Data => json!({"type": "string", "contentEncoding": "base64"}),
        Kind::Amount => json!({"type": "number", "minimum": 0}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Any => json!({}),
        Kind::Line
        | Kind::Free
        | Kind::Date
        | Kind::Moment
        | Kind::Id
        | Kind::FileName
        | Kind::ContentType => json!({"type": "string"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_every_input_in_its_place() {
        let schema: Value = serde_json::from_str(&schema(Action::CreateCandidate)).unwrap();
        let candidate = &schema["properties"]["candidate"];
        assert_eq!(schema["required"], json!(["candidate", "application"]));
        assert_eq!(candidate["properties"]["email_address"]["format"], "email");
        let location = &candidate["properties"]["location"];
        assert_eq!(location["required"], json!(["country"]));
        let files = &schema["properties"]["attachments"];
        assert_eq!(files["items"]["required"], json!(["name"]));
        assert!(schema["properties"].get("idempotency_key").is_none());
    }
}
