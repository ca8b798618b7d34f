//! Create candidate and create application: the same work.
//!
//! An existing contact is found by its address and never changed. A new contact and its applicant are written in one request,
//! all or nothing. Who is there already, and who came first in a race, is judged by the org's own unique keys.

use serde_json::Value;

use super::fields::{self, Draft, email_hash};
use super::input::{self, Checked};
use super::refusal::Blame;
use super::{
    attach, check_field_on, check_switched_on, is_ambiguous, lookup, source, table, warning,
};
use crate::asymbl::context::{Context, Known};
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::Tenant;
use crate::asymbl::names;
use crate::asymbl::settings::ExistingApplication;
use crate::exports::ats::connector::actions::{ActionContext, CreateInput, Created};
use crate::exports::ats::connector::types::{Conflict, Error, Model, Warning};
use crate::exports::ats::connector::unified::{Job, JobStatus};
use crate::salesforce::composite::reference;
use crate::salesforce::{
    Composite, ErrorKind, ObjectShape, SalesforceError, SalesforceId, SubResponse, Subrequest,
};
use crate::transport::{FileTransport, Method, Transport};

/// How the two new records are called within their request.
const CONTACT: &str = "contact";
const APPLICANT: &str = "applicant";

/// Creates a candidate with an application.
///
/// # Errors
/// `invalid-input` with every problem; `job-closed`; `already-exists`; what Salesforce answers. Nothing is written then, except
/// where `unavailable` says that it is unknown.
pub fn create_candidate<T: FileTransport>(
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
pub fn create_application<T: FileTransport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &CreateInput,
) -> Result<Created, Error> {
    create(ctx, "create-application", context, input)
}

/// The records of a create, new or found.
struct Written {
    contact: String,
    applicant: String,
    contact_created: bool,
    applicant_created: bool,
}

fn create<T: FileTransport>(
    ctx: &Context<T>,
    action: &str,
    context: &ActionContext,
    input: &CreateInput,
) -> Result<Created, Error> {
    check_switched_on(ctx, action)?;
    if !ctx.settings.actions.allow_closed_jobs {
        check_field_on(ctx, action, Model::Jobs, "status")?;
    }
    let known = ctx.known(&context.profile)?;
    let zone = &known.profile.organization.time_zone;
    let mut checked = input::create(context, input, zone, ctx.settings.actions.attachment_cap)?;
    let mut warnings = std::mem::take(&mut checked.warnings);
    let written = Create::prepare(ctx, &known, input, &checked)?.run(&mut warnings)?;
    let tenant = ctx.tenant(&known.profile);
    let target = attach::Target {
        contact: &written.contact,
        is_new: written.contact_created,
        is_repeat: !written.applicant_created,
    };
    let attachments = attach::all(ctx, tenant, &target, &input.attachments, &mut warnings);
    let read_back = |e: Error| unread(e, &written);
    Ok(Created {
        candidate: lookup::candidate(ctx, tenant, &written.contact).map_err(read_back)?,
        candidate_created: written.contact_created,
        application: lookup::application(ctx, tenant, &written.applicant).map_err(read_back)?,
        application_created: written.applicant_created,
        attachments,
        warnings,
    })
}

/// The records are there but could not be read: the call can be repeated, and says so.
fn unread(error: Error, written: &Written) -> Error {
    let cause = match error {
        Error::RateLimited(limit) => return Error::RateLimited(limit),
        Error::Unauthenticated(f)
        | Error::Permission(f)
        | Error::Unavailable(f)
        | Error::NotFound(f)
        | Error::Remote(f) => f.message,
        other => return other,
    };
    Error::Unavailable(failure(format!(
        "the candidate {} and the application {} are written but could not be read back ({cause}); the same call again returns them",
        written.contact, written.applicant
    )))
}

/// A create whose input is sound.
struct Create<'a, T: Transport> {
    ctx: &'a Context<T>,
    tenant: Tenant<'a>,
    input: &'a CreateInput,
    checked: &'a Checked,
    contact: ObjectShape,
    applicant: ObjectShape,
}

impl<'a, T: Transport> Create<'a, T> {
    fn prepare(
        ctx: &'a Context<T>,
        known: &'a Known,
        input: &'a CreateInput,
        checked: &'a Checked,
    ) -> Result<Self, Error> {
        let tenant = ctx.tenant(&known.profile);
        let applicant = tenant.profile.names().api(names::APPLICANT);
        let [contact, applicant] = lookup::shapes(ctx, [names::CONTACT, &applicant])?;
        Ok(Self {
            ctx,
            tenant,
            input,
            checked,
            contact,
            applicant,
        })
    }

    fn run(&self, warnings: &mut Vec<Warning>) -> Result<Written, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let email = self.input.candidate.email_address.trim();
        let contacts = lookup::contacts(ctx, tenant, &self.contact, email)?;
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
        if matches!(job.status, Some(JobStatus::Open))
            || self.ctx.settings.actions.allow_closed_jobs
        {
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
                        "{stage} is no stage of the job {}; its stages: {}",
                        job.remote_id,
                        all.join(", ")
                    ),
                )
            }
        }
    }

    /// The candidate has applied to this job before.
    fn existing(
        &self,
        (applicant, contact): (String, String),
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        // Whether this is a repeat can't be told from the org; with a key a caller asks for the record either way.
        let refuse = self.ctx.settings.actions.existing_application == ExistingApplication::Error;
        if refuse && !self.checked.keyed {
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
        })
    }

    /// Writes the applicant, and the contact before it where there is none.
    fn write(
        &self,
        contact: Option<&str>,
        stage: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let mut said = Vec::new();
        let person = match contact {
            Some(_) => None,
            None => Some(fields::contact(
                ctx,
                tenant,
                &self.contact,
                &self.input.candidate,
                self.checked,
                &mut said,
            )?),
        };
        let link = contact.map_or_else(|| reference(CONTACT, "id"), str::to_owned);
        let job = self.checked.job.as_str();
        let mut applicant = fields::applicant(ctx, tenant, &self.applicant, &link, job, stage);
        self.add_source(&mut applicant, &mut said)?;
        let mut request = Composite::new().all_or_none();
        if let Some(person) = &person {
            request = request.add(insert(ctx, CONTACT, &self.contact.name, person));
        }
        request = request.add(insert(ctx, APPLICANT, &self.applicant.name, &applicant));
        let answers = match ctx.client.composite(&request, "create the application") {
            Ok(answers) => answers,
            Err(error) if is_ambiguous(&error) => {
                return self.recover(error, contact.is_none(), warnings);
            }
            Err(error) => return Err(error.into()),
        };
        let Some((member, error)) = first_failure(&answers) else {
            let id = |name: &str| {
                answers
                    .iter()
                    .find(|a| a.reference == name)
                    .and_then(new_id)
            };
            let contact_id = contact.map(str::to_owned).or_else(|| id(CONTACT));
            let (Some(contact_id), Some(applicant)) = (contact_id, id(APPLICANT)) else {
                return self.recover(
                    SalesforceError::malformed("the answer lacks an id"),
                    contact.is_none(),
                    warnings,
                );
            };
            warnings.append(&mut said);
            return Ok(Written {
                contact: contact_id,
                applicant,
                contact_created: contact.is_none(),
                applicant_created: true,
            });
        };
        let is_contact = member == CONTACT;
        if matches!(error.kind, ErrorKind::DuplicateValue { .. })
            && let Some(found) = self.raced(is_contact, contact)?
        {
            return match found {
                Raced::Contact(contact) => self.write(Some(&contact), stage, warnings),
                Raced::Applicant(found) => self.existing(found, warnings),
            };
        }
        let (object, draft, whole) = match (&person, is_contact) {
            (Some(person), true) => (&self.contact, person, "candidate"),
            _ => (&self.applicant, &applicant, "application"),
        };
        Err(Blame {
            object,
            fields: draft.sources.clone(),
            whole,
        }
        .typed(error))
    }

    fn add_source(&self, applicant: &mut Draft, warnings: &mut Vec<Warning>) -> Result<(), Error> {
        let names = self.tenant.profile.names();
        let [picklist, free] = table::SOURCE.map(|n| names.api(n));
        let policy = self.ctx.settings.actions.source_policy;
        let chosen = source::field(
            self.input.source.as_ref(),
            &self.applicant,
            [&picklist, &free],
            policy,
            warnings,
        )?;
        if let Some((field, value)) = chosen {
            applicant.sources.push((field.clone(), "source".to_owned()));
            applicant.values.insert(field, Value::from(value));
        }
        Ok(())
    }

    /// Who was there first, when a unique key says that somebody was.
    fn raced(&self, is_contact: bool, contact: Option<&str>) -> Result<Option<Raced>, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        if !is_contact {
            let contacts: Vec<String> = contact.map(str::to_owned).into_iter().collect();
            let found = lookup::applied(ctx, tenant, self.checked.job.as_str(), &contacts)?;
            return Ok(found.map(Raced::Applicant));
        }
        let Some(field) = &ctx.settings.actions.contact_external_id_field else {
            return Ok(None);
        };
        let hash = email_hash(&self.input.candidate.email_address);
        let Some(contact) = lookup::contact_of(ctx, tenant, &self.contact, field, &hash)? else {
            return Ok(None);
        };
        let contacts = [contact.clone()];
        let applied = lookup::applied(ctx, tenant, self.checked.job.as_str(), &contacts)?;
        Ok(Some(
            applied.map_or(Raced::Contact(contact), Raced::Applicant),
        ))
    }

    /// The answer was lost: looks whether the records are there. Never writes again, since the first write may still be at work.
    fn recover(
        &self,
        error: SalesforceError,
        new_contact: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let email = self.input.candidate.email_address.trim();
        let contacts = lookup::contacts(ctx, tenant, &self.contact, email).unwrap_or_default();
        let found =
            lookup::applied(ctx, tenant, self.checked.job.as_str(), &contacts).unwrap_or_default();
        if let Some((applicant, contact)) = found {
            warnings.push(warning(
                "answer-lost",
                "the org's answer was lost; the records were found to be written",
            ));
            return Ok(Written {
                contact,
                applicant,
                contact_created: new_contact,
                applicant_created: true,
            });
        }
        Err(Error::Unavailable(failure(format!(
            "{error}: whether the records were written is not known yet; the same call again finds them or writes them"
        ))))
    }
}

enum Raced {
    Contact(String),
    Applicant((String, String)),
}

fn insert<T: Transport>(ctx: &Context<T>, name: &str, object: &str, draft: &Draft) -> Subrequest {
    let path = ctx.client.path(&format!("sobjects/{object}"));
    Subrequest::write(
        Method::Post,
        name,
        path,
        Value::Object(draft.values.clone()),
    )
}

/// The member that failed by itself, not because another one did.
fn first_failure(answers: &[SubResponse]) -> Option<(String, SalesforceError)> {
    let mut failed = answers
        .iter()
        .filter_map(|a| Some((a.reference.clone(), a.ok().err()?)));
    let first = failed.next()?;
    if first.1.kind != ErrorKind::Halted {
        return Some(first);
    }
    failed
        .find(|(_, error)| error.kind != ErrorKind::Halted)
        .or(Some(first))
}

fn new_id(answer: &SubResponse) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct New {
        id: SalesforceId,
    }
    answer
        .ok()
        .ok()?
        .parse::<New>()
        .ok()
        .map(|new| new.id.to_string())
}
