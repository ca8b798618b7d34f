//! A changed row: triggers, rules, new stamp, triggers again.

use std::collections::BTreeMap;

use super::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId};
use crate::store::rules;
use crate::value::Value;

impl Writer<'_> {
    /// Changes a row outside the bin. The stamp moves even when no value does, as on the platform.
    pub(super) fn update_row(
        &mut self,
        object_id: ObjectId,
        id: RecordId,
        changes: BTreeMap<FieldId, Value>,
        checked: bool,
    ) -> Result<(), ApiError> {
        let schema = self.state.schema.clone();
        let object = schema.get(object_id);
        self.check_lock(id)?;
        self.live(object_id, id)?;
        let before = self.state.table(object_id).rows.get(&id).cloned();
        let mut draft = self.draft(object_id, Some(id), before.clone(), changes);
        self.each_trigger(object_id, |trigger, w| trigger.before_update(w, &mut draft))?;
        let mut changes = draft.changes;
        if checked {
            rules::check(self.state, object, &mut changes, false)?;
            self.check_parents(&changes)?;
        }
        self.check_unique(object, Some(id), &changes)?;
        let stamp = self.stamp();
        for (name, value) in [
            ("LastModifiedDate", Value::DateTime(stamp)),
            ("LastModifiedById", Value::Id(self.actor.user)),
        ] {
            if let Some(field) = object.field(name) {
                changes.insert(field.id, value);
            }
        }
        self.store_blobs(id, &changes);
        // A before trigger may have changed this very row through the writer: build on what is there now.
        let current = self
            .state
            .table(object_id)
            .rows
            .get(&id)
            .or(before.as_ref());
        let row = current.map(|row| {
            let mut row = row.with(&changes);
            row.stamp = row.stamp.max(stamp);
            row
        });
        self.put(object_id, id, row);
        let draft = self.draft(object_id, Some(id), before, changes);
        self.each_trigger(object_id, |trigger, w| trigger.after_update(w, &draft))
    }

    /// Sets a reference without triggers and, unless told so, without moving the stamp: what the
    /// platform does to the children of a row that is deleted or merged (salesforce-api.md 3.4).
    pub(super) fn point(
        &mut self,
        object: ObjectId,
        field: FieldId,
        id: RecordId,
        target: Option<RecordId>,
        move_stamp: bool,
    ) {
        let Some(row) = self.state.table(object).rows.get(&id) else {
            return;
        };
        let mut changed = row.with(&BTreeMap::from([(field, Value::from(target))]));
        if move_stamp {
            changed.stamp = self.stamp();
        }
        self.put(object, id, Some(changed));
    }
}
