//! Loading the seed: trusted rows with given stamps, no triggers, no checks.
//!
//! A million rows must be there in seconds. So they are packed as they come, outside of the org's lock, and wait
//! unindexed while a large load is open.

use std::sync::Arc;

use bytes::Bytes;

use super::pack::{LoadRow, Packer};
use super::row::Row;
use super::state::State;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId, Schema, SchemaError};
use crate::value::Value;

/// Rows of one object on their way into its table, with the ids and auto-numbers that were set aside for them.
pub(crate) struct Portion {
    schema: Arc<Schema>,
    object: ObjectId,
    packer: Packer,
    ids: std::vec::IntoIter<RecordId>,
    rows: Vec<(RecordId, Row)>,
    blobs: Vec<((RecordId, FieldId), Bytes)>,
}

impl Portion {
    /// The id that the next row without one gets; `None` when all that were set aside are used.
    pub fn next_id(&self) -> Option<RecordId> {
        self.ids.as_slice().first().copied()
    }

    /// Packs a row.
    pub fn add(&mut self, row: &LoadRow) -> Result<(), SchemaError> {
        let full = || SchemaError::Invalid("a portion of rows is full".to_owned());
        let id = match row.id {
            Some(id) => id,
            None => self.ids.next().ok_or_else(full)?,
        };
        let packed = self.packer.pack(self.schema.get(self.object), row)?;
        for ((_, value), field) in row.values.iter().zip(self.packer.fields()) {
            if let Value::Blob(data) = value {
                self.blobs.push(((id, *field), data.clone()));
            }
        }
        self.rows.push((id, packed));
        Ok(())
    }
}

impl State {
    /// Opens a portion with ids for so many rows. Only one may be open per object.
    pub(crate) fn open_portion(
        &mut self,
        object: &str,
        rows: usize,
    ) -> Result<Portion, SchemaError> {
        let schema = self.schema.clone();
        let object = schema
            .object(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?;
        let ids: Vec<RecordId> = (0..rows).map(|_| self.next_id(object.id)).collect();
        let table = self.table(object.id);
        let packer = Packer::new(object, rows, |field| {
            table.counters.get(&field).copied().unwrap_or_default() + 1
        });
        Ok(Portion {
            object: object.id,
            packer,
            rows: Vec::with_capacity(rows),
            ids: ids.into_iter(),
            blobs: Vec::new(),
            schema,
        })
    }

    /// Puts the rows of a portion into their table, or among those that wait for the end of a large load; answers their
    /// ids.
    pub(crate) fn take_in(&mut self, portion: Portion) -> Vec<RecordId> {
        self.blobs.extend(portion.blobs);
        let loading = self.loading;
        let table = self.table_mut(portion.object);
        for (field, next) in portion.packer.next_numbers() {
            table.counters.insert(field, next - 1);
        }
        let mut ids = Vec::with_capacity(portion.rows.len());
        for (id, row) in portion.rows {
            table.last_sequence = table.last_sequence.max(id.sequence());
            if loading {
                table.stage(id, row);
            } else {
                table.put(id, Some(row));
            }
            ids.push(id);
        }
        ids
    }

    /// Ends a large load: the rows that waited become visible.
    pub(crate) fn end_load(&mut self) {
        self.loading = false;
        // Two halves side by side: the largest tables are a handful, and putting them together is pure computation.
        let mut tables: Vec<&mut super::table::Table> = self.tables.iter_mut().collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.staged()));
        let (mut even, mut odd) = (Vec::new(), Vec::new());
        for (at, table) in tables.into_iter().enumerate() {
            if at % 2 == 0 {
                even.push(table);
            } else {
                odd.push(table);
            }
        }
        std::thread::scope(|scope| {
            scope.spawn(|| even.into_iter().for_each(super::table::Table::absorb));
            odd.into_iter().for_each(super::table::Table::absorb);
        });
    }
}
