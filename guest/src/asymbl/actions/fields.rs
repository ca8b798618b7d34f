//! Which field of the contact and of the applicant takes which input (asymbl-schema.md 3).

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::input::{Checked, time_zone};
use super::warning;
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::asymbl::models::Tenant;
use crate::asymbl::models::applications::{Links, links};
use crate::exports::ats::connector::actions::{
    CandidateInput, LocationInput, SalaryExpectations, SalaryPeriod,
};
use crate::exports::ats::connector::types::{Error, Warning};
use crate::salesforce::ObjectShape;
use crate::transport::Transport;

/// What is to be written, and which input each field comes from.
#[derive(Default)]
pub struct Draft {
    pub values: Map<String, Value>,
    pub sources: Vec<(String, String)>,
}

impl Draft {
    fn set(&mut self, field: impl Into<String>, path: &str, value: impl Into<Value>) {
        let field = field.into();
        self.sources.push((field.clone(), path.to_owned()));
        self.values.insert(field, value.into());
    }
}

/// The contact of a new candidate.
pub fn contact<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    candidate: &CandidateInput,
    checked: &Checked,
    warnings: &mut Vec<Warning>,
) -> Result<Draft, Error> {
    let settings = &ctx.settings.actions;
    let names = tenant.profile.names();
    let mut draft = Draft::default();
    let mut add = |field: &str, path: &str, value: Option<Value>| {
        let Some(value) = value else { return };
        let vital = ["LastName", "Email"].contains(&field);
        if vital || shape.field(field).is_some_and(|f| f.createable) {
            draft.set(field, path, value);
        } else {
            warnings.push(warning(
                "field-not-writable",
                format!(
                    "{path} is not written: the connected user may not fill {field} of Contact"
                ),
            ));
        }
    };
    let text = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(Value::from)
    };
    add(
        "FirstName",
        "candidate.first_name",
        Some(candidate.first_name.trim().into()),
    );
    add(
        "LastName",
        "candidate.last_name",
        Some(candidate.last_name.trim().into()),
    );
    add(
        "Email",
        "candidate.email_address",
        Some(candidate.email_address.trim().into()),
    );
    add("Title", "candidate.title", text(&candidate.title));
    add(
        &settings.phone_field,
        "candidate.phone_number",
        text(&candidate.phone_number),
    );
    add(
        &names.api("bpats__Earliest_Available_Date__c"),
        "candidate.availability_date",
        checked.availability.map(|d| d.to_string().into()),
    );
    if let Some(location) = &candidate.location {
        add(
            "MailingCity",
            "candidate.location.city",
            text(&location.city),
        );
        add(
            "MailingPostalCode",
            "candidate.location.zip_code",
            text(&location.zip_code),
        );
        let (field, code) = country(shape, location)?;
        add(field, "candidate.location.country", Some(code.into()));
    }
    if let Some(salary) = &candidate.salary_expectations {
        let (field, amount) = salary_field(salary);
        add(
            &names.api(field),
            "candidate.salary_expectations.amount",
            Some(amount.into()),
        );
    }
    if let Some(salary) = candidate
        .salary_expectations
        .filter(|s| s.period == SalaryPeriod::Month)
    {
        let message = format!(
            "candidate.salary_expectations: {} a month is written as {} a year",
            salary.amount,
            salary.amount * 12.0
        );
        warnings.push(warning("salary-converted", message));
    }
    let kind = shape.record_type(&ctx.settings.candidate_record_type);
    if let Some(kind) = kind.filter(|t| t.active && t.available) {
        draft.set("RecordTypeId", "candidate", kind.id.to_string());
    }
    if let Some(account) = &settings.candidate_account {
        draft.set("AccountId", "settings.candidate_account", account.as_str());
    }
    if let Some(field) = &settings.contact_external_id_field {
        external_id_field(shape, field)?;
        draft.set(
            field.as_str(),
            "candidate.email_address",
            email_hash(&candidate.email_address),
        );
    }
    Ok(draft)
}

/// The value of the setting's external-id field: SHA-256 of the trimmed, lower-cased address, as hex.
pub fn email_hash(email: &str) -> String {
    let digest = Sha256::digest(email.trim().to_lowercase());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn external_id_field(shape: &ObjectShape, name: &str) -> Result<(), Error> {
    let why = match shape.field(name) {
        None => "the contact has no such field, or the connected user may not see it",
        Some(f) if !f.unique => {
            "the field is not unique: only a unique one guards against a second contact"
        }
        Some(f) if f.length < 64 => "the field takes fewer than 64 characters",
        Some(f) if !f.createable => "the connected user may not fill the field",
        Some(_) => return Ok(()),
    };
    Err(Error::InvalidInput(vec![problem(
        "settings.contact_external_id_field",
        format!("{name}: {why}"),
    )]))
}

/// The country's field: the code where the org's picklists are on, else the free text, which takes the code too.
fn country<'a>(
    shape: &ObjectShape,
    location: &'a LocationInput,
) -> Result<(&'static str, &'a str), Error> {
    let code = location.country.as_str();
    let Some(field) = shape.field("MailingCountryCode").filter(|f| f.createable) else {
        return Ok(("MailingCountry", code));
    };
    let listed =
        field.picklist.is_empty() || field.picklist.iter().any(|v| v.active && v.value == code);
    if listed {
        return Ok(("MailingCountryCode", code));
    }
    Err(Error::InvalidInput(vec![problem(
        "candidate.location.country",
        format!(
            "{code} is not among the countries of this org: an administrator can add it to the State and Country picklists"
        ),
    )]))
}

fn salary_field(salary: &SalaryExpectations) -> (&'static str, f64) {
    match salary.period {
        SalaryPeriod::Year => ("bpats__Desired_Salary__c", salary.amount),
        SalaryPeriod::Month => ("bpats__Desired_Salary__c", salary.amount * 12.0),
        SalaryPeriod::Hour => ("bpats__Pay_Rate__c", salary.amount),
    }
}

/// The applicant of a contact, which may be a reference to another member of the same request.
pub fn applicant<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    contact: &str,
    job: &str,
    stage: &str,
) -> Draft {
    let names = tenant.profile.names();
    let Links {
        job: job_link,
        stage: stage_link,
        contact: contact_link,
    } = links(tenant);
    let mut draft = Draft::default();
    draft.set(job_link, "application.job_id", job);
    draft.set(stage_link, "application.stage_id", stage);
    draft.set(contact_link, "candidate", contact);
    let createable = |field: &str| shape.field(field).filter(|f| f.createable);
    let status = names.api("bpats__Applicant_Status__c");
    if createable(&status).is_some_and(|f| {
        f.picklist.is_empty() || f.picklist.iter().any(|v| v.active && v.value == "Active")
    }) {
        draft.set(status, "application", "Active");
    }
    let applied = names.api("bpats__Initial_Application_Date__c");
    if let (Some(_), Some(now)) = (createable(&applied), ctx.client.server_now()) {
        let zone = time_zone(&tenant.profile.organization.time_zone);
        let today: crate::salesforce::Date =
            now.to_chrono().with_timezone(&zone).date_naive().into();
        draft.set(applied, "application", json!(today.to_string()));
    }
    draft
}
