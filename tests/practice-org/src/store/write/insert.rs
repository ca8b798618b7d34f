//! A new row: defaults, triggers, rules, id and auto-number, stamps, triggers again.

use std::collections::BTreeMap;

use super::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Field, FieldId, FieldType, Object, ObjectId};
use crate::store::row::Row;
use crate::store::rules;
use crate::store::state::Change;
use crate::value::Value;

impl Writer<'_> {
    /// Stores a new row. `checked` for values from outside: the rules of the row apply.
    pub(super) fn insert_row(
        &mut self,
        object_id: ObjectId,
        mut changes: BTreeMap<FieldId, Value>,
        checked: bool,
    ) -> Result<RecordId, ApiError> {
        let schema = self.state.schema.clone();
        let object = schema.get(object_id);
        if checked && !object.createable {
            let message = format!("entity type cannot be inserted: {}", object.label);
            return Err(ApiError::write::<&str>(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                message,
                [],
            ));
        }
        fill_defaults(object, self.actor.user, &mut changes);
        let mut draft = self.draft(object_id, None, None, changes);
        self.each_trigger(object_id, |trigger, w| trigger.before_insert(w, &mut draft))?;
        let mut changes = draft.changes;
        if checked {
            rules::check(self.state, object, &mut changes, true)?;
            self.check_parents(&changes)?;
        }
        self.check_unique(object, None, &changes)?;

        let id = self.state.next_id(object_id);
        for field in object.fields().filter(|f| f.auto_number.is_some()) {
            let number = self.state.next_number(object_id, field);
            changes.entry(field.id).or_insert(Value::from(number));
        }
        // A custom object's row without a name is named by its id, as on the platform.
        if let Some(field) = object
            .name_field()
            .filter(|f| object.custom && stored(f) && f.auto_number.is_none())
            && changes.get(&field.id).is_none_or(Value::is_null)
        {
            changes.insert(field.id, Value::from(id.to_string()));
        }
        let stamp = self.stamp();
        set_audit(object, self.actor.user, stamp, &mut changes);
        self.store_blobs(id, &changes);
        let row = Row::pack(
            stamp,
            false,
            changes
                .iter()
                .map(|(field, value)| (*field, value.as_ref())),
        );
        self.put(object_id, id, Some(row));
        let draft = self.draft(object_id, Some(id), None, changes);
        self.each_trigger(object_id, |trigger, w| trigger.after_insert(w, &draft))?;
        Ok(id)
    }

    /// `DUPLICATE_VALUE` when another row holds the value of a unique field, the bin left out.
    pub(in crate::store) fn check_unique(
        &self,
        object: &Object,
        own: Option<RecordId>,
        changes: &BTreeMap<FieldId, Value>,
    ) -> Result<(), ApiError> {
        for (id, value) in changes {
            let field = object.get(*id);
            let (true, Value::Text(text)) = (field.unique, value) else {
                continue;
            };
            let table = self.state.table(object.id);
            let clash = table
                .with_key(*id, text)
                .unwrap_or_default()
                .iter()
                .find(|other| {
                    Some(**other) != own && table.rows.get(other).is_some_and(|row| !row.deleted)
                });
            if let Some(other) = clash {
                let message = format!(
                    "duplicate value found: {} duplicates value on record with id: {}",
                    field.name,
                    other.as_str15()
                );
                // The platform names no field here, only the text does.
                return Err(ApiError::write::<&str>("DUPLICATE_VALUE", message, []));
            }
        }
        Ok(())
    }

    pub(super) fn store_blobs(&mut self, id: RecordId, changes: &BTreeMap<FieldId, Value>) {
        for (field, value) in changes {
            if let Value::Blob(data) = value {
                self.apply(Change::Blob {
                    key: (id, *field),
                    data: Some(data.clone()),
                });
            }
        }
    }
}

/// What a row gets where nothing was given: defaults, the owner, the default record type.
fn fill_defaults(object: &Object, user: RecordId, changes: &mut BTreeMap<FieldId, Value>) {
    for field in object.fields() {
        if changes.contains_key(&field.id) || field.calculated {
            continue;
        }
        let value = match field.name.as_str() {
            "OwnerId" => Value::Id(user),
            "RecordTypeId" => object
                .record_types
                .iter()
                .find(|t| t.default)
                .map(|t| t.id)
                .into(),
            _ => field.default.clone(),
        };
        if !value.is_null() && stored(field) {
            changes.insert(field.id, value);
        }
    }
}

/// Creation and modification stamps of a new row, where the object has them and nothing was given.
fn set_audit(object: &Object, user: RecordId, stamp: i64, changes: &mut BTreeMap<FieldId, Value>) {
    for (name, value) in [
        ("CreatedDate", Value::DateTime(stamp)),
        ("LastModifiedDate", Value::DateTime(stamp)),
        ("CreatedById", Value::Id(user)),
        ("LastModifiedById", Value::Id(user)),
    ] {
        if let Some(field) = object.field(name) {
            changes.insert(field.id, value);
        }
    }
}

fn stored(field: &Field) -> bool {
    field.source == crate::schema::Source::Stored && field.kind != FieldType::Base64
}
