//! The mapping: how the rows of the ATS become unified records.

use connector_kit::blank;
use connector_kit::reads::{JobPipeline, Records};
use connector_kit::types::Model;
use connector_kit::unified::{
    Application, ApplicationStage, Candidate, EmailAddress, Job, JobStage, JobStatus, Outcome,
    PhoneNumber, User, UserStatus,
};
use serde_json::Value;

/// Returns the records of some rows.
pub fn records(model: Model, rows: &[Value]) -> Records {
    let rows = rows.iter();
    match model {
        Model::Users => Records::Users(rows.filter_map(user).collect()),
        Model::Jobs => Records::Jobs(rows.filter_map(job).collect()),
        Model::Candidates => Records::Candidates(rows.filter_map(candidate).collect()),
        Model::ApplicationStages => {
            Records::ApplicationStages(rows.flat_map(stages_of).filter_map(stage).collect())
        }
        Model::Applications => Records::Applications(rows.filter_map(application).collect()),
        Model::JobStages => Records::JobStages(rows.filter_map(pipeline).collect()),
        Model::HiringTeamMembers => Records::HiringTeamMembers(Vec::new()),
    }
}

fn text(row: &Value, name: &str) -> Option<String> {
    match &row[name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `2026-11-24T09:30:00Z` with the three decimals of the contract.
fn date(row: &Value, name: &str) -> Option<String> {
    let text = text(row, name)?;
    Some(format!("{}.000Z", text.strip_suffix('Z')?))
}

fn stages_of(job: &Value) -> impl Iterator<Item = &Value> {
    job["stages"].as_array().into_iter().flatten()
}

fn user(row: &Value) -> Option<User> {
    Some(User {
        first_name: text(row, "first_name"),
        last_name: text(row, "last_name"),
        email: text(row, "email"),
        status: row["disabled"].as_bool().map(|disabled| match disabled {
            true => UserStatus::Inactive,
            false => UserStatus::Active,
        }),
        remote_data: Some(row.to_string()),
        ..blank::user(text(row, "id")?)
    })
}

fn job(row: &Value) -> Option<Job> {
    Some(Job {
        name: text(row, "title"),
        description: text(row, "description"),
        status: text(row, "state").map(|state| match state.as_str() {
            "published" => JobStatus::Open,
            "closed" => JobStatus::Closed,
            "draft" => JobStatus::Draft,
            _ => JobStatus::Other(state),
        }),
        remote_url: text(row, "url"),
        remote_created_at: date(row, "created_at"),
        remote_updated_at: date(row, "updated_at"),
        remote_data: Some(row.to_string()),
        ..blank::job(text(row, "id")?)
    })
}

fn candidate(row: &Value) -> Option<Candidate> {
    let phone = |phone_number| PhoneNumber {
        phone_number,
        kind: None,
    };
    let email = |email_address| EmailAddress {
        email_address,
        kind: Some("HOME".into()),
    };
    Some(Candidate {
        first_name: text(row, "first_name"),
        last_name: text(row, "last_name"),
        phone_numbers: text(row, "phone").into_iter().map(phone).collect(),
        email_addresses: text(row, "email").into_iter().map(email).collect(),
        remote_created_at: date(row, "created_at"),
        remote_updated_at: date(row, "updated_at"),
        remote_data: Some(row.to_string()),
        ..blank::candidate(text(row, "id")?)
    })
}

fn stage(row: &Value) -> Option<ApplicationStage> {
    Some(ApplicationStage {
        name: text(row, "name"),
        remote_data: Some(row.to_string()),
        ..blank::application_stage(text(row, "id")?)
    })
}

fn pipeline(job: &Value) -> Option<JobPipeline> {
    let job_id = text(job, "id")?;
    let stage = |(index, stage): (u32, &Value)| {
        Some(JobStage {
            index: Some(index),
            job_id: job_id.clone(),
            stage_id: text(stage, "id")?,
        })
    };
    Some(JobPipeline {
        stages: (0..).zip(stages_of(job)).filter_map(stage).collect(),
        job_id,
    })
}

fn application(row: &Value) -> Option<Application> {
    Some(Application {
        outcome: text(row, "status").and_then(|status| match status.as_str() {
            "active" => Some(Outcome::Pending),
            "hired" => Some(Outcome::Hired),
            "rejected" => Some(Outcome::Declined),
            _ => None,
        }),
        current_stage_id: text(row, "stage_id"),
        job_id: text(row, "job_id"),
        candidate_id: text(row, "candidate_id"),
        remote_created_at: date(row, "created_at"),
        remote_updated_at: date(row, "updated_at"),
        remote_data: Some(row.to_string()),
        ..blank::application(text(row, "id")?)
    })
}
