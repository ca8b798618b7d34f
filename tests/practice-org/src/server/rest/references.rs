//! `@{ref.path}` in composite subrequests: values of earlier answers put into later urls and bodies.
//!
//! Names are case-sensitive, lists are indexed as `records[0].Id` (salesforce-api.md 7.2).

use serde_json::Value;
use std::collections::HashMap;

/// A reference that could not be resolved; the text of the error message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved(pub String);

/// Replaces every reference in a text. A text that is one whole reference keeps the type of its value.
pub fn in_text(text: &str, answers: &HashMap<String, Value>) -> Result<Value, Unresolved> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("@{") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let found = lookup(&rest[start + 2..start + length], answers)?;
        if start == 0 && length + 1 == rest.len() && out.is_empty() {
            return Ok(found);
        }
        out.push_str(&rest[..start]);
        match found {
            Value::String(value) => out.push_str(&value),
            other => out.push_str(&other.to_string()),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Ok(Value::String(out))
}

/// Replaces the references in every text of a JSON value.
pub fn in_value(value: &Value, answers: &HashMap<String, Value>) -> Result<Value, Unresolved> {
    Ok(match value {
        Value::String(text) => in_text(text, answers)?,
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| in_value(item, answers))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => {
            let resolved = fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), in_value(value, answers)?)));
            Value::Object(resolved.collect::<Result<_, Unresolved>>()?)
        }
        other => other.clone(),
    })
}

fn lookup(path: &str, answers: &HashMap<String, Value>) -> Result<Value, Unresolved> {
    let unresolved = || {
        Unresolved(format!(
            "Invalid reference specified. No value for {path} found"
        ))
    };
    let (reference, rest) = path.split_once('.').unwrap_or((path, ""));
    let (reference, indexes) = split_indexes(reference).ok_or_else(unresolved)?;
    let mut value = answers.get(reference).ok_or_else(unresolved)?;
    for index in indexes {
        value = value.get(index).ok_or_else(unresolved)?;
    }
    for part in rest.split('.').filter(|part| !part.is_empty()) {
        let (name, indexes) = split_indexes(part).ok_or_else(unresolved)?;
        value = value.get(name).ok_or_else(unresolved)?;
        for index in indexes {
            value = value.get(index).ok_or_else(unresolved)?;
        }
    }
    Ok(value.clone())
}

/// Splits `name[0][1]` into the name and its indexes.
fn split_indexes(part: &str) -> Option<(&str, Vec<usize>)> {
    let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
    let mut indexes = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let (index, after) = inner.split_once(']')?;
        indexes.push(index.parse().ok()?);
        rest = after;
    }
    rest.is_empty().then_some((name, indexes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers() -> HashMap<String, Value> {
        HashMap::from([
            ("new".to_owned(), json!({"id": "003A", "success": true})),
            (
                "found".to_owned(),
                json!({"records": [{"Id": "001A", "Size": 7}]}),
            ),
        ])
    }

    #[test]
    fn references_are_replaced_in_urls_and_bodies() {
        let url = in_text(
            "/services/data/v66.0/sobjects/Contact/@{new.id}?x=@{found.records[0].Id}",
            &answers(),
        );
        assert_eq!(
            url,
            Ok(json!("/services/data/v66.0/sobjects/Contact/003A?x=001A"))
        );
        let body = in_value(
            &json!({"A": "@{found.records[0].Size}", "B": ["@{new.id}"]}),
            &answers(),
        );
        assert_eq!(body, Ok(json!({"A": 7, "B": ["003A"]})));
    }

    #[test]
    fn a_reference_in_the_wrong_case_is_an_error() {
        assert!(in_text("@{new.Id}", &answers()).is_err());
        assert!(in_text("@{other.id}", &answers()).is_err());
    }
}
