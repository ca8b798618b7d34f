//! Checks of inputs. Every problem is found before anything is sent, and told at once.

use chrono_tz::Tz;

use super::file_name;
use super::{id, warning};
use crate::asymbl::errors::problem;
use crate::asymbl::models::common::is_email;
use crate::asymbl::models::location::is_country_code;
use crate::exports::ats::connector::actions::{
    ActionContext, AttachmentContent, AttachmentInput, CandidateInput, CreateInput, SourceInput,
};
use crate::exports::ats::connector::types::{Error, Problem, Warning};
use salesforce::composite::holds_reference;
use salesforce::transport::FileUrl;
use salesforce::{Date, SalesforceId, Timestamp};

/// What a create is to write, checked.
pub struct Checked {
    pub job: SalesforceId,
    pub stage: Option<SalesforceId>,
    pub availability: Option<Date>,
    pub warnings: Vec<Warning>,
}

/// Checks the input of a create. `context` is left out where there is none yet, `zone` is the org's time zone, `cap` the most bytes
/// of a file.
pub fn create(
    context: Option<&ActionContext>,
    input: &CreateInput,
    zone: &str,
    cap: u64,
) -> Result<Checked, Error> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    call(context, &mut problems);
    person(&input.candidate, &mut problems);
    let availability = input
        .candidate
        .availability_date
        .as_deref()
        .and_then(|text| date(text, zone, &mut problems));
    let job = id(
        "application.job_id",
        &input.application.job_id,
        &mut problems,
    );
    let stage = input.application.stage_id.as_deref();
    let stage = stage.and_then(|s| id("application.stage_id", s, &mut problems));
    for (i, file) in input.attachments.iter().enumerate() {
        attachment(&format!("attachments[{i}]"), file, cap, &mut problems);
    }
    if let Some(source) = &input.source {
        source_texts(source, &mut problems);
    }
    ignored(input, &mut problems, &mut warnings);
    match job.filter(|_| problems.is_empty()) {
        Some(job) => Ok(Checked {
            job,
            stage,
            availability,
            warnings,
        }),
        None => Err(Error::InvalidInput(problems)),
    }
}

/// Checks what the host says of the call itself.
pub fn call(context: Option<&ActionContext>, problems: &mut Vec<Problem>) {
    let sound =
        |key: &String| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if !context
        .and_then(|c| c.idempotency_key.as_ref())
        .is_none_or(sound)
    {
        problems.push(problem(
            "idempotency_key",
            "must be 1 to 255 visible ASCII characters",
        ));
    }
    if let Some(moment) = context.and_then(|c| c.repeats.as_deref())
        && let Err(why) = Timestamp::parse(moment)
    {
        problems.push(problem("repeats", why.to_string()));
    }
}

/// When the first call may have begun, where this one may be its repeat.
pub fn repeats(context: &ActionContext) -> Option<Timestamp> {
    context
        .repeats
        .as_deref()
        .and_then(|moment| Timestamp::parse(moment).ok())
}

fn person(candidate: &CandidateInput, problems: &mut Vec<Problem>) {
    let mut say = |field: &str, message: String| {
        problems.push(problem(format!("candidate.{field}"), message))
    };
    for (field, text) in [
        ("first_name", &candidate.first_name),
        ("last_name", &candidate.last_name),
    ] {
        if text.trim().is_empty() {
            say(field, "must not be empty".to_owned());
        }
    }
    let location = candidate.location.as_ref();
    let texts = [
        ("first_name", Some(&candidate.first_name)),
        ("last_name", Some(&candidate.last_name)),
        ("email_address", Some(&candidate.email_address)),
        ("title", candidate.title.as_ref()),
        ("phone_number", candidate.phone_number.as_ref()),
        ("location.city", location.and_then(|l| l.city.as_ref())),
        (
            "location.zip_code",
            location.and_then(|l| l.zip_code.as_ref()),
        ),
    ];
    for (field, text) in texts {
        if let Some(why) = text.and_then(|text| unwritable(text)) {
            say(field, why.to_owned());
        }
    }
    if !is_email(candidate.email_address.trim()) {
        say(
            "email_address",
            format!(
                "{:?} is no e-mail address",
                shortened(&candidate.email_address)
            ),
        );
    }
    for (i, other) in candidate.additional_email_addresses.iter().enumerate() {
        if !is_email(other.value.trim()) {
            say(
                &format!("additional_email_addresses[{i}].email_address"),
                format!("{:?} is no e-mail address", shortened(&other.value)),
            );
        }
    }
    if let Some(location) = location
        && !is_country_code(&location.country)
    {
        say(
            "location.country",
            format!(
                "{:?} is no country: give two capital letters of ISO 3166-1, such as US",
                shortened(&location.country)
            ),
        );
    }
    if let Some(salary) = &candidate.salary_expectations
        && !(salary.amount.is_finite() && salary.amount >= 0.0)
    {
        say(
            "salary_expectations.amount",
            "must be a number, 0 or more".to_owned(),
        );
    }
}

/// The years that Salesforce's dates lie in.
const YEARS: std::ops::RangeInclusive<u32> = 1700..=4000;

/// A date that Salesforce takes, or a problem.
fn date(text: &str, zone: &str, problems: &mut Vec<Problem>) -> Option<Date> {
    let why = match day(text.trim(), zone) {
        Some(date) if year(date).is_some_and(|year| YEARS.contains(&year)) => return Some(date),
        Some(_) => "is out of range: Salesforce takes 1700-01-01 to 4000-12-31",
        None => "is not a date: write it like 2026-12-01",
    };
    let message = format!("{:?} {why}", shortened(text));
    problems.push(problem("candidate.availability_date", message));
    None
}

fn year(date: Date) -> Option<u32> {
    date.to_string().split('-').next()?.parse().ok()
}

/// A date, or the day of a moment in the org's time zone. Midnight UTC means the date itself: clients write dates so.
fn day(text: &str, zone: &str) -> Option<Date> {
    if let Ok(date) = Date::parse(text.strip_suffix('Z').unwrap_or(text)) {
        return Some(date);
    }
    let stamp = if text.ends_with('Z') {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    let at = Timestamp::parse(&stamp).ok()?.to_chrono();
    if at.timestamp_millis().rem_euclid(86_400_000) == 0 {
        return Some(at.date_naive().into());
    }
    Some(at.with_timezone(&time_zone(zone)).date_naive().into())
}

/// A time zone by its IANA name; UTC where it is unknown.
pub fn time_zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// Checks a file as far as it can be without its bytes' source.
pub fn attachment(field: &str, file: &AttachmentInput, cap: u64, problems: &mut Vec<Problem>) {
    let mut say =
        |part: &str, message: String| problems.push(problem(format!("{field}.{part}"), message));
    if file_name::clean(&file.name, None).name.is_empty() {
        say("name", "must be a file name, such as CV.pdf".to_owned());
    }
    if let Some(kind) = &file.content_type
        && !file_name::is_content_type(kind)
    {
        say(
            "content_type",
            format!(
                "{:?} is no content type, such as application/pdf",
                shortened(kind)
            ),
        );
    }
    match &file.content {
        AttachmentContent::Data(data) => {
            if file.content_type.is_none() {
                say("content_type", "is required with `data`".to_owned());
            }
            if data.len() as u64 > cap {
                say(
                    "data",
                    format!(
                        "has {} bytes, more than the {cap} of the setting `attachment_cap`",
                        data.len()
                    ),
                );
            }
        }
        AttachmentContent::Url(url) => {
            if let Err(why) = FileUrl::parse(url) {
                say("data_url", why.text);
            }
        }
    }
}

fn source_texts(source: &SourceInput, problems: &mut Vec<Problem>) {
    for (field, text) in [
        ("name", &source.name),
        ("unified_key", &source.unified_key),
        ("id", &source.id),
    ] {
        if let Some(why) = text.as_ref().and_then(|text| unwritable(text)) {
            problems.push(problem(format!("source.{field}"), why));
        }
    }
}

/// Why a text can't be written as it is.
fn unwritable(text: &str) -> Option<&'static str> {
    if text.chars().any(char::is_control) {
        return Some("must not hold line breaks or other control characters");
    }
    holds_reference(text)
        .then_some("must not hold `@{`, which Salesforce would replace by another record's value")
}

/// Inputs that the platform knows and Asymbl has no place for.
fn ignored(input: &CreateInput, problems: &mut Vec<Problem>, warnings: &mut Vec<Warning>) {
    let candidate = &input.candidate;
    let location = candidate.location.as_ref();
    let mut given = Vec::new();
    for (field, is_given) in [
        (
            "candidate.additional_email_addresses",
            !candidate.additional_email_addresses.is_empty(),
        ),
        (
            "candidate.additional_phone_numbers",
            !candidate.additional_phone_numbers.is_empty(),
        ),
        ("candidate.company", candidate.company.is_some()),
        ("candidate.gender", candidate.gender.is_some()),
        ("candidate.social_links", !candidate.social_links.is_empty()),
        (
            "candidate.location.state",
            location.is_some_and(|l| l.state.is_some()),
        ),
        (
            "candidate.location.street_1",
            location.is_some_and(|l| l.street1.is_some()),
        ),
    ] {
        if is_given {
            given.push(field.to_owned());
        }
    }
    warnings.extend(given.iter().map(|field| unplaced(field)));
    extra(input.extra.as_deref(), problems, warnings);
}

/// Inputs of the platform that the contract does not name: Asymbl has no place for any.
pub fn extra(extra: Option<&str>, problems: &mut Vec<Problem>, warnings: &mut Vec<Warning>) {
    let Some(extra) = extra else {
        return;
    };
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(extra) {
        Ok(extra) => warnings.extend(extra.keys().map(|name| unplaced(name))),
        Err(why) => problems.push(problem("extra", format!("is no JSON object: {why}"))),
    }
}

fn unplaced(field: &str) -> Warning {
    let message = format!("{field} is not written: Asymbl has no place for it");
    warning("input-ignored", message)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_becomes_the_day_in_the_orgs_zone_and_a_date_stays_itself() {
        for (text, day) in [
            ("2026-12-01", "2026-12-01"),
            ("2026-12-01T00:00:00.000Z", "2026-12-01"),
            ("2026-12-01T03:00:00Z", "2026-11-30"),
            ("2026-12-01T12:00:00", "2026-12-01"),
        ] {
            let mut problems = Vec::new();
            let found = date(text, "America/New_York", &mut problems);
            assert_eq!(found.map(|d| d.to_string()).as_deref(), Some(day), "{text}");
        }
        let mut problems = Vec::new();
        for wrong in ["soon", "1699-12-31", "9999-12-31", "4001-01-01T12:00:00Z"] {
            assert!(date(wrong, "UTC", &mut problems).is_none(), "{wrong}");
        }
        assert_eq!(problems.len(), 4);
    }
}
