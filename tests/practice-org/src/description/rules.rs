//! Rules of an org at work: validation rules, duplicate rules and record locks as triggers (salesforce-api.md 7.3, 7.4).
//!
//! Conditions are SOQL, asked of the row itself inside its transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Description, DuplicateAction, DuplicateRule, RecordLock, ValidationRule, invalid};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::SchemaError;
use crate::store::{Database, Draft, QueryOptions, Trigger, Writer};
use crate::value::Value;

/// All rules of one object.
struct Rules {
    object: String,
    validation: Vec<ValidationRule>,
    duplicates: Vec<DuplicateRule>,
    locks: Vec<RecordLock>,
}

/// Attaches the rules, after trying each condition once so that a wrong one is reported at the start.
pub(super) fn attach(description: &Description, db: &Database) -> Result<(), SchemaError> {
    let conditions = description
        .validation_rules
        .iter()
        .map(|rule| (&rule.object, &rule.when))
        .chain(
            description
                .record_locks
                .iter()
                .map(|lock| (&lock.object, &lock.when)),
        );
    for (object, when) in conditions {
        let soql = format!("SELECT Id FROM {object} WHERE ({when}) LIMIT 1");
        db.query(&soql, &QueryOptions::default())
            .map_err(|error| invalid(format!("condition of a rule on {object}"), &error))?;
    }
    for rule in &description.duplicate_rules {
        let soql = format!(
            "SELECT {} FROM {} LIMIT 1",
            rule.fields.join(", "),
            rule.object
        );
        db.query(&soql, &QueryOptions::default())
            .map_err(|error| invalid(format!("duplicate rule {}", rule.name), &error))?;
    }
    let objects: BTreeSet<&String> = description
        .validation_rules
        .iter()
        .map(|rule| &rule.object)
        .chain(description.duplicate_rules.iter().map(|rule| &rule.object))
        .chain(description.record_locks.iter().map(|lock| &lock.object))
        .collect();
    for object in objects {
        let of = |name: &String| name.eq_ignore_ascii_case(object);
        let rules = Rules {
            object: object.clone(),
            validation: description
                .validation_rules
                .iter()
                .filter(|r| of(&r.object))
                .cloned()
                .collect(),
            duplicates: description
                .duplicate_rules
                .iter()
                .filter(|r| of(&r.object))
                .cloned()
                .collect(),
            locks: description
                .record_locks
                .iter()
                .filter(|r| of(&r.object))
                .cloned()
                .collect(),
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
