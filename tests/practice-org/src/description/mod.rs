//! An org described in a TOML file: objects, users, rights and rules of another package than Asymbl's.
//!
//! The built-in description stays the package's JSON file; this one adds to it, or with `package = false` stands on
//! standard objects alone. The README shows every table.

mod flows;
pub mod rights;
mod rules;
mod values;

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::error::ApiError;
use crate::schema::{FieldChange, ObjectSpec, SchemaError, SchemaSpec};
use crate::store::{Actor, Database};

pub use flows::{Flow, FlowFailure, Moment};
pub use rules::{DuplicateAction, DuplicateRule, RecordLock, ValidationRule};
use values::{filled, invalid};

/// The description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("cannot read the org description {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML of this form.
    #[error("the org description does not fit: {0}")]
    Form(#[from] toml::de::Error),
}

/// What an org has besides the built-in objects.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// The Asymbl package is installed too.
    pub package: bool,
    /// Username that integrations run as; the built-in integration user when absent.
    pub run_as: Option<String>,
    /// Objects, or additions to objects that exist; keys as in the package's JSON file.
    pub objects: Vec<ObjectSpec>,
    /// Changes to fields that exist.
    pub field_changes: Vec<FieldChange>,
    /// Record types.
    pub record_types: Vec<RecordTypeRow>,
    /// Permission sets.
    pub permission_sets: Vec<rights::PermissionSet>,
    /// Users.
    pub users: Vec<User>,
    /// Validation rules.
    pub validation_rules: Vec<ValidationRule>,
    /// Duplicate rules.
    pub duplicate_rules: Vec<DuplicateRule>,
    /// Conditions that lock records for editing.
    pub record_locks: Vec<RecordLock>,
    /// Automation that changes what was written, or fails.
    pub flows: Vec<Flow>,
    /// Rows to begin with.
    pub records: Vec<Records>,
}

impl Default for Description {
    fn default() -> Self {
        Self {
            package: true,
            run_as: None,
            objects: Vec::new(),
            field_changes: Vec::new(),
            record_types: Vec::new(),
            permission_sets: Vec::new(),
            users: Vec::new(),
            validation_rules: Vec::new(),
            duplicate_rules: Vec::new(),
            record_locks: Vec::new(),
            flows: Vec::new(),
            records: Vec::new(),
        }
    }
}

/// A record type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordTypeRow {
    /// API name of the object.
    pub object: String,
    /// Developer name.
    pub name: String,
    /// Label.
    pub label: String,
    /// New rows get it.
    #[serde(default)]
    pub default: bool,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Username.
    pub username: String,
    /// Last name.
    pub last_name: String,
    /// First name.
    #[serde(default)]
    pub first_name: String,
    /// May log in and own records.
    #[serde(default = "yes")]
    pub active: bool,
    /// Names of permission sets; without any the user may do everything, as an administrator.
    #[serde(default)]
    pub permission_sets: Vec<String>,
}

/// Rows to begin with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// API name of the object.
    pub object: String,
    /// How many.
    #[serde(default = "one")]
    pub count: usize,
    /// Values: `{n}` in a text is the number of the row and `{text:900}` a filler of so many characters; `@Object` or
    /// `@Object WHERE Name = 'X'` refers to a row of that object, in turn.
    pub values: Map<String, Json>,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// When the text is not TOML of this form.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        Ok(toml::from_str(text.trim_start_matches('\u{feff}'))?)
    }

    /// Reads a description from a file.
    ///
    /// # Errors
    /// When the file cannot be read or is not TOML of this form.
    pub fn read(file: &Path) -> Result<Self, DescriptionError> {
        let text = std::fs::read_to_string(file).map_err(|source| DescriptionError::Read {
            file: file.display().to_string(),
            source,
        })?;
        Self::parse(&text)
    }

    /// The objects, for the schema.
    pub(crate) fn schema(&self) -> SchemaSpec {
        SchemaSpec {
            objects: self.objects.clone(),
            ..SchemaSpec::default()
        }
    }

    /// Changes fields, adds record types and rows, and attaches rules and flows, in an org that has the objects.
    pub(crate) fn install(&self, db: &Database, actor: &Actor) -> Result<(), SchemaError> {
        for change in &self.field_changes {
            db.alter_schema(|schema| schema.change_field(change.clone()))?;
        }
        for kind in &self.record_types {
            db.add_record_type(&kind.object, &kind.name, &kind.label, kind.default)?;
        }
        for records in &self.records {
            self.insert(db, actor, records)?;
        }
        rules::attach(
            db,
            &self.validation_rules,
            &self.duplicate_rules,
            &self.record_locks,
        )?;
        flows::attach(&self.flows, db)
    }

    /// Adds the description to an org that runs.
    ///
    /// # Errors
    /// When it does not fit the org, or names users or permission sets, which only a new org can take.
    pub(crate) fn extend(&self, db: &Database, actor: &Actor) -> Result<(), SchemaError> {
        if self.run_as.is_some() || !(self.users.is_empty() && self.permission_sets.is_empty()) {
            let message = "run_as, users and permission_sets are for --description, at the start";
            return Err(SchemaError::Invalid(message.to_owned()));
        }
        db.alter_schema(|schema| schema.extend(self.schema()))?;
        self.install(db, actor)
    }

    fn insert(&self, db: &Database, actor: &Actor, records: &Records) -> Result<(), SchemaError> {
        for number in 1..=records.count {
            let values: Result<Map<String, Json>, ApiError> = records
                .values
                .iter()
                .map(|(name, value)| Ok((name.clone(), filled(db, value, number)?)))
                .collect();
            values
                .and_then(|values| db.insert(actor, &records.object, &values))
                .map_err(|error| invalid(format!("records of {}", records.object), &error))?;
        }
        Ok(())
    }
}
