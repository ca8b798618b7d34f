//! The undocumented `columns=true`, which the Salesforce CLI asks for after each query (salesforce-api.md 10.2).

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::request::Request;
use crate::schema::FieldType;
use crate::soql::{Column, ResultSet};

/// The columns of a query.
pub fn reply(request: &Request, result: &ResultSet) -> Reply {
    let tree = result.column_tree();
    let id = tree.iter().any(|column| column.kind == Some(FieldType::Id));
    let prefix = request
        .schema
        .object(result.object())
        .and_then(|object| std::str::from_utf8(&object.key_prefix).ok());
    Reply::json(
        200,
        &json!({
            "columnMetadata": tree.iter().map(metadata).collect::<Vec<_>>(),
            "entityName": result.object(),
            "groupBy": result.is_aggregate(),
            "idSelected": id,
            "keyPrefix": prefix,
        }),
    )
}

/// One column; those behind a relationship are in `joinColumns`.
pub fn metadata(column: &Column) -> Value {
    let apex = apex_type(column.kind);
    json!({
        "aggregate": column.aggregate,
        "apexType": column.joined.is_empty().then_some(apex),
        "booleanType": apex == "Boolean",
        "columnName": column.name,
        "custom": column.custom,
        "displayName": column.display_name,
        "foreignKeyName": column.foreign_key,
        "insertable": column.insertable,
        "joinColumns": column.joined.iter().map(metadata).collect::<Vec<_>>(),
        "numberType": matches!(apex, "Integer" | "Long" | "Double"),
        "textType": column.joined.is_empty() && apex == "String",
        "updatable": column.updatable,
    })
}

/// The Apex type of a field type.
fn apex_type(kind: Option<FieldType>) -> &'static str {
    use FieldType as T;
    match kind {
        Some(T::Id | T::Reference | T::Masterrecord) => "Id",
        Some(T::Boolean) => "Boolean",
        Some(T::Int) => "Integer",
        Some(T::Long) => "Long",
        Some(T::Double | T::Currency | T::Percent) => "Double",
        Some(T::Date) => "Date",
        Some(T::Datetime) => "Datetime",
        Some(T::Time) => "Time",
        Some(T::Address) => "Address",
        Some(T::Location) => "Location",
        _ => "String",
    }
}
