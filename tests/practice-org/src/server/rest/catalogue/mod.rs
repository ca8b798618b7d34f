//! The org's own description as objects to query: `EntityDefinition`, `FieldDefinition`, `EntityParticle`,
//! `UserEntityAccess`, `UserFieldAccess` (salesforce-api.md 6).
//!
//! They have no rows in the database: each query makes them from the schema as the caller sees it. They take equality
//! filters joined by AND, and ignore LIMIT and OFFSET; REST and the tooling API answer alike.

mod rows;

use serde_json::{Map, Value, json};

use super::super::reply::Reply;
use super::columns;
use super::request::Request;
use crate::error::ApiError;
use crate::soql::ast::{
    Comparison, Condition, Literal, LiteralValue, Operand, Path, Query, SelectItem,
};
use crate::soql::{Column, parsed};

type Row = Map<String, Value>;

/// Answers a query of one of these objects; none when the query is of another. EntityDefinition has no second page.
pub fn query(
    request: &Request,
    soql: &str,
    columns: bool,
    page_size: usize,
) -> Result<Option<Reply>, ApiError> {
    let lower = soql.to_ascii_lowercase();
    if !rows::NAMES
        .iter()
        .any(|name| lower.contains(&name.to_ascii_lowercase()))
    {
        return Ok(None);
    }
    let query = parsed(soql)?;
    let Some(name) = rows::NAMES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(&query.from.text))
    else {
        return Ok(None);
    };
    let sample = rows::sample(request, name);
    let paths = selected(&query, name, &sample)?;
    let mut filters = Vec::new();
    if let Some(condition) = &query.filter {
        collect(condition, name, &sample, &mut filters)?;
    }
    check_filters(name, &filters)?;
    if columns {
        let tree = paths.iter().map(|path| column(path)).collect::<Vec<_>>();
        let tree: Vec<Value> = tree.iter().map(columns::metadata).collect();
        return Ok(Some(Reply::json(
            200,
            &json!({"columnMetadata": tree, "entityName": name, "groupBy": false, "idSelected": false, "keyPrefix": null}),
        )));
    }
    let mut found: Vec<Row> = rows::all(request, name)
        .into_iter()
        .filter(|row| {
            filters.iter().all(|(path, values)| {
                let own = at(row, path).unwrap_or(&Value::Null);
                values.iter().any(|value| same(own, value))
            })
        })
        .collect();
    for key in query.order_by.iter().rev() {
        let path = path_of(&key.operand, name, &sample)?;
        found.sort_by_key(|row| at(row, &path).map(Value::to_string));
        if key.descending {
            found.reverse();
        }
    }
    let records: Vec<Value> = found
        .iter()
        .map(|row| record(request, name, row, &paths))
        .collect();
    let count = records.len();
    if name == "EntityDefinition" && query.limit.is_none() && count > page_size {
        let message = format!(
            "{name} does not support queryMore(), use LIMIT to restrict the results to a single batch"
        );
        return Err(ApiError::new("EXCEEDED_ID_LIMIT", message));
    }
    let body = json!({"totalSize": count, "done": true, "records": records});
    Ok(Some(Reply::json(200, &body).with_rows(count)))
}

/// Some of these objects ask for a filter.
fn check_filters(name: &str, filters: &[(String, Vec<Value>)]) -> Result<(), ApiError> {
    let needed = rows::required_filters(name);
    let given = |wanted: &str| {
        filters
            .iter()
            .any(|(path, _)| path.eq_ignore_ascii_case(wanted) || is_name_of(path, wanted))
    };
    if !needed.is_empty() && !needed.iter().any(|wanted| given(wanted)) {
        // The text is seen in the wild; the code is ours.
        let message = format!(
            "A filter on a reified column is required [{}]",
            needed.join(",")
        );
        return Err(ApiError::new("MALFORMED_QUERY", message));
    }
    Ok(())
}

/// `EntityDefinition.QualifiedApiName` is as good a filter as `EntityDefinitionId`.
fn is_name_of(path: &str, wanted: &str) -> bool {
    wanted.strip_suffix("Id").is_some_and(|relation| {
        path.strip_prefix(relation)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

fn refused(name: &str, what: &str) -> ApiError {
    ApiError::new("MALFORMED_QUERY", format!("{name} does not support {what}"))
}

/// The dotted paths of SELECT in the platform's spelling.
fn selected(query: &Query, name: &str, sample: &Row) -> Result<Vec<String>, ApiError> {
    if !query.group_by.is_empty() || query.having.is_some() {
        return Err(refused(name, "GROUP BY"));
    }
    query
        .select
        .iter()
        .map(|item| match item {
            SelectItem::Operand(operand, _) => path_of(operand, name, sample),
            SelectItem::Child(_) => Err(refused(name, "subqueries")),
            SelectItem::TypeOf { .. } => Err(refused(name, "TYPEOF")),
            SelectItem::Fields(..) => Err(refused(name, "FIELDS()")),
        })
        .collect()
}

fn path_of(operand: &Operand, name: &str, sample: &Row) -> Result<String, ApiError> {
    match operand {
        Operand::Path(path) => spelled(path, name, sample),
        Operand::Function(function, _) => Err(refused(name, &function.text.to_ascii_uppercase())),
    }
}

fn spelled(path: &Path, name: &str, sample: &Row) -> Result<String, ApiError> {
    let unknown = || {
        let message = format!("No such column '{path}' on entity '{name}'");
        ApiError::new("INVALID_FIELD", message)
    };
    // The object's own name or alias may stand first.
    let parts = match path.parts.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && first.eq_ignore_ascii_case(name) => rest,
        parts => parts,
    };
    let (mut row, mut found) = (sample, Vec::new());
    for (i, part) in parts.iter().enumerate() {
        let (key, value) = row
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(part))
            .ok_or_else(unknown)?;
        found.push(key.as_str());
        match value {
            Value::Object(inner) if i + 1 < parts.len() => row = inner,
            Value::Object(_) => return Err(unknown()),
            _ if i + 1 < parts.len() => return Err(unknown()),
            _ => {}
        }
    }
    Ok(found.join("."))
}

/// Each filter as a path and the values it may have.
fn collect(
    condition: &Condition,
    name: &str,
    sample: &Row,
    filters: &mut Vec<(String, Vec<Value>)>,
) -> Result<(), ApiError> {
    let only_equals = || ApiError::new("MALFORMED_QUERY", "Only equals comparisons permitted");
    match condition {
        Condition::And(all) => all
            .iter()
            .try_for_each(|one| collect(one, name, sample, filters)),
        Condition::Compare(operand, Comparison::Equal, literal) => {
            filters.push((path_of(operand, name, sample)?, vec![value(literal)]));
            Ok(())
        }
        Condition::In {
            operand,
            negated: false,
            values,
        } => {
            let values = values.iter().map(value).collect();
            filters.push((path_of(operand, name, sample)?, values));
            Ok(())
        }
        Condition::Or(_) => Err(refused(name, "OR")),
        Condition::Not(_) => Err(refused(name, "NOT")),
        _ => Err(only_equals()),
    }
}

fn value(literal: &Literal) -> Value {
    match &literal.value {
        LiteralValue::Bool(flag) => json!(flag),
        LiteralValue::Number(number) => json!(number),
        LiteralValue::Text(text) => json!(text),
        _ => Value::Null,
    }
}

/// Text is compared without case, numbers by value.
fn same(own: &Value, wanted: &Value) -> bool {
    match (own, wanted) {
        (Value::String(own), Value::String(wanted)) => own.eq_ignore_ascii_case(wanted),
        (Value::Number(own), Value::Number(wanted)) => own.as_f64() == wanted.as_f64(),
        _ => own == wanted,
    }
}

fn at<'r>(row: &'r Row, path: &str) -> Option<&'r Value> {
    let mut parts = path.split('.');
    let first = row.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn attributes(request: &Request, name: &str, row: &Row) -> Value {
    let id = row
        .get("DurableId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    json!({"type": name, "url": format!("{}/tooling/sobjects/{name}/{id}", request.base())})
}

/// The record of a row: attributes, then what was selected in its order.
fn record(request: &Request, name: &str, row: &Row, paths: &[String]) -> Value {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(request, name, row));
    for path in paths {
        match path.split_once('.') {
            None => {
                record.insert(path.clone(), at(row, path).cloned().unwrap_or_default());
            }
            Some((relation, _)) if record.contains_key(relation) => {}
            Some((relation, _)) => {
                let inner: Vec<String> = paths
                    .iter()
                    .filter_map(|other| other.strip_prefix(relation)?.strip_prefix('.'))
                    .map(str::to_owned)
                    .collect();
                let parent = row
                    .get(relation)
                    .and_then(Value::as_object)
                    .map(|parent| self::record(request, relation, parent, &inner));
                record.insert(relation.to_owned(), parent.unwrap_or_default());
            }
        }
    }
    Value::Object(record)
}

fn column(path: &str) -> Column {
    match path.split_once('.') {
        None => Column {
            name: path.to_owned(),
            display_name: path.to_owned(),
            ..Column::default()
        },
        Some((relation, rest)) => Column {
            joined: vec![column(rest)],
            ..column(relation)
        },
    }
}
