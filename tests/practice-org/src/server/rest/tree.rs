//! `POST /composite/tree/X`: nested records in one call, all or nothing (salesforce-api.md 7.2).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply, collection_error_value, json_parser_error};
use super::request::Request;
use super::work::Work;
use crate::error::ApiError;
use crate::schema::Schema;
use crate::store::Writer;

const MAX_RECORDS: usize = 200;
const MAX_KINDS: usize = 5;
const MAX_DEPTH: usize = 5;

type Fields = Map<String, Value>;

/// A record with what hangs under it.
struct Node {
    reference: String,
    kind: String,
    fields: Fields,
    /// Records below: the lookup that points up, and the records.
    children: Vec<(String, Vec<Node>)>,
}

/// The record that was refused.
struct Refused {
    reference: String,
    error: ApiError,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self {
            reference: String::new(),
            error,
        }
    }
}

/// Serves the tree resource.
pub fn tree(org: &Org, work: &mut Work<'_, '_>, request: &Request, object: &str) -> ApiResult {
    let object = request.object_named(object)?.name.clone();
    let body = request.fields()?;
    let records = body
        .get("records")
        .and_then(Value::as_array)
        .ok_or_else(|| json_parser_error("records is missing"))?;
    let nodes = records
        .iter()
        .map(|record| node(&request.schema, &object, record, 1))
        .collect::<Result<Vec<_>, _>>()?;
    check(&nodes)?;
    let insert_all = |writer: &mut Writer<'_>| {
        let mut done = Vec::new();
        insert(writer, &nodes, None, &mut done)?;
        Ok::<_, Refused>(done)
    };
    let outcome = match work {
        Work::Direct(actor) => org.db().write(actor, insert_all),
        Work::Within(writer) => insert_all(writer),
    };
    Ok(match outcome {
        Ok(done) => {
            let results: Vec<Value> = done
                .into_iter()
                .map(|(reference, id)| json!({"referenceId": reference, "id": id}))
                .collect();
            Reply::json(201, &json!({"hasErrors": false, "results": results}))
        }
        Err(Refused { reference, error }) => {
            let results =
                [json!({"referenceId": reference, "errors": [collection_error_value(&error)]})];
            Reply::json(400, &json!({"hasErrors": true, "results": results}))
        }
    })
}

fn refuse(message: String) -> ApiError {
    ApiError::new("INVALID_INPUT", message)
}

fn node(schema: &Schema, kind: &str, record: &Value, depth: usize) -> Result<Node, ApiError> {
    if depth > MAX_DEPTH {
        return Err(refuse(format!("A tree has at most {MAX_DEPTH} levels.")));
    }
    let mut fields = record
        .as_object()
        .cloned()
        .ok_or_else(|| json_parser_error("a record is not an object"))?;
    let attributes = fields.remove("attributes").unwrap_or_default();
    let reference = attributes["referenceId"].as_str().ok_or_else(|| {
        refuse("Include a reference ID for each record in the request.".to_owned())
    })?;
    let object = schema.object(kind).ok_or_else(ApiError::not_found)?;
    let nested: Vec<String> = fields
        .iter()
        .filter(|(_, value)| value.get("records").is_some_and(Value::is_array))
        .map(|(name, _)| name.clone())
        .collect();
    let mut children = Vec::new();
    for name in nested {
        let below = fields.remove(&name).unwrap_or_default();
        let relationship = object.child(&name).ok_or_else(|| {
            let message = format!("No such column '{name}' on sobject of type {kind}");
            ApiError::new("INVALID_FIELD", message)
        })?;
        let child = schema.get(relationship.child);
        let lookup = child.get(relationship.field).name.clone();
        let records = below["records"].as_array().into_iter().flatten();
        let nodes = records
            .map(|record| node(schema, &child.name, record, depth + 1))
            .collect::<Result<_, _>>()?;
        children.push((lookup, nodes));
    }
    Ok(Node {
        reference: reference.to_owned(),
        kind: object.name.clone(),
        fields,
        children,
    })
}

fn all(nodes: &[Node]) -> Vec<&Node> {
    nodes
        .iter()
        .flat_map(|node| {
            std::iter::once(node).chain(node.children.iter().flat_map(|(_, nodes)| all(nodes)))
        })
        .collect()
}

fn check(nodes: &[Node]) -> Result<(), ApiError> {
    let every = all(nodes);
    if every.is_empty() || every.len() > MAX_RECORDS {
        return Err(refuse(format!(
            "A tree has 1 to {MAX_RECORDS} records, this one has {}.",
            every.len()
        )));
    }
    let kinds: BTreeSet<&str> = every.iter().map(|node| node.kind.as_str()).collect();
    if kinds.len() > MAX_KINDS {
        return Err(refuse(format!(
            "A tree has at most {MAX_KINDS} types of records."
        )));
    }
    let mut seen = BTreeSet::new();
    match every
        .iter()
        .find(|node| !seen.insert(node.reference.as_str()))
    {
        Some(twice) => Err(refuse(format!(
            "Duplicate ReferenceId provided in the request: {}",
            twice.reference
        ))),
        None => Ok(()),
    }
}

/// Inserts level by level, as the platform lists its results: a record, then what hangs under it.
fn insert(
    writer: &mut Writer<'_>,
    nodes: &[Node],
    above: Option<(&str, &str)>,
    done: &mut Vec<(String, String)>,
) -> Result<(), Refused> {
    for node in nodes {
        let mut fields = node.fields.clone();
        if let Some((lookup, id)) = above {
            fields.insert(lookup.to_owned(), json!(id));
        }
        let id = writer
            .insert(&node.kind, &fields)
            .map_err(|error| Refused {
                reference: node.reference.clone(),
                error,
            })?
            .to_string();
        done.push((node.reference.clone(), id.clone()));
        for (lookup, below) in &node.children {
            insert(writer, below, Some((lookup, &id)), done)?;
        }
    }
    Ok(())
}
