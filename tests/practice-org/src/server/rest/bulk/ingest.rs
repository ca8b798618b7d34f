//! Ingest jobs: open, upload, close, results. All work happens when the upload is closed, in chunks of 200 rows
//! (salesforce-api.md 7.2).

use serde_json::{Map, Value};

use super::super::super::jobs::{Ingest, Job, Kind, Outcome, State, new_job};
use super::super::super::org::Org;
use super::super::super::reply::{ApiResult, Reply};
use super::super::request::Request;
use super::info::{created, no_such_part, style, wrong_state};
use super::rows::{read, record, write_line};

use crate::error::ApiError;
use crate::store::Writer;

/// Rows of one transaction.
const CHUNK: usize = 200;
/// Most bytes of an upload: 150 MB in base64 is 100 MB of CSV.
const MAX_UPLOAD: usize = 100 << 20;

const OPERATIONS: [&str; 5] = ["insert", "update", "upsert", "delete", "hardDelete"];

/// `POST /jobs/ingest`.
pub fn create(org: &Org, request: &Request) -> ApiResult {
    let body = request.fields()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let operation = text("operation").unwrap_or_default();
    if !OPERATIONS.contains(&operation) {
        let message = format!("{operation} not one of [{}]", OPERATIONS.join(", "));
        return Err(ApiError::new("INVALIDJOB", message));
    }
    let name = text("object").unwrap_or_default();
    let object = request
        .object_named(name)
        .map_err(|_| ApiError::new("INVALIDENTITY", format!("Unable to find object: {name}")))?;
    let external_id = text("externalIdFieldName").map(str::to_owned);
    if operation == "upsert" && external_id.is_none() {
        let message = "External ID was blank for an upsert job: externalIdFieldName is required";
        return Err(ApiError::new("INVALIDJOB", message));
    }
    let style = style(&body)?;
    let ingest = Ingest {
        operation: operation.to_owned(),
        external_id,
        ..Ingest::default()
    };
    let by = (
        request.version,
        request.session.user_id.as_str(),
        org.now_ms(),
    );
    let job = new_job(by, &object.name, style, Kind::Ingest(ingest));
    let job = org.jobs().add(job);
    Ok(Reply::json(200, &created(&job)))
}

/// `PUT .../batches` and the three results.
pub fn part(org: &Org, request: &Request, job: &Job, rest: &[&str]) -> ApiResult {
    let Kind::Ingest(ingest) = &job.kind else {
        return Err(ApiError::not_found());
    };
    let [part] = rest else {
        return Err(no_such_part(request));
    };
    match (request.method.as_str(), part.to_ascii_lowercase().as_str()) {
        ("PUT", "batches") => upload(org, request, job),
        ("GET", "successfulresults") => Ok(results(job, ingest, Some(true))),
        ("GET", "failedresults") => Ok(results(job, ingest, Some(false))),
        ("GET", "unprocessedrecords") => Ok(results(job, ingest, None)),
        _ => Err(no_such_part(request)),
    }
}

fn upload(org: &Org, request: &Request, job: &Job) -> ApiResult {
    if request.body.len() > MAX_UPLOAD {
        let message = "The upload is larger than the maximum of 150 MB in base64";
        return Err(ApiError::new("EXCEEDED_MAX_SIZE_REQUEST", message).with_status(413));
    }
    let mut jobs = org.jobs();
    let found = jobs.find(&job.id).ok_or_else(ApiError::not_found)?;
    let open = found.state() == State::Open;
    match &mut found.kind {
        Kind::Ingest(ingest) if open && ingest.data.is_none() => {
            ingest.data = Some(request.body.clone());
            Ok(Reply::empty(201))
        }
        _ => Err(wrong_state(job, "take another upload")),
    }
}

/// The upload is complete: the rows are written.
pub fn close(org: &Org, request: &Request, job: &Job) -> Result<(), ApiError> {
    let Kind::Ingest(mut ingest) = job.kind.clone() else {
        return Err(ApiError::not_found());
    };
    let data = ingest.data.take().unwrap_or_default();
    let (header, lines) = read(&data, job.style)?;
    let actor = request.actor(org);
    for chunk in lines.chunks(CHUNK) {
        let done = org.db().write(&actor, |writer| {
            let done: Vec<Outcome> = chunk
                .iter()
                .map(|cells| Outcome {
                    cells: cells.clone(),
                    result: write_record(
                        writer,
                        &job.object,
                        &ingest.operation,
                        ingest.external_id.as_deref(),
                        record(&header, cells),
                    ),
                })
                .collect();
            Ok::<_, ApiError>(done)
        })?;
        ingest.outcomes.extend(done);
    }
    ingest.header = header;
    let mut jobs = org.jobs();
    jobs.start(&job.id, org.now_ms());
    if let Some(job) = jobs.find(&job.id) {
        job.kind = Kind::Ingest(ingest);
    }
    Ok(())
}

/// Does a job's operation with one record; answers the id and whether the row was created.
pub fn write_record(
    writer: &mut Writer<'_>,
    object: &str,
    operation: &str,
    external_id: Option<&str>,
    mut fields: Map<String, Value>,
) -> Result<(String, bool), ApiError> {
    let mut take = |wanted: &str| {
        let name = fields
            .keys()
            .find(|name| name.eq_ignore_ascii_case(wanted))?
            .clone();
        fields.remove(&name)?.as_str().map(str::to_owned)
    };
    let no_id = || ApiError::write("MISSING_ARGUMENT", "Id not specified", ["Id"]);
    match operation {
        "insert" => Ok((writer.insert(object, &fields)?.to_string(), true)),
        "upsert" => {
            let key_name = external_id.unwrap_or("Id");
            match take(key_name) {
                Some(key) => {
                    let done = writer.upsert(object, key_name, &key, &fields, false)?;
                    Ok((done.id.to_string(), done.created))
                }
                None if key_name.eq_ignore_ascii_case("Id") => {
                    Ok((writer.insert(object, &fields)?.to_string(), true))
                }
                None => {
                    let message = format!("{key_name} not specified");
                    Err(ApiError::write("MISSING_ARGUMENT", message, [key_name]))
                }
            }
        }
        operation => {
            let id = take("Id").ok_or_else(no_id)?;
            match operation {
                "update" => writer.update(object, &id, &fields)?,
                "delete" => writer.delete(object, &id)?,
                _ => writer.hard_delete(object, &id)?,
            }
            Ok((id, false))
        }
    }
}

/// `successfulResults`, `failedResults`, and without a flag `unprocessedrecords`.
fn results(job: &Job, ingest: &Ingest, successful: Option<bool>) -> Reply {
    let mut out = Vec::new();
    let first: &[&str] = match successful {
        Some(true) => &["sf__Id", "sf__Created"],
        Some(false) => &["sf__Id", "sf__Error"],
        None => &[],
    };
    let header = ingest.header.iter().map(String::as_str);
    write_line(&mut out, first.iter().copied().chain(header), job.style);
    let processed = job.state() == State::JobComplete;
    let mut rows = 0;
    for outcome in &ingest.outcomes {
        let cells = outcome.cells.iter().map(String::as_str);
        match (&outcome.result, successful) {
            (Ok((id, created)), Some(true)) if processed => {
                let created = created.to_string();
                write_line(
                    &mut out,
                    [id.as_str(), &created].into_iter().chain(cells),
                    job.style,
                );
            }
            (Err(error), Some(false)) if processed => {
                let fields = error.fields.as_deref().unwrap_or_default().join(",");
                let text = format!("{}:{}:{fields} --", error.code, error.message);
                write_line(
                    &mut out,
                    ["", text.as_str()].into_iter().chain(cells),
                    job.style,
                );
            }
            (_, None) if !processed => write_line(&mut out, cells, job.style),
            _ => continue,
        }
        rows += 1;
    }
    Reply::other(200, "text/csv", out).with_rows(rows)
}
