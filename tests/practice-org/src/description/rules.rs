//! Rules of an org at work: validation rules, duplicate rules and record locks as triggers (salesforce-api.md 7.3,
//! 7.4).
//!
//! Conditions are SOQL, asked of the row itself inside its transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::values::invalid;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::SchemaError;
use crate::store::{Database, Draft, QueryOptions, Trigger, Writer};
use crate::value::Value;

/// A validation rule: rows that meet the condition are refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationRule {
    /// API name of the object.
    pub object: String,
    /// The condition of a bad row, as in a SOQL WHERE.
    pub when: String,
    /// Text of the refusal.
    pub message: String,
    /// Field that the message is placed on.
    #[serde(default)]
    pub field: Option<String>,
    /// On update, the rule applies only when one of these fields changes; always when empty.
    #[serde(default)]
    pub changed: Vec<String>,
}

/// What a duplicate rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateAction {
    /// Refuses unless the caller says `allowSave=true`.
    Alert,
    /// Refuses.
    Block,
}

/// A duplicate rule with its matching rule: rows that agree, regardless of case, in all of `fields`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// API name of the object.
    pub object: String,
    /// Developer name of the rule.
    pub name: String,
    /// Alert or block.
    pub action: DuplicateAction,
    /// Fields that must agree; a row with nothing in one of them matches none.
    pub fields: Vec<String>,
    /// Text of the refusal.
    #[serde(default = "usual_message")]
    pub message: String,
    /// Developer name of the matching rule.
    #[serde(default)]
    pub match_rule: Option<String>,
    /// Answers with the key `duplicateResult` instead of the misspelled `duplicateResut` (salesforce-api.md 7.4).
    #[serde(default)]
    pub right_spelling: bool,
}

/// Records that meet the condition can be neither changed nor deleted, as in an approval.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordLock {
    /// API name of the object.
    pub object: String,
    /// The condition, as in a SOQL WHERE.
    pub when: String,
}

/// salesforce-api.md 7.4.
fn usual_message() -> String {
    "Use one of these records?".to_owned()
}

/// All rules of one object.
struct Rules {
    object: String,
    validation: Vec<ValidationRule>,
    duplicates: Vec<DuplicateRule>,
    locks: Vec<RecordLock>,
}

/// Attaches the rules, after trying each condition once so that a wrong one is reported at the start.
pub(super) fn attach(
    db: &Database,
    validation: &[ValidationRule],
    duplicates: &[DuplicateRule],
    locks: &[RecordLock],
) -> Result<(), SchemaError> {
    let locked = locks.iter().map(|lock| (&lock.object, &lock.when));
    let conditions = validation.iter().map(|rule| (&rule.object, &rule.when));
    for (object, when) in conditions.chain(locked) {
        let soql = format!("SELECT Id FROM {object} WHERE ({when}) LIMIT 1");
        db.query(&soql, &QueryOptions::default())
            .map_err(|error| invalid(format!("condition of a rule on {object}"), &error))?;
    }
    for rule in duplicates {
        let fields = rule.fields.join(", ");
        let soql = format!("SELECT {fields} FROM {} LIMIT 1", rule.object);
        db.query(&soql, &QueryOptions::default())
            .map_err(|error| invalid(format!("duplicate rule {}", rule.name), &error))?;
    }
    let objects = validation.iter().map(|rule| &rule.object);
    let objects = objects.chain(duplicates.iter().map(|rule| &rule.object));
    let objects = objects.chain(locks.iter().map(|lock| &lock.object));
    for object in objects.collect::<BTreeSet<_>>() {
        let of = |name: &str| name.eq_ignore_ascii_case(object);
        let validation = validation.iter().filter(|rule| of(&rule.object));
        let duplicates = duplicates.iter().filter(|rule| of(&rule.object));
        let locks = locks.iter().filter(|lock| of(&lock.object));
        let rules = Rules {
            object: object.clone(),
            validation: validation.cloned().collect(),
            duplicates: duplicates.cloned().collect(),
            locks: locks.cloned().collect(),
        };
        db.add_trigger(object, Arc::new(rules));
    }
    Ok(())
}

impl Rules {
    fn meets(&self, writer: &Writer<'_>, id: RecordId, when: &str) -> Result<bool, ApiError> {
        let soql = format!(
            "SELECT Id FROM {} WHERE Id = '{id}' AND ({when})",
            self.object
        );
        Ok(!writer.query(&soql, &QueryOptions::default())?.is_empty())
    }

    fn unlocked(&self, writer: &Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        for lock in &self.locks {
            if self.meets(writer, id, &lock.when)? {
                let message = "the entity is locked for editing";
                return Err(ApiError::write::<&str>("ENTITY_IS_LOCKED", message, []));
            }
        }
        Ok(())
    }

    fn valid(
        &self,
        writer: &Writer<'_>,
        draft: &Draft,
        id: RecordId,
        new: bool,
    ) -> Result<(), ApiError> {
        for rule in &self.validation {
            let concerned = new
                || rule.changed.is_empty()
                || rule.changed.iter().any(|field| draft.changed(field));
            if concerned && self.meets(writer, id, &rule.when)? {
                return Err(ApiError::write(
                    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                    rule.message.clone(),
                    rule.field.clone(),
                ));
            }
        }
        Ok(())
    }

    fn unique(
        &self,
        writer: &Writer<'_>,
        draft: &Draft,
        id: RecordId,
        new: bool,
    ) -> Result<(), ApiError> {
        let wanted = writer.duplicates;
        for rule in &self.duplicates {
            let concerned = new || rule.fields.iter().any(|field| draft.changed(field));
            if !concerned || (rule.action == DuplicateAction::Alert && wanted.allow_save) {
                continue;
            }
            let found = self.matches(writer, draft, id, rule);
            if !found.is_empty() {
                return Err(self.refusal(writer, rule, &found, wanted.record_details));
            }
        }
        Ok(())
    }

    fn matches(
        &self,
        writer: &Writer<'_>,
        draft: &Draft,
        id: RecordId,
        rule: &DuplicateRule,
    ) -> Vec<RecordId> {
        let fold = |value: Value| match value {
            Value::Text(text) => Value::Text(text.to_lowercase().into()),
            other => other,
        };
        let own: Vec<(&str, Value)> = rule
            .fields
            .iter()
            .map(|field| (field.as_str(), fold(draft.get(field))))
            .collect();
        if own.iter().any(|(_, value)| value.is_null()) {
            return Vec::new();
        }
        let Some(((first, value), rest)) = own.split_first() else {
            return Vec::new();
        };
        let mut found = writer.find(&self.object, first, value);
        found.retain(|other| {
            *other != id
                && rest
                    .iter()
                    .all(|(field, value)| fold(writer.value(&self.object, *other, field)) == *value)
        });
        found
    }

    /// The refusal in the form of salesforce-api.md 7.4; URLs get the caller's version on the way out.
    fn refusal(
        &self,
        writer: &Writer<'_>,
        rule: &DuplicateRule,
        found: &[RecordId],
        details: bool,
    ) -> ApiError {
        let record = |id: &RecordId| -> Json {
            let id18 = id.to_string();
            let text = details
                .then(|| {
                    writer
                        .get(&self.object, &id18, None, ApiError::ANY_VERSION)
                        .ok()
                })
                .flatten();
            let full = text.and_then(|text| serde_json::from_slice(&text).ok());
            full.unwrap_or_else(|| {
                let url = format!(
                    "/services/data/v{}/sobjects/{}/{id18}",
                    ApiError::ANY_VERSION,
                    self.object
                );
                json!({"attributes": {"type": self.object, "url": url}, "Id": id18})
            })
        };
        let matches: Vec<Json> = found
            .iter()
            .map(|id| json!({"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record(id)}))
            .collect();
        let match_rule = rule
            .match_rule
            .clone()
            .unwrap_or_else(|| format!("{}_Match", rule.name));
        let mut error = ApiError::new("DUPLICATES_DETECTED", rule.message.clone());
        // Real replies carry the misspelled key (salesforce-api.md 7.4).
        let key = if rule.right_spelling {
            "duplicateResult"
        } else {
            "duplicateResut"
        };
        error.duplicate_result = Some(Box::new(json!({ key: {
            "allowSave": rule.action == DuplicateAction::Alert,
            "duplicateRule": rule.name,
            "duplicateRuleEntityType": self.object,
            "errorMessage": rule.message,
            "matchResults": [{
                "entityType": self.object, "errors": [], "matchEngine": "FuzzyMatchEngine", "matchRecords": matches,
                "rule": match_rule, "size": found.len(), "success": true,
            }],
        } })));
        error
    }
}

impl Trigger for Rules {
    fn before_update(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        draft.id().map_or(Ok(()), |id| self.unlocked(writer, id))
    }

    fn before_delete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        self.unlocked(writer, id)
    }

    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let Some(id) = draft.id() else { return Ok(()) };
        self.valid(writer, draft, id, true)?;
        self.unique(writer, draft, id, true)
    }

    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let Some(id) = draft.id() else { return Ok(()) };
        self.valid(writer, draft, id, false)?;
        self.unique(writer, draft, id, false)
    }
}
