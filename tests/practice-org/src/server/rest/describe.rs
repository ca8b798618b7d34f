//! `/sobjects`, `/sobjects/X`, `/sobjects/X/describe`, with `If-Modified-Since`.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::Request;
use crate::describe;

/// True when the caller's copy is as new as the schema (salesforce-api.md 6).
fn unchanged(org: &Org, request: &Request) -> bool {
    let since = request
        .header("if-modified-since")
        .and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    since.is_some_and(|since| {
        since.with_timezone(&Utc).timestamp() >= org.schema_changed_ms() / 1_000
    })
}

fn stamped(org: &Org, reply: Reply) -> Reply {
    let modified = org.schema_changed_ms();
    let tag = format!("\"{:x}\"", modified / 1_000);
    reply
        .with_header("Last-Modified", super::super::org::http_date(modified))
        .with_header("ETag", tag)
}

/// `GET /sobjects`.
pub fn global(org: &Org, request: &Request) -> ApiResult {
    if unchanged(org, request) {
        return Ok(stamped(org, Reply::empty(304)));
    }
    let body = describe::global(&request.schema, &request.visibility, &request.base());
    Ok(stamped(org, Reply::json(200, &body)))
}

/// `GET /sobjects/X/describe`.
pub fn object(org: &Org, request: &Request, name: &str) -> ApiResult {
    let object = request.object_named(name)?;
    if unchanged(org, request) {
        return Ok(stamped(org, Reply::empty(304)));
    }
    Ok(stamped(
        org,
        Reply::json(
            200,
            &describe::object(
                &request.schema,
                object,
                &request.visibility,
                &request.base(),
            ),
        ),
    ))
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
