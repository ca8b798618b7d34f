//! The seven models: which source fields feed which unified field, and how.
//!
//! Each model is one file with the same three parts: `TABLE`, from which columns, coverage, rights and custom fields
//! follow; a struct that holds the names worked out for one tenant; and its [`Mapping`]. This file alone lists the
//! models.

pub mod application_stages;
pub mod applications;
pub mod candidates;
mod choices;
mod columns;
pub mod common;
pub mod custom_fields;
pub mod hiring_team_members;
pub mod job_stages;
pub mod jobs;
pub mod json;
pub mod location;
mod mapping;
mod table;
mod takes;
mod tenant;
pub mod users;

use crate::exports::ats::connector::types::Model;

pub use crate::asymbl::names::{MODELS, from_word, word};
#[cfg(test)]
pub use choices::{choosable, promoting};
pub use choices::{fingerprint, read_settings};
pub use columns::{appearance, column_set};
pub use mapping::{Fetch, Mapping};
pub use table::{FurtherNeed, OPTIONAL, Object, Rule, Source, Table, While, is_on};
pub use takes::{EMAIL, Takes};
pub use tenant::{Missing, Tenant};

/// The tables of the models, in the order of the coverage page and of the contract's `model`.
pub static TABLES: [&Table; 7] = [
    &users::TABLE,
    &jobs::TABLE,
    &candidates::TABLE,
    &application_stages::TABLE,
    &applications::TABLE,
    &job_stages::TABLE,
    &hiring_team_members::TABLE,
];

/// A model's table.
pub fn table(model: Model) -> &'static Table {
    TABLES[model as usize]
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
