//! Ids, auto-numbers and look-ups by value.

use super::pack::NumberFormat;
use super::state::State;
use crate::id::RecordId;
use crate::schema::{Field, FieldType, ObjectId};
use crate::value::{Value, ValueRef};

impl State {
    /// The next id of an object: ids rise with creation.
    pub(crate) fn next_id(&mut self, object: ObjectId) -> RecordId {
        let prefix = self.schema.get(object).key_prefix;
        let instance = self.instance;
        let table = self.table_mut(object);
        table.last_sequence += 1;
        RecordId::from_parts(prefix, instance, table.last_sequence)
    }

    /// The next auto-number in the field's format: `APP-{00000}` gives `APP-00001`.
    pub(crate) fn next_number(&mut self, object: ObjectId, field: &Field) -> String {
        let counter = self.table_mut(object).counters.entry(field.id).or_default();
        *counter += 1;
        let mut name = String::new();
        NumberFormat::of(field).push(&mut name, *counter);
        name
    }

    /// Ids of the rows outside the bin whose field holds the value, in id order.
    pub(crate) fn find(&self, object: &str, field: &str, value: &Value) -> Vec<RecordId> {
        let Some(object) = self.schema.object(object) else {
            return Vec::new();
        };
        let Some(field) = object.field(field) else {
            return Vec::new();
        };
        let table = self.table(object.id);
        let live = |id: &RecordId| table.rows.get(id).is_some_and(|row| !row.deleted);
        let indexed: Option<Vec<RecordId>> = match value {
            Value::Id(id) if field.kind == FieldType::Id => Some(vec![*id]),
            Value::Id(target) => table.referring(field.id, *target).map(Iterator::collect),
            Value::Text(text) => table.with_key(field.id, text).map(<[_]>::to_vec),
            _ => None,
        };
        if let Some(mut ids) = indexed {
            ids.retain(live);
            ids.sort_unstable();
            return ids;
        }
        let wanted = value.as_ref();
        let same = |found: &ValueRef<'_>| match (found, &wanted) {
            (ValueRef::Text(a), ValueRef::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            (a, b) => a == b,
        };
        let views = table.rows.iter().filter(|(_, row)| !row.deleted);
        views
            .filter(|(id, _)| {
                self.view_of(object.id, **id)
                    .is_some_and(|row| same(&row.value(field)))
            })
            .map(|(id, _)| *id)
            .collect()
    }
}
