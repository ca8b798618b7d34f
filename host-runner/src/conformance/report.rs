//! What a run of the kit found.

use serde_json::{Value, json};

use super::named;
use crate::sandbox::{CONTRACT_VERSION, CallError, ErrorKind};

/// A rule of the contract that the kit checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// See [`RULES`], which says each in words.
    Imports,
    /// See [`RULES`].
    Describe,
    /// See [`RULES`].
    Discover,
    /// See [`RULES`].
    AbsentModels,
    /// See [`RULES`].
    PagesEnd,
    /// See [`RULES`].
    RecordsValid,
    /// See [`RULES`].
    FieldsDescribed,
    /// See [`RULES`].
    IdsUnique,
    /// See [`RULES`].
    IdsStable,
    /// See [`RULES`].
    PageSizes,
    /// See [`RULES`].
    CursorsResume,
    /// See [`RULES`].
    PageForms,
    /// See [`RULES`].
    Tokens,
    /// See [`RULES`].
    TypedErrors,
    /// See [`RULES`].
    ListIds,
    /// See [`RULES`].
    GetRecords,
    /// See [`RULES`].
    Probe,
    /// See [`RULES`].
    Changes,
}

/// The rules: name, and what a connector must do.
pub const RULES: [(Rule, &str, &str); 18] = [
    (
        Rule::Imports,
        "imports",
        "imports nothing but what a connector gets",
    ),
    (
        Rule::Describe,
        "describe",
        "describes itself without network and settings, with fields that the models have",
    ),
    (
        Rule::Discover,
        "discover",
        "finds the same organization each time",
    ),
    (
        Rule::AbsentModels,
        "absent-models",
        "returns `unsupported` for models that it does not list",
    ),
    (
        Rule::PagesEnd,
        "pages-end",
        "ends each listing, and gives no cursor twice",
    ),
    (
        Rule::RecordsValid,
        "records-valid",
        "returns records with every field, valid dates and known words",
    ),
    (
        Rule::FieldsDescribed,
        "fields-described",
        "fills no field that it does not list",
    ),
    (
        Rule::IdsUnique,
        "ids-unique",
        "returns no record twice in a full listing",
    ),
    (
        Rule::IdsStable,
        "ids-stable",
        "returns the same records with the same ids in another sandbox",
    ),
    (
        Rule::PageSizes,
        "page-sizes",
        "returns the same records for any page size",
    ),
    (
        Rule::CursorsResume,
        "cursors-resume",
        "continues from any cursor in another sandbox",
    ),
    (
        Rule::PageForms,
        "page-forms",
        "returns the same records as text and as typed values",
    ),
    (
        Rule::Tokens,
        "tokens",
        "takes each token, and returns nothing from a later one that it does not from an earlier one",
    ),
    (
        Rule::TypedErrors,
        "typed-errors",
        "returns `resync-required` for a cursor or token that it can't read",
    ),
    (
        Rule::ListIds,
        "list-ids",
        "lists the keys of the records, no more and no fewer",
    ),
    (
        Rule::GetRecords,
        "get-records",
        "returns by id what it lists",
    ),
    (
        Rule::Probe,
        "probe-changes",
        "returns usable tokens, and calls no model unchanged that has changes",
    ),
    (
        Rule::Changes,
        "changes",
        "shows updates in the next delta, and deletions there or in the keys",
    ),
];

impl Rule {
    /// The name in reports: `pages-end`.
    pub fn name(self) -> &'static str {
        let row = RULES.iter().find(|(rule, _, _)| *rule == self);
        row.map_or("", |(_, name, _)| name)
    }

    /// What the rule asks of a connector.
    pub fn text(self) -> &'static str {
        let row = RULES.iter().find(|(rule, _, _)| *rule == self);
        row.map_or("", |(_, _, text)| text)
    }
}

/// What became of a check; each says in words what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The connector keeps the rule.
    Passed(String),
    /// There was nothing to check.
    Skipped(String),
    /// The connector breaks the rule.
    Failed(String),
}

/// A rule, the call that it was checked with, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The function, and the model where it has one: `list-page users`.
    pub call: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// Everything that a run found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The connector's name for programs.
    pub slug: String,
    /// Its name for people.
    pub label: String,
    /// Its version.
    pub version: String,
    /// A finding per rule and call, in the order in which they were made.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Returns true if no rule is broken.
    pub fn conforms(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The findings of rules that are broken.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        let failed = |finding: &&Finding| matches!(finding.outcome, Outcome::Failed(_));
        self.findings.iter().filter(failed)
    }

    /// The report as a JSON object.
    pub fn to_json(&self) -> Value {
        let finding = |finding: &Finding| {
            let (outcome, detail) = finding.outcome.parts();
            json!({
                "rule": finding.rule.name(),
                "call": finding.call,
                "outcome": outcome,
                "detail": detail,
            })
        };
        json!({
            "contract": CONTRACT_VERSION,
            "slug": self.slug,
            "label": self.label,
            "version": self.version,
            "conforms": self.conforms(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }

    pub(super) fn note(&mut self, rule: Rule, call: impl Into<String>, outcome: Outcome) {
        let call = call.into();
        self.findings.push(Finding {
            rule,
            call,
            outcome,
        });
    }

    pub(super) fn failed(&mut self, rule: Rule, call: impl Into<String>, why: String) {
        self.note(rule, call, Outcome::Failed(why));
    }

    /// A finding that passed unless something is wrong.
    pub(super) fn all(
        &mut self,
        rule: Rule,
        call: impl Into<String>,
        mut wrong: Vec<String>,
        detail: String,
    ) {
        let more = wrong.len().saturating_sub(SHOWN);
        wrong.truncate(SHOWN);
        let mut text = wrong.join("; ");
        if more > 0 {
            text.push_str(&format!("; and {more} more"));
        }
        let outcome = match text.is_empty() {
            true => Outcome::Passed(detail),
            false => Outcome::Failed(text),
        };
        self.note(rule, call, outcome);
    }

    /// A finding for a call that the connector may lack.
    pub(super) fn refused(&mut self, rule: Rule, call: impl Into<String>, error: &CallError) {
        let outcome = match error.kind() {
            ErrorKind::Unsupported => Outcome::Skipped("unsupported".into()),
            _ => Outcome::Failed(named(error)),
        };
        self.note(rule, call, outcome);
    }
}

/// How many problems of one finding are written out.
const SHOWN: usize = 3;

impl Outcome {
    /// The outcome's name, and what was seen.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Passed(detail) => ("passed", detail),
            Self::Skipped(detail) => ("skipped", detail),
            Self::Failed(detail) => ("failed", detail),
        }
    }
}
