//! The seven models: which source fields feed which unified field, and how.
//!
//! Each model is one file with the same three parts: `RULES`, the table that the columns, the coverage and the custom
//! fields follow from; a struct that holds the names worked out for one tenant; and its [`Mapping`].

pub mod application_stages;
pub mod applications;
pub mod candidates;
pub mod common;
pub mod custom_fields;
pub mod hiring_team_members;
pub mod job_stages;
pub mod jobs;
pub mod location;
mod rules;
pub mod users;

use std::fmt;

use crate::asymbl::profile::Profile;
use crate::asymbl::settings::Settings;
use crate::exports::ats::connector::types::Model;
use salesforce::Record;

pub use rules::{
    OPTIONAL, Rule, Source, Takes, column_set, in_order, label, rules, source_fields, takes,
};
pub(super) use rules::{is_on, object_of};

/// Every model with its name in settings, messages and command lines.
pub const MODELS: [(Model, &str); 7] = [
    (Model::Users, "users"),
    (Model::Jobs, "jobs"),
    (Model::Candidates, "candidates"),
    (Model::ApplicationStages, "application-stages"),
    (Model::Applications, "applications"),
    (Model::JobStages, "job-stages"),
    (Model::HiringTeamMembers, "hiring-team-members"),
];

/// A model's name: `job-stages`.
pub fn word(model: Model) -> &'static str {
    MODELS[model as usize].1
}

/// The model of that name.
pub fn from_word(name: &str) -> Option<Model> {
    MODELS.iter().find(|(_, w)| *w == name).map(|(m, _)| *m)
}

/// What a model's records look like besides what their rows say: the address of their pages, labels and types of fields. It
/// changes without a stamp on any row.
pub fn appearance(tenant: Tenant<'_>, model: Model) -> String {
    let has_page = rules(model).iter().any(|rule| rule.field == "remote_url");
    let has_page = has_page && is_on(tenant, model, "remote_url");
    let address = if has_page { tenant.base_url } else { "" };
    format!("{address};{}", custom_fields::style(tenant, model))
}

/// What a mapping rests on.
#[derive(Clone, Copy)]
pub struct Tenant<'a> {
    /// What discovery found.
    pub profile: &'a Profile,
    /// What the tenant chose.
    pub settings: &'a Settings,
    /// Origin of the org, for links to records.
    pub base_url: &'a str,
}

/// How a mapping reads the rows that its own rows point to.
pub trait Fetch {
    /// Why reading failed.
    type Error;

    /// The rows of `object` that are not deleted and whose `field` holds one of `values`, with `columns`, in any
    /// order. `values` are ids or e-mail addresses as Salesforce gave them, each once.
    ///
    /// # Errors
    /// When Salesforce can't be asked or refuses.
    fn rows(
        &mut self,
        object: &str,
        columns: &[String],
        field: &str,
        values: &[String],
    ) -> Result<Vec<Record>, Self::Error>;
}

/// The object that a model rests on is not there for the connected user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its API name.
    pub object: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.object.contains("__") {
            return write!(
                f,
                "Salesforce shows no object {} to the connected user, which lacks the right to read it: grant Read on it in a \
                 permission set of the integration user",
                self.object
            );
        }
        write!(
            f,
            "Salesforce shows no object {} to the connected user: it lacks the right to read it, or the Asymbl ATS package is not \
             installed (or has another namespace). Assign the permission set \"Asymbl ATS User\" to the integration user, or correct \
             the setting `namespace`",
            self.object
        )
    }
}

impl std::error::Error for Missing {}

/// How the rows of one object become the records of one model.
pub trait Mapping: Sized {
    /// The model.
    const MODEL: Model;
    /// What a row becomes.
    type Record;
    /// What the mapping needs of other rows.
    type Related;

    /// Works out the names for one tenant; do it once and keep it.
    ///
    /// # Errors
    /// When the user may not read the object.
    fn new(tenant: Tenant<'_>) -> Result<Self, Missing>;

    /// API name of the object that the rows come from.
    fn object(&self) -> &str;

    /// The fields to select: only those that describe lists.
    fn columns(&self) -> &[String];

    /// Reads what the mapping of these rows needs of other rows.
    ///
    /// # Errors
    /// When reading fails.
    fn related<F: Fetch>(&self, fetch: &mut F, rows: &[Record]) -> Result<Self::Related, F::Error>;

    /// The record of a row; none where the row has no id.
    fn map(&self, row: &Record, related: &Self::Related) -> Option<Self::Record>;
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
