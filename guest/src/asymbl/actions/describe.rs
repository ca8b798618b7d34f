//! What the actions take, for people and platforms.

use crate::exports::ats::connector::inspection::{Action, ActionCoverage, FieldCoverage};

/// Inputs of the two creates, with a rule worth knowing.
const CREATE: [(&str, &str); 19] = [
    ("candidate.first_name", "required"),
    ("candidate.last_name", "required"),
    (
        "candidate.email_address",
        "required; finds an existing contact",
    ),
    ("candidate.title", ""),
    (
        "candidate.phone_number",
        "into the field of the setting `phone_field`",
    ),
    ("candidate.location.city", ""),
    (
        "candidate.location.country",
        "ISO 3166-1 alpha-2; required with a location",
    ),
    ("candidate.location.zip_code", ""),
    (
        "candidate.availability_date",
        "a date, or a moment of which the day in the org's time zone counts",
    ),
    (
        "candidate.salary_expectations.amount",
        "for a YEAR or an HOUR; for a MONTH it is written as a year's",
    ),
    (
        "application.job_id",
        "required; the job must be open unless the setting `allow_closed_jobs` is on",
    ),
    (
        "application.stage_id",
        "the job's first stage when left out",
    ),
    ("attachments.name", "with extension"),
    ("attachments.content_type", "required with `data`"),
    ("attachments.data_url", "this or `data`; streamed"),
    ("attachments.data", "base64"),
    (
        "source.name",
        "a value of the picklist, else by the setting `source_policy`",
    ),
    ("source.unified_key", "as the name"),
    ("source.id", "as the name"),
];

const ADD: [(&str, &str); 5] = [
    (
        "application_id",
        "the file hangs on the application's candidate",
    ),
    ("attachment.name", "with extension"),
    ("attachment.content_type", "required with `data`"),
    ("attachment.data_url", "this or `data`; streamed"),
    ("attachment.data", "base64"),
];

const MOVE: [(&str, &str); 2] = [
    ("application_id", ""),
    ("stage_id", "a stage of the application's job"),
];

const GET: [(&str, &str); 1] = [("candidate_id", "")];

/// Inputs of the platform that Asymbl has no place for.
const IGNORED: [&str; 11] = [
    "candidate.additional_email_addresses",
    "candidate.additional_phone_numbers",
    "candidate.company",
    "candidate.gender",
    "candidate.social_links",
    "candidate.location.state",
    "candidate.location.street_1",
    "screening_question_answers",
    "sourced_by",
    "gdpr_consent",
    "remote_fields",
];

const EXISTING: &str =
    "A contact with the same e-mail address is used as it is: its data is not updated.";

type Row = (
    Action,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    &'static [&'static str],
);

const ACTIONS: [Row; 5] = [
    (
        Action::CreateCandidate,
        "Create candidate",
        &CREATE,
        &IGNORED,
        &[EXISTING],
    ),
    (
        Action::CreateApplication,
        "Create application",
        &CREATE,
        &IGNORED,
        &[EXISTING],
    ),
    (
        Action::AddAttachmentToApplication,
        "Add attachment to application",
        &ADD,
        &["remote_fields"],
        &["The file is linked to the candidate."],
    ),
    (
        Action::MoveApplicationToStage,
        "Move application to stage",
        &MOVE,
        &["remote_fields"],
        &["A move to the current stage changes nothing."],
    ),
    (
        Action::GetCandidateAttachments,
        "Get candidate attachments",
        &GET,
        &[],
        &["Files in their latest version, and attachments of the old kind."],
    ),
];

/// The five actions.
pub fn coverage() -> Vec<ActionCoverage> {
    let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
    let one = |(action, label, inputs, ignored, notes): &Row| ActionCoverage {
        action: *action,
        label: (*label).to_owned(),
        inputs: inputs
            .iter()
            .map(|(name, note)| FieldCoverage {
                name: (*name).to_owned(),
                note: (*note).to_owned(),
            })
            .collect(),
        further_inputs: crate::asymbl::inspection::describe::further_inputs(*action),
        ignored_inputs: texts(ignored),
        notes: texts(notes),
    };
    ACTIONS.iter().map(one).collect()
}
