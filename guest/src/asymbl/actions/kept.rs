//! Holds what a new record was to be against what the org made of it: a flow or trigger may take a value back, or put
//! another in its place, and the write succeeds all the same.

use serde_json::Value;

use super::fields::{Draft, Fill};
use super::warning;
use crate::exports::ats::connector::types::Warning;
use salesforce::{FieldShape, ObjectShape, Query, Record, SalesforceId, soql::eq};

/// The records of a create, new or found.
pub struct Written {
    /// The contact's id.
    pub contact: String,
    /// The applicant's id.
    pub applicant: String,
    /// False: the contact was there before.
    pub contact_created: bool,
    /// False: the applicant was there before.
    pub applicant_created: bool,
    /// New records, with what they were to be.
    pub compared: Vec<(ObjectShape, Draft)>,
    /// Of a contact that was there: what a new one would hold.
    pub left: Option<(ObjectShape, Draft)>,
}

/// The input by which a contact is found.
const EMAIL_ADDRESS: &str = "candidate.email_address";

/// Longest value that a warning repeats, in characters.
const LONGEST: usize = 60;

/// The query for what a record holds of the values that were asked for; none where there is nothing to compare.
pub fn query(shape: &ObjectShape, draft: &Draft, id: &str) -> Option<Query> {
    let fields: Vec<&str> = compared(shape, draft)
        .map(|(field, _, _)| field.name.as_str())
        .collect();
    (!fields.is_empty()).then(|| {
        Query::from(shape.name.as_str())
            .select(fields)
            .filter(eq("Id", id))
    })
}

/// A warning for each value that the record does not hold as it was asked for.
pub fn differences(shape: &ObjectShape, draft: &Draft, row: &Record) -> Vec<Warning> {
    compared(shape, draft)
        .filter(|(field, _, wanted)| !holds(field, wanted, row))
        .map(|(field, path, wanted)| {
            let found = row.string(&field.name);
            changed(
                path,
                &shown(wanted),
                found.as_deref(),
                &format!("{} \"{}\" of {}", field.name, field.label, shape.name),
            )
        })
        .collect()
}

/// A warning for each input that a contact which was there before holds otherwise: it is left as it is. It was found by
/// the address, which may stand in another field.
pub fn unused(shape: &ObjectShape, draft: &Draft, row: &Record) -> Vec<Warning> {
    let inputs = compared(shape, draft)
        .filter(|(_, path, _)| path.starts_with("candidate.") && *path != EMAIL_ADDRESS);
    let mut warnings = Vec::new();
    let mut paths = Vec::new();
    for (field, path, wanted) in inputs.filter(|(field, _, wanted)| !holds(field, wanted, row)) {
        // One input may fill several fields.
        if paths.contains(&path) {
            continue;
        }
        paths.push(path);
        let found = match row.string(&field.name) {
            Some(found) => format!("holds {:?}", short(&found)),
            None => "is empty".to_owned(),
        };
        let message = format!(
            "{path}: {:?} is not written, since the candidate was there before and is left unchanged: {} \"{}\" {found}",
            short(&shown(wanted)),
            field.name,
            field.label
        );
        warnings.push(warning("candidate-unchanged", message));
    }
    warnings
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The warning that a value was not kept. `place` is where it should be.
pub fn changed(path: &str, wanted: &str, found: Option<&str>, place: &str) -> Warning {
    let found = match found {
        Some(found) => format!("holds {:?}", short(found)),
        None => "is empty".to_owned(),
    };
    let message = format!(
        "{path}: {:?} was written, but {place} {found} now: a flow or trigger of the org may have changed it",
        short(wanted)
    );
    warning("value-changed", message)
}

/// What was asked for, in fields that the user can read.
fn compared<'a>(
    shape: &'a ObjectShape,
    draft: &'a Draft,
) -> impl Iterator<Item = (&'a FieldShape, &'static str, &'a Value)> {
    let asked = draft.feeds.iter().filter(|feed| feed.fill == Fill::Asked);
    asked.filter_map(|feed| {
        Some((
            shape.field(&feed.field)?,
            feed.path,
            draft.values.get(&feed.field)?,
        ))
    })
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns true if the row holds a value, or what Salesforce itself makes of it when it stores it.
fn holds(field: &FieldShape, wanted: &Value, row: &Record) -> bool {
    let name = field.name.as_str();
    let text = row.string(name).unwrap_or_default();
    let wanted_text = shown(wanted);
    match field.kind.as_str() {
        // Masked for users who may not see it.
        "encryptedstring" => true,
        "double" | "currency" | "percent" | "int" | "long" => {
            match (row.number(name), wanted.as_f64()) {
                // Rounded to the field's digits after the point.
                (Some(found), Some(wanted)) => {
                    let step = 10f64.powi(-i32::try_from(field.scale.min(18)).unwrap_or(18));
                    (found - wanted).abs() <= step / 2.0 + wanted.abs() * 1e-12
                }
                _ => false,
            }
        }
        "reference" | "id" => match (
            SalesforceId::parse(&text),
            SalesforceId::parse(&wanted_text),
        ) {
            (Ok(found), Ok(wanted)) => found == wanted,
            _ => false,
        },
        "phone" => same_number(&text, &wanted_text),
        // Picklists and addresses keep or fold the case.
        "email" | "url" | "picklist" | "multipicklist" | "combobox" => {
            text.trim().to_lowercase() == wanted_text.trim().to_lowercase()
        }
        "date" => text.get(..10) == wanted_text.get(..10),
        // Blanks at the ends are cut.
        _ => text.trim() == wanted_text.trim(),
    }
}

/// Returns true if two telephone numbers have the same digits, however they are punctuated; one may lack the country's
/// code.
fn same_number(found: &str, wanted: &str) -> bool {
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
    };
    let (found, wanted) = (digits(found), digits(wanted));
    let (short, long) = if found.len() < wanted.len() {
        (&found, &wanted)
    } else {
        (&wanted, &found)
    };
    found == wanted
        || (short.len() >= 7
            && long.ends_with(short.trim_start_matches('0'))
            && long.len() - short.len() <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use salesforce::Json;
    use serde_json::json;

    fn kept(kind: &str, wanted: Value, found: Value) -> bool {
        let field = FieldShape {
            name: "F".to_owned(),
            kind: kind.to_owned(),
            scale: 2,
            ..FieldShape::default()
        };
        let row = Record::from_json(&Json::new(json!({"F": found}).to_string())).unwrap();
        holds(&field, &wanted, &row)
    }

    #[test]
    fn what_salesforce_makes_of_a_value_itself_is_no_change() {
        for (kind, wanted, found) in [
            ("string", json!("Nurse "), json!("Nurse")),
            ("email", json!("Ada@Example.com"), json!("ada@example.com")),
            ("phone", json!("+1 415 555 0100"), json!("(415) 555-0100")),
            ("phone", json!("0171 555 0100"), json!("+491715550100")),
            ("currency", json!(50000.005), json!(50000.01)),
            ("currency", json!(50000.0), json!(50000)),
            ("picklist", json!("linkedin"), json!("LinkedIn")),
            ("date", json!("2026-12-01"), json!("2026-12-01")),
            (
                "reference",
                json!("a01000000000001"),
                json!("a01000000000001AAA"),
            ),
            ("encryptedstring", json!("123"), json!("***")),
        ] {
            assert!(
                kept(kind, wanted.clone(), found.clone()),
                "{kind} {wanted} {found}"
            );
        }
        for (kind, wanted, found) in [
            ("string", json!("Nurse"), json!(null)),
            ("string", json!("ROBIN"), json!("Robin")),
            ("phone", json!("+1 415 555 0100"), json!("+1 415 555 0101")),
            ("currency", json!(50000.0), json!(45000)),
            ("date", json!("2026-12-01"), json!("2026-12-02")),
            (
                "reference",
                json!("a01000000000001"),
                json!("a01000000000002"),
            ),
        ] {
            assert!(
                !kept(kind, wanted.clone(), found.clone()),
                "{kind} {wanted} {found}"
            );
        }
    }
}
