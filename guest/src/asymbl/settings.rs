//! What customers change in practice, with the defaults of asymbl-schema.md.
//!
//! The settings reach the connector as a JSON object in the connection. They are parsed once; an unknown key or a value of
//! the wrong shape is refused with all its fellows, so that a typing error never turns into a default unnoticed.

mod actions;
mod defaults;
mod parse;
mod schema;
mod scopes;
mod tables;

use crate::asymbl::names::Names;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::HiringTeamRole;

pub use actions::{ActionSettings, ExistingApplication, SourcePolicy};
pub use parse::SettingsProblem;
pub use schema::settings_schema;
pub use scopes::Scopes;
pub use tables::{WordTable, fold};

/// Raised when the mapping itself changes, so that models are read anew.
const MAPPING_VERSION: u32 = 1;

/// Which contacts are candidates.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateRule {
    /// Of the candidate record type, or with an applicant.
    AppliedOrTyped,
    /// With an applicant.
    Applied,
    /// Of the candidate record type.
    Typed,
    /// Every contact.
    All,
    /// Contacts that a SOQL condition takes.
    Condition(String),
}

/// A further e-mail field of the contact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EmailField {
    /// API name.
    pub field: String,
    /// The address's `type`: `PRIVATE`, `WORK`.
    pub kind: Option<String>,
}

/// A lookup on the job that makes someone a member of the hiring team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamLookup {
    /// API name of the lookup, to User or to Contact.
    pub field: String,
    /// None: on the team without a role.
    pub role: Option<HiringTeamRole>,
}

/// How the tenant names the object that is the Job (asymbl-schema.md 5).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum JobObject {
    /// The object's name alone; the lookups come from the package's mapping metadata.
    Named(String),
    /// Everything said here.
    Described {
        /// API name of the object.
        object: String,
        /// The applicant's lookup to it.
        applicant_lookup: String,
        /// The stage's lookup to it.
        stage_lookup: String,
        /// Its boolean field for closed jobs.
        closed_field: Option<String>,
    },
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

/// The settings of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The package's namespace.
    pub namespace: String,
    /// Which object is the Job; none: as the package's metadata says.
    pub job_object: Option<JobObject>,
    /// Folded names or types of stages that mean hired.
    pub hired_stages: Vec<String>,
    /// Job status words.
    pub job_status: WordTable,
    /// Employment type words.
    pub employment_type: WordTable,
    /// Visibility words.
    pub visibility: WordTable,
    /// Which contacts are candidates.
    pub candidates: CandidateRule,
    /// Developer name of the record type of candidates.
    pub candidate_record_type: String,
    /// Further e-mail fields of the contact.
    pub candidate_email_fields: Vec<EmailField>,
    /// Lookups on the job; package names as in the org.
    pub hiring_team: Vec<TeamLookup>,
    /// ISO 4217 code for jobs without a currency of their own.
    pub default_currency: Option<String>,
    /// Unified fields that are read from elsewhere.
    pub fields: Vec<FieldOverride>,
    /// Source fields to hand on in `integration_fields`.
    pub integration_fields: Vec<(Model, Vec<String>)>,
    /// What the actions do where there is a choice.
    pub actions: ActionSettings,
    /// What is switched off.
    pub scopes: Scopes,
}

/// The unified fields whose source a tenant may choose. Identity and references are not among them.
pub const OVERRIDABLE: &[(Model, &[&str])] = &[
    (Model::Users, &["first_name", "last_name", "email"]),
    (
        Model::Jobs,
        &[
            "name",
            "job_code",
            "description",
            "employment_type",
            "status",
            "visibility",
            "salary_amount",
            "salary_currency",
            "location.raw",
            "location.street_1",
            "location.city",
            "location.state",
            "location.zip_code",
            "location.country",
            "opened_at",
        ],
    ),
    (
        Model::Candidates,
        &[
            "first_name",
            "last_name",
            "title",
            "source",
            "location.street_1",
            "location.city",
            "location.state",
            "location.zip_code",
            "location.country",
        ],
    ),
    (Model::ApplicationStages, &["name"]),
    (Model::Applications, &["rejection_reason_name"]),
];

/// The models that have `integration_fields`.
pub const PROMOTING: [Model; 3] = [Model::Jobs, Model::Candidates, Model::Applications];

impl Settings {
    /// Parses the connection's settings and its list of switched-off things. Empty text and `null` mean all defaults.
    ///
    /// # Errors
    /// All problems at once.
    pub fn parse(json: &str, disabled: &[String]) -> Result<Self, Vec<SettingsProblem>> {
        parse::parse(json, disabled)
    }

    /// Translates the tables' names into this org's.
    pub fn names(&self) -> Names {
        Names::new(&self.namespace)
    }

    /// The sources that the tenant chose for a unified field.
    pub fn override_of(&self, model: Model, field: &str) -> Option<&[String]> {
        self.fields
            .iter()
            .find(|o| o.model == model && o.field == field)
            .map(|o| o.sources.as_slice())
    }

    /// The source fields that the tenant promoted.
    pub fn promoted(&self, model: Model) -> &[String] {
        self.integration_fields
            .iter()
            .find(|(m, _)| *m == model)
            .map_or(&[], |(_, fields)| fields.as_slice())
    }

    /// Whether the tenant leaves the lookups of the hiring team at the package's own.
    pub fn has_default_team(&self) -> bool {
        let names = self.names();
        self.hiring_team.len() == defaults::HIRING_TEAM.len()
            && self
                .hiring_team
                .iter()
                .zip(defaults::HIRING_TEAM)
                .all(|(lookup, (field, _))| lookup.field == names.api(field))
    }

    /// Whether a stage of this name or type means hired.
    pub fn is_hired_stage(&self, name_or_type: &str) -> bool {
        self.hired_stages.contains(&fold(name_or_type))
    }

    /// A short text that changes when something changes that steers how this model's records come out.
    pub fn fingerprint(&self, model: Model) -> String {
        let mut parts = format!(
            "{MAPPING_VERSION};{};{:?};",
            self.namespace, self.job_object
        );
        let add =
            |parts: &mut String, what: &dyn std::fmt::Debug| parts.push_str(&format!("{what:?};"));
        for off in self.scopes.fields_off(model) {
            add(&mut parts, &off);
        }
        for o in self.fields.iter().filter(|o| o.model == model) {
            add(&mut parts, &(&o.field, &o.sources));
        }
        add(&mut parts, &self.promoted(model));
        match model {
            Model::Users | Model::HiringTeamMembers => add(&mut parts, &self.hiring_team),
            Model::Jobs => add(
                &mut parts,
                &(
                    &self.job_status,
                    &self.employment_type,
                    &self.visibility,
                    &self.default_currency,
                    &self.hiring_team,
                ),
            ),
            Model::Candidates => add(
                &mut parts,
                &(
                    &self.candidates,
                    &self.candidate_record_type,
                    &self.candidate_email_fields,
                ),
            ),
            Model::Applications => add(&mut parts, &self.hired_stages),
            Model::ApplicationStages | Model::JobStages => {}
        }
        format!("{:016x}", fnv1a(parts.as_bytes()))
    }
}

/// FNV-1a, 64 bits: stable between builds, which the standard hasher is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
