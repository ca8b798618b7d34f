//! Refused writes, told in the fields of the input.
//!
//! Salesforce blames its own fields, and sometimes only their labels. A caller knows unified ones, so both are named; a
//! field that no input feeds is the org's own rule, which only its administrator can change.

use super::fields::{Feed, Fill};
use super::table::SALARY;
use crate::asymbl::errors::problem;
use crate::exports::ats::connector::types::{Error, Problem, RemoteAnswer};
use salesforce::{ErrorKind, ObjectShape, SalesforceError, WriteProblem};

/// Longest message of Salesforce that is handed on, in characters.
const LONGEST: usize = 4_000;

/// Which input feeds which field of an object.
pub struct Blame<'a> {
    /// The object that was written.
    pub object: &'a ObjectShape,
    /// Its fields that inputs fill.
    pub feeds: &'a [Feed],
    /// The unified path of the whole: `candidate`.
    pub whole: &'static str,
    /// The setting that saves through an alert of a duplicate rule could help: it is not set.
    pub may_save: bool,
}

impl Blame<'_> {
    /// The input that fills a field, or a part of a compound field, or the same of a country by the other of its two
    /// fields.
    fn feed(&self, field: &str) -> Option<&Feed> {
        let by = |fits: &dyn Fn(&str) -> bool| self.feeds.iter().find(|feed| fits(&feed.field));
        by(&|name| name.eq_ignore_ascii_case(field))
            .or_else(|| {
                by(&|name| {
                    name.trim_end_matches("Code")
                        .eq_ignore_ascii_case(field.trim_end_matches("Code"))
                })
            })
            .or_else(|| by(&|name| self.is_part(name, field)))
    }

    fn is_part(&self, name: &str, compound: &str) -> bool {
        let part_of = self
            .object
            .field(name)
            .and_then(|f| f.compound_field_name.as_deref());
        part_of.is_some_and(|whole| whole.eq_ignore_ascii_case(compound))
    }

    /// The path to blame for a field, and what a caller can do about it.
    fn blamed(&self, field: &str) -> (&'static str, String) {
        let of = self.object.name.as_str();
        let Some(feed) = self.feed(field) else {
            let is_phone = self.object.field(field).is_some_and(|f| f.kind == "phone");
            let way = match self.whole == "candidate" && is_phone {
                true => "the setting `phone_field` can name this field",
                false => "an administrator of the org can give it a default",
            };
            return (self.whole, format!("; no input feeds this field: {way}"));
        };
        let path = feed.path;
        let is_input = path.contains('.') || path == "source";
        let hint = match (feed.fill, path.strip_prefix("settings.")) {
            (Fill::Asked | Fill::Chosen, _) => String::new(),
            (Fill::LeftOut, Some(setting)) => {
                format!("; the setting `{setting}` fills this field and is not set")
            }
            (Fill::LeftOut, None) if path == SALARY => {
                format!("; the input {path} fills this field, by its period")
            }
            (Fill::LeftOut, None) if is_input => {
                format!("; the input {path} fills this field and was left out")
            }
            (Fill::LeftOut, None) => {
                "; no input feeds this field: an administrator of the org can give it a default"
                    .to_owned()
            }
            (Fill::SwitchedOff, _) => {
                format!("; {path} would fill this field, but is switched off for this tenant")
            }
            (Fill::NotWritable, _) => format!(
                "; {path} would fill this field, but the connected user may not fill it: grant edit access to {field} of {of}"
            ),
        };
        (path, hint)
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
            ErrorKind::Duplicate { allow_save, .. } => {
                let way = match (allow_save, self.may_save) {
                    (true, true) => {
                        "; the rule only alerts: the setting `duplicate_alerts = \"save\"` saves such records all the same"
                    }
                    (true, false) => "",
                    (false, _) => {
                        "; the rule blocks the record: only an administrator of the org can let it in"
                    }
                };
                let message = format!("{}: {}{way}", duplicates(&error), error.message);
                return Error::InvalidInput(vec![self.problem(self.whole, message, &error)]);
            }
            ErrorKind::Write(problem) => hint(*problem),
            ErrorKind::DuplicateValue { .. } => {
                "another record holds this value, which must be unique"
            }
            _ => return error.into(),
        };
        let mut problems = Vec::new();
        for refused in error.all() {
            let mut fields = refused.fields.clone();
            if fields.is_empty() {
                fields.extend(self.named_in(&refused.message));
            }
            if fields.is_empty() {
                problems.push(self.problem(
                    self.whole,
                    format!("{}: {hint}", refused.message),
                    &error,
                ));
            }
            for field in fields {
                let label = self.object.field(&field).map_or("", |f| f.label.as_str());
                let (path, way) = self.blamed(&field);
                let message = format!(
                    "{} ({field} \"{label}\" of {}: {hint}{way})",
                    refused.message, self.object.name
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

/// Which duplicate rule found which records; empty for another error.
pub fn duplicates(error: &SalesforceError) -> String {
    let ErrorKind::Duplicate { rule, matches, .. } = &error.kind else {
        return String::new();
    };
    let ids: Vec<&str> = matches.iter().map(|id| id.as_str()).collect();
    format!(
        "the duplicate rule {} found existing records ({})",
        rule.as_deref().unwrap_or("of the org"),
        ids.join(", ")
    )
}

fn hint(problem: WriteProblem) -> &'static str {
    match problem {
        WriteProblem::Required => "the org requires a value",
        WriteProblem::TooLong => "give a shorter text",
        WriteProblem::BadPicklistValue => "give a value that the org's list holds",
        WriteProblem::ValidationRule => "a validation rule of the org refuses it",
        WriteProblem::Automation => "a trigger or flow of the org refuses it",
        WriteProblem::ReadOnlyField => "the connected user may not write the field",
        WriteProblem::BadReference => {
            "the record it points to does not exist or is not visible to the integration user"
        }
        WriteProblem::InactiveOwner => {
            "the owner is an inactive user: an administrator of the org must change the owner"
        }
        WriteProblem::RecordLocked => {
            "the record is locked for editing, by an approval process for instance: an administrator of the org can unlock it"
        }
        WriteProblem::BadValue => "the org does not take this value",
    }
}
