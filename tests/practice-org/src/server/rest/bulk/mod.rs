//! Bulk API 2.0: `jobs/query` and `jobs/ingest` (salesforce-api.md 4 and 7.2).
//!
//! This page finds the job of a request and checks what both kinds share; `query` and `ingest` do the rest.

mod ingest;
mod query;
mod rows;

pub use ingest::write_record;
pub use query::refuse;
pub use rows::{read, record, write_line};

use serde_json::{Map, Value, json};

use super::super::jobs::{Job, Kind, State};
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply, json_parser_error, method_not_allowed};
use super::super::router::pair;
use super::Request;
use crate::error::ApiError;
use crate::soql::CsvStyle;
use crate::value::push_datetime;

/// Serves `jobs/...`; `path` is what follows.
pub fn handle(org: &Org, request: &Request, path: &[&str]) -> ApiResult {
    if request.nested {
        let message = "Bulk jobs are not available inside a composite request";
        return Err(ApiError::new("INVALID_INPUT", message));
    }
    match (request.method.as_str(), path) {
        ("POST", ["query"]) => query::create(org, request),
        ("POST", ["ingest"]) => ingest::create(org, request),
        ("GET", [kind @ ("query" | "ingest")]) => Ok(list(org, request, kind)),
        (method, [kind @ ("query" | "ingest"), id, rest @ ..]) => {
            let job = checked(org, request, kind, id)?;
            match (method, rest) {
                ("GET", []) => Ok(Reply::json(200, &info(&job))),
                ("PATCH", []) => change(org, request, &job),
                ("DELETE", []) => remove(org, &job),
                _ if *kind == "query" => query::part(org, request, &job, rest),
                _ => ingest::part(org, request, &job, rest),
            }
        }
        _ => Err(ApiError::not_found()),
    }
}

/// The job, if it is of this kind, the caller's own, and made by the same API version: else 409 (salesforce-api.md
/// 4.2).
fn checked(org: &Org, request: &Request, kind: &str, id: &str) -> Result<Job, ApiError> {
    let job = org
        .jobs()
        .find(id)
        .filter(|job| (kind == "query") == matches!(job.kind, Kind::Query(_)))
        .cloned()
        .ok_or_else(ApiError::not_found)?;
    if job.version != request.version {
        // The reference gives the status only; code and text are ours.
        let message = format!(
            "The job was created with API version {}.0; use the same version",
            job.version
        );
        return Err(ApiError::new("API_VERSION_MISMATCH", message).with_status(409));
    }
    Ok(job)
}

fn stamp(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime(&mut out, ms);
    String::from_utf8_lossy(&out).into_owned()
}

/// The job info, with counters; `apiVersion` is a number (salesforce-api.md 4.1).
fn info(job: &Job) -> Value {
    let Value::Object(mut info) = short_info(job) else {
        return Value::Null;
    };
    let complete = job.state() == State::JobComplete;
    let mut set = |name: &str, value: Value| info.insert(name.to_owned(), value);
    set("retries", json!(0));
    set("totalProcessingTime", json!(if complete { 334 } else { 0 }));
    match &job.kind {
        Kind::Query(result) => {
            set("jobType", json!("V2Query"));
            let rows = if complete { result.len() } else { 0 };
            set("numberRecordsProcessed", json!(rows));
            set("isPkChunkingSupported", json!(true));
        }
        Kind::Ingest(ingest) => {
            let failed = ingest.outcomes.iter().filter(|o| o.result.is_err()).count();
            let shown = |count: usize| json!(if complete { count } else { 0 });
            set("jobType", json!("V2Ingest"));
            set("numberRecordsProcessed", shown(ingest.outcomes.len()));
            set("numberRecordsFailed", shown(failed));
            set("apiActiveProcessingTime", json!(0));
            set("apexProcessingTime", json!(0));
        }
    }
    if let Some(error) = job.error.as_ref().filter(|_| job.state() == State::Failed) {
        set("errorMessage", json!(error));
    }
    Value::Object(info)
}

/// What the create call answers: no counters yet.
fn short_info(job: &Job) -> Value {
    let mut info = Map::new();
    let mut set = |name: &str, value: Value| {
        info.insert(name.to_owned(), value);
    };
    set("id", json!(job.id));
    let operation = match &job.kind {
        Kind::Query(result) if result.all_rows() => "queryAll",
        Kind::Query(_) => "query",
        Kind::Ingest(ingest) => ingest.operation.as_str(),
    };
    set("operation", json!(operation));
    set("object", json!(job.object));
    set("createdById", json!(job.user_id));
    set("createdDate", json!(stamp(job.created_ms)));
    set("systemModstamp", json!(stamp(job.changed_ms)));
    set("state", json!(job.state().name()));
    set("concurrencyMode", json!("Parallel"));
    set("contentType", json!("CSV"));
    set("apiVersion", json!(f64::from(job.version)));
    if let Kind::Ingest(ingest) = &job.kind {
        if let Some(field) = &ingest.external_id {
            set("externalIdFieldName", json!(field));
        }
        // Relative and without a leading slash, as the platform sends it.
        let url = format!(
            "services/data/v{}.0/jobs/ingest/{}/batches",
            job.version, job.id
        );
        set("contentUrl", json!(url));
    }
    set(
        "lineEnding",
        json!(if job.style.crlf { "CRLF" } else { "LF" }),
    );
    set("columnDelimiter", json!(job.delimiter_name));
    Value::Object(info)
}

fn list(org: &Org, request: &Request, kind: &str) -> Reply {
    let wanted = pair(&request.query, "jobType");
    let jobs = org.jobs();
    let records: Vec<Value> = jobs
        .all()
        .filter(|job| (kind == "query") == matches!(job.kind, Kind::Query(_)))
        .map(info)
        .filter(|info| wanted.is_none_or(|wanted| info["jobType"] == wanted))
        .collect();
    Reply::json(
        200,
        &json!({"done": true, "records": records, "nextRecordsUrl": null}),
    )
}

/// `PATCH {"state": "Aborted"}`, and for ingest `{"state": "UploadComplete"}`.
fn change(org: &Org, request: &Request, job: &Job) -> ApiResult {
    let body = request.fields()?;
    match body.get("state").and_then(Value::as_str) {
        Some("Aborted") if !job.state().is_final() => {
            if let Some(job) = org.jobs().find(&job.id) {
                job.abort(org.now_ms());
            }
        }
        Some("UploadComplete") if job.state() == State::Open => ingest::close(org, request, job)?,
        Some(state @ ("Aborted" | "UploadComplete")) => {
            return Err(wrong_state(job, &format!("become {state}")));
        }
        other => {
            let message = format!("Invalid job state: {}", other.unwrap_or_default());
            return Err(ApiError::new("INVALIDJOBSTATE", message));
        }
    }
    let changed = org
        .jobs()
        .find(&job.id)
        .map_or(Value::Null, |job| info(job));
    Ok(Reply::json(200, &changed))
}

fn remove(org: &Org, job: &Job) -> ApiResult {
    let deletable = match job.kind {
        Kind::Query(_) => job.state().is_final(),
        // An ingest job may be deleted unless the platform is at work on it.
        Kind::Ingest(_) => !matches!(job.state(), State::InProgress),
    };
    if !deletable {
        return Err(wrong_state(job, "be deleted"));
    }
    org.jobs().remove(&job.id);
    Ok(Reply::empty(204))
}

fn wrong_state(job: &Job, wanted: &str) -> ApiError {
    let message = format!("A job in the state {} cannot {wanted}", job.state().name());
    ApiError::new("INVALIDJOBSTATE", message)
}

/// Delimiter and line ending of a create call.
fn style(body: &Map<String, Value>) -> Result<(CsvStyle, String), ApiError> {
    const DELIMITERS: [(&str, u8); 6] = [
        ("COMMA", b','),
        ("TAB", b'\t'),
        ("PIPE", b'|'),
        ("SEMICOLON", b';'),
        ("CARET", b'^'),
        ("BACKQUOTE", b'`'),
    ];
    let text = |name: &str, default: &'static str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    };
    let content_type = text("contentType", "CSV");
    if content_type != "CSV" {
        return Err(json_parser_error(format!(
            "{content_type} not one of [CSV]"
        )));
    }
    let name = text("columnDelimiter", "COMMA");
    let delimiter = DELIMITERS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| {
            json_parser_error(format!(
                "{name} not one of [BACKQUOTE, CARET, COMMA, PIPE, SEMICOLON, TAB]"
            ))
        })?
        .1;
    let crlf = match text("lineEnding", "LF").as_str() {
        "LF" => false,
        "CRLF" => true,
        other => return Err(json_parser_error(format!("{other} not one of [CRLF, LF]"))),
    };
    Ok((CsvStyle { delimiter, crlf }, name))
}

/// A part of a job that the API does not have.
fn no_such_part(request: &Request) -> ApiError {
    match request.method.as_str() {
        "GET" | "PUT" => ApiError::not_found(),
        other => method_not_allowed(other),
    }
}
