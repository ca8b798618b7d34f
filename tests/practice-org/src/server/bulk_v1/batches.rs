//! Batches of Bulk API v1: a query, or up to 10,000 rows to write. The work is done when the batch arrives; its states
//! follow the time that has passed.

use serde_json::{Map, Value, json};

use super::super::jobs::Outcome;
use super::super::org::Org;
use super::super::reply::Reply;
use super::super::rest::Request;
use super::super::rest::bulk::ingest::write_record;
use super::super::rest::bulk::query::refuse;
use super::super::rest::bulk::rows::{read, record};
use super::infos;
use super::jobs::{Batch, Content, DAILY_BATCHES, Job, STYLE, Stage, Work};
use super::refusal::{Answer, refused};
use crate::error::ApiError;

/// Rows and bytes of a batch.
const MAX_ROWS: usize = 10_000;
const MAX_BYTES: usize = 10_000_000;

/// Rows of one transaction.
const CHUNK: usize = 200;

/// `batchInfo` in the form of the job's content (salesforce-api.md 4.8).
pub fn info(status: u16, job: &Job, batch: &Batch) -> Reply {
    let body = infos::batch(job, batch);
    infos::reply(status, "batchInfo", &body, job.content == Content::Json)
}

/// `batchInfoList`.
pub fn list(job: &Job) -> Reply {
    let infos: Vec<Value> = job.batches.iter().map(|b| infos::batch(job, b)).collect();
    let body = json!({"batchInfo": infos});
    infos::reply(200, "batchInfoList", &body, job.content == Content::Json)
}

/// `POST /job/ID/batch`.
pub fn add(org: &Org, request: &Request, job: &Job) -> Answer {
    if job.stage != Stage::Open {
        let message = format!("The job is {}, not Open", job.stage.name());
        return Err(refused("InvalidJobState", message));
    }
    let sent = request.header("content-type").unwrap_or_default();
    let (wanted, content_type) = match job.content {
        Content::Csv => ("csv", "text/csv"),
        Content::Json => ("json", "application/json"),
    };
    if !sent.contains(wanted) {
        let message = format!("Content-Type {sent} does not match the job's: {content_type}");
        return Err(refused("InvalidBatch", message));
    }
    if request.body.len() > MAX_BYTES {
        return Err(refused("ExceededQuota", "A batch is at most 10 MB"));
    }
    if org.async_jobs().batches_used >= DAILY_BATCHES {
        let message = format!("The daily limit of {DAILY_BATCHES} batches is exceeded");
        return Err(refused("ExceededQuota", message));
    }
    let works = if job.is_query() {
        query(org, request, job)
    } else {
        vec![ingest(org, request, job)]
    };
    let made: Vec<Batch> = works
        .into_iter()
        .map(|work| Batch {
            id: org.async_jobs().new_id(*b"751"),
            request: request.body.clone(),
            content_type,
            created_ms: org.now_ms(),
            turn: org.jobs().run(),
            work,
        })
        .collect();
    let mut jobs = org.async_jobs();
    jobs.batches_used += made.len() as u64;
    if let Some(job) = jobs.find(&job.id) {
        job.batches.extend(made.iter().cloned());
    }
    drop(jobs);
    // The batch that was sent comes first; PK chunking adds the others.
    match made.first() {
        Some(batch) => Ok(info(201, job, batch)),
        None => Err(refused("InvalidBatch", "An empty batch")),
    }
}

/// The work of a query: one batch, or with PK chunking one that is not processed and one for each chunk.
fn query(org: &Org, request: &Request, job: &Job) -> Vec<Work> {
    let soql = String::from_utf8_lossy(&request.body);
    let options = org
        .rights
        .query_options(&request.session, job.operation == "queryAll");
    let result = org
        .db()
        .query(soql.trim(), &options)
        .and_then(|result| refuse(&soql, &result).map(|()| result))
        .and_then(|result| same_object(job, result.object()).map(|()| result));
    let rows = match result {
        Ok(rows) => rows,
        Err(error) => {
            let code = match error.message.as_str() {
                // In v1 the code of this one differs (salesforce-api.md 4.6).
                text if text.starts_with("Selecting compound") => "FUNCTIONALITY_NOT_ENABLED",
                _ => error.code.as_ref(),
            };
            let reason = format!(
                "InvalidBatch : Failed to process query: {code}: {}",
                error.message
            );
            return vec![Work::Refused(reason)];
        }
    };
    let part = |from: usize, to: usize| Work::Query {
        from,
        to: to.min(rows.len()),
        rows: rows.clone(),
        result_id: org.async_jobs().new_id(*b"752"),
    };
    match job.chunk_size {
        None => vec![part(0, rows.len())],
        Some(size) => std::iter::once(Work::NotProcessed)
            .chain(
                (0..rows.len().max(1))
                    .step_by(size)
                    .map(|from| part(from, from + size)),
            )
            .collect(),
    }
}

fn same_object(job: &Job, object: &str) -> Result<(), ApiError> {
    if object == job.object {
        return Ok(());
    }
    let message = format!(
        "The query is of {object}, the job is of {}; both must be the same",
        job.object
    );
    Err(ApiError::new("INVALID_QUERY_FILTER_OPERATOR", message))
}

fn ingest(org: &Org, request: &Request, job: &Job) -> Work {
    let rows = match rows_of(request, job) {
        Ok(rows) if rows.len() > MAX_ROWS => {
            return Work::Refused(format!(
                "InvalidBatch : Records: {} exceed the maximum of {MAX_ROWS}",
                rows.len()
            ));
        }
        Ok(rows) => rows,
        Err(message) => return Work::Refused(format!("InvalidBatch : {message}")),
    };
    let actor = request.actor(org);
    let mut outcomes = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHUNK) {
        let done = org.db().write(&actor, |writer| {
            let external_id = job.external_id.as_deref();
            let done: Vec<Outcome> = chunk
                .iter()
                .map(|fields| Outcome {
                    cells: Vec::new(),
                    result: write_record(
                        writer,
                        &job.object,
                        &job.operation,
                        external_id,
                        fields.clone(),
                    ),
                })
                .collect();
            Ok::<_, ApiError>(done)
        });
        match done {
            Ok(done) => outcomes.extend(done),
            Err(error) => return Work::Refused(format!("InvalidBatch : {}", error.message)),
        }
    }
    Work::Ingest(outcomes)
}

fn rows_of(request: &Request, job: &Job) -> Result<Vec<Map<String, Value>>, String> {
    match job.content {
        Content::Csv => {
            let (header, lines) = read(&request.body, STYLE).map_err(|error| error.message)?;
            Ok(lines.iter().map(|cells| record(&header, cells)).collect())
        }
        Content::Json => serde_json::from_slice(&request.body)
            .map_err(|error| format!("Failed to parse the JSON rows: {error}")),
    }
}
