//! Code that runs inside writes, as a package's Apex triggers do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::row::Row;
use super::write::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId, Schema, Source};
use crate::value::Value;

/// Behaviour attached to an object. An error refuses the write and undoes it.
#[allow(
    unused_variables,
    reason = "default methods do nothing with what they get"
)]
pub trait Trigger: Send + Sync {
    /// Is this a flow, which an admin may switch off?
    fn is_flow(&self) -> bool {
        false
    }

    /// Before a new row is checked and stored; may fill fields.
    ///
    /// # Errors
    /// Refuses the insert.
    fn before_insert(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a new row was stored, in the same transaction.
    ///
    /// # Errors
    /// Refuses the insert.
    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// Before a changed row is checked and stored; may change fields.
    ///
    /// # Errors
    /// Refuses the update.
    fn before_update(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a changed row was stored, in the same transaction.
    ///
    /// # Errors
    /// Refuses the update.
    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// Before a row goes to the bin.
    ///
    /// # Errors
    /// Refuses the delete.
    fn before_delete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a row went to the bin.
    ///
    /// # Errors
    /// Refuses the delete.
    fn after_delete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a row came back from the bin.
    ///
    /// # Errors
    /// Refuses the undelete.
    fn after_undelete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }
}

/// A row on its way into the database.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(crate) schema: Arc<Schema>,
    pub(crate) object: ObjectId,
    pub(crate) id: Option<RecordId>,
    pub(crate) before: Option<Row>,
    pub(crate) changes: BTreeMap<FieldId, Value>,
}

impl Draft {
    /// The id; none before a new row is stored.
    pub fn id(&self) -> Option<RecordId> {
        self.id
    }

    /// The value the field will hold (or holds, after).
    pub fn get(&self, field: &str) -> Value {
        match self.number(field) {
            Some(id) => self
                .changes
                .get(&id)
                .cloned()
                .unwrap_or_else(|| self.old(field)),
            None => Value::Null,
        }
    }

    /// The value the field held before; null for a new row.
    pub fn old(&self, field: &str) -> Value {
        match (self.number(field), &self.before) {
            (Some(id), Some(row)) => row.get(id).to_value(),
            _ => Value::Null,
        }
    }

    /// Does the write change the field's value?
    pub fn changed(&self, field: &str) -> bool {
        self.get(field) != self.old(field)
    }

    /// Sets a stored field. Names the object lacks are ignored, as a field may have been removed.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) {
        if let Some(id) = self.number(field) {
            self.changes.insert(id, value.into());
        }
    }

    fn number(&self, field: &str) -> Option<FieldId> {
        let field = self.schema.get(self.object).field(field)?;
        (field.source == Source::Stored).then_some(field.id)
    }
}
