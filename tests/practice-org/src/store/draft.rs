//! A row on its way into the database, as triggers see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::row::Row;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId, Schema, Source};
use crate::value::Value;

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
