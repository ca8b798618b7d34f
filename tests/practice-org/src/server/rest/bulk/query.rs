//! Query jobs: creation with the refusals of Bulk, result pages, and the list of page addresses
//! (salesforce-api.md 4.1 to 4.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use super::super::super::call::pair;
use super::super::super::jobs::{DAILY_QUERY_JOBS, Job, Kind, State, new_job};
use super::super::super::org::Org;
use super::super::super::reply::{ApiResult, Reply};
use super::super::request::Request;
use super::info::{created, no_such_part, style};
use crate::error::ApiError;
use crate::soql::ResultSet;

/// Addresses in one answer of `resultPages`.
const PAGES_AT_ONCE: usize = 5;

/// `POST /jobs/query`.
pub fn create(org: &Org, request: &Request) -> ApiResult {
    let body = request.fields()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let all_rows = match text("operation") {
        Some("query") => false,
        Some("queryAll") => true,
        other => {
            let message = format!("{} not one of [query, queryAll]", other.unwrap_or("null"));
            return Err(ApiError::new("INVALIDJOB", message));
        }
    };
    let soql = text("query")
        .filter(|soql| !soql.trim().is_empty())
        .ok_or_else(|| ApiError::new("INVALIDJOB", "A query must be specified"))?;
    let style = style(&body)?;
    let used = org.jobs().used;
    if used >= DAILY_QUERY_JOBS {
        let message = format!(
            "Max bulk v2 query jobs ({DAILY_QUERY_JOBS}) per 24 hrs has been reached ({used})"
        );
        return Err(ApiError::new("LIMIT_EXCEEDED", message));
    }
    let options = org.rights.query_options(&request.session, all_rows);
    let result = org.db().query(soql, &options)?;
    refuse(soql, &result)?;
    let object = result.object().to_owned();
    let result = result.kept(org.jobs().part_rows);
    let by = (
        request.version,
        request.session.user_id.as_str(),
        org.now_ms(),
    );
    let job = new_job(by, &object, style, Kind::Query(result));
    let job = org.jobs().add(job);
    Ok(Reply::json(200, &created(&job)))
}

/// What Bulk refuses of otherwise good SOQL (salesforce-api.md 4.6).
pub fn refuse(soql: &str, result: &ResultSet) -> Result<(), ApiError> {
    let upper = soql.to_ascii_uppercase();
    let select = upper.split(" FROM ").next().unwrap_or_default();
    let uses_fields = select
        .split_whitespace()
        .collect::<String>()
        .contains("FIELDS(");
    let features = result.features();
    let object = result.object();
    let table = [
        (
            features.compound,
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query".to_owned(),
        ),
        (
            features.children,
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk Query".to_owned(),
        ),
        (
            features.aggregate,
            "API_ERROR",
            "Implementation restriction: aggregate queries are not supported in Bulk Query"
                .to_owned(),
        ),
        (
            features.offset,
            "API_ERROR",
            "Implementation restriction: OFFSET is not supported in Bulk Query".to_owned(),
        ),
        (
            features.type_of,
            "API_ERROR",
            "Implementation restriction: TYPEOF is not supported in Bulk Query".to_owned(),
        ),
        (
            uses_fields,
            "API_ERROR",
            "Implementation restriction: FIELDS() is not supported in Bulk Query".to_owned(),
        ),
        (
            features.blob,
            "INVALIDENTITY",
            format!("Entity '{object}' is not supported by the Bulk API."),
        ),
    ];
    match table.into_iter().find(|(used, ..)| *used) {
        Some((_, code, message)) => Err(ApiError::new(code, message)),
        None => Ok(()),
    }
}

/// `GET .../results` and `GET .../resultPages`.
pub fn part(org: &Org, request: &Request, job: &Job, rest: &[&str]) -> ApiResult {
    let Kind::Query(result) = &job.kind else {
        return Err(ApiError::not_found());
    };
    match (request.method.as_str(), rest) {
        ("GET", ["results"]) => results(org, request, job, result),
        ("GET", [name]) if name.eq_ignore_ascii_case("resultPages") && job.version >= 58 => {
            pages(org, request, job, result)
        }
        _ => Err(no_such_part(request)),
    }
}

fn complete(job: &Job) -> Result<(), ApiError> {
    match job.state() {
        State::JobComplete => Ok(()),
        // The status is 400 in newer texts, 412 in older ones.
        state => {
            let message = format!("The job is not complete yet: {}", state.name());
            Err(ApiError::new("JOB_NOT_COMPLETE", message))
        }
    }
}

/// A locator is the offset in base64, as the platform's own samples are.
fn locator(offset: usize) -> String {
    STANDARD_NO_PAD.encode(offset.to_string())
}

fn offset_of(request: &Request, result: &ResultSet) -> Result<usize, ApiError> {
    let Some(text) = pair(&request.query, "locator") else {
        return Ok(0);
    };
    STANDARD_NO_PAD
        .decode(text.trim_end_matches('='))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<usize>().ok())
        .filter(|offset| *offset < result.len().max(1))
        .ok_or_else(super::super::super::locators::invalid)
}

fn page_rows(org: &Org, request: &Request) -> Result<usize, ApiError> {
    let rows = match pair(&request.query, "maxRecords") {
        None => org.jobs().page_rows,
        Some(text) => text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| {
            ApiError::new(
                "INVALID_PARAMETER",
                format!("maxRecords must be a positive number, not {text}"),
            )
        })?,
    };
    Ok(rows.min(org.jobs().most_rows))
}

fn results(org: &Org, request: &Request, job: &Job, result: &ResultSet) -> ApiResult {
    complete(job)?;
    let offset = offset_of(request, result)?;
    let rows = page_rows(org, request)?;
    let mut out = Vec::new();
    // Every page has the header (salesforce-api.md 4.2).
    super::rows::write_line(
        &mut out,
        result.columns().iter().map(String::as_str),
        job.style,
    );
    let written = result.csv(offset, rows, &mut out, job.style);
    let next = offset.saturating_add(rows);
    let next = if next < result.len() {
        locator(next)
    } else {
        "null".to_owned()
    };
    Ok(Reply::other(200, "text/csv", out)
        .with_header("Sforce-Locator", next)
        .with_header("Sforce-NumberOfRecords", written.to_string())
        .with_rows(written))
}

/// Addresses of result pages, to be fetched in parallel (salesforce-api.md 4.3).
fn pages(org: &Org, request: &Request, job: &Job, result: &ResultSet) -> ApiResult {
    complete(job)?;
    let rows = org.jobs().page_rows;
    let base = format!("{}/jobs/query/{}", request.base(), job.id);
    let offsets: Vec<usize> = (offset_of(request, result)?..result.len().max(1))
        .step_by(rows)
        .take(PAGES_AT_ONCE + 1)
        .collect();
    let shown: Vec<Value> = offsets
        .iter()
        .take(PAGES_AT_ONCE)
        .map(|offset| json!({"resultUrl": format!("{base}/results?locator={}&maxRecords={rows}", locator(*offset))}))
        .collect();
    let next = offsets
        .get(PAGES_AT_ONCE)
        .map(|offset| format!("{base}/resultpages?locator={}", locator(*offset)));
    Ok(Reply::json(
        200,
        &json!({"resultPages": shown, "nextRecordsUrl": next, "done": next.is_none()}),
    ))
}
