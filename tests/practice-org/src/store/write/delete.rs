//! Deleting to the bin, coming back from it, and vanishing for good (salesforce-api.md 3.4).

use super::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{ChildRelationship, DeleteRule, FieldType, ObjectId};
use crate::store::state::{Change, DeleteEffects};

impl Writer<'_> {
    /// Sends a row to the bin. Details and cascading lookups go with it, other lookups are cleared,
    /// restricting ones refuse. Rows of objects without a bin vanish.
    pub(super) fn delete_row(&mut self, object_id: ObjectId, id: RecordId) -> Result<(), ApiError> {
        let schema = self.state.schema.clone();
        let object = schema.get(object_id);
        self.check_parent_lock(id)?;
        if !object.deletable {
            let message = format!("entity type cannot be deleted: {}", object.label);
            return Err(ApiError::write::<&str>(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                message,
                [],
            ));
        }
        self.each_trigger(object_id, |trigger, w| trigger.before_delete(w, id))?;
        let mut effects = DeleteEffects::default();
        for relationship in &object.children {
            self.delete_children(object_id, id, relationship, &mut effects)?;
        }
        if object.has_bin() {
            let stamp = self.stamp();
            if let Some(row) = self.state.table(object_id).rows.get(&id) {
                let mut row = row.clone();
                row.deleted = true;
                row.stamp = stamp;
                self.put(object_id, id, Some(row));
            }
            self.apply(Change::Effects {
                id,
                effects: Some(effects),
            });
        } else {
            self.purge_row(object_id, id);
        }
        self.each_trigger(object_id, |trigger, w| trigger.after_delete(w, id))
    }

    /// What happens to the rows that refer to a row about to be deleted.
    fn delete_children(
        &mut self,
        object: ObjectId,
        id: RecordId,
        relationship: &ChildRelationship,
        effects: &mut DeleteEffects,
    ) -> Result<(), ApiError> {
        let schema = self.state.schema.clone();
        let (child_object, field) = (relationship.child, relationship.field);
        let Some(ids) = self.state.table(child_object).referring(field, id) else {
            return Ok(());
        };
        let children: Vec<RecordId> = ids
            .filter(|child| self.is_live(child_object, *child))
            .collect();
        let owner = schema.get(child_object);
        match owner.get(field).on_delete {
            DeleteRule::Restrict if !children.is_empty() => {
                return Err(restricted(object, &schema, owner, &children));
            }
            DeleteRule::Restrict => {}
            DeleteRule::Cascade => {
                for child in children {
                    // A child may be deleted already, by way of another relationship.
                    if self.is_live(child_object, child) {
                        self.delete_row(child_object, child)?;
                        effects.cascaded.push(child);
                    }
                }
            }
            DeleteRule::SetNull => {
                let stamps = self.state.settings.clear_stamps_children;
                for child in children {
                    self.check_lock(child)?;
                    self.point(child_object, field, child, None, stamps);
                    effects.cleared.push((child_object, field, child));
                }
            }
        }
        Ok(())
    }

    fn is_live(&self, object: ObjectId, id: RecordId) -> bool {
        let row = self.state.view_of(object, id);
        row.is_some_and(|row| !row.is_deleted())
    }

    /// Removes a row for good, wherever it is.
    pub(super) fn purge_row(&mut self, object: ObjectId, id: RecordId) {
        let Some(row) = self.state.table(object).rows.get(&id) else {
            return;
        };
        // The time of deletion, which for a row that was never in the bin is now.
        let deleted = if row.deleted { row.stamp } else { self.stamp() };
        let earliest = self.state.table(object).earliest_available.max(deleted);
        self.put(object, id, None);
        self.apply(Change::Earliest {
            object,
            ms: earliest,
        });
        self.apply(Change::Effects { id, effects: None });
    }

    /// Brings a row back, with the rows and lookups that its deletion took. What it looked up and is gone by now it
    /// looks up no more, as if it had never been in the bin (the platform's own word on this is not known).
    pub(super) fn undelete_row(&mut self, object_id: ObjectId, id: &str) -> Result<(), ApiError> {
        let prefix = self.state.schema.get(object_id).key_prefix;
        let found = RecordId::parse(id).filter(|id| id.prefix() == prefix);
        let id = found.ok_or_else(|| {
            ApiError::write::<&str>("MALFORMED_ID", format!("malformed id {id}"), [])
        })?;
        let mut revived = Vec::new();
        self.revive(object_id, id, &mut revived)?;
        for (object, id) in revived {
            self.clear_dangling(object, id);
        }
        Ok(())
    }

    fn clear_dangling(&mut self, object_id: ObjectId, id: RecordId) {
        let schema = self.state.schema.clone();
        let lookups = schema
            .get(object_id)
            .fields()
            .filter(|field| field.kind == FieldType::Reference);
        for field in lookups {
            let target = self.state.view_of(object_id, id);
            let target = target.and_then(|row| row.row.get(field.id).as_id());
            let is_gone = |id: RecordId| {
                schema.object_of_prefix(id.prefix()).is_some()
                    && self.state.view(id).is_none_or(|row| row.is_deleted())
            };
            if target.is_some_and(is_gone) {
                self.point(object_id, field.id, id, None, false);
            }
        }
    }

    fn revive(
        &mut self,
        object_id: ObjectId,
        id: RecordId,
        revived: &mut Vec<(ObjectId, RecordId)>,
    ) -> Result<(), ApiError> {
        self.check_lock(id)?;
        let schema = self.state.schema.clone();
        let object = schema.get(object_id);
        let row = self
            .state
            .table(object_id)
            .rows
            .get(&id)
            .filter(|row| row.deleted && object.undeletable);
        let Some(row) = row.cloned() else {
            return Err(undelete_failed("entity is not in the recycle bin"));
        };
        for field in object.fields().filter(|f| f.master_detail) {
            let master = row
                .get(field.id)
                .as_id()
                .and_then(|master| self.state.view(master));
            if master.is_none_or(|m| m.is_deleted()) {
                return Err(undelete_failed("the master record is deleted"));
            }
        }
        let mut row = row;
        row.deleted = false;
        row.stamp = self.stamp();
        if let Some(field) = object.field("MasterRecordId") {
            row = row.with(&[(field.id, crate::value::Value::Null)].into());
        }
        let values = row.values().map(|(f, v)| (f, v.to_value())).collect();
        self.check_parents(&values)?;
        self.check_unique(object, Some(id), &values)?;
        self.put(object_id, id, Some(row));
        revived.push((object_id, id));
        self.revive_children(id, revived)?;
        self.each_trigger(object_id, |trigger, w| trigger.after_undelete(w, id))
    }

    /// Puts back what the deletion of a row did to other rows.
    fn revive_children(
        &mut self,
        id: RecordId,
        revived: &mut Vec<(ObjectId, RecordId)>,
    ) -> Result<(), ApiError> {
        let effects = self.state.effects.get(&id).cloned().unwrap_or_default();
        self.apply(Change::Effects { id, effects: None });
        for (child_object, field, child) in effects.cleared {
            let empty = self
                .state
                .view_of(child_object, child)
                .is_some_and(|r| !r.is_deleted() && r.row.get(field).is_null());
            if empty {
                self.check_lock(child)?;
                let stamps = self.state.settings.clear_stamps_children;
                self.point(child_object, field, child, Some(id), stamps);
            }
        }
        for child in effects.cascaded {
            let child_object = self
                .state
                .view(child)
                .filter(|r| r.is_deleted())
                .map(|r| r.object.id);
            if let Some(child_object) = child_object {
                self.revive(child_object, child, revived)?;
            }
        }
        Ok(())
    }
}

fn undelete_failed(message: &str) -> ApiError {
    ApiError::write::<&str>("UNDELETE_FAILED", message, [])
}

fn restricted(
    object: ObjectId,
    schema: &crate::schema::Schema,
    child: &crate::schema::Object,
    children: &[RecordId],
) -> ApiError {
    let list: Vec<String> = children.iter().take(5).map(ToString::to_string).collect();
    let message = format!(
        "Your attempt to delete {} could not be completed because it is associated with the following {}: {}",
        schema.get(object).label,
        child.label_plural,
        list.join(", ")
    );
    ApiError::write::<&str>("DELETE_FAILED", message, [])
}
