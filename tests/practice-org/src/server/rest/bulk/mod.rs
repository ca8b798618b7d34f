//! Bulk API 2.0: `jobs/query` and `jobs/ingest` (salesforce-api.md 4 and 7.2).
//!
//! This page finds the job of a request and checks what both kinds share; `query` and `ingest` do the rest.

mod info;
pub mod ingest;
pub mod query;
pub mod rows;

use serde_json::{Value, json};

use super::super::call::pair;
use super::super::jobs::{Job, Kind, State};
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;
use crate::error::ApiError;
use info::{info, wrong_state};

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
