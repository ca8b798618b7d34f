//! Job infos, and what the calls of both kinds of jobs share.

use serde_json::{Map, Value, json};

use super::super::super::jobs::{Job, Kind, State};
use super::super::super::reply::{json_parser_error, method_not_allowed};
use super::super::request::Request;
use crate::error::ApiError;
use crate::soql::CsvStyle;
use crate::value::push_datetime;

fn stamp(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime(&mut out, ms);
    String::from_utf8_lossy(&out).into_owned()
}

/// The job info, with counters; `apiVersion` is a number (salesforce-api.md 4.1).
pub fn info(job: &Job) -> Value {
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

/// What the create call answers: no counters yet, and a query waits for its turn (salesforce-api.md 4.1).
pub fn created(job: &Job) -> Value {
    let mut info = short_info(job);
    if matches!(job.kind, Kind::Query(_)) {
        info["state"] = json!(State::UploadComplete.name());
    }
    info
}

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

pub fn wrong_state(job: &Job, wanted: &str) -> ApiError {
    let message = format!("A job in the state {} cannot {wanted}", job.state().name());
    ApiError::new("INVALIDJOBSTATE", message)
}

/// Delimiter and line ending of a create call.
pub fn style(body: &Map<String, Value>) -> Result<(CsvStyle, String), ApiError> {
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
pub fn no_such_part(request: &Request) -> ApiError {
    match request.method.as_str() {
        "GET" | "PUT" => ApiError::not_found(),
        other => method_not_allowed(other),
    }
}
