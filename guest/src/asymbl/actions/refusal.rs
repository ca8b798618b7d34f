//! Refused writes, told in the fields of the input.
//!
//! Salesforce blames its own fields, and sometimes only their labels. A caller knows unified ones, so both are named; a field
//! that no input feeds is the org's own rule, which only its administrator can change.

use crate::asymbl::errors::problem;
use crate::exports::ats::connector::types::{Error, Problem, RemoteAnswer};
use salesforce::{ErrorKind, ObjectShape, SalesforceError, WriteProblem};

/// Longest message of Salesforce that is handed on, in characters.
const LONGEST: usize = 4_000;

/// Which input feeds which field of an object.
pub struct Blame<'a> {
    /// The object that was written.
    pub object: &'a ObjectShape,
    /// Source field and unified path.
    pub fields: Vec<(String, String)>,
    /// The unified path of the whole: `candidate`.
    pub whole: &'a str,
}

impl Blame<'_> {
    fn path(&self, field: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(source, _)| source.eq_ignore_ascii_case(field));
        found.map(|(_, path)| path.as_str())
    }

    /// The field that a message like `First Name: data value too large` speaks of.
    fn named_in(&self, message: &str) -> Option<String> {
        let label = message.split_once(':')?.0.trim();
        let field = self
            .object
            .fields
            .iter()
            .find(|f| f.label.eq_ignore_ascii_case(label))?;
        Some(field.name.clone())
    }

    /// The contract's error for a refused write.
    pub fn typed(&self, error: SalesforceError) -> Error {
        let hint = match &error.kind {
            ErrorKind::Duplicate { rule, matches, .. } => {
                let rule = rule.as_deref().unwrap_or("of the org");
                let ids: Vec<&str> = matches.iter().map(|id| id.as_str()).collect();
                let message = format!(
                    "the duplicate rule {rule} found existing records ({}): {}",
                    ids.join(", "),
                    error.message
                );
                return Error::InvalidInput(vec![self.problem(self.whole, message, &error)]);
            }
            ErrorKind::Write(problem) => hint(*problem),
            ErrorKind::DuplicateValue { .. } => {
                "another record holds this value, which must be unique"
            }
            _ => return error.into(),
        };
        let mut problems = Vec::new();
        for told in error.all() {
            let mut fields = told.fields.clone();
            if fields.is_empty() {
                fields.extend(self.named_in(&told.message));
            }
            if fields.is_empty() {
                problems.push(self.problem(
                    self.whole,
                    format!("{}: {hint}", told.message),
                    &error,
                ));
            }
            for field in fields {
                let label = self.object.field(&field).map_or("", |f| f.label.as_str());
                let (path, own) = match self.path(&field) {
                    Some(path) => (path, ""),
                    None => (
                        self.whole,
                        "; no input feeds this field: an administrator of the org can give it a default",
                    ),
                };
                let message = format!(
                    "{} ({field} \"{label}\" of {}: {hint}{own})",
                    told.message, self.object.name
                );
                problems.push(self.problem(path, message, &error));
            }
        }
        Error::InvalidInput(problems)
    }

    fn problem(&self, path: &str, message: String, error: &SalesforceError) -> Problem {
        Problem {
            remote: Some(RemoteAnswer {
                status: error.status,
                code: Some(error.code.clone()).filter(|c| !c.is_empty()),
                message: error.message.chars().take(LONGEST).collect(),
                fields: error.fields.clone(),
            }),
            ..problem(path, message.chars().take(LONGEST).collect::<String>())
        }
    }
}

fn hint(problem: WriteProblem) -> &'static str {
    match problem {
        WriteProblem::Required => "the org requires a value",
        WriteProblem::TooLong => "give a shorter text",
        WriteProblem::BadPicklistValue => "give a value that the org's list holds",
        WriteProblem::ValidationRule => "a validation rule of the org refuses it",
        WriteProblem::Automation => "a trigger or flow of the org refuses it",
        WriteProblem::ReadOnlyField => "the connected user may not write the field",
        WriteProblem::BadReference => "the record it points to does not exist or is out of sight",
        WriteProblem::InactiveOwner => {
            "the owner is an inactive user: an administrator of the org must change the owner"
        }
        WriteProblem::RecordLocked => {
            "the record is locked for editing, by an approval process for instance: an administrator of the org can unlock it"
        }
        WriteProblem::BadValue => "the org does not take this value",
    }
}
