//! Bulk API v1: `/services/async/VV.0/job...` (salesforce-api.md 4.8).
//!
//! Older than REST and unlike it: its own session header, its own error bodies, and XML wherever the job's rows are
//! CSV, even when the caller asks for JSON. This page finds the resource; `jobs` keeps, `batches` works, `results`
//! shows.

mod batches;
mod infos;
pub mod jobs;
mod refusal;
mod results;

use serde_json::{Map, Value};

use super::call::{Call, segments};
use super::org::Org;
use super::reply::Reply;
use super::rest::Request;
use super::xml;
use crate::error::ApiError;
use jobs::{Content, Job, Stage};
use refusal::{Answer, Refused, refused};

/// Rows of a PK chunk when the header names no number, and the most it may name.
const CHUNK_ROWS: usize = 100_000;
const MAX_CHUNK_ROWS: usize = 250_000;

const OPERATIONS: [&str; 7] = [
    "delete",
    "hardDelete",
    "insert",
    "query",
    "queryAll",
    "update",
    "upsert",
];

/// Serves `/services/async/{version}/{path}`.
pub fn handle(org: &Org, call: &Call) -> Reply {
    answer(org, call).unwrap_or_else(|refused| {
        let mut body = Map::new();
        body.insert("exceptionCode".to_owned(), refused.code.into());
        body.insert("exceptionMessage".to_owned(), refused.message.into());
        infos::reply(400, "error", &Value::Object(body), wants_json(call))
    })
}

/// Job infos and errors come in the form of the request.
fn wants_json(call: &Call) -> bool {
    ["accept", "content-type"].iter().any(|name| {
        call.header(name)
            .is_some_and(|value| value.contains("json"))
    })
}

fn answer(org: &Org, call: &Call) -> Answer {
    let parts = segments(&call.path);
    let version = parts.get(2).map_or("", String::as_str);
    let path = parts.get(3..).unwrap_or_default();
    let version = version
        .strip_suffix(".0")
        .and_then(|number| number.parse().ok())
        .filter(|number| org.api_versions().contains(number))
        .ok_or_else(|| refused("InvalidVersion", format!("Invalid Api version: {version}")))?;
    let session = call
        .bearer()
        .and_then(|token| org.sign_ins.session(token))
        .ok_or_else(|| refused("InvalidSessionId", "Invalid session id"))?;
    org.count_api_call()
        .map_err(|error| refused("ExceededQuota", error.message))?;
    let request = Request::from_call(org, call, version, session, path);
    let found = |id: &str| {
        org.async_jobs()
            .find(id)
            .cloned()
            .ok_or_else(|| refused("InvalidJob", format!("Unable to find job {id}")))
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("POST", ["job"]) => create(org, call, &request),
        ("GET", ["job", id]) => Ok(job_reply(200, call, &found(id)?)),
        ("POST", ["job", id]) => change(org, call, &found(id)?),
        ("POST", ["job", id, "batch"]) => batches::add(org, &request, &found(id)?),
        ("GET", ["job", id, "batch"]) => Ok(batches::list(&found(id)?)),
        ("GET", ["job", id, "batch", batch, rest @ ..]) => {
            let job = found(id)?;
            let batch = job
                .batch(batch)
                .ok_or_else(|| refused("InvalidBatch", format!("Unable to find batch {batch}")))?;
            match rest {
                [] => Ok(batches::info(200, &job, batch)),
                ["request"] => Ok(Reply::other(200, batch.content_type, batch.request.clone())),
                ["result"] => results::list(&job, batch),
                ["result", result] => results::rows(&job, batch, result),
                _ => Err(not_here(call)),
            }
        }
        _ => Err(not_here(call)),
    }
}

fn not_here(call: &Call) -> Refused {
    refused(
        "InvalidUrl",
        format!(
            "Destination URL not reset: {} {} is not a resource of the Bulk API",
            call.method, call.path
        ),
    )
}

fn job_reply(status: u16, call: &Call, job: &Job) -> Reply {
    infos::reply(status, "jobInfo", &infos::job(job), wants_json(call))
}

/// The members of a job info as sent, in JSON or XML.
fn members(call: &Call) -> Result<Vec<(String, String)>, Refused> {
    let text = String::from_utf8_lossy(&call.body);
    if text.trim_start().starts_with('<') {
        return xml::leaves(&text).map_err(|error| refused("InvalidJob", error));
    }
    let fields: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        refused(
            "InvalidJob",
            format!("Unable to parse job info request: {error}"),
        )
    })?;
    Ok(fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect())
}

fn create(org: &Org, call: &Call, request: &Request) -> Answer {
    let members = members(call)?;
    let member = |wanted: &str| {
        members
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let operation = member("operation").unwrap_or_default();
    if !OPERATIONS.contains(&operation) {
        let message = format!("Invalid operation: {operation}");
        return Err(refused("InvalidJob", message));
    }
    let name = member("object").unwrap_or_default();
    let object = request
        .object_named(name)
        .map_err(|_: ApiError| refused("InvalidJob", format!("Unable to find object: {name}")))?;
    let content = match member("contentType") {
        Some("CSV") => Content::Csv,
        Some("JSON") => Content::Json,
        other => {
            // XML rows and the ZIP types are left out of the simulation.
            let message = format!(
                "The practice org takes CSV and JSON, not {}",
                other.unwrap_or("XML")
            );
            return Err(refused("FeatureNotEnabled", message));
        }
    };
    let external_id = member("externalIdFieldName").map(str::to_owned);
    if operation == "upsert" && external_id.is_none() {
        let message = "External ID was blank for an upsert job";
        return Err(refused("InvalidJob", message));
    }
    let mut jobs = org.async_jobs();
    let job = Job {
        id: jobs.new_id(*b"750"),
        version: request.version,
        user_id: request.session.user_id.clone(),
        object: object.name.clone(),
        operation: operation.to_owned(),
        external_id,
        content,
        concurrency: member("concurrencyMode").unwrap_or("Parallel").to_owned(),
        chunk_size: chunk_size(request),
        created_ms: org.now_ms(),
        stage: Stage::Open,
        batches: Vec::new(),
    };
    jobs.add(job.clone());
    drop(jobs);
    Ok(job_reply(201, call, &job))
}

/// `Sforce-Enable-PKChunking: true; chunkSize=100000; parent=Account`.
fn chunk_size(request: &Request) -> Option<usize> {
    let header = request.header("sforce-enable-pkchunking")?;
    let mut parts = header.split(';').map(str::trim);
    let first = parts.next().unwrap_or_default();
    if first.eq_ignore_ascii_case("false") {
        return None;
    }
    let asked = std::iter::once(first)
        .chain(parts)
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("chunkSize"))
        .and_then(|(_, rows)| rows.trim().parse().ok());
    Some(asked.unwrap_or(CHUNK_ROWS).clamp(1, MAX_CHUNK_ROWS))
}

/// `{"state": "Closed"}` or `{"state": "Aborted"}`.
fn change(org: &Org, call: &Call, job: &Job) -> Answer {
    let members = members(call)?;
    let wanted = members
        .iter()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.as_str());
    let stage = match wanted {
        Some("Closed") => Stage::Closed,
        Some("Aborted") => Stage::Aborted,
        other => {
            let message = format!("Invalid job state: {}", other.unwrap_or_default());
            return Err(refused("InvalidJob", message));
        }
    };
    if job.stage == Stage::Aborted {
        let message = "Changing an aborted job is not allowed";
        return Err(refused("InvalidJobState", message));
    }
    let mut changed = job.clone();
    changed.stage = stage;
    if let Some(kept) = org.async_jobs().find(&job.id) {
        kept.stage = stage;
    }
    Ok(job_reply(200, call, &changed))
}
