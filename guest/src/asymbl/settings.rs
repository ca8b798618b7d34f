//! What customers change in practice, with the defaults of asymbl-schema.md.
//!
//! Each setting is declared once, below: its documentation, key, type and default. The parser is serde's. The JSON
//! Schema (`settings/schema.json`, part of `describe-connector`), from which `docs/settings.md` comes, is written by a
//! test, which fails when it is out of date: so neither schemars nor a line of its code is in the component.

mod defaults;
#[cfg(test)]
pub(in crate::asymbl) mod documents;
mod kinds;
mod parts;
mod scopes;
mod sources;

use serde::Deserialize;

use crate::asymbl::names::Names;
use crate::engine::settings::{api_name, read, tables};
use crate::exports::ats::connector::types::Model;

pub use api_name::ApiName;
pub use kinds::CandidateRule;
pub use parts::{
    DuplicateAlerts, EmailField, ExistingApplication, FieldOverride, JobNames, SourcePolicy,
    TeamLookup,
};
pub use read::{NameOr, SettingsProblem, did_you_mean};
pub use scopes::Scopes;
pub use tables::{WordTable, fold};

/// The JSON Schema (draft 2020-12) of the settings object.
pub const SCHEMA: &str = include_str!("settings/schema.json");

/// Declares a struct whose fields have their default beside them.
macro_rules! settings {
    ($(#[$of:meta])* pub struct $name:ident { $($(#[$about:meta])* pub $key:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$of])*
        pub struct $name { $($(#[$about])* pub $key: $kind,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    };
}

settings! {
    /// The settings of one tenant.
    #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[cfg_attr(test, derive(schemars::JsonSchema))]
    pub struct Settings {
        /// The package's namespace in this org.
        #[serde(deserialize_with = "kinds::namespace")]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("bpatsdev")])))]
        pub namespace: String = defaults::NAMESPACE.to_owned(),

        /// Which object is the Job, where the org uses its own: its API name when the package's mapping metadata gives
        /// the rest, else all of it.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("Position__c")])))]
        pub job_object: Option<NameOr<JobNames>> = None,

        /// Names or types of stages that mean hired; compared whole, without regard to case. The list replaces the
        /// default; one whose words begin with `+` adds to it: `["+Placed"]`.
        #[serde(deserialize_with = "kinds::hired_stages")]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(["+Placed"])])))]
        pub hired_stages: Vec<String> = defaults::HIRED_STAGES.iter().map(|w| fold(w)).collect(),

        /// What the words of Job Status mean: `OPEN`, `CLOSED`, `DRAFT`, `ARCHIVED` or any other text.
        #[serde(deserialize_with = "kinds::job_status")]
        #[cfg_attr(test, schemars(with = "documents::Words"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!({"Reopened": "OPEN"})])))]
        pub job_status: WordTable = WordTable::new([], defaults::JOB_STATUS),

        /// What the words of Job Type mean: `FULL_TIME`, `PART_TIME`, `CONTRACT`, `SEASONAL`, `INTERNSHIP` or any other
        /// text.
        #[serde(deserialize_with = "kinds::employment_type")]
        #[cfg_attr(test, schemars(with = "documents::Words"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!({"Gig": "CONTRACT"})])))]
        pub employment_type: WordTable = WordTable::new([], defaults::EMPLOYMENT_TYPE),

        /// What the words of Post Externally mean: `PUBLIC`, `INTERNAL`, `UNLISTED`, `CONFIDENTIAL` or any other text.
        #[serde(deserialize_with = "kinds::visibility")]
        #[cfg_attr(test, schemars(with = "documents::Words"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!({"Agencies only": "INTERNAL"})])))]
        pub visibility: WordTable = WordTable::new([], defaults::VISIBILITY),

        /// Which contacts are candidates: those with an application or of the candidate record type, one of the two,
        /// all, or those that a SOQL condition on Contact takes. With `typed` or a condition, applications may name
        /// contacts who are not candidates.
        #[cfg_attr(test, schemars(schema_with = "documents::candidates"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("applied")])))]
        pub candidates: CandidateRule = CandidateRule::AppliedOrTyped,

        /// Developer name of the contact record type of candidates.
        #[serde(deserialize_with = "kinds::text")]
        #[cfg_attr(test, schemars(length(min = 1)))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("Applicant")])))]
        pub candidate_record_type: String = defaults::CANDIDATE_RECORD_TYPE.to_owned(),

        /// Further e-mail fields of the contact, besides Email.
        #[serde(deserialize_with = "kinds::names_or")]
        #[cfg_attr(test, schemars(with = "Vec<NameOr<EmailField>>"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(["Private_Email__c"])])))]
        pub candidate_email_fields: Vec<EmailField> = Vec::new(),

        /// The job's lookups to users or contacts that make its hiring team, in place of the default list.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!([{"field": "Recruiter__c", "role": "RECRUITER"}])])))]
        pub hiring_team: Vec<TeamLookup> = defaults::hiring_team(),

        /// ISO 4217 code of salaries, for orgs with one currency.
        #[serde(deserialize_with = "kinds::currency")]
        #[cfg_attr(test, schemars(regex(pattern = "^[A-Za-z]{3}$")))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("USD")])))]
        pub default_currency: Option<String> = None,

        /// Unified fields that are read from other source fields than the usual ones; of several source fields the
        /// first that has a value.
        #[serde(deserialize_with = "sources::overrides")]
        #[cfg_attr(test, schemars(schema_with = "documents::overrides"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!({"jobs": {"salary_amount": "Annual_Pay__c"}})])))]
        pub fields: Vec<FieldOverride> = Vec::new(),

        /// Source fields to hand on in `integration_fields`.
        #[serde(deserialize_with = "sources::promoted")]
        #[cfg_attr(test, schemars(schema_with = "documents::promoted"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!({"candidates": ["Badge_Number__c"]})])))]
        pub integration_fields: Vec<(Model, Vec<String>)> = Vec::new(),

        /// Id of the account that new contacts belong to. Without one they belong to none, and Salesforce shows a
        /// contact without an account only to its owner and to administrators.
        #[serde(deserialize_with = "kinds::account")]
        #[cfg_attr(test, schemars(regex(pattern = "^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("001000000000001AAA")])))]
        pub candidate_account: Option<String> = None,

        /// When the candidate has applied to the job before: return that application with a warning, or fail.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("error")])))]
        pub existing_application: ExistingApplication = ExistingApplication::Return,

        /// Whether jobs that are not open take applications.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(true)])))]
        pub allow_closed_jobs: bool = false,

        /// The contact field that takes the telephone number.
        #[serde(deserialize_with = "api_name::required")]
        #[cfg_attr(test, schemars(with = "ApiName"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("Phone")])))]
        pub phone_field: String = defaults::PHONE_FIELD.to_owned(),

        /// When the picklist of sources lacks the source: write it into the free-text field with a warning, or refuse
        /// the call.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("refuse")])))]
        pub source_policy: SourcePolicy = SourcePolicy::FreeText,

        /// When a duplicate rule of the org alerts about a new record (it may be saved all the same): refuse the call,
        /// or save with a warning. A rule that blocks refuses in any case.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("save")])))]
        pub duplicate_alerts: DuplicateAlerts = DuplicateAlerts::Refuse,

        /// A unique text field of the contact, 64 characters or more. New contacts get the SHA-256 of their lower-cased
        /// e-mail address in it, as hex; it keeps two creates at once from making two contacts.
        #[serde(deserialize_with = "api_name::optional")]
        #[cfg_attr(test, schemars(with = "Option<ApiName>"))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!("Email_Hash__c")])))]
        pub contact_external_id_field: Option<String> = None,

        /// The largest file that is attached, in bytes; the host may allow less.
        #[serde(deserialize_with = "kinds::cap")]
        #[cfg_attr(test, schemars(range(min = 1, max = kinds::LARGEST_CAP)))]
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(10000000)])))]
        pub attachment_cap: u64 = kinds::LARGEST_CAP,

        /// Whether the first CV of a candidate without one is marked as the primary one.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(false)])))]
        pub mark_primary_cv: bool = true,

        /// From how many rows on a listing is read through Salesforce's Bulk API 2.0, which takes a fraction of the
        /// calls; 0 for never.
        #[cfg_attr(test, schemars(extend("examples" = [serde_json::json!(0)])))]
        pub bulk_from_rows: u64 = defaults::BULK_FROM_ROWS,

        /// What is switched off; not part of the settings object.
        #[serde(skip)]
        pub scopes: Scopes = Scopes::default(),
    }
}

impl Settings {
    /// Reads the connection's settings and its list of switched-off things, and returns every problem. Empty text and
    /// `null` mean all defaults. There are no settings if the whole text can't be read.
    pub fn read(json: &str, disabled: &[String]) -> (Option<Self>, Vec<SettingsProblem>) {
        let (settings, problems) = read::read::<Self>(json);
        let settings = settings.map(|mut settings| {
            let names = settings.names();
            for lookup in &mut settings.hiring_team {
                lookup.field = names.api(&lookup.field);
            }
            settings.scopes = Scopes::new(disabled);
            settings
        });
        (settings, problems)
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
}

#[cfg(test)]
mod tests;
