//! The values of settings that are more than a word.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::api_name::{self, ApiName};
#[cfg(test)]
use super::documents;
use super::read::did_you_mean;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::HiringTeamRole;

/// A further e-mail field of the contact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EmailField {
    /// API name of the field.
    #[serde(deserialize_with = "api_name::required")]
    #[cfg_attr(test, schemars(with = "ApiName"))]
    pub field: String,
    /// The address's `type`: `PRIVATE`, `WORK` or another word.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

impl From<ApiName> for EmailField {
    fn from(name: ApiName) -> Self {
        Self {
            field: name.into(),
            kind: None,
        }
    }
}

/// A lookup on the job that makes someone a member of the hiring team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
pub struct TeamLookup {
    /// API name of the lookup, to User or to Contact.
    #[serde(deserialize_with = "api_name::required")]
    #[cfg_attr(test, schemars(with = "ApiName"))]
    pub field: String,
    /// The role; left out: on the team without a role.
    #[serde(default, deserialize_with = "role")]
    #[cfg_attr(
        test,
        serde(
            serialize_with = "documents::role",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(test, schemars(schema_with = "documents::roles"))]
    pub role: Option<HiringTeamRole>,
}

/// An object that is the Job, and what refers to it (asymbl-schema.md 5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JobNames {
    /// API name of the object.
    #[serde(deserialize_with = "api_name::required")]
    #[cfg_attr(test, schemars(with = "ApiName"))]
    pub object: String,
    /// The applicant's lookup to it.
    #[serde(deserialize_with = "api_name::required")]
    #[cfg_attr(test, schemars(with = "ApiName"))]
    pub applicant_lookup: String,
    /// The stage's lookup to it.
    #[serde(deserialize_with = "api_name::required")]
    #[cfg_attr(test, schemars(with = "ApiName"))]
    pub stage_lookup: String,
    /// Its boolean field for closed jobs.
    #[serde(default, deserialize_with = "api_name::optional")]
    #[cfg_attr(test, schemars(with = "Option<ApiName>"))]
    pub closed_field: Option<String>,
}

/// A unified field that the tenant reads from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOverride {
    /// The model.
    pub model: Model,
    /// Unified name, dotted for parts of a location: `salary_amount`, `location.city`.
    pub field: String,
    /// Source fields; the first that has a value wins.
    pub sources: Vec<String>,
}

/// What becomes of an application that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
pub enum ExistingApplication {
    /// It is the result, with a warning.
    Return,
    /// The call fails with `already-exists`.
    Error,
}

/// What becomes of a source that the picklist does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
pub enum SourcePolicy {
    /// It goes into the free-text field, with a warning.
    FreeText,
    /// The call fails and lists the values.
    Refuse,
}

/// What becomes of a new record about which a duplicate rule of the org only alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
pub enum DuplicateAlerts {
    /// The call fails and names the records that were found.
    Refuse,
    /// The record is saved, with a warning.
    Save,
}

/// The words for roles.
pub const ROLES: [(&str, HiringTeamRole); 5] = [
    ("HIRING_MANAGER", HiringTeamRole::HiringManager),
    ("RECRUITER", HiringTeamRole::Recruiter),
    ("COORDINATOR", HiringTeamRole::Coordinator),
    ("SOURCER", HiringTeamRole::Sourcer),
    ("INTERVIEWER", HiringTeamRole::Interviewer),
];

/// Reads a role.
pub fn role<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<HiringTeamRole>, D::Error> {
    let wanted = String::deserialize(deserializer)?;
    if let Some((_, role)) = ROLES.into_iter().find(|(word, _)| *word == wanted) {
        return Ok(Some(role));
    }
    let hint = did_you_mean(&wanted, ROLES.iter().map(|(word, _)| *word));
    let all = ROLES.map(|(word, _)| word).join(", ");
    Err(D::Error::custom(format!(
        "{wanted:?} is not a role{hint}; possible: {all}; leave it out for none"
    )))
}
