//! Custom and promoted fields: what a record carries of the source's own fields.
//!
//! Custom fields are those whose API name ends in `__c`, the package's or the org's own, except those that feed the
//! record's unified fields, references or hiring team, and day counters, whose formulas change every day without a
//! stamp (asymbl-schema.md 2).

use std::borrow::Cow;

use super::table::{Table, is_on};
use super::tenant::Tenant;
use crate::asymbl::profile::{FieldShape, ObjectShape};
use crate::asymbl::row::{push_member, quoted, raw, timestamp};
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
    /// Key within the value, and the field that holds it.
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
            label: f.label.clone(),
            own: f.is_custom() && !tenant.profile.names().is_of_package(&f.name),
            value: match f.kind.as_str() {
                "datetime" => Value::DateTime,
                _ if f.is_compound() => Value::Compound(
                    shape
                        .parts(&f.name)
                        .map(|(part, field)| (lower_first(part), field.name.clone()))
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
        let mut json = String::from("{");
        for field in &self.custom {
            push_member(&mut json, &field.name, &field.value.write(row, &field.name));
        }
        json.push('}');
        json
    }

    /// A JSON array of `{"key","type","label","value"}`.
    pub fn integration_fields(&self, row: &Record) -> String {
        let elements: Vec<String> = self
            .promoted
            .iter()
            .map(|field| {
                let mut json = String::from("{");
                push_member(&mut json, "key", &quoted(&field.name));
                push_member(
                    &mut json,
                    "type",
                    if field.own {
                        "\"CUSTOM\""
                    } else {
                        "\"DEFAULT\""
                    },
                );
                push_member(&mut json, "label", &quoted(&field.label));
                push_member(&mut json, "value", &field.value.write(row, &field.name));
                json.push('}');
                json
            })
            .collect();
        format!("[{}]", elements.join(","))
    }
}

impl Value {
    fn write(&self, row: &Record, name: &str) -> String {
        match self {
            Self::AsReceived => or_null(raw(row, name)).into_owned(),
            Self::DateTime => match raw(row, name) {
                None => "null".to_owned(),
                Some(raw) => row
                    .text(name)
                    .and_then(|text| timestamp(&text))
                    .map_or_else(|| raw.into_owned(), |t| quoted(&t)),
            },
            Self::Compound(parts) => {
                if parts.iter().all(|(_, field)| raw(row, field).is_none()) {
                    return "null".to_owned();
                }
                let mut json = String::from("{");
                for (key, field) in parts {
                    push_member(&mut json, key, &or_null(raw(row, field)));
                }
                json.push('}');
                json
            }
        }
    }
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
