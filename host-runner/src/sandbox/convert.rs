//! The contract's records become checked unified records at the edge; inside the host nothing else is passed on.

use serde_json::{Map, Value, json};

use super::bindings::contract::{reads, types, unified};
use super::bounds;
use super::error::CallError;
use crate::unified::{Model, UnifiedRecord};

/// The rows of a page or a batch.
#[derive(Debug)]
pub enum PageRows {
    /// Rows that stand for themselves.
    Rows(Vec<UnifiedRecord>),
    /// Complete sets, one a job: rows of that job that are not in its set are gone.
    Sets(Vec<(String, Vec<UnifiedRecord>)>),
}

/// A page of any model.
#[derive(Debug)]
pub struct Page {
    /// The records.
    pub rows: PageRows,
    /// How the listing goes on, what is gone, what to read again.
    pub info: reads::PageInfo,
}

impl Page {
    /// How many things it brings that are kept: records, deletions, rechecks.
    pub fn items(&self) -> usize {
        let rechecks = self.info.rechecks.iter().map(|recheck| recheck.ids.len());
        self.rows.len() + self.info.deleted.len() + rechecks.sum::<usize>()
    }
}

/// The answer to a read by ids.
#[derive(Debug)]
pub struct RecordBatch {
    /// What there is.
    pub found: PageRows,
    /// The versions of those records, in order; empty where the connector gives none.
    pub versions: Vec<u64>,
    /// What is seen and not (any more) of the model.
    pub gone: Vec<String>,
    /// What is not seen.
    pub unseen: Vec<String>,
    /// What to read again after the next listings.
    pub rechecks: Vec<reads::Recheck>,
}

/// The contract's name of a model.
pub fn contract_model(model: Model) -> types::Model {
    match model {
        Model::Users => types::Model::Users,
        Model::Jobs => types::Model::Jobs,
        Model::Candidates => types::Model::Candidates,
        Model::ApplicationStages => types::Model::ApplicationStages,
        Model::Applications => types::Model::Applications,
        Model::JobStages => types::Model::JobStages,
        Model::HiringTeamMembers => types::Model::HiringTeamMembers,
    }
}

/// The host's name of a model.
pub fn unified_model(model: types::Model) -> Model {
    match model {
        types::Model::Users => Model::Users,
        types::Model::Jobs => Model::Jobs,
        types::Model::Candidates => Model::Candidates,
        types::Model::ApplicationStages => Model::ApplicationStages,
        types::Model::Applications => Model::Applications,
        types::Model::JobStages => Model::JobStages,
        types::Model::HiringTeamMembers => Model::HiringTeamMembers,
    }
}

impl PageRows {
    /// How many records, whatever their grouping.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Sets(sets) => sets.iter().map(|(_, rows)| rows.len()).sum(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records, without their grouping.
    pub fn into_records(self) -> Vec<UnifiedRecord> {
        match self {
            Self::Rows(rows) => rows,
            Self::Sets(sets) => sets.into_iter().flat_map(|(_, rows)| rows).collect(),
        }
    }
}

/// One page function a model: typed items in, checked records out.
macro_rules! page {
    ($name:ident, $page:ident, $rows:ident) => {
        pub(super) fn $name(page: reads::$page) -> Result<Page, CallError> {
            Ok(Page {
                rows: $rows(page.items)?,
                info: page.info,
            })
        }
    };
}

page!(users, UsersPage, user_rows);
page!(jobs, JobsPage, job_rows);
page!(candidates, CandidatesPage, candidate_rows);
page!(application_stages, ApplicationStagesPage, stage_rows);
page!(applications, ApplicationsPage, application_rows);
page!(job_stages, JobStagesPage, pipeline_sets);
page!(hiring_team_members, HiringTeamMembersPage, team_sets);

pub(super) fn record_batch(batch: reads::RecordBatch) -> Result<RecordBatch, CallError> {
    let found = match batch.found {
        reads::Records::Users(items) => user_rows(items),
        reads::Records::Jobs(items) => job_rows(items),
        reads::Records::Candidates(items) => candidate_rows(items),
        reads::Records::ApplicationStages(items) => stage_rows(items),
        reads::Records::Applications(items) => application_rows(items),
        reads::Records::JobStages(items) => pipeline_sets(items),
        reads::Records::HiringTeamMembers(items) => team_sets(items),
    }?;
    Ok(RecordBatch {
        found,
        versions: batch.versions,
        gone: batch.gone,
        unseen: batch.unseen,
        rechecks: batch.rechecks,
    })
}

fn user_rows(items: Vec<unified::User>) -> Result<PageRows, CallError> {
    rows(Model::Users, items, |user| {
        let fields = json!({
            "remote_id": user.remote_id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "status": user.status.map(|status| match status {
                unified::UserStatus::Active => "ACTIVE",
                unified::UserStatus::Inactive => "INACTIVE",
            }),
        });
        Ok((fields, user.remote_data))
    })
}

fn job_rows(items: Vec<unified::Job>) -> Result<PageRows, CallError> {
    rows(Model::Jobs, items, |job| {
        let fields = json!({
            "remote_id": job.remote_id,
            "name": job.name,
            "job_code": job.job_code,
            "description": job.description,
            "employment_type": job.employment_type.map(|kind| match kind {
                unified::EmploymentType::FullTime => "FULL_TIME".into(),
                unified::EmploymentType::PartTime => "PART_TIME".into(),
                unified::EmploymentType::Contract => "CONTRACT".into(),
                unified::EmploymentType::Seasonal => "SEASONAL".into(),
                unified::EmploymentType::Internship => "INTERNSHIP".into(),
                unified::EmploymentType::Other(other) => other,
            }),
            "status": job.status.map(|status| match status {
                unified::JobStatus::Open => "OPEN".into(),
                unified::JobStatus::Closed => "CLOSED".into(),
                unified::JobStatus::Draft => "DRAFT".into(),
                unified::JobStatus::Archived => "ARCHIVED".into(),
                unified::JobStatus::Other(other) => other,
            }),
            "visibility": job.visibility.map(|visibility| match visibility {
                unified::Visibility::Public => "PUBLIC".into(),
                unified::Visibility::Internal => "INTERNAL".into(),
                unified::Visibility::Unlisted => "UNLISTED".into(),
                unified::Visibility::Confidential => "CONFIDENTIAL".into(),
                unified::Visibility::Other(other) => other,
            }),
            "salary_amount": job.salary_amount,
            "salary_currency": job.salary_currency,
            "location": job.location.map(location),
            "custom_fields": tenant_json("jobs.custom_fields", &job.custom_fields)?,
            "integration_fields": tenant_json("jobs.integration_fields", &job.integration_fields)?,
            "remote_url": job.remote_url,
            "opened_at": job.opened_at,
            "remote_created_at": job.remote_created_at,
            "remote_updated_at": job.remote_updated_at,
        });
        Ok((fields, job.remote_data))
    })
}

fn candidate_rows(items: Vec<unified::Candidate>) -> Result<PageRows, CallError> {
    rows(Model::Candidates, items, |candidate| {
        let phones: Vec<Value> = candidate
            .phone_numbers
            .into_iter()
            .map(|phone| json!({ "phone_number": phone.phone_number, "type": phone.kind }))
            .collect();
        let emails: Vec<Value> = candidate
            .email_addresses
            .into_iter()
            .map(|email| json!({ "email_address": email.email_address, "type": email.kind }))
            .collect();
        let fields = json!({
            "remote_id": candidate.remote_id,
            "first_name": candidate.first_name,
            "last_name": candidate.last_name,
            "title": candidate.title,
            "source": candidate.source,
            "phone_numbers": phones,
            "email_addresses": emails,
            "location": candidate.location.map(location),
            "custom_fields": tenant_json("candidates.custom_fields", &candidate.custom_fields)?,
            "integration_fields":
                tenant_json("candidates.integration_fields", &candidate.integration_fields)?,
            "remote_url": candidate.remote_url,
            "remote_created_at": candidate.remote_created_at,
            "remote_updated_at": candidate.remote_updated_at,
        });
        Ok((fields, candidate.remote_data))
    })
}

/// An action's candidate.
///
/// # Errors
/// [`CallError::BrokenContract`] for what is no candidate of the contract.
pub fn candidate_record(candidate: unified::Candidate) -> Result<UnifiedRecord, CallError> {
    single(candidate_rows(vec![candidate])?)
}

/// An action's application.
///
/// # Errors
/// As [`candidate_record`].
pub fn application_record(application: unified::Application) -> Result<UnifiedRecord, CallError> {
    single(application_rows(vec![application])?)
}

fn single(rows: PageRows) -> Result<UnifiedRecord, CallError> {
    let record = match rows {
        PageRows::Rows(rows) => rows.into_iter().next(),
        PageRows::Sets(_) => None,
    };
    record.ok_or_else(|| CallError::BrokenContract("a record is missing".into()))
}

fn stage_rows(items: Vec<unified::ApplicationStage>) -> Result<PageRows, CallError> {
    rows(Model::ApplicationStages, items, |stage| {
        Ok((
            json!({ "remote_id": stage.remote_id, "name": stage.name }),
            stage.remote_data,
        ))
    })
}

fn application_rows(items: Vec<unified::Application>) -> Result<PageRows, CallError> {
    rows(Model::Applications, items, |application| {
        let fields = json!({
            "remote_id": application.remote_id,
            "outcome": application.outcome.map(|outcome| match outcome {
                unified::Outcome::Pending => "PENDING",
                unified::Outcome::Hired => "HIRED",
                unified::Outcome::Declined => "DECLINED",
            }),
            "rejection_reason_name": application.rejection_reason_name,
            "current_stage_id": application.current_stage_id,
            "job_id": application.job_id,
            "candidate_id": application.candidate_id,
            "custom_fields": tenant_json("applications.custom_fields", &application.custom_fields)?,
            "integration_fields":
                tenant_json("applications.integration_fields", &application.integration_fields)?,
            "remote_url": application.remote_url,
            "remote_created_at": application.remote_created_at,
            "remote_updated_at": application.remote_updated_at,
        });
        Ok((fields, application.remote_data))
    })
}

fn pipeline_sets(items: Vec<reads::JobPipeline>) -> Result<PageRows, CallError> {
    sets(Model::JobStages, items, |pipeline| {
        let rows = pipeline
            .stages
            .into_iter()
            .map(
                |row| json!({ "index": row.index, "job_id": row.job_id, "stage_id": row.stage_id }),
            )
            .collect();
        (pipeline.job_id, rows)
    })
}

fn team_sets(items: Vec<reads::JobTeam>) -> Result<PageRows, CallError> {
    sets(Model::HiringTeamMembers, items, |team| {
        let rows = team
            .members
            .into_iter()
            .map(|row| {
                let roles: Vec<&str> = row.roles.into_iter().map(role).collect();
                json!({ "roles": roles, "job_id": row.job_id, "user_id": row.user_id })
            })
            .collect();
        (team.job_id, rows)
    })
}

fn role(role: unified::HiringTeamRole) -> &'static str {
    match role {
        unified::HiringTeamRole::HiringManager => "HIRING_MANAGER",
        unified::HiringTeamRole::Recruiter => "RECRUITER",
        unified::HiringTeamRole::Coordinator => "COORDINATOR",
        unified::HiringTeamRole::Sourcer => "SOURCER",
        unified::HiringTeamRole::Interviewer => "INTERVIEWER",
    }
}

fn location(location: unified::Location) -> Value {
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

fn rows<T>(
    model: Model,
    items: Vec<T>,
    fields: impl Fn(T) -> Result<(Value, Option<String>), CallError>,
) -> Result<PageRows, CallError> {
    items
        .into_iter()
        .map(|item| {
            let (fields, remote_data) = fields(item)?;
            record(model, fields, remote_data)
        })
        .collect::<Result<_, _>>()
        .map(PageRows::Rows)
}

fn sets<T>(
    model: Model,
    items: Vec<T>,
    split: impl Fn(T) -> (String, Vec<Value>),
) -> Result<PageRows, CallError> {
    items
        .into_iter()
        .map(|item| {
            let (job_id, rows) = split(item);
            let rows = rows
                .into_iter()
                .map(|fields| record(model, fields, None))
                .collect::<Result<Vec<_>, _>>()?;
            match rows
                .iter()
                .find(|row| row.reference("job_id") != Some(job_id.as_str()))
            {
                Some(_) => Err(CallError::BrokenContract(format!(
                    "{model}: the set of job {job_id} holds a row of another job"
                ))),
                None => Ok((job_id, rows)),
            }
        })
        .collect::<Result<_, _>>()
        .map(PageRows::Sets)
}

fn record(
    model: Model,
    fields: Value,
    remote_data: Option<String>,
) -> Result<UnifiedRecord, CallError> {
    let content = match fields {
        Value::Object(content) => content,
        _ => Map::new(),
    };
    if let Some(json) = &remote_data {
        bounds::nesting("remote_data", json)?;
    }
    let remote_data = remote_data
        .map(serde_json::value::RawValue::from_string)
        .transpose()
        .map_err(|error| {
            CallError::BrokenContract(format!("{model}.remote_data is no JSON: {error}"))
        })?;
    UnifiedRecord::new(model, content, remote_data)
        .map_err(|error| CallError::BrokenContract(error.to_string()))
}

fn tenant_json(field: &str, text: &str) -> Result<Value, CallError> {
    serde_json::from_str(text)
        .map_err(|error| CallError::BrokenContract(format!("{field} is no JSON: {error}")))
}
