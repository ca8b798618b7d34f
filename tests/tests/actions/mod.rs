//! The five actions through the real component against the practice org.

mod automation;
mod checked;
mod create;
mod details;
mod downloads;
mod duplicates;
mod fetching;
mod files;
mod foreign;
mod input;
mod keys;
mod kinds;
mod matrix;
mod moving;
mod orgs;
mod partial;
mod races;
mod refused;
mod repeated;
mod searching;
mod server;
mod signed;
mod taken_up;
mod urls;

use connector_tests::world::{World, ids, text, write_private};
use host_runner::session::Session;
use mirror::actions::{Action, ActionError, Outcome, run};
use mirror::store::SqliteMirror;
use practice_org::ApiError;
use practice_org::id::RecordId;
use practice_org::store::{Draft, Trigger, Writer};
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const JOB: &str = "bpats__Job__c";

/// An open job and its stages in order.
pub(crate) fn open_job(world: &World) -> (String, Vec<String>) {
    job_where(world, true)
}

fn job_where(world: &World, open: bool) -> (String, Vec<String>) {
    let db = world.db();
    for job in ids(db, JOB) {
        let status = text(db, JOB, job, "bpats__Status__c");
        let closed = db.read(JOB, job, |row| row.get("bpats__Is_Closed__c").to_value())
            == Some(OrgValue::Bool(true));
        let mut stages: Vec<(i64, String)> = ids(db, STAGE)
            .into_iter()
            .filter(|stage| text(db, STAGE, *stage, "bpats__Job__c") == Some(job.to_string()))
            .map(|stage| {
                let order =
                    match db.read(STAGE, stage, |row| row.get("bpats__Sequence__c").to_value()) {
                        Some(OrgValue::Double(n)) => n as i64,
                        Some(OrgValue::Int(n)) => n,
                        _ => 0,
                    };
                (order, stage.to_string())
            })
            .collect();
        stages.sort();
        if stages.len() > 1 && (status.as_deref() == Some("Open") && !closed) == open {
            return (
                job.to_string(),
                stages.into_iter().map(|(_, id)| id).collect(),
            );
        }
    }
    panic!("the org has no such job");
}

fn input(job: &str, email: &str) -> Value {
    json!({
        "candidate": {
            "first_name": "Ada", "last_name": "O'Hara \\' OR Name != '", "email_address": email, "title": "Engineer",
            "phone_number": "+1 555 0100", "company": "ACME",
            "location": {"city": "Berlin", "country": "DE", "zip_code": "10115"},
            "availability_date": "2026-12-01", "salary_expectations": {"amount": 5000, "period": "MONTH"},
        },
        "application": {"job_id": job},
        "source": {"name": "linkedin"},
    })
}

async fn act_in(
    session: &Session,
    mirror: &mut SqliteMirror,
    action: Action,
    input: &Value,
    key: Option<&str>,
) -> Result<Outcome, ActionError> {
    let profile = mirror::sync::discover(session)
        .await
        .expect("a discovery")
        .discovery
        .profile;
    run(
        session,
        mirror,
        &profile,
        action,
        input,
        key.map(str::to_owned),
    )
    .await
}

async fn act(world: &World, action: Action, input: &Value) -> Result<Outcome, ActionError> {
    act_in(world.session(), &mut world.mirror(), action, input, None).await
}

fn words(outcome: &Outcome) -> Vec<&str> {
    outcome
        .warnings
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect()
}

fn kind(error: &ActionError) -> &'static str {
    match error {
        ActionError::Step(step) => step.error.kind().name(),
        ActionError::Input(_) => "invalid-input",
        other => panic!("{other}"),
    }
}

fn id(text: &Value) -> RecordId {
    RecordId::parse(text.as_str().unwrap()).unwrap()
}

/// A create with one more file.
fn with_file(mut input: Value, file: Value) -> Value {
    match input.get_mut("attachments").and_then(Value::as_array_mut) {
        Some(files) => files.push(file),
        None => input["attachments"] = json!([file]),
    }
    input
}

/// The tenant with lines before and after those of its file.
fn tenant_with(world: &World, top: &str, end: &str) -> Session {
    let file = world.folder().join("changed.toml");
    let plain = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&file, &format!("{top}\n{plain}\n{end}\n"));
    connector_tests::world::session(&file)
}

/// A value of a row as the org holds it.
fn value(world: &World, object: &str, id: RecordId, field: &str) -> OrgValue {
    let read = world.db().read(object, id, |row| row.get(field).to_value());
    read.unwrap_or(OrgValue::Null)
}

/// What the org does before it stores a new row.
struct Before<F>(F);

impl<F: Fn(&mut Draft) -> Result<(), ApiError> + Send + Sync> Trigger for Before<F> {
    fn before_insert(&self, _: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        self.0(draft)
    }
}
