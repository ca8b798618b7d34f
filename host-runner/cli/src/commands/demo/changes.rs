//! What people do in the org between the two syncs.

use anyhow::{Context as _, bail};
use http::Method;
use serde_json::{Value, json};

use host_runner::egress::{CallOptions, Purpose, full_body};
use host_runner::session::Session;
use host_runner::unified::Model;
use mirror::store::{Mirror, RecordFilter, Records, StoredRecord};

const APPLICANT: &str = "bpats__ATS_Applicant__c";

/// Changes a few records through Salesforce's REST API, as any client of the org would, and returns a sentence about
/// each.
pub(super) async fn make(session: &Session, mirror: &dyn Mirror) -> anyhow::Result<Vec<String>> {
    let [moved, rejected, deleted] = pending(mirror)?;
    let job = text(&moved, "job_id");
    let stages = stages_of(mirror, &job)?;
    let [first, .., last] = stages.as_slice() else {
        bail!("the job has fewer than two stages")
    };
    let candidate = Records::new(mirror, Model::Candidates, RecordFilter::default())
        .next()
        .transpose()?
        .context("the practice org has no candidates")?;
    let [moved, rejected, deleted, candidate] =
        [moved, rejected, deleted, candidate].map(|stored| stored.record.key().to_string());

    let body = json!({ "bpats__Stage__c": last });
    send(session, Method::PATCH, &record(APPLICANT, &moved), body).await?;
    let body = json!({
        "bpats__Applicant_Status__c": "Rejected",
        "bpats__Asymbl_Rejection_Reason__c": "Client Rejected",
    });
    send(session, Method::PATCH, &record(APPLICANT, &rejected), body).await?;
    send(
        session,
        Method::DELETE,
        &record(APPLICANT, &deleted),
        Value::Null,
    )
    .await?;
    let body = json!({ "Title": "Head of Practice" });
    send(session, Method::PATCH, &record("Contact", &candidate), body).await?;
    let newcomer = apply(session, &job, first).await?;
    Ok(vec![
        format!("applicant {moved} is moved to the last stage of its job"),
        format!("applicant {rejected} is rejected"),
        format!("applicant {deleted} is deleted"),
        format!("candidate {candidate} has a new title"),
        format!(
            "Robin Newcomer ({newcomer}) applies for job {job}, which makes that contact a candidate"
        ),
    ])
}

/// Creates a contact with an application and returns the contact's id.
async fn apply(session: &Session, job: &str, stage: &str) -> anyhow::Result<String> {
    let body = json!({ "FirstName": "Robin", "LastName": "Newcomer", "Email": "robin.newcomer@example.com" });
    let created = send(session, Method::POST, &object("Contact"), body).await?;
    let contact = created
        .get("id")
        .and_then(Value::as_str)
        .context("no id for the new contact")?;
    let body = json!({ "bpats__Job__c": job, "bpats__ATS_Applicant__c": contact, "bpats__Stage__c": stage });
    send(session, Method::POST, &object(APPLICANT), body).await?;
    Ok(contact.to_owned())
}

/// Three pending applications with a job.
fn pending(mirror: &dyn Mirror) -> anyhow::Result<[StoredRecord; 3]> {
    let mut found = Vec::new();
    for stored in Records::new(mirror, Model::Applications, RecordFilter::default()) {
        let stored = stored?;
        if text(&stored, "outcome") == "PENDING" && !text(&stored, "job_id").is_empty() {
            found.push(stored);
        }
        if found.len() == 3 {
            break;
        }
    }
    found
        .try_into()
        .map_err(|_| anyhow::anyhow!("the practice org has no three pending applications"))
}

fn text(stored: &StoredRecord, field: &str) -> String {
    stored.record.text(field).unwrap_or_default()
}

fn object(name: &str) -> String {
    format!("/services/data/v66.0/sobjects/{name}")
}

fn record(name: &str, id: &str) -> String {
    format!("{}/{id}", object(name))
}

/// The stages of a job, in order.
fn stages_of(mirror: &dyn Mirror, job: &str) -> anyhow::Result<Vec<String>> {
    let mut stages = Vec::new();
    for key in mirror.referring(Model::JobStages, Model::Jobs, job, None, 100)? {
        let Some(row) = mirror.by_key(Model::JobStages, &key)? else {
            continue;
        };
        let index = row.record.value("index").as_u64().unwrap_or(u64::MAX);
        if let Some(stage) = row.record.reference("stage_id") {
            stages.push((index, stage.to_owned()));
        }
    }
    stages.sort();
    Ok(stages.into_iter().map(|(_, stage)| stage).collect())
}

async fn send(session: &Session, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = http::Request::builder()
        .method(method.clone())
        .uri(format!("{}{path}", session.tenant().file().instance()))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(full_body(body))?;
    let response = session
        .tenant()
        .gate_for(Purpose::Write)
        .send(request, CallOptions::default())
        .await?;
    let status = response.status();
    let answer = http_body_util::BodyExt::collect(response.into_body())
        .await?
        .to_bytes();
    if !status.is_success() {
        bail!(
            "{method} {path}: {status} {}",
            String::from_utf8_lossy(&answer)
        );
    }
    Ok(if answer.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&answer)?
    })
}
