//! Infos about jobs and batches, and how each is written: JSON, or XML in the namespace of the API.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::xml;
use super::jobs::{Batch, Job};
use crate::value::push_datetime;

const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// Without a charset, as clients compare it (tap-salesforce does so to tell a lost job).
const JSON: &str = "application/json";
const XML: &str = "application/xml";

fn stamp(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime(&mut out, ms);
    String::from_utf8_lossy(&out).into_owned()
}

/// `jobInfo`.
pub fn job(job: &Job) -> Value {
    let in_state = |state: &str| job.batches.iter().filter(|b| b.state() == state).count();
    let (mut processed, mut failed) = (0, 0);
    for (rows, bad) in job.batches.iter().map(Batch::counts) {
        processed += rows;
        failed += bad;
    }
    json!({
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": stamp(job.created_ms),
        "systemModstamp": stamp(job.created_ms),
        "state": job.stage.name(),
        "externalIdFieldName": job.external_id,
        "concurrencyMode": job.concurrency,
        "contentType": match job.content { super::Content::Csv => "CSV", super::Content::Json => "JSON" },
        "numberBatchesQueued": in_state("Queued"),
        "numberBatchesInProgress": in_state("InProgress"),
        "numberBatchesCompleted": in_state("Completed"),
        "numberBatchesFailed": in_state("Failed"),
        "numberBatchesTotal": job.batches.len(),
        "numberRecordsProcessed": processed,
        "numberRetries": 0,
        "apiVersion": f64::from(job.version),
        "numberRecordsFailed": failed,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    })
}

/// `batchInfo`.
pub fn batch(job: &Job, batch: &Batch) -> Value {
    let (processed, failed) = batch.counts();
    json!({
        "id": batch.id,
        "jobId": job.id,
        "state": batch.state(),
        "stateMessage": batch.message(),
        "createdDate": stamp(batch.created_ms),
        "systemModstamp": stamp(batch.created_ms),
        "numberRecordsProcessed": processed,
        "numberRecordsFailed": failed,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    })
}

/// An answer whose document element in XML is `root`.
pub fn reply(status: u16, root: &str, body: &Value, as_json: bool) -> Reply {
    if as_json {
        return Reply::other(status, JSON, body.to_string());
    }
    let document = xml::document(|writer| {
        writer
            .create_element(root)
            .with_attribute(("xmlns", NAMESPACE))
            .write_inner_content(|writer| {
                body.as_object()
                    .into_iter()
                    .flatten()
                    .try_for_each(|(name, value)| xml::element(writer, name, value))
            })
            .map(|_| ())
    });
    Reply::other(status, XML, document)
}
