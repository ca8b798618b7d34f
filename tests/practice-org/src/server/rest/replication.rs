//! `/sobjects/X/updated` and `/deleted`: what changed in a window, and how far the answer can be trusted
//! (salesforce-api.md 3.2 and 3.3).

use serde_json::json;

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;
use crate::error::ApiError;
use crate::value::{parse_datetime, push_datetime};

fn stamp(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime(&mut out, ms);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

fn window(request: &Request) -> Result<(i64, i64), ApiError> {
    let bound = |name: &str| {
        let text = pair(&request.query, name).ok_or_else(|| {
            ApiError::new(
                "MISSING_ARGUMENT",
                format!("The {name} parameter is required."),
            )
        })?;
        parse_datetime(text).ok_or_else(|| {
            ApiError::new(
                "INVALID_REPLICATION_DATE",
                format!("{name}: '{text}' is not a valid value for the type xsd:dateTime"),
            )
        })
    };
    Ok((bound("start")?, bound("end")?))
}

/// `GET /sobjects/X/updated?start=&end=`.
pub fn updated(org: &Org, request: &Request, object: &str) -> ApiResult {
    let object = &request.object_named(object)?.name;
    let (start, end) = window(request)?;
    let found = org.db().updated(&request.visibility, object, start, end)?;
    let ids: Vec<String> = found.ids.iter().map(ToString::to_string).collect();
    Ok(Reply::json(
        200,
        &json!({"ids": ids, "latestDateCovered": stamp(found.latest_date_covered)}),
    ))
}

/// `GET /sobjects/X/deleted?start=&end=`.
pub fn deleted(org: &Org, request: &Request, object: &str) -> ApiResult {
    let object = &request.object_named(object)?.name;
    let (start, end) = window(request)?;
    let found = org.db().deleted(&request.visibility, object, start, end)?;
    let records: Vec<_> = found
        .records
        .iter()
        .map(|(id, at)| json!({"deletedDate": stamp(*at), "id": id.to_string()}))
        .collect();
    Ok(Reply::json(
        200,
        &json!({
            "deletedRecords": records,
            "earliestDateAvailable": stamp(found.earliest_date_available),
            "latestDateCovered": stamp(found.latest_date_covered),
        }),
    ))
}
