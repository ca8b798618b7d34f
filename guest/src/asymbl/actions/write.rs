//! The writing half of a create: contact and applicant in one request, all or nothing, and what becomes of an answer
//! that is lost, or of a race that is lost.

use serde_json::Value;

use super::alerts::Alerts;
use super::create::Create;
use super::fields::{self, Draft, email_hash};
use super::kept::Written;
use super::refusal::Blame;
use super::{is_ambiguous, lookup, source, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::failure;
use crate::asymbl::settings::DuplicateAlerts;
use crate::exports::ats::connector::types::{Conflict, Error, Warning};
use salesforce::composite::reference;
use salesforce::transport::{Method, Transport};
use salesforce::{
    Composite, ErrorKind, ObjectShape, SalesforceError, SalesforceId, SubResponse, Subrequest,
};

/// How the two new records are called within their request.
const CONTACT: &str = "contact";
const APPLICANT: &str = "applicant";

/// The new records of a create.
struct Drafts {
    /// None: the contact is there.
    contact: Option<Draft>,
    applicant: Draft,
}

/// What became of a request that writes.
enum Sent {
    Answers(Vec<SubResponse>),
    /// Whether the records were written is not known.
    Unknown(SalesforceError),
}

impl<T: Transport> Create<'_, T> {
    /// Writes the applicant, and the contact before it where there is none.
    pub fn write(
        &self,
        contact: Option<&str>,
        stage: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let mut noticed = Vec::new();
        let drafts = self.drafts(contact, stage, &mut noticed)?;
        let answers = match self.send(&drafts, &mut noticed)? {
            Sent::Answers(answers) => answers,
            Sent::Unknown(error) => return self.recover(error, contact.is_none(), warnings),
        };
        if let Some((member, error)) = first_failure(&answers) {
            return self.refused(&drafts, &member, error, (contact, stage), warnings);
        }
        let id = |name: &str| {
            let of = answers.iter().find(|a| a.reference == name);
            of.and_then(new_id)
        };
        let contact_id = contact.map(str::to_owned).or_else(|| id(CONTACT));
        let (Some(contact_id), Some(applicant)) = (contact_id, id(APPLICANT)) else {
            let error = SalesforceError::malformed("the answer lacks an id");
            return self.recover(error, contact.is_none(), warnings);
        };
        warnings.append(&mut noticed);
        Ok(Written {
            contact: contact_id,
            applicant,
            contact_created: contact.is_none(),
            applicant_created: true,
            compared: self.compared(drafts),
            left: contact.and_then(|_| self.left()),
        })
    }

    fn drafts(
        &self,
        contact: Option<&str>,
        stage: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Drafts, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let person = match contact {
            Some(_) => None,
            None => Some(fields::contact(
                ctx,
                tenant,
                &self.contact,
                &self.input.candidate,
                self.checked,
                warnings,
            )?),
        };
        let link = contact.map_or_else(|| reference(CONTACT, "id"), str::to_owned);
        let names = tenant.profile.names();
        let [picklist, free] = table::SOURCE.map(|n| names.api(n));
        let source = source::field(
            self.input.source.as_ref(),
            &self.applicant,
            [&picklist, &free],
            ctx.settings.source_policy,
            warnings,
        )?;
        let links = fields::Links {
            contact: &link,
            job: self.checked.job.as_str(),
            stage,
            stage_asked: self.checked.stage.is_some(),
            source,
        };
        Ok(Drafts {
            contact: person,
            applicant: fields::applicant(ctx, tenant, &self.applicant, &links),
        })
    }

    /// Sends both records in one request, all or nothing; once more through the alert of a duplicate rule where the
    /// tenant wants that, since nothing was written then.
    fn send(&self, drafts: &Drafts, warnings: &mut Vec<Warning>) -> Result<Sent, Error> {
        let mut alerts = Alerts::new(self.ctx);
        loop {
            let mut request = Composite::new().all_or_none();
            if let Some(person) = &drafts.contact {
                request =
                    request.add(alerts.on(insert(self.ctx, CONTACT, &self.contact.name, person)));
            }
            let applicant = insert(self.ctx, APPLICANT, &self.applicant.name, &drafts.applicant);
            request = request.add(alerts.on(applicant));
            let answers = match self
                .ctx
                .client
                .composite(&request, "create the application")
            {
                Ok(answers) => answers,
                Err(error) if is_ambiguous(&error) => return Ok(Sent::Unknown(error)),
                Err(error) => return Err(error.into()),
            };
            let failed = first_failure(&answers);
            if !failed.is_some_and(|(_, error)| alerts.save_through(&error, warnings)) {
                return Ok(Sent::Answers(answers));
            }
        }
    }

    /// A member was refused: who came first where a unique key says so, else the error in the words of the input.
    fn refused(
        &self,
        drafts: &Drafts,
        member: &str,
        error: SalesforceError,
        (contact, stage): (Option<&str>, &str),
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let is_contact = member == CONTACT;
        if let ErrorKind::DuplicateValue { existing } = &error.kind {
            match self.raced(is_contact, contact)? {
                Some(Raced::Contact(contact)) => {
                    return self.write(Some(&contact), stage, warnings);
                }
                Some(Raced::Applicant(found)) => return self.existing(found, warnings),
                None => {}
            }
            let key = self.tenant.profile.names().api(table::UNIQUE_KEY);
            if let Some(existing) = existing.filter(|_| !is_contact && error.message.contains(&key))
            {
                return Err(self.unseen(&existing));
            }
        }
        let (object, draft, whole) = match (&drafts.contact, is_contact) {
            (Some(person), true) => (&self.contact, person, "candidate"),
            _ => (&self.applicant, &drafts.applicant, "application"),
        };
        Err(Blame {
            object,
            feeds: &draft.feeds,
            whole,
            may_save: self.ctx.settings.duplicate_alerts == DuplicateAlerts::Refuse,
        }
        .typed(error))
    }

    /// The new records, to be held against what the org made of them.
    fn compared(&self, drafts: Drafts) -> Vec<(ObjectShape, Draft)> {
        let contact = drafts.contact.map(|draft| (self.contact.clone(), draft));
        let applicant = (self.applicant.clone(), drafts.applicant);
        contact.into_iter().chain([applicant]).collect()
    }

    /// The package's unique key says that the candidate has applied, but no look-up shows the application. It can't be
    /// returned then, whatever the tenant's setting.
    fn unseen(&self, applicant: &SalesforceId) -> Error {
        Error::AlreadyExists(Conflict {
            existing_id: applicant.to_string(),
            failure: failure(format!(
                "the candidate has applied to the job {} before, with the application {applicant}, which is not visible for the \
                 integration user: an administrator of the org can share it",
                self.checked.job
            )),
        })
    }

    /// Who was there first, when a unique key says that somebody was.
    fn raced(&self, is_contact: bool, contact: Option<&str>) -> Result<Option<Raced>, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        if !is_contact {
            let contacts: Vec<String> = contact.map(str::to_owned).into_iter().collect();
            let found = lookup::applied(ctx, tenant, self.checked.job.as_str(), &contacts)?;
            return Ok(found.map(Raced::Applicant));
        }
        let Some(field) = &ctx.settings.contact_external_id_field else {
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

    /// The answer was lost: looks whether the records are there. Never writes again, since the first write may still be
    /// at work.
    fn recover(
        &self,
        error: SalesforceError,
        new_contact: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Written, Error> {
        let (ctx, tenant) = (self.ctx, self.tenant);
        let email = self.input.candidate.email_address.trim();
        let mut known = Vec::new();
        let contacts =
            lookup::contacts(ctx, tenant, &self.contact, email, &mut known).unwrap_or_default();
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
                compared: Vec::new(),
                left: None,
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
