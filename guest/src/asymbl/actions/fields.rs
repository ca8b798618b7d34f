//! Which field of the contact and of the applicant takes which input (asymbl-schema.md 3).

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::day::day_in;
use super::input::Checked;
use super::table::{self, Input};
use super::warning;
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::asymbl::models::Tenant;
use crate::exports::ats::connector::actions::{CandidateInput, LocationInput, SalaryPeriod};
use crate::exports::ats::connector::types::{Error, Warning};
use salesforce::ObjectShape;
use salesforce::transport::Transport;

/// The status of a new application (asymbl-schema.md 3).
const ACTIVE: &str = "Active";

/// Why a field has the value that it has, or has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The caller or the tenant asked for the value.
    Asked,
    /// The connector chose the value.
    Chosen,
    /// The input was left out, or the setting is not set.
    LeftOut,
    /// The tenant switched the unified field off.
    SwitchedOff,
    /// The connected user may not fill the field.
    NotWritable,
}

/// A field that an input fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The field's API name.
    pub field: String,
    /// The input's unified path, or `settings.` and the name of a setting.
    pub path: &'static str,
    /// What became of it.
    pub fill: Fill,
}

/// What is to be written, and which input each field comes from.
#[derive(Default)]
pub struct Draft {
    pub values: Map<String, Value>,
    pub feeds: Vec<Feed>,
}

impl Draft {
    /// Notes what becomes of a field; `value` is written where there is one.
    pub fn set(&mut self, field: String, path: &'static str, fill: Fill, value: Option<Value>) {
        let feed = Feed { field, path, fill };
        if let Some(value) = value {
            self.values.insert(feed.field.clone(), value);
        }
        self.feeds.push(feed);
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
    if let Some(field) = &ctx.settings.contact_external_id_field {
        external_id_field(shape, field)?;
    }
    let mut draft = Draft::default();
    for place in table::CONTACT {
        let value = contact_value(ctx, shape, candidate, checked, place.input);
        let off = place.is_off(tenant);
        if off && value.is_some() {
            let message = format!(
                "{} is not written: candidates.{} is switched off for this tenant",
                place.path, place.unified
            );
            warnings.push(warning("field-switched-off", message));
        }
        for (i, field) in place.targets(tenant).into_iter().enumerate() {
            if field == "MailingCountryCode" && value.is_some() {
                listed_country(shape, candidate.location.as_ref())?;
            }
            let vital = place.vital && i == 0;
            let may = vital || shape.field(&field).is_some_and(|f| f.createable);
            let fill = match &value {
                _ if off => Fill::SwitchedOff,
                None => Fill::LeftOut,
                Some(_) if !may => Fill::NotWritable,
                Some(_) if place.input == Input::RecordType => Fill::Chosen,
                Some(_) => Fill::Asked,
            };
            if fill == Fill::NotWritable {
                let message = format!(
                    "{} is not written: the connected user may not fill {field} of Contact",
                    place.path
                );
                warnings.push(warning("field-not-writable", message));
            }
            let written = matches!(fill, Fill::Asked | Fill::Chosen);
            draft.set(field, place.path, fill, value.clone().filter(|_| written));
        }
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
    Ok(draft)
}

/// What a new contact holds of an input; none where nothing is given.
fn contact_value<T: Transport>(
    ctx: &Context<T>,
    shape: &ObjectShape,
    candidate: &CandidateInput,
    checked: &Checked,
    input: Input,
) -> Option<Value> {
    let text = |text: &str| Some(Value::from(text.trim())).filter(|t| t != "");
    let option = |given: &Option<String>| given.as_deref().and_then(text);
    let location = candidate.location.as_ref();
    let salary = candidate.salary_expectations;
    match input {
        Input::FirstName => text(&candidate.first_name),
        Input::LastName => text(&candidate.last_name),
        Input::Email => text(&candidate.email_address),
        Input::Title => option(&candidate.title),
        Input::Phone => option(&candidate.phone_number),
        Input::Availability => checked.availability.map(|d| d.to_string().into()),
        Input::City => location.and_then(|l| option(&l.city)),
        Input::ZipCode => location.and_then(|l| option(&l.zip_code)),
        Input::Country => location.and_then(|l| text(&l.country)),
        Input::SalaryOfYear => salary.and_then(|s| match s.period {
            SalaryPeriod::Year => Some(s.amount.into()),
            SalaryPeriod::Month => Some((s.amount * 12.0).into()),
            SalaryPeriod::Hour => None,
        }),
        Input::SalaryOfHour => salary
            .filter(|s| s.period == SalaryPeriod::Hour)
            .map(|s| s.amount.into()),
        Input::RecordType => shape
            .record_type(&ctx.settings.candidate_record_type)
            .filter(|t| t.active && t.available)
            .map(|t| t.id.to_string().into()),
        Input::Account => option(&ctx.settings.candidate_account),
        Input::EmailHash => Some(email_hash(&candidate.email_address).into()),
        Input::Job
        | Input::Stage
        | Input::Candidate
        | Input::Status
        | Input::Applied
        | Input::Source => None,
    }
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
        Some(f) if !f.filterable => "Salesforce can't search by the field, which may be encrypted",
        Some(f) if !f.createable => "the connected user may not fill the field",
        Some(_) => return Ok(()),
    };
    Err(Error::InvalidInput(vec![problem(
        "settings.contact_external_id_field",
        format!("{name}: {why}"),
    )]))
}

/// Refuses a country that the org's picklist lacks.
fn listed_country(shape: &ObjectShape, location: Option<&LocationInput>) -> Result<(), Error> {
    let code = location.map_or("", |l| l.country.as_str());
    let listed = shape.field("MailingCountryCode").is_none_or(|f| {
        f.picklist.is_empty() || f.picklist.iter().any(|v| v.active && v.value == code)
    });
    if listed {
        return Ok(());
    }
    Err(Error::InvalidInput(vec![problem(
        "candidate.location.country",
        format!(
            "{code} is not among the countries of this org: an administrator can add it to the State and Country picklists"
        ),
    )]))
}

/// What a new applicant is made of.
pub struct Links<'a> {
    /// The contact's id, which may be a reference to another member of the same request.
    pub contact: &'a str,
    /// The job's id.
    pub job: &'a str,
    /// The stage's id.
    pub stage: &'a str,
    /// The caller named the stage.
    pub stage_asked: bool,
    /// The field that takes the source, and its value.
    pub source: Option<(String, String)>,
}

/// The applicant of a contact.
pub fn applicant<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    links: &Links<'_>,
) -> Draft {
    let mut draft = Draft::default();
    for place in table::APPLICANT {
        for field in place.fields(tenant) {
            let target = shape.field(&field).filter(|f| f.createable);
            let source = links.source.as_ref().filter(|(into, _)| *into == field);
            let (value, fill) = match place.input {
                Input::Job => (Some(links.job.into()), Fill::Asked),
                Input::Stage if links.stage_asked => (Some(links.stage.into()), Fill::Asked),
                Input::Stage => (Some(links.stage.into()), Fill::Chosen),
                Input::Candidate => (Some(links.contact.into()), Fill::Chosen),
                Input::Status => {
                    let takes = target.filter(|f| {
                        f.picklist.is_empty()
                            || f.picklist.iter().any(|v| v.active && v.value == ACTIVE)
                    });
                    (takes.map(|_| Value::from(ACTIVE)), Fill::Chosen)
                }
                Input::Applied => (target.and_then(|_| today(ctx, tenant)), Fill::Chosen),
                Input::Source => (source.map(|(_, value)| value.as_str().into()), Fill::Asked),
                _ => (None, Fill::LeftOut),
            };
            let fill = if value.is_some() { fill } else { Fill::LeftOut };
            draft.set(field, place.path, fill, value);
        }
    }
    draft
}

/// The day in the org's time zone, by Salesforce's own clock.
fn today<T: Transport>(ctx: &Context<T>, tenant: Tenant<'_>) -> Option<Value> {
    let today = day_in(
        &tenant.profile.organization.time_zone,
        ctx.client.server_now()?,
    );
    Some(today.to_string().into())
}
