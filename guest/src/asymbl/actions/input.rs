//! The typed inputs of the actions: checked as their JSON is, by the same table.

use serde_json::{Map, Value, json};

use super::check::{Found, check, salesforce_id};
use super::day::date;
use super::warning;
use crate::asymbl::errors::problem;
use crate::exports::ats::connector::about::Action;
use crate::exports::ats::connector::actions::{
    ActionContext, AddAttachmentInput, AttachmentContent, AttachmentInput, CandidateInput,
    ContactDetail, CreateInput, MoveInput, SalaryPeriod, SourceInput,
};
use crate::exports::ats::connector::types::{Error, Problem, Warning};
use salesforce::{Date, SalesforceId, Timestamp};

/// What a create is to write, checked.
pub struct Checked {
    pub job: SalesforceId,
    pub stage: Option<SalesforceId>,
    pub availability: Option<Date>,
    pub warnings: Vec<Warning>,
}

/// Checks the input of a create. `zone` is the org's time zone, `cap` the most bytes of a file.
///
/// # Errors
/// `invalid-input` with every problem.
pub fn create(
    context: &ActionContext,
    input: &CreateInput,
    zone: &str,
    cap: u64,
) -> Result<Checked, Error> {
    let whole = json!({
        "candidate": person(&input.candidate),
        "application": {"job_id": input.application.job_id, "stage_id": input.application.stage_id},
        "attachments": input.attachments.iter().map(file).collect::<Vec<_>>(),
        "source": input.source.as_ref().map(source),
    });
    let warnings = checked(
        Action::CreateCandidate,
        context,
        whole,
        input.extra.as_deref(),
        cap,
    )?;
    let stage = input.application.stage_id.as_deref();
    let day = input.candidate.availability_date.as_deref();
    Ok(Checked {
        job: id("application.job_id", &input.application.job_id)?,
        stage: stage
            .map(|stage| id("application.stage_id", stage))
            .transpose()?,
        availability: day.map(|text| availability(text, zone)).transpose()?,
        warnings,
    })
}

/// The day in the org's time zone, which the check of the input does not know.
fn availability(text: &str, zone: &str) -> Result<Date, Error> {
    date(text, zone).map_err(|why| {
        let message = format!("{text:?} is {why}");
        Error::InvalidInput(vec![problem("candidate.availability_date", message)])
    })
}

/// Checks the input of add-attachment-to-application; the application, and what the input holds beyond what is written.
///
/// # Errors
/// `invalid-input` with every problem.
pub fn attachment(
    context: &ActionContext,
    input: &AddAttachmentInput,
    cap: u64,
) -> Result<(SalesforceId, Vec<Warning>), Error> {
    let whole =
        json!({"application_id": input.application_id, "attachment": file(&input.attachment)});
    let action = Action::AddAttachmentToApplication;
    let warnings = checked(action, context, whole, input.extra.as_deref(), cap)?;
    Ok((id("application_id", &input.application_id)?, warnings))
}

/// Checks the input of a move; the application, the stage, and what the input holds beyond them.
///
/// # Errors
/// `invalid-input` with every problem.
pub fn movement(
    context: &ActionContext,
    input: &MoveInput,
) -> Result<(SalesforceId, SalesforceId, Vec<Warning>), Error> {
    let whole = json!({"application_id": input.application_id, "stage_id": input.stage_id});
    let action = Action::MoveApplicationToStage;
    let warnings = checked(action, context, whole, input.extra.as_deref(), 0)?;
    let application = id("application_id", &input.application_id)?;
    Ok((application, id("stage_id", &input.stage_id)?, warnings))
}

/// A sound id in its canonical form.
///
/// # Errors
/// `invalid-input` where it is not one.
pub fn id(field: &str, text: &str) -> Result<SalesforceId, Error> {
    salesforce_id(text).map_err(|why| Error::InvalidInput(vec![problem(field, why)]))
}

/// Checks call and input together; a warning for each input that is not written.
fn checked(
    action: Action,
    context: &ActionContext,
    whole: Value,
    extra: Option<&str>,
    cap: u64,
) -> Result<Vec<Warning>, Error> {
    let mut problems = call(context);
    let mut found = match &whole {
        Value::Object(members) => check(action, members, cap),
        _ => Found::default(),
    };
    problems.append(&mut found.problems);
    match extra.map(serde_json::from_str::<Map<String, Value>>) {
        Some(Ok(extra)) => found
            .ignored
            .extend(extra.into_iter().map(|(name, _)| name)),
        Some(Err(why)) => problems.push(problem("extra", format!("is not a JSON object: {why}"))),
        None => {}
    }
    if !problems.is_empty() {
        return Err(Error::InvalidInput(problems));
    }
    let unplaced = |field: String| {
        let message = format!("{field} is not written: Asymbl has no place for it");
        warning("input-ignored", message)
    };
    let ignored = found.ignored.into_iter().map(unplaced);
    Ok(ignored.chain(acting_user(context)).collect())
}

/// A warning for a call in somebody else's name: Salesforce writes as the user whose token it is.
fn acting_user(context: &ActionContext) -> Option<Warning> {
    let user = context.acting_user.as_ref()?;
    let message =
        format!("written as the connected user: Salesforce can't write in the name of {user}");
    Some(warning("acting-user-ignored", message))
}

/// Checks what the host says of the call itself.
fn call(context: &ActionContext) -> Vec<Problem> {
    let mut problems = Vec::new();
    let sound =
        |key: &String| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if !context.idempotency_key.as_ref().is_none_or(sound) {
        problems.push(problem(
            "idempotency_key",
            "must be 1 to 255 visible ASCII characters",
        ));
    }
    if let Some(moment) = &context.repeats
        && let Err(why) = Timestamp::parse(moment)
    {
        problems.push(problem("repeats", why.to_string()));
    }
    problems
}

/// When the first call may have begun, where this one may be its repeat.
pub fn repeats(context: &ActionContext) -> Option<Timestamp> {
    context
        .repeats
        .as_deref()
        .and_then(|moment| Timestamp::parse(moment).ok())
}

fn person(candidate: &CandidateInput) -> Value {
    let details = |details: &[ContactDetail], name: &str| -> Vec<Value> {
        details
            .iter()
            .map(|d| json!({name: d.value, "type": d.kind}))
            .collect()
    };
    json!({
        "first_name": candidate.first_name,
        "last_name": candidate.last_name,
        "email_address": candidate.email_address,
        "additional_email_addresses": details(&candidate.additional_email_addresses, "email_address"),
        "company": candidate.company,
        "title": candidate.title,
        "phone_number": candidate.phone_number,
        "additional_phone_numbers": details(&candidate.additional_phone_numbers, "phone_number"),
        "location": candidate.location.as_ref().map(|l| json!({
            "city": l.city,
            "country": l.country,
            "state": l.state,
            "street_1": l.street1,
            "zip_code": l.zip_code,
        })),
        "gender": candidate.gender,
        "availability_date": candidate.availability_date,
        "salary_expectations": candidate.salary_expectations.map(|s| json!({
            "amount": s.amount,
            "period": match s.period {
                SalaryPeriod::Year => "YEAR",
                SalaryPeriod::Month => "MONTH",
                SalaryPeriod::Hour => "HOUR",
            },
        })),
        "social_links": candidate.social_links.iter().map(|url| json!({"url": url})).collect::<Vec<_>>(),
    })
}

/// A file; its bytes are not part of the check.
fn file(file: &AttachmentInput) -> Value {
    let (data, url) = match &file.content {
        AttachmentContent::Data(bytes) => (Some(bytes.len()), None),
        AttachmentContent::Url(url) => (None, Some(url)),
    };
    json!({"name": file.name, "content_type": file.content_type, "data": data, "data_url": url})
}

fn source(source: &SourceInput) -> Value {
    json!({"name": source.name, "unified_key": source.unified_key, "id": source.id})
}
