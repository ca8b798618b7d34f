//! The contract's records, of an input that the connector has found valid.

use serde_json::Value;

use super::action::Action;
use super::input::{Members, Prepared};
use host_runner::sandbox::contract::actions as contract;

/// The input of an action in the contract's records.
pub(super) enum Typed {
    Create(Box<contract::CreateInput>),
    AddAttachment(contract::AddAttachmentInput),
    Move(contract::MoveInput),
    /// The candidate.
    GetAttachments(String),
}

impl Typed {
    /// Turns an input that the connector has found valid into the contract's records.
    pub(super) fn new(prepared: Prepared) -> Self {
        let Prepared {
            action,
            mut members,
            bytes,
            ..
        } = prepared;
        let mut bytes = bytes.into_iter();
        match action {
            Action::CreateCandidate | Action::CreateApplication => {
                let candidate = person(&take(&mut members, "candidate"));
                let application = match members.shift_remove("application") {
                    Some(Value::Object(inner)) => inner,
                    // The platform's create-application has job and stage in the input itself (unified-model.md 3.1).
                    _ => ["job_id", "stage_id"]
                        .iter()
                        .filter_map(|name| members.shift_remove_entry(*name))
                        .collect(),
                };
                let attachments = list(&mut members, "attachments", |file| {
                    attachment(file, bytes.next().flatten())
                });
                let source = members.shift_remove("source");
                Typed::Create(Box::new(contract::CreateInput {
                    candidate,
                    application: contract::ApplicationInput {
                        job_id: required(&application, "job_id"),
                        stage_id: text(&application, "stage_id"),
                    },
                    attachments,
                    source: source.as_ref().and_then(Value::as_object).map(|source| {
                        contract::SourceInput {
                            name: text(source, "name"),
                            unified_key: text(source, "unified_key"),
                            id: text(source, "id"),
                        }
                    }),
                    extra: extra(members),
                }))
            }
            Action::AddAttachment => {
                let file = take(&mut members, "attachment");
                Typed::AddAttachment(contract::AddAttachmentInput {
                    application_id: id(&mut members, "application_id"),
                    attachment: attachment(&file, bytes.next().flatten()),
                    extra: extra(members),
                })
            }
            Action::Move => Typed::Move(contract::MoveInput {
                application_id: id(&mut members, "application_id"),
                stage_id: id(&mut members, "stage_id"),
                extra: extra(members),
            }),
            Action::GetAttachments => Typed::GetAttachments(id(&mut members, "candidate_id")),
        }
    }
}

fn person(candidate: &Members) -> contract::CandidateInput {
    let mut candidate = candidate.clone();
    let detail = |one: &Members, name: &str| contract::ContactDetail {
        value: required(one, name),
        kind: text(one, "type"),
    };
    contract::CandidateInput {
        first_name: required(&candidate, "first_name"),
        last_name: required(&candidate, "last_name"),
        email_address: required(&candidate, "email_address"),
        additional_email_addresses: list(&mut candidate, "additional_email_addresses", |one| {
            detail(one, "email_address")
        }),
        company: text(&candidate, "company"),
        title: text(&candidate, "title"),
        phone_number: text(&candidate, "phone_number"),
        additional_phone_numbers: list(&mut candidate, "additional_phone_numbers", |one| {
            detail(one, "phone_number")
        }),
        location: inner(&candidate, "location").map(|location| contract::LocationInput {
            city: text(location, "city"),
            country: required(location, "country"),
            state: text(location, "state"),
            street1: text(location, "street_1"),
            zip_code: text(location, "zip_code"),
        }),
        gender: text(&candidate, "gender"),
        availability_date: text(&candidate, "availability_date"),
        salary_expectations: inner(&candidate, "salary_expectations").map(|salary| {
            contract::SalaryExpectations {
                period: match text(salary, "period").as_deref() {
                    Some("MONTH") => contract::SalaryPeriod::Month,
                    Some("HOUR") => contract::SalaryPeriod::Hour,
                    _ => contract::SalaryPeriod::Year,
                },
                amount: salary
                    .get("amount")
                    .and_then(Value::as_f64)
                    .unwrap_or_default(),
            }
        }),
        social_links: list(&mut candidate, "social_links", |link| required(link, "url")),
    }
}

fn attachment(file: &Members, bytes: Option<Vec<u8>>) -> contract::AttachmentInput {
    contract::AttachmentInput {
        name: required(file, "name"),
        content_type: text(file, "content_type"),
        content: match text(file, "data_url") {
            Some(url) => contract::AttachmentContent::Url(url),
            None => contract::AttachmentContent::Data(bytes.unwrap_or_default()),
        },
        kind: text(file, "type").map(|kind| match kind.as_str() {
            "CV" => contract::AttachmentKind::Cv,
            "COVER_LETTER" => contract::AttachmentKind::CoverLetter,
            _ => contract::AttachmentKind::Other,
        }),
    }
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().map(str::to_owned)
}

fn required(members: &Members, name: &str) -> String {
    text(members, name).unwrap_or_default()
}

fn inner<'a>(members: &'a Members, name: &str) -> Option<&'a Members> {
    members.get(name)?.as_object()
}

fn id(members: &mut Members, name: &str) -> String {
    let value = members.shift_remove(name);
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn take(members: &mut Members, name: &str) -> Members {
    match members.shift_remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Members::new(),
    }
}

fn list<T>(members: &mut Members, name: &str, read: impl FnMut(&Members) -> T) -> Vec<T> {
    let items = members.shift_remove(name);
    let items = items.as_ref().and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(read)
        .collect()
}

/// What the contract does not name, for the connector to say what becomes of it.
fn extra(mut members: Members) -> Option<String> {
    members.retain(|_, value| !value.is_null());
    (!members.is_empty()).then(|| Value::Object(members).to_string())
}
