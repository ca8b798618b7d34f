//! `asymbl demo`: the whole product in half a minute, on a practice org: sync it, change it as recruiters would, sync
//! again, show what changed.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Args;
use http::Method;
use practice_org::PracticeOrg;
use serde_json::{Value, json};

use super::sync::{print, watched};
use super::{Context, Exit, output};
use host_runner::egress::{CallOptions, full_body};
use host_runner::session::Session;
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Mirror, RecordFilter, Records, SqliteMirror, StoredRecord};
use mirror::sync::{SyncOptions, discover};

/// How large an org.
#[derive(Args)]
pub(super) struct Arguments {
    /// How many candidates; the rest of the org grows with them
    #[arg(long, default_value_t = 2_000)]
    candidates: usize,
    /// The same seed gives the same org
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "asymbl syncs an applicant tracking system (Asymbl ATS, on Salesforce) into one unified model."
    )?;
    writeln!(
        out,
        "The connector that knows Asymbl is a WebAssembly component: it has no files, no secrets, no network of"
    )?;
    writeln!(
        out,
        "its own, only HTTP requests that this program checks, signs and sends for it.\n"
    )?;

    let org = PracticeOrg::builder()
        .candidates(arguments.candidates)
        .seed(arguments.seed)
        .start()
        .await
        .context("can't start the practice org")?;
    let folder = tempfile::tempdir().context("can't make a folder for the demo")?;
    let tenant_file = folder.path().join("tenant.toml");
    std::fs::write(&tenant_file, org.tenant_toml()).context("can't write the tenant file")?;
    writeln!(
        out,
        "1. A practice org (a simulated Salesforce org with made-up people) listens on {}.",
        org.url()
    )?;

    let session = context.session(&tenant_file).await?;
    writeln!(out, "2. The connector is loaded. All that it can reach:")?;
    let imports: Vec<&str> = session
        .connector()
        .component()
        .imports()
        .iter()
        .map(|i| i.split('@').next().unwrap_or(i))
        .collect();
    writeln!(out, "   {}\n", imports.join("  "))?;

    let discovered = discover(&session).await?;
    let mut mirror = SqliteMirror::open(&folder.path().join("mirror.sqlite"), &discovered.org)?;
    writeln!(
        out,
        "3. First sync: everything, into a local mirror (SQLite).\n"
    )?;
    let first = watched(&session, &mut mirror, &discovered, &SyncOptions::default()).await?;
    print(&first, &mut out)?;

    writeln!(
        out,
        "\n   Three of the unified records (`asymbl records MODEL --json` prints them all):\n"
    )?;
    for model in [Model::Jobs, Model::Candidates, Model::Applications] {
        if let Some(stored) = Records::new(&mirror, model, RecordFilter::default())
            .next()
            .transpose()?
        {
            writeln!(out, "   {model}: {}\n", sample(&stored, &mirror)?)?;
        }
    }

    writeln!(out, "4. Meanwhile people work in the org:")?;
    let before = Timestamp::now();
    for change in changes(&session, &mirror).await? {
        writeln!(out, "   - {change}")?;
    }

    writeln!(
        out,
        "\n5. Second sync: only what changed, with a safe overlap that is recognised by content.\n"
    )?;
    let discovered = discover(&session).await?;
    let second = watched(&session, &mut mirror, &discovered, &SyncOptions::default()).await?;
    print(&second, &mut out)?;
    writeln!(out, "\n   What changed in the mirror:")?;
    for model in Model::SYNC_ORDER {
        let filter = RecordFilter {
            include_deleted: true,
            changed_since: Some(before),
        };
        for stored in Records::new(&mirror, model, filter) {
            let stored = stored?;
            let gone = if stored.stamps.remote_deleted_at.is_some() {
                "  (gone)"
            } else {
                ""
            };
            writeln!(
                out,
                "   {model}  {}{gone}",
                super::records::summary(&stored.record)
            )?;
        }
    }
    let failed = first
        .models
        .iter()
        .chain(&second.models)
        .any(|model| model.failure.is_some());
    writeln!(
        out,
        "\nThe second sync took {} requests, the first {}. Try it on your own org: see README.md, \"The tenant file\".",
        output::count(second.requests()),
        output::count(first.requests())
    )?;
    org.shutdown().await;
    Ok(if failed { Exit::Failure } else { Exit::Success })
}

/// A record as JSON on several lines, without the bulky parts.
fn sample(stored: &StoredRecord, mirror: &dyn Mirror) -> anyhow::Result<String> {
    let mut record: Value = serde_json::from_str(&stored.line(mirror.org()))?;
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|name, value| {
            !value.is_null()
                && !matches!(
                    name.as_str(),
                    "remote_data" | "custom_fields" | "integration_fields"
                )
        });
        if let Some(Value::String(text)) = fields.get_mut("description") {
            *text = text.chars().take(60).chain("...".chars()).collect();
        }
    }
    Ok(serde_json::to_string_pretty(&record)?.replace('\n', "\n   "))
}

/// Changes a few records through Salesforce's REST API, as any client of the org would; says what it did.
async fn changes(session: &Session, mirror: &dyn Mirror) -> anyhow::Result<Vec<String>> {
    let all = |model| Records::new(mirror, model, RecordFilter::default());
    let text = |stored: &StoredRecord, field: &str| -> String {
        stored
            .record
            .content()
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut done = Vec::new();

    // Applications that are in play: pending, with a job that has a stage for us.
    let mut pending = Vec::new();
    for stored in all(Model::Applications) {
        let stored = stored?;
        if text(&stored, "outcome") == "PENDING" && !text(&stored, "job_id").is_empty() {
            pending.push(stored);
        }
        if pending.len() == 3 {
            break;
        }
    }
    let [moved, rejected, deleted] = pending.as_slice() else {
        bail!("the practice org has no pending applications")
    };

    let stages = stages_of(mirror, &text(moved, "job_id"))?;
    let last = stages.last().context("the job has no stages")?;
    let path = |object: &str, id: &str| format!("/services/data/v66.0/sobjects/{object}/{id}");
    let key = |stored: &StoredRecord| stored.record.key().to_string();
    let applicant = "bpats__ATS_Applicant__c";
    send(
        session,
        Method::PATCH,
        &path(applicant, &key(moved)),
        json!({ "bpats__Stage__c": last }),
    )
    .await?;
    done.push(format!(
        "applicant {} is moved to the last stage of its job",
        key(moved)
    ));
    send(
        session,
        Method::PATCH,
        &path(applicant, &key(rejected)),
        json!({ "bpats__Applicant_Status__c": "Rejected", "bpats__Asymbl_Rejection_Reason__c": "Client Rejected" }),
    )
    .await?;
    done.push(format!("applicant {} is rejected", key(rejected)));
    send(
        session,
        Method::DELETE,
        &path(applicant, &key(deleted)),
        Value::Null,
    )
    .await?;
    done.push(format!("applicant {} is deleted", key(deleted)));

    let candidate = all(Model::Candidates)
        .next()
        .transpose()?
        .context("the practice org has no candidates")?;
    send(
        session,
        Method::PATCH,
        &path("Contact", &key(&candidate)),
        json!({ "Title": "Head of Practice" }),
    )
    .await?;
    done.push(format!("candidate {} has a new title", key(&candidate)));

    let created = send(
        session,
        Method::POST,
        "/services/data/v66.0/sobjects/Contact",
        json!({ "FirstName": "Robin", "LastName": "Newcomer", "Email": "robin.newcomer@example.com" }),
    )
    .await?;
    let contact = created
        .get("id")
        .and_then(Value::as_str)
        .context("no id for the new contact")?;
    let job = text(moved, "job_id");
    let first = stages_of(mirror, &job)?
        .into_iter()
        .next()
        .context("the job has no stages")?;
    send(
        session,
        Method::POST,
        &format!("/services/data/v66.0/sobjects/{applicant}"),
        json!({ "bpats__Job__c": job, "bpats__ATS_Applicant__c": contact, "bpats__Stage__c": first }),
    )
    .await?;
    done.push(format!(
        "Robin Newcomer ({contact}) applies for job {job}, which makes that contact a candidate"
    ));
    Ok(done)
}

/// The stages of a job, in order.
fn stages_of(mirror: &dyn Mirror, job: &str) -> anyhow::Result<Vec<String>> {
    let mut stages = Vec::new();
    for key in mirror.referring(Model::JobStages, Model::Jobs, job, None, 100)? {
        let Some(row) = mirror.by_key(Model::JobStages, &key)? else {
            continue;
        };
        let index = row
            .record
            .content()
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX);
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
        .gate()
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
