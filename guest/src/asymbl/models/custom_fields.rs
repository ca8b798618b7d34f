//! Custom and promoted fields: what a record carries of the source's own fields.
//!
//! Custom fields are those whose API name ends in `__c`, the package's or the org's own, except those that feed the
//! record's unified fields, references or hiring team, and day counters, whose formulas change every day without a
//! stamp (asymbl-schema.md 2).

use std::borrow::Cow;

use super::table::{Table, is_on};
use super::tenant::Tenant;
use crate::asymbl::profile::{FieldShape, ObjectShape};
use crate::asymbl::row::{push_quoted, quoted, raw, timestamp};
use salesforce::Record;

/// Formulas that count days.
const DAY_COUNTERS: [&str; 2] = [
    "bpats__Days_in_Current_Stage__c",
    "bpats__Days_Since_Initial_Application__c",
];

/// The fields that go into `custom_fields`; none when the model has no such member or it is switched off.
pub(crate) fn fields<'a>(
    tenant: Tenant<'_>,
    table: &Table,
    shape: &'a ObjectShape,
) -> Vec<&'a FieldShape> {
    if !table.has("custom_fields") || !is_on(tenant, table.model, "custom_fields") {
        return Vec::new();
    }
    let names = tenant.profile.names();
    let mut taken = table.feeding_fields(tenant);
    taken.extend(DAY_COUNTERS.map(|n| names.api(n)));
    shape
        .fields
        .iter()
        .filter(|f| f.is_custom() && f.kind != "base64" && !taken.contains(&f.name))
        .collect()
}

/// How the fields of the two members are written: what an administrator changes of it moves no stamp.
pub(super) fn style(tenant: Tenant<'_>, table: &Table) -> String {
    let Some(shape) = tenant.profile.object(&table.object.api(tenant)) else {
        return String::new();
    };
    let exporter = Exporter::new(tenant, table, shape);
    let dated = exporter.custom.iter();
    let dated = dated.filter(|field| matches!(field.value, Value::DateTime));
    let dated: Vec<&str> = dated.map(|field| field.name.as_str()).collect();
    format!("{dated:?};{:?}", exporter.promoted)
}

/// A field to hand on, ready to be written.
#[derive(Debug, Clone)]
struct Outgoing {
    name: String,
    /// `"name":`
    key: String,
    label: String,
    /// Made by the org itself, not by Salesforce or the package.
    own: bool,
    value: Value,
}

/// How a field's value is written.
#[derive(Debug, Clone)]
enum Value {
    AsReceived,
    DateTime,
    /// Key within the value with quotes and colon, and the field that holds it.
    Compound(Vec<(String, String)>),
}

/// Writes `custom_fields` and `integration_fields`.
#[derive(Debug, Clone)]
pub(super) struct Exporter {
    custom: Vec<Outgoing>,
    promoted: Vec<Outgoing>,
}

impl Exporter {
    pub fn new(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape) -> Self {
        let outgoing = |f: &FieldShape| Outgoing {
            name: f.name.clone(),
            key: key(&f.name),
            label: f.label.clone(),
            own: f.is_custom() && !tenant.profile.names().is_of_package(&f.name),
            value: match f.kind.as_str() {
                "datetime" => Value::DateTime,
                _ if f.is_compound() => Value::Compound(
                    shape
                        .parts(&f.name)
                        .map(|(part, field)| (key(&lower_first(part)), field.name.clone()))
                        .collect(),
                ),
                _ => Value::AsReceived,
            },
        };
        let promoted = if is_on(tenant, table.model, "integration_fields") {
            tenant.settings.promoted(table.model)
        } else {
            &[]
        };
        Self {
            custom: fields(tenant, table, shape)
                .into_iter()
                .map(outgoing)
                .collect(),
            promoted: promoted
                .iter()
                .filter_map(|n| shape.field(n))
                .map(outgoing)
                .collect(),
        }
    }

    /// A JSON object: every readable custom field by its API name, null where it is empty.
    pub fn custom_fields(&self, row: &Record) -> String {
        // Most values are short or null.
        let mut json = String::with_capacity(self.custom.len() * 48);
        json.push('{');
        for (at, field) in self.custom.iter().enumerate() {
            json.push_str(if at == 0 { "" } else { "," });
            json.push_str(&field.key);
            field.value.write(row, &field.name, &mut json);
        }
        json.push('}');
        json
    }

    /// A JSON array of `{"key","type","label","value"}`.
    pub fn integration_fields(&self, row: &Record) -> String {
        let mut json = String::from("[");
        for (at, field) in self.promoted.iter().enumerate() {
            json.push_str(if at == 0 { "{\"key\":" } else { ",{\"key\":" });
            push_quoted(&mut json, &field.name);
            let kind = if field.own { "CUSTOM" } else { "DEFAULT" };
            json.push_str(&format!(",\"type\":\"{kind}\",\"label\":"));
            push_quoted(&mut json, &field.label);
            json.push_str(",\"value\":");
            field.value.write(row, &field.name, &mut json);
            json.push('}');
        }
        json.push(']');
        json
    }
}

impl Value {
    fn write(&self, row: &Record, name: &str, json: &mut String) {
        match self {
            Self::AsReceived => json.push_str(&or_null(raw(row, name))),
            Self::DateTime => match row.text(name).and_then(|text| timestamp(&text)) {
                Some(stamp) => push_quoted(json, &stamp),
                None => json.push_str(&or_null(raw(row, name))),
            },
            Self::Compound(parts) => {
                if parts.iter().all(|(_, field)| raw(row, field).is_none()) {
                    return json.push_str("null");
                }
                for (at, (key, field)) in parts.iter().enumerate() {
                    json.push(if at == 0 { '{' } else { ',' });
                    json.push_str(key);
                    json.push_str(&or_null(raw(row, field)));
                }
                json.push('}');
            }
        }
    }
}

/// A member's name in a JSON object, with its colon.
fn key(name: &str) -> String {
    quoted(name) + ":"
}

fn or_null(raw: Option<Cow<'_, str>>) -> Cow<'_, str> {
    raw.unwrap_or(Cow::Borrowed("null"))
}

/// `StateCode` as Salesforce writes it inside an address: `stateCode`.
fn lower_first(part: &str) -> String {
    let mut chars = part.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
