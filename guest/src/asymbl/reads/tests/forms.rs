//! The two forms of a page hold the same records: typed ones, written here by other code, give the text byte for byte.

use serde_json::{Value, json};

use super::{MODELS, cast, instance_with, profile};
use crate::asymbl::reads;
use crate::exports::ats::connector::reads::{ListQuery, Records, TextRecords};
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{
    Application, ApplicationStage, Candidate, EmploymentType, HiringTeamRole, Job, JobStatus,
    Location, Outcome, User, UserStatus, Visibility,
};

#[test]
fn typed_and_text_pages_hold_the_same_records() {
    let cast = cast();
    let known = profile(&cast.org);
    let query = ListQuery {
        since: None,
        cursor: None,
        page_size: None,
    };
    for model in MODELS {
        let ctx = instance_with(&cast.org, "{}", Vec::new());
        macro_rules! typed {
            ($list:ident, $records:ident) => {
                Records::$records(reads::$list(&ctx, &known, &query).unwrap().items)
            };
        }
        let typed = match model {
            Model::Users => typed!(list_users, Users),
            Model::Jobs => typed!(list_jobs, Jobs),
            Model::Candidates => typed!(list_candidates, Candidates),
            Model::ApplicationStages => typed!(list_application_stages, ApplicationStages),
            Model::Applications => typed!(list_applications, Applications),
            Model::JobStages => typed!(list_job_stages, JobStages),
            Model::HiringTeamMembers => typed!(list_hiring_team_members, HiringTeamMembers),
        };
        let text = reads::list_page(&ctx, &known, model, &query).unwrap();
        assert_same(model, typed, &text.records);
    }
}

#[test]
fn typed_and_text_batches_hold_the_same_records() {
    let cast = cast();
    let known = profile(&cast.org);
    for model in MODELS {
        let ids = match model {
            Model::Users => &cast.users,
            Model::Candidates => &cast.contacts,
            Model::ApplicationStages => &cast.stages,
            Model::Applications => &cast.applicants,
            Model::Jobs | Model::JobStages | Model::HiringTeamMembers => &cast.jobs,
        };
        let ctx = instance_with(&cast.org, "{}", Vec::new());
        let typed = reads::get_records(&ctx, &known, model, ids).unwrap();
        let text = reads::get_batch(&ctx, &known, model, ids).unwrap();
        assert_eq!((typed.gone, typed.unseen), (text.gone, text.unseen));
        assert_same(model, typed.found, &text.found);
    }
}

fn assert_same(model: Model, typed: Records, text: &TextRecords) {
    let jobs: Vec<String> = match &typed {
        Records::JobStages(jobs) => jobs.iter().map(|job| job.job_id.clone()).collect(),
        Records::HiringTeamMembers(jobs) => jobs.iter().map(|job| job.job_id.clone()).collect(),
        _ => Vec::new(),
    };
    let lines: String = records(typed)
        .iter()
        .map(|record| format!("{record}\n"))
        .collect();
    assert!(!lines.is_empty(), "{model:?}");
    assert_eq!(text.lines, lines, "{model:?}");
    assert_eq!(text.complete_jobs, jobs, "{model:?}");
}

fn records(records: Records) -> Vec<Value> {
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

/// The connector's own JSON texts.
fn own(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn source(remote_data: Option<&String>) -> Option<Value> {
    remote_data.map(|text| own(text))
}

fn number(number: f64) -> Value {
    if number.fract() == 0.0 {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
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
        "remote_data": source(user.remote_data.as_ref()),
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
        "salary_amount": job.salary_amount.map(number),
        "salary_currency": job.salary_currency,
        "location": job.location.map(location),
        "custom_fields": own(&job.custom_fields),
        "integration_fields": own(&job.integration_fields),
        "remote_url": job.remote_url,
        "opened_at": job.opened_at,
        "remote_created_at": job.remote_created_at,
        "remote_updated_at": job.remote_updated_at,
        "remote_data": source(job.remote_data.as_ref()),
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
        "remote_data": source(candidate.remote_data.as_ref()),
    })
}

fn stage(stage: ApplicationStage) -> Value {
    let source = source(stage.remote_data.as_ref());
    json!({"remote_id": stage.remote_id, "name": stage.name, "remote_data": source})
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
        "remote_data": source(application.remote_data.as_ref()),
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
