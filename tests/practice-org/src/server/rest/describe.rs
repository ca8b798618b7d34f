//! `/sobjects`, `/sobjects/X`, `/sobjects/X/describe`, with `If-Modified-Since`.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;
use crate::describe;
use crate::schema::{Object, RecordTypeInfo};
use crate::value::ValueRef;

/// True when the caller's copy is as new as the schema (salesforce-api.md 6).
fn unchanged(request: &Request, modified_ms: i64) -> bool {
    let since = request
        .header("if-modified-since")
        .and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    since.is_some_and(|since| since.with_timezone(&Utc).timestamp() >= modified_ms / 1_000)
}

fn stamped(modified: i64, reply: Reply) -> Reply {
    let tag = format!("\"{:x}\"", modified / 1_000);
    reply
        .with_header("Last-Modified", super::super::org::http_date(modified))
        .with_header("ETag", tag)
}

/// `GET /sobjects`.
pub fn global(org: &Org, request: &Request) -> ApiResult {
    let modified = org.rights.schema_changed_ms();
    if unchanged(request, modified) {
        return Ok(stamped(modified, Reply::empty(304)));
    }
    let body = describe::global(&request.schema, &request.visibility, &request.base());
    Ok(stamped(modified, Reply::json(200, &body)))
}

/// `GET /sobjects/X/describe`.
pub fn object(org: &Org, request: &Request, name: &str) -> ApiResult {
    let object = request.object_named(name)?;
    let (record_types, changed) = record_types(org, object);
    let modified = org.rights.schema_changed_ms().max(changed);
    if unchanged(request, modified) {
        return Ok(stamped(modified, Reply::empty(304)));
    }
    let body = describe::object(
        &request.schema,
        object,
        &request.visibility,
        &request.base(),
        &record_types,
    );
    Ok(stamped(modified, Reply::json(200, &body)))
}

/// The object's record types with the names that their rows have, and when the last of them changed.
fn record_types(org: &Org, object: &Object) -> (Vec<RecordTypeInfo>, i64) {
    let mut changed = 0;
    let as_they_are = object.record_types.iter().map(|known| {
        let mut info = known.clone();
        org.db().read("RecordType", known.id, |row| {
            if let ValueRef::Text(name) = row.get("Name") {
                info.name = name.into_owned();
            }
            if let ValueRef::Text(name) = row.get("DeveloperName") {
                info.developer_name = name.into_owned();
            }
            info.active = row.get("IsActive") != ValueRef::Bool(false);
            if let ValueRef::DateTime(stamp) = row.get("SystemModstamp") {
                changed = changed.max(stamp);
            }
        });
        info
    });
    (as_they_are.collect(), changed)
}

/// `GET /sobjects/X`: the summary, and no recent items.
pub fn basic(request: &Request, name: &str) -> ApiResult {
    let object = request.object_named(name)?;
    let summary = describe::summary(object, &request.visibility, &request.base());
    Ok(Reply::json(
        200,
        &json!({"objectDescribe": summary, "recentItems": []}),
    ))
}
