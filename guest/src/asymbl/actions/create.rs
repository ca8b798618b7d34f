//! Create candidate and create application: the same work. Here is what is looked at first; [`super::write`] writes.
//!
//! An existing contact is found by its address and never changed. Who is there already, and who came first in a race,
//! is judged by the org's own unique keys.

use super::fields::{self, Draft};
use super::input::{self, Checked};
use super::kept::Written;
use super::{check_field_on, check_switched_on, lookup, warning};
use crate::asymbl::context::{Context, Known};
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::Tenant;
use crate::asymbl::models::json::{WriteJson, line};
use crate::asymbl::names;
use crate::asymbl::settings::ExistingApplication;
use crate::exports::ats::connector::actions::{ActionContext, CreateInput, Created};
use crate::exports::ats::connector::types::{Conflict, Error, Model, Warning};
use crate::exports::ats::connector::unified::{Job, JobStatus};
use salesforce::ObjectShape;
use salesforce::transport::Transport;

/// Creates a candidate with an application.
///
/// # Errors
/// `invalid-input` with every problem; `job-closed`; `already-exists`; what Salesforce answers. Nothing is written
/// then, except where `unavailable` says that it is unknown.
pub fn create_candidate<T: Transport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &CreateInput,
) -> Result<Created, Error> {
    create(ctx, "create-candidate", context, input)
}

/// Creates an application, and its candidate where there is none with the address.
///
/// # Errors
/// As [`create_candidate`].
pub fn create_application<T: Transport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &CreateInput,
) -> Result<Created, Error> {
    create(ctx, "create-application", context, input)
}

fn create<T: Transport>(
    ctx: &Context<T>,
    action: &str,
    context: &ActionContext,
    input: &CreateInput,
) -> Result<Created, Error> {
    check_switched_on(ctx, action)?;
    if !ctx.settings.allow_closed_jobs {
        check_field_on(ctx, action, Model::Jobs, "status")?;
    }
    let known = ctx.known(&context.profile)?;
    let zone = &known.profile.organization.time_zone;
    let cap = ctx.settings.attachment_cap;
    let mut checked = input::create(context, input, zone, cap)?;
    let mut warnings = std::mem::take(&mut checked.warnings);
    let is_repeat = input::repeats(context).is_some();
    let written = Create::prepare(ctx, &known, input, &checked, is_repeat)?.run(&mut warnings)?;
    let tenant = ctx.tenant(&known.profile);
    let (candidate, application) = lookup::created(ctx, tenant, &written, &mut warnings);
    Ok(Created {
        candidate: read_back("candidate", &written.contact, candidate, &mut warnings),
        candidate_id: written.contact,
        candidate_created: written.contact_created,
        application: read_back(
            "application",
            &written.applicant,
            application,
            &mut warnings,
        ),
        application_id: written.applicant,
        application_created: written.applicant_created,
        warnings,
    })
}

/// A record that is there whether or not it could be read.
fn read_back<R: WriteJson>(
    what: &str,
    id: &str,
    read: Result<R, Error>,
    warnings: &mut Vec<Warning>,
) -> Option<String> {
    match read {
        Ok(record) => Some(line(&record)),
        Err(error) => {
            let cause = message_of(error);
            let message = format!(
                "the {what} {id} is there, but could not be read back ({cause}): the next sync brings it"
            );
            warnings.push(warning("not-read-back", message));
            None
        }
    }
}

/// What an error says.
pub fn message_of(error: Error) -> String {
    match error {
        Error::RateLimited(limit) => limit.failure.message,
        Error::Unauthenticated(f)
        | Error::Permission(f)
        | Error::Unavailable(f)
        | Error::NotFound(f)
        | Error::JobClosed(f)
        | Error::ProfileOutdated(f)
        | Error::ResyncRequired(f)
        | Error::Unsupported(f)
        | Error::Remote(f) => f.message,
        Error::Other(other) => other.failure.message,
        Error::AlreadyExists(conflict) => conflict.failure.message,
        Error::InvalidInput(problems) => problems
            .into_iter()
            .map(|p| p.message)
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// A create whose input is sound.
pub struct Create<'a, T: Transport> {
    pub ctx: &'a Context<T>,
    pub tenant: Tenant<'a>,
    pub input: &'a CreateInput,
    pub checked: &'a Checked,
    /// What is there already may be this call's own work.
    is_repeat: bool,
    /// Contact, as the connected user may write it.
    pub contact: ObjectShape,
    /// The applicant object, likewise.
    pub applicant: ObjectShape,
}

impl<'a, T: Transport> Create<'a, T> {
    fn prepare(
        ctx: &'a Context<T>,
        known: &'a Known,
        input: &'a CreateInput,
        checked: &'a Checked,
        is_repeat: bool,
    ) -> Result<Self, Error> {
        let tenant = ctx.tenant(&known.profile);
        let applicant = tenant.profile.names().api(names::APPLICANT);
        let [contact, applicant] = lookup::shapes(ctx, [names::CONTACT, &applicant])?;
        Ok(Self {
            ctx,
            tenant,
            input,
            checked,
            is_repeat,
            contact,
            applicant,
        })
    }

    fn run(&self, warnings: &mut Vec<Warning>) -> Result<Written, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let email = self.input.candidate.email_address.trim();
        let contacts = lookup::contacts(ctx, tenant, &self.contact, email, warnings)?;
        // Before the job is looked at: a repeat must find its record although the job has closed since.
        if let Some(found) = lookup::applied(ctx, tenant, self.checked.job.as_str(), &contacts)? {
            return self.existing(found, warnings);
        }
        let stage = self.stage(&self.job()?)?;
        if let Some(contact) = contacts.first() {
            lookup::several(&contacts, contact, warnings);
            return self.write(Some(contact), &stage, warnings);
        }
        self.write(None, &stage, warnings)
    }

    fn job(&self) -> Result<Job, Error> {
        let job = lookup::job(self.ctx, self.tenant, self.checked.job.as_str())?;
        if matches!(job.status, Some(JobStatus::Open)) || self.ctx.settings.allow_closed_jobs {
            return Ok(job);
        }
        let status = match &job.status {
            Some(JobStatus::Closed) => "CLOSED",
            Some(JobStatus::Draft) => "DRAFT",
            Some(JobStatus::Archived) => "ARCHIVED",
            Some(JobStatus::Other(other)) => other,
            Some(JobStatus::Open) | None => "unknown",
        };
        let name = job.name.as_deref().unwrap_or("without a name");
        Err(Error::JobClosed(failure(format!(
            "application.job_id: the job {} ({name}) is not open, its status is {status}; the setting `allow_closed_jobs` would let \
             applications in",
            job.remote_id
        ))))
    }

    /// The stage asked for, or the job's first.
    fn stage(&self, job: &Job) -> Result<String, Error> {
        let stages = lookup::stages(self.ctx, self.tenant, &job.remote_id)?;
        let wrong =
            |field: &str, message: String| Err(Error::InvalidInput(vec![problem(field, message)]));
        let Some(first) = stages.first() else {
            return wrong(
                "application.job_id",
                format!(
                    "the job {} has no stages: give it an ATS template in Asymbl",
                    job.remote_id
                ),
            );
        };
        match &self.checked.stage {
            None => Ok(first.id.clone()),
            Some(stage) if stages.iter().any(|s| s.id == stage.as_str()) => Ok(stage.to_string()),
            Some(stage) => {
                let all: Vec<String> = stages
                    .iter()
                    .map(|s| format!("{} {}", s.id, s.name))
                    .collect();
                wrong(
                    "application.stage_id",
                    format!(
                        "{stage} is not a stage of the job {}; its stages: {}",
                        job.remote_id,
                        all.join(", ")
                    ),
                )
            }
        }
    }

    /// What a new contact would hold, to say which inputs one that is there takes no notice of. Inputs that no new
    /// contact could hold are of no interest then.
    pub fn left(&self) -> Option<(ObjectShape, Draft)> {
        let draft = fields::contact(
            self.ctx,
            self.tenant,
            &self.contact,
            &self.input.candidate,
            self.checked,
            &mut Vec::new(),
        );
        Some((self.contact.clone(), draft.ok()?))
    }

    /// The candidate has applied to this job before.
    pub fn existing(
        &self,
        (applicant, contact): (String, String),
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let refuse = self.ctx.settings.existing_application == ExistingApplication::Error;
        if refuse && !self.is_repeat {
            return Err(Error::AlreadyExists(Conflict {
                failure: failure(format!(
                    "the candidate {contact} has applied to the job {} before",
                    self.checked.job
                )),
                existing_id: applicant,
            }));
        }
        warnings.push(warning(
            "application-exists",
            format!("the candidate {contact} has applied to this job before: the application {applicant} is returned as it is"),
        ));
        Ok(Written {
            contact,
            applicant,
            contact_created: false,
            applicant_created: false,
            compared: Vec::new(),
            left: self.left(),
        })
    }
}
