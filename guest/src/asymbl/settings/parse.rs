//! From the JSON object of the connection to [`Settings`], with every problem said at once and in the tenant's words.

mod actions;
mod fields;

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::scopes::Scopes;
use super::tables::{WordTable, fold};
use super::{CandidateRule, EmailField, JobObject, Settings, TeamLookup, defaults};
use crate::asymbl::names::Names;
use crate::exports::ats::connector::unified::HiringTeamRole;
use salesforce::Query;
use salesforce::soql::raw;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Dotted path of the key: `hiring_team[1].role`; empty where the whole is to blame.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => f.write_str(&self.message),
            key => write!(f, "{key}: {}", self.message),
        }
    }
}

impl std::error::Error for SettingsProblem {}

/// Every key of the settings object.
pub(super) const KEYS: [&str; 21] = [
    "namespace",
    "job_object",
    "hired_stages",
    "job_status",
    "employment_type",
    "visibility",
    "candidates",
    "candidate_record_type",
    "candidate_email_fields",
    "hiring_team",
    "default_currency",
    "fields",
    "integration_fields",
    "candidate_account",
    "existing_application",
    "allow_closed_jobs",
    "phone_field",
    "source_policy",
    "contact_external_id_field",
    "attachment_cap",
    "mark_primary_cv",
];

pub(super) const ROLES: [(&str, HiringTeamRole); 5] = [
    ("HIRING_MANAGER", HiringTeamRole::HiringManager),
    ("RECRUITER", HiringTeamRole::Recruiter),
    ("COORDINATOR", HiringTeamRole::Coordinator),
    ("SOURCER", HiringTeamRole::Sourcer),
    ("INTERVIEWER", HiringTeamRole::Interviewer),
];

pub(super) const CANDIDATE_WORDS: [(&str, CandidateRule); 4] = [
    ("applied-or-typed", CandidateRule::AppliedOrTyped),
    ("applied", CandidateRule::Applied),
    ("typed", CandidateRule::Typed),
    ("all", CandidateRule::All),
];

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a field name, or an object with `field` and `type`"
)]
enum WrittenEmailField {
    Name(String),
    Typed(TypedEmailField),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedEmailField {
    field: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTeamLookup {
    field: String,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "an object's API name, or an object with `object`, `applicant_lookup`, `stage_lookup` and `closed_field`"
)]
enum WrittenJobObject {
    Name(String),
    Described(DescribedJobObject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedJobObject {
    object: String,
    applicant_lookup: String,
    stage_lookup: String,
    closed_field: Option<String>,
}

pub(super) fn parse(json: &str, disabled: &[String]) -> Result<Settings, Vec<SettingsProblem>> {
    let whole = match json.trim() {
        "" => Value::Null,
        text => serde_json::from_str(text)
            .map_err(|e| vec![problem("", format!("the settings are no JSON: {e}"))])?,
    };
    let given = match whole {
        Value::Null => Map::new(),
        Value::Object(map) => map,
        _ => return Err(vec![problem("", "the settings must be a JSON object")]),
    };
    let mut reader = Reader {
        given,
        problems: Vec::new(),
    };
    let settings = reader.settings(disabled);
    if reader.problems.is_empty() {
        Ok(settings)
    } else {
        Err(reader.problems)
    }
}

fn problem(key: impl Into<String>, message: impl Into<String>) -> SettingsProblem {
    SettingsProblem {
        key: key.into(),
        message: message.into(),
    }
}

struct Reader {
    given: Map<String, Value>,
    problems: Vec<SettingsProblem>,
}

impl Reader {
    fn settings(&mut self, disabled: &[String]) -> Settings {
        let unknown: Vec<String> = self
            .given
            .keys()
            .filter(|k| !KEYS.contains(&k.as_str()))
            .cloned()
            .collect();
        for key in unknown {
            let hint = did_you_mean(&key, KEYS);
            self.add(key, format!("no such setting{hint}"));
        }
        let namespace = self.namespace();
        let names = Names::new(&namespace);
        Settings {
            job_object: self.job_object(),
            hired_stages: self.hired_stages(),
            job_status: self.words("job_status", &defaults::JOB_STATUS),
            employment_type: self.words("employment_type", &defaults::EMPLOYMENT_TYPE),
            visibility: self.words("visibility", &defaults::VISIBILITY),
            candidates: self.candidates(),
            candidate_record_type: self
                .text("candidate_record_type")
                .unwrap_or_else(|| defaults::CANDIDATE_RECORD_TYPE.to_owned()),
            candidate_email_fields: self.email_fields(),
            hiring_team: self.hiring_team(&names),
            default_currency: self.currency(),
            fields: self.overrides(),
            integration_fields: self.integration_fields(),
            actions: self.actions(),
            scopes: Scopes::new(disabled),
            namespace,
        }
    }

    fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.problems.push(problem(key, message));
    }

    /// The value of a key in its type; none where it is absent, null or wrong (which is noted).
    fn value<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.given.get(key).filter(|v| !v.is_null())?.clone();
        serde_json::from_value(value)
            .map_err(|e| self.add(key, e.to_string()))
            .ok()
    }

    /// A text that must not be blank.
    fn text(&mut self, key: &str) -> Option<String> {
        let text: String = self.value(key)?;
        let text = text.trim();
        if text.is_empty() {
            self.add(key, "must not be empty: leave it out for the default");
            return None;
        }
        Some(text.to_owned())
    }

    fn namespace(&mut self) -> String {
        let Some(text) = self.value::<String>("namespace") else {
            return defaults::NAMESPACE.to_owned();
        };
        if !text.is_empty() && !is_name(&text) {
            self.add(
                "namespace",
                format!("{text:?} is no namespace: letters, digits and single underscores, without the `__`"),
            );
        }
        text
    }

    fn hired_stages(&mut self) -> Vec<String> {
        let words: Option<Vec<String>> = self.value("hired_stages");
        match words {
            Some(words) => words
                .iter()
                .map(|w| fold(w))
                .filter(|w| !w.is_empty())
                .collect(),
            None => defaults::HIRED_STAGES.iter().map(|w| fold(w)).collect(),
        }
    }

    fn words(&mut self, key: &str, defaults: &[(&'static str, &'static str)]) -> WordTable {
        let given: Map<String, Value> = self.value(key).unwrap_or_default();
        let mut pairs = Vec::new();
        for (pattern, value) in &given {
            match value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => pairs.push((pattern.as_str(), text)),
                _ => self.add(
                    format!("{key}.{pattern}"),
                    "must be a text that is not empty",
                ),
            }
        }
        WordTable::new(pairs, defaults.iter().copied())
    }

    fn candidates(&mut self) -> CandidateRule {
        let Some(text) = self.text("candidates") else {
            return CandidateRule::AppliedOrTyped;
        };
        if let Some((_, rule)) = CANDIDATE_WORDS.into_iter().find(|(w, _)| *w == text) {
            return rule;
        }
        // A condition always compares something; a lone word is a mistyped choice.
        if text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        {
            let hint = did_you_mean(&text, CANDIDATE_WORDS.iter().map(|(w, _)| *w));
            self.add(
                "candidates",
                format!("{text:?} is neither a choice nor a SOQL condition{hint}"),
            );
        } else if let Err(e) = Query::from("Contact")
            .select(["Id"])
            .filter(raw(text.as_str()))
            .to_soql()
        {
            self.add(
                "candidates",
                format!("the SOQL condition can't be used: {e}"),
            );
        }
        CandidateRule::Condition(text)
    }

    fn email_fields(&mut self) -> Vec<EmailField> {
        let written: Vec<WrittenEmailField> =
            self.value("candidate_email_fields").unwrap_or_default();
        let mut fields = Vec::new();
        for (i, one) in written.into_iter().enumerate() {
            let (field, kind) = match one {
                WrittenEmailField::Name(field) => (field, None),
                WrittenEmailField::Typed(typed) => (typed.field, typed.kind),
            };
            self.check_name(format!("candidate_email_fields[{i}]"), &field);
            fields.push(EmailField { field, kind });
        }
        fields
    }

    fn hiring_team(&mut self, names: &Names) -> Vec<TeamLookup> {
        let Some(written) = self.value::<Vec<WrittenTeamLookup>>("hiring_team") else {
            return defaults::HIRING_TEAM
                .iter()
                .map(|(field, role)| TeamLookup {
                    field: names.api(field),
                    role: ROLES.iter().find(|(w, _)| w == role).map(|(_, r)| *r),
                })
                .collect();
        };
        let mut lookups = Vec::new();
        for (i, one) in written.into_iter().enumerate() {
            self.check_name(format!("hiring_team[{i}].field"), &one.field);
            let wanted = one.role.unwrap_or_default();
            let role = ROLES.iter().find(|(w, _)| *w == wanted).map(|(_, r)| *r);
            if role.is_none() && !wanted.is_empty() {
                let hint = did_you_mean(&wanted, ROLES.iter().map(|(w, _)| *w));
                let all = ROLES.map(|(w, _)| w).join(", ");
                self.add(
                    format!("hiring_team[{i}].role"),
                    format!("{wanted:?} is no role{hint}; roles: {all}; leave it out for none"),
                );
            }
            lookups.push(TeamLookup {
                field: one.field,
                role,
            });
        }
        lookups
    }

    fn currency(&mut self) -> Option<String> {
        let text = self.text("default_currency")?;
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
            self.add(
                "default_currency",
                format!("{text:?} is no ISO 4217 code such as `USD`"),
            );
        }
        Some(text.to_ascii_uppercase())
    }

    fn job_object(&mut self) -> Option<JobObject> {
        let object = match self.value("job_object")? {
            WrittenJobObject::Name(name) => JobObject::Named(name),
            WrittenJobObject::Described(told) => JobObject::Described {
                object: told.object,
                applicant_lookup: told.applicant_lookup,
                stage_lookup: told.stage_lookup,
                closed_field: told.closed_field,
            },
        };
        match &object {
            JobObject::Named(name) => self.check_name("job_object", name),
            JobObject::Described {
                object,
                applicant_lookup,
                stage_lookup,
                closed_field,
            } => {
                self.check_name("job_object.object", object);
                self.check_name("job_object.applicant_lookup", applicant_lookup);
                self.check_name("job_object.stage_lookup", stage_lookup);
                if let Some(field) = closed_field {
                    self.check_name("job_object.closed_field", field);
                }
            }
        }
        Some(object)
    }

    fn check_name(&mut self, key: impl Into<String>, name: &str) {
        if !is_name(name) {
            self.add(
                key,
                format!("{name:?} is no API name, such as `Salary_Max__c`"),
            );
        }
    }
}

/// Whether a text can be an API name. Anything else never reaches a query.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `; did you mean "x"?` for the nearest of `known`, or nothing where none is near.
pub(super) fn did_you_mean<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let wanted = text.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&wanted, &k.to_lowercase()), k))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, k)| format!("; did you mean {k:?}?"))
}
