//! `asymbl inspect --settings`: every key of the tenant file on one page, the host's from its own list, those of
//! `[connector]` from the schema that the component hands out.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use host_runner::tenant::{KEYS, Key, TABLES};

/// The host's keys as an array, for programs; the connector's are a JSON Schema already.
pub(super) fn as_json(schema: &Value) -> Value {
    let key = |key: &Key| {
        json!({
            "table": key.table,
            "name": key.name,
            "default": key.default,
            "example": key.example,
            "affects": key.about,
        })
    };
    json!({ "tenant_file": KEYS.iter().map(key).collect::<Vec<_>>(), "connector": schema })
}

/// The page.
pub(super) fn markdown(schema: &Value, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\
# Settings: the tenant file

One TOML file for the connection to one org; `asymbl init` writes it. Unknown keys and wrong values are refused, with
what was probably meant and where a misplaced key belongs. `asymbl inspect --settings` prints this page, `asymbl
inspect --settings --json` the same for programs."
    )?;
    for (table, about) in TABLES {
        writeln!(out)?;
        match table {
            "" => writeln!(out, "## At the top")?,
            table => writeln!(out, "## `[{table}]`")?,
        }
        writeln!(out)?;
        writeln!(out, "{about}")?;
        writeln!(
            out,
            "\n| key | default | example | what it affects |\n| --- | --- | --- | --- |"
        )?;
        for key in KEYS.iter().filter(|key| key.table == table) {
            let Key {
                name,
                default,
                example,
                about,
                ..
            } = key;
            writeln!(out, "| `{name}` | {default} | `{example}` | {about} |")?;
        }
    }
    writeln!(
        out,
        "\
\n## `[connector]`\n
How this customer's org differs; all keys have defaults. The connector declares them, and hands them out as a schema.\n
| key | value | default | example | what it affects |\n| --- | --- | --- | --- | --- |"
    )?;
    for (key, setting) in schema["properties"].as_object().into_iter().flatten() {
        let default = match setting.get("default") {
            None => "none".to_owned(),
            Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
            Some(value) => format!("`{}`", toml(value)),
        };
        let example = setting["examples"].as_array().and_then(|all| all.first());
        let example = example.map_or_else(String::new, |value| format!("`{}`", toml(value)));
        let (kind, about) = (kind(setting), text(&setting["description"]));
        writeln!(
            out,
            "| `{key}` | {kind} | {default} | {example} | {about} |"
        )?;
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value of the schema as people write it in the file.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let pairs: Vec<String> = members.iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        // JSON's texts, numbers and truth values are TOML's too.
        other => other.to_string(),
    }
}

fn pair((key, value): (&String, &Value)) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match key.chars().all(is_bare) && !key.is_empty() {
        true => format!("{key} = {}", toml(value)),
        false => format!("{} = {}", json!(key), toml(value)),
    }
}

/// What a value may be, in words.
fn kind(schema: &Value) -> String {
    let list = |name: &str| schema.get(name).and_then(Value::as_array);
    let words = |words: Vec<&str>| {
        let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        quoted.join(", ")
    };
    if let Some(kinds) = list("anyOf") {
        return kinds.iter().map(kind).collect::<Vec<_>>().join(", or ");
    }
    if let Some(kinds) = list("oneOf") {
        return words(kinds.iter().map(|kind| text(&kind["const"])).collect());
    }
    if let Some(known) = list("enum") {
        return words(known.iter().map(text).collect());
    }
    let members = schema.get("properties").and_then(Value::as_object);
    match (text(&schema["type"]), members) {
        ("boolean", _) => "true or false".to_owned(),
        ("integer", _) => whole(schema),
        ("array", _) => format!("a list: {}", kind(&schema["items"])),
        ("object", Some(members)) => format!("a table with {}", words(names(members))),
        ("object", None) => "a table from words to texts".to_owned(),
        // A description of its own says more than that it is text.
        _ => match schema
            .get("description")
            .filter(|_| schema.get("default").is_none())
        {
            Some(about) if text(about).len() < 40 => in_a_row(text(about)),
            _ => "text".to_owned(),
        },
    }
}

/// A sentence as a part of another.
fn in_a_row(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let (first, rest) = sentence.split_at_checked(1).unwrap_or((sentence, ""));
    format!("{}{rest}", first.to_lowercase())
}

fn names(members: &Map<String, Value>) -> Vec<&str> {
    members.keys().map(String::as_str).collect()
}

fn whole(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!("a whole number, {least} to {most}"),
        _ => "a whole number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_as_the_file_has_it() {
        for (value, shown) in [
            (json!("USD"), "\"USD\""),
            (json!(["+Placed"]), "[\"+Placed\"]"),
            (json!({ "Open": "OPEN" }), "{ Open = \"OPEN\" }"),
            (json!({ "*contract*": "X" }), "{ \"*contract*\" = \"X\" }"),
            (json!([{ "a": true, "b": 5 }]), "[{ a = true, b = 5 }]"),
        ] {
            assert_eq!(toml(&value), shown);
        }
    }
}
