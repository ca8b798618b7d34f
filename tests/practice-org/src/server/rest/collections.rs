//! `/composite/sobjects`: up to 200 records in one call (salesforce-api.md 7.2).
//!
//! The answer is 200 with one element per record; failures carry `statusCode`, not `errorCode`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{
    ApiResult, Reply, collection_error_value, json_parser_error, method_not_allowed,
};
use super::request::Request;
use super::work::Work;
use crate::error::ApiError;
use crate::schema::Schema;
use crate::store::Writer;

const MAX_RECORDS: usize = 200;
/// Ids of a read.
const MAX_READ: usize = 2_000;

type Fields = Map<String, Value>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Records {
    #[serde(default)]
    all_or_none: bool,
    records: Vec<Fields>,
}

/// One write: what is done, and to which record.
enum Op {
    Insert(String, Fields),
    Update(String, String, Fields),
    Upsert(String, String, String, Fields),
    Delete(String),
}

/// An outcome: the id, and for upserts whether it was created.
type Done = Result<(String, Option<bool>), ApiError>;

/// All records are rolled back because one failed.
struct RolledBack(Vec<Done>);

impl From<ApiError> for RolledBack {
    fn from(error: ApiError) -> Self {
        Self(vec![Err(error)])
    }
}

/// Serves the collections resource; `rest` is what follows `/composite/sobjects`.
pub fn handle(org: &Org, work: &mut Work<'_, '_>, request: &Request, rest: &[&str]) -> ApiResult {
    match (request.method.as_str(), rest) {
        ("POST", []) => records(org, work, request, |kind, _, fields| {
            Ok(Op::Insert(kind, fields))
        }),
        ("PATCH", []) => records(org, work, request, |kind, id, fields| {
            let id = id.ok_or_else(|| {
                ApiError::write(
                    "MISSING_ARGUMENT",
                    "Id not specified in an update call",
                    Vec::<String>::new(),
                )
            })?;
            Ok(Op::Update(kind, id, fields))
        }),
        ("PATCH", [object, field]) => {
            let (object, field) = (
                request.object_named(object)?.name.clone(),
                (*field).to_owned(),
            );
            records(org, work, request, move |_, id, mut fields| {
                let name = fields
                    .keys()
                    .find(|name| name.eq_ignore_ascii_case(&field))
                    .cloned();
                let key = match name
                    .and_then(|name| fields.remove(&name))
                    .or_else(|| id.map(Value::String))
                {
                    Some(Value::String(key)) => key,
                    Some(other) if !other.is_null() => other.to_string(),
                    _ => return Ok(Op::Insert(object.clone(), fields)),
                };
                Ok(Op::Upsert(object.clone(), field.clone(), key, fields))
            })
        }
        ("DELETE", []) => {
            let ids: Vec<&str> = pair(&request.query, "ids")
                .unwrap_or_default()
                .split(',')
                .filter(|id| !id.is_empty())
                .collect();
            limit(ids.len(), MAX_RECORDS)?;
            let all_or_none = pair(&request.query, "allOrNone")
                .is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
            let ops: Vec<_> = ids
                .into_iter()
                .map(|id| Ok(Op::Delete(id.to_owned())))
                .collect();
            Ok(answer(run(org, work, &request.schema, &ops, all_or_none)))
        }
        ("POST" | "GET", [object]) => read(org, work, request, object),
        _ => Err(method_not_allowed(&request.method)),
    }
}

fn limit(count: usize, max: usize) -> Result<(), ApiError> {
    if count <= max {
        return Ok(());
    }
    Err(ApiError::new(
        "EXCEEDED_ID_LIMIT",
        format!("record limit reached. cannot submit more than {max} records into this call"),
    ))
}

fn records(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    mut op: impl FnMut(String, Option<String>, Fields) -> Result<Op, ApiError>,
) -> ApiResult {
    let body: Records = serde_json::from_value(request.json()?).map_err(json_parser_error)?;
    limit(body.records.len(), MAX_RECORDS)?;
    let ops = body.records.into_iter().map(|mut fields| {
        let kind = fields
            .remove("attributes")
            .and_then(|a| a.get("type").and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_default();
        let id_key = fields
            .keys()
            .find(|name| name.eq_ignore_ascii_case("id"))
            .cloned();
        let id = id_key
            .and_then(|key| fields.remove(&key))
            .and_then(|id| id.as_str().map(str::to_owned));
        op(kind, id, fields)
    });
    Ok(answer(run(
        org,
        work,
        &request.schema,
        &ops.collect::<Vec<_>>(),
        body.all_or_none,
    )))
}

fn run(
    org: &Org,
    work: &mut Work<'_, '_>,
    schema: &Schema,
    ops: &[Result<Op, ApiError>],
    all_or_none: bool,
) -> Vec<Done> {
    let all = |writer: &mut Writer<'_>| -> Vec<Done> {
        ops.iter()
            .map(|op| {
                op.as_ref()
                    .map_err(Clone::clone)
                    .and_then(|op| apply(schema, writer, op))
            })
            .collect()
    };
    match work {
        Work::Within(writer) => all(writer),
        Work::Direct(actor) => {
            let outcome = org.db().write(actor, |writer| {
                let done = all(writer);
                if all_or_none && done.iter().any(Result::is_err) {
                    Err(RolledBack(done))
                } else {
                    Ok(done)
                }
            });
            outcome.unwrap_or_else(|RolledBack(done)| {
                let undone = || ApiError::new("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and the request was using AllOrNone header");
                done.into_iter().map(|one| one.and_then(|_| Err(undone()))).collect()
            })
        }
    }
}

fn apply(schema: &Schema, writer: &mut Writer<'_>, op: &Op) -> Done {
    let known = |name: &str| {
        let message = format!("sObject type '{name}' is not supported.");
        schema
            .object(name)
            .map(|object| object.name.clone())
            .ok_or_else(|| ApiError::write("INVALID_TYPE", message, Vec::<String>::new()))
    };
    match op {
        Op::Insert(object, fields) => {
            Ok((writer.insert(&known(object)?, fields)?.to_string(), None))
        }
        Op::Update(object, id, fields) => {
            writer.update(&known(object)?, id, fields)?;
            Ok((id.clone(), None))
        }
        Op::Upsert(object, field, key, fields) => {
            let done = writer.upsert(object, field, key, fields, false)?;
            Ok((done.id.to_string(), Some(done.created)))
        }
        Op::Delete(id) => {
            let bad = || ApiError::write("MALFORMED_ID", format!("bad id {id}"), ["Id"]);
            let parsed = crate::id::RecordId::parse(id).ok_or_else(bad)?;
            let object = schema.object_of_prefix(parsed.prefix()).ok_or_else(bad)?;
            writer.delete(&object.name, id)?;
            Ok((id.clone(), None))
        }
    }
}

fn answer(done: Vec<Done>) -> Reply {
    let list: Vec<Value> = done
        .into_iter()
        .map(|one| match one {
            Ok((id, None)) => json!({"id": id, "success": true, "errors": []}),
            Ok((id, Some(created))) => {
                json!({"id": id, "success": true, "errors": [], "created": created})
            }
            Err(error) => json!({"success": false, "errors": [collection_error_value(&error)]}),
        })
        .collect();
    Reply::json(200, &list)
}

/// `POST /composite/sobjects/X {"ids":[],"fields":[]}` and its GET form: null for ids that the caller does not see.
fn read(org: &Org, work: &mut Work<'_, '_>, request: &Request, object: &str) -> ApiResult {
    #[derive(Deserialize)]
    struct Wanted {
        ids: Vec<String>,
        fields: Vec<String>,
    }
    let object = &request.object_named(object)?.name;
    let wanted: Wanted = if request.method == "POST" {
        serde_json::from_value(request.json()?).map_err(json_parser_error)?
    } else {
        let list = |name: &str| {
            pair(&request.query, name)
                .unwrap_or_default()
                .split(',')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Wanted {
            ids: list("ids"),
            fields: list("fields"),
        }
    };
    limit(wanted.ids.len(), MAX_READ)?;
    let fields: Vec<&str> = wanted.fields.iter().map(String::as_str).collect();
    let mut out = b"[".to_vec();
    for (at, id) in wanted.ids.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match work.get(org, object, id, Some(&fields), request.version) {
            Ok(record) => out.extend_from_slice(&record),
            Err(error) if error.status == 404 || error.code == "MALFORMED_ID" => {
                out.extend_from_slice(b"null")
            }
            Err(error) => return Err(error),
        }
    }
    out.push(b']');
    Ok(Reply::json_bytes(200, out).with_rows(wanted.ids.len()))
}
