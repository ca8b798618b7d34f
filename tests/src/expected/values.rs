//! A row's values as they must look in unified records.

use practice_org::schema::FieldType;
use practice_org::store::RowView;
use practice_org::value::{ValueRef, push_date, push_datetime_z};
use serde_json::{Map, Value, json};

pub(super) fn id(row: &RowView<'_>) -> String {
    row.id().to_string()
}

/// A text field, trimmed; null where nothing is left.
pub(super) fn text(row: &RowView<'_>, field: &str) -> Value {
    match row.get(field).as_str().map(str::trim).unwrap_or_default() {
        "" => Value::Null,
        text => json!(text),
    }
}

pub(super) fn any(row: &RowView<'_>, field: &str) -> Value {
    as_json(&row.get(field))
}

fn as_json(value: &ValueRef<'_>) -> Value {
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        json!(String::from_utf8(out).expect("ASCII"))
    };
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Bool(flag) => json!(flag),
        ValueRef::Int(number) => json!(number),
        #[allow(clippy::cast_possible_truncation)]
        ValueRef::Double(number) if number.fract() == 0.0 => json!(*number as i64),
        ValueRef::Double(number) => json!(number),
        ValueRef::Date(days) => written(&|out| push_date(out, *days)),
        ValueRef::DateTime(ms) => written(&|out| push_datetime_z(out, *ms)),
        ValueRef::Text(text) => json!(text),
        ValueRef::Id(id) => json!(id.to_string()),
    }
}

pub(super) fn midnight(date: &Value) -> Value {
    date.as_str()
        .map_or(Value::Null, |date| json!(format!("{date}T00:00:00.000Z")))
}

pub(super) fn page(url: &str, object: &str, row: &RowView<'_>) -> String {
    format!("{url}/lightning/r/{object}/{}/view", id(row))
}

/// All seven members, or null where none holds anything.
pub(super) fn location(given: &[(&str, Value)]) -> Value {
    if given.iter().all(|(_, value)| value.is_null()) {
        return Value::Null;
    }
    let members = [
        "city", "country", "state", "street_1", "street_2", "zip_code", "raw",
    ];
    let value = |name: &str| {
        given
            .iter()
            .find(|(given, _)| *given == name)
            .map_or(Value::Null, |(_, v)| v.clone())
    };
    Value::Object(
        members
            .iter()
            .map(|name| ((*name).to_owned(), value(name)))
            .collect(),
    )
}

pub(super) fn custom_fields(row: &RowView<'_>, feeds: &[&str]) -> Value {
    let fields = row.object().fields().filter(|field| {
        field.name.ends_with("__c")
            && field.kind != FieldType::Base64
            && !feeds.contains(&field.name.as_str())
    });
    let fields: Map<String, Value> = fields
        .map(|field| {
            let value = match row.value(field) {
                // As the org writes it, with its fraction.
                ValueRef::Double(number) => json!(number),
                value => as_json(&value),
            };
            (field.name.clone(), value)
        })
        .collect();
    Value::Object(fields)
}
