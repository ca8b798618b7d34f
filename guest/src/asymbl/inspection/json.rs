//! Records of the contract as JSON, with the unified model's names: for people who look at a few of them.

use serde_json::{Value, json};

use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::unified::{
    Application, ApplicationStage, Candidate, EmploymentType, HiringTeamRole, Job, JobStatus,
    Location, Outcome, User, UserStatus, Visibility,
};

/// Each record as an object; of the job relations each row.
pub fn records(records: Records) -> Vec<Value> {
    match records {
        Records::Users(items) => items.into_iter().map(user).collect(),
        Records::Jobs(items) => items.into_iter().map(job).collect(),
        Records::Candidates(items) => items.into_iter().map(candidate).collect(),
        Records::ApplicationStages(items) => items.into_iter().map(stage).collect(),
        Records::Applications(items) => items.into_iter().map(application).collect(),
        Records::JobStages(jobs) => {
            let rows = jobs.into_iter().flat_map(|job| job.stages);
            rows.map(|r| json!({"index": r.index, "job_id": r.job_id, "stage_id": r.stage_id}))
                .collect()
        }
        Records::HiringTeamMembers(jobs) => {
            let rows = jobs.into_iter().flat_map(|job| job.members);
            rows.map(|r| {
                let roles: Vec<&str> = r.roles.into_iter().map(role).collect();
                json!({"roles": roles, "job_id": r.job_id, "user_id": r.user_id})
            })
            .collect()
        }
    }
}

/// The connector's own JSON texts; one that can't be read is shown as text.
fn own(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn user(user: User) -> Value {
    json!({
        "remote_id": user.remote_id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "status": user.status.map(|s| match s {
            UserStatus::Active => "ACTIVE",
            UserStatus::Inactive => "INACTIVE",
        }),
    })
}

fn job(job: Job) -> Value {
    json!({
        "remote_id": job.remote_id,
        "name": job.name,
        "job_code": job.job_code,
        "description": job.description,
        "employment_type": job.employment_type.map(|kind| match kind {
            EmploymentType::FullTime => "FULL_TIME".to_owned(),
            EmploymentType::PartTime => "PART_TIME".to_owned(),
            EmploymentType::Contract => "CONTRACT".to_owned(),
            EmploymentType::Seasonal => "SEASONAL".to_owned(),
            EmploymentType::Internship => "INTERNSHIP".to_owned(),
            EmploymentType::Other(other) => other,
        }),
        "status": job.status.map(|status| match status {
            JobStatus::Open => "OPEN".to_owned(),
            JobStatus::Closed => "CLOSED".to_owned(),
            JobStatus::Draft => "DRAFT".to_owned(),
            JobStatus::Archived => "ARCHIVED".to_owned(),
            JobStatus::Other(other) => other,
        }),
        "visibility": job.visibility.map(|visibility| match visibility {
            Visibility::Public => "PUBLIC".to_owned(),
            Visibility::Internal => "INTERNAL".to_owned(),
            Visibility::Unlisted => "UNLISTED".to_owned(),
            Visibility::Confidential => "CONFIDENTIAL".to_owned(),
            Visibility::Other(other) => other,
        }),
        "salary_amount": job.salary_amount,
        "salary_currency": job.salary_currency,
        "location": job.location.map(location),
        "custom_fields": own(&job.custom_fields),
        "integration_fields": own(&job.integration_fields),
        "remote_url": job.remote_url,
        "opened_at": job.opened_at,
        "remote_created_at": job.remote_created_at,
        "remote_updated_at": job.remote_updated_at,
    })
}

fn candidate(candidate: Candidate) -> Value {
    let phones = candidate.phone_numbers.into_iter();
    let emails = candidate.email_addresses.into_iter();
    json!({
        "remote_id": candidate.remote_id,
        "first_name": candidate.first_name,
        "last_name": candidate.last_name,
        "title": candidate.title,
        "source": candidate.source,
        "phone_numbers": phones
            .map(|p| json!({"phone_number": p.phone_number, "type": p.kind}))
            .collect::<Vec<_>>(),
        "email_addresses": emails
            .map(|e| json!({"email_address": e.email_address, "type": e.kind}))
            .collect::<Vec<_>>(),
        "location": candidate.location.map(location),
        "custom_fields": own(&candidate.custom_fields),
        "integration_fields": own(&candidate.integration_fields),
        "remote_url": candidate.remote_url,
        "remote_created_at": candidate.remote_created_at,
        "remote_updated_at": candidate.remote_updated_at,
    })
}

fn stage(stage: ApplicationStage) -> Value {
    json!({"remote_id": stage.remote_id, "name": stage.name})
}

fn application(application: Application) -> Value {
    json!({
        "remote_id": application.remote_id,
        "outcome": application.outcome.map(|outcome| match outcome {
            Outcome::Pending => "PENDING",
            Outcome::Hired => "HIRED",
            Outcome::Declined => "DECLINED",
        }),
        "rejection_reason_name": application.rejection_reason_name,
        "current_stage_id": application.current_stage_id,
        "job_id": application.job_id,
        "candidate_id": application.candidate_id,
        "custom_fields": own(&application.custom_fields),
        "integration_fields": own(&application.integration_fields),
        "remote_url": application.remote_url,
        "remote_created_at": application.remote_created_at,
        "remote_updated_at": application.remote_updated_at,
    })
}

fn location(location: Location) -> Value {
    json!({
        "city": location.city,
        "country": location.country,
        "state": location.state,
        "street_1": location.street1,
        "street_2": location.street2,
        "zip_code": location.zip_code,
        "raw": location.raw,
    })
}

fn role(role: HiringTeamRole) -> &'static str {
    match role {
        HiringTeamRole::HiringManager => "HIRING_MANAGER",
        HiringTeamRole::Recruiter => "RECRUITER",
        HiringTeamRole::Coordinator => "COORDINATOR",
        HiringTeamRole::Sourcer => "SOURCER",
        HiringTeamRole::Interviewer => "INTERVIEWER",
    }
}
