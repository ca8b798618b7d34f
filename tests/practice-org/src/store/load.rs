//! Loading the seed: trusted rows with given stamps, no triggers, no checks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::row::Row;
use super::state::State;
use super::write::{fill_defaults, set_audit};
use crate::id::RecordId;
use crate::schema::{FieldId, SchemaError, Source};
use crate::value::Value;

/// A row of the seed. Times in milliseconds since 1970 UTC, cut to whole seconds.
#[derive(Debug, Clone)]
pub struct LoadRow {
    /// From `Database::reserve_ids`, or none for the next id.
    pub id: Option<RecordId>,
    /// CreatedDate.
    pub created_ms: i64,
    /// LastModifiedDate and SystemModstamp.
    pub modified_ms: i64,
    /// Creator, last modifier and, unless given among the values, owner.
    pub by: RecordId,
    /// Values by API name. Audit fields may be given too and win.
    pub values: Vec<(&'static str, Value)>,
}

impl State {
    pub(crate) fn load(
        &mut self,
        object: &str,
        rows: impl IntoIterator<Item = LoadRow>,
    ) -> Result<Vec<RecordId>, SchemaError> {
        let schema = self.schema.clone();
        let unknown = |what: &'static str, name: &str| SchemaError::Unknown {
            what,
            name: name.to_owned(),
        };
        let object = schema
            .object(object)
            .ok_or_else(|| unknown("object", object))?;
        let auto_numbers: Vec<_> = object
            .fields()
            .filter(|f| f.auto_number.is_some())
            .collect();
        let modified = object.field("LastModifiedDate").map(|f| f.id);
        let mut ids = Vec::new();
        for load in rows {
            let id = load.id.unwrap_or_else(|| self.next_id(object.id));
            let seconds = |ms: i64| ms.div_euclid(1000) * 1000;
            let mut values: BTreeMap<FieldId, Value> = BTreeMap::new();
            set_audit(object, load.by, seconds(load.created_ms), &mut values);
            if let Some(field) = modified {
                values.insert(field, Value::DateTime(seconds(load.modified_ms)));
            }
            for (name, value) in load.values {
                let field = object.field(name).ok_or_else(|| unknown("field", name))?;
                if let Value::Blob(data) = &value {
                    self.blobs.insert((id, field.id), data.clone());
                }
                if field.source == Source::Stored {
                    values.insert(field.id, value);
                }
            }
            fill_defaults(object, load.by, &mut values);
            for field in &auto_numbers {
                if let Entry::Vacant(empty) = values.entry(field.id) {
                    empty.insert(Value::Text(self.next_number(object.id, field)));
                }
            }
            let row = Row::pack(
                seconds(load.modified_ms),
                false,
                values.iter().map(|(f, v)| (*f, v.as_ref())),
            );
            let table = self.table_mut(object.id);
            table.last_sequence = table.last_sequence.max(id.sequence());
            table.put(id, Some(row));
            ids.push(id);
        }
        Ok(ids)
    }
}
