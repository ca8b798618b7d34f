//! Loading the seed: trusted rows with given stamps, no triggers, no checks.
//!
//! A million rows must be there in seconds. So what is the same for all rows of an object is looked up once, rows are packed
//! outside of the org's lock, and they wait unindexed while a large load is open.

use std::sync::Arc;

use bytes::Bytes;

use super::row::Row;
use super::state::State;
use crate::id::RecordId;
use crate::schema::{FieldId, FieldType, Object, ObjectId, Schema, SchemaError, Source};
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

/// What a field gets where a row says nothing.
enum Filler {
    Created,
    Modified,
    By,
    Fixed(Value),
    /// The next auto-number.
    Number,
}

/// The fillers of an object's fields.
fn fillers(object: &Object) -> Vec<(FieldId, Filler)> {
    let filler = |field: &crate::schema::Field| {
        if field.auto_number.is_some() {
            return Some(Filler::Number);
        }
        let filler = match field.name.as_str() {
            "CreatedDate" => Filler::Created,
            "LastModifiedDate" => Filler::Modified,
            "CreatedById" | "LastModifiedById" | "OwnerId" => Filler::By,
            "RecordTypeId" => {
                Filler::Fixed(object.record_types.iter().find(|t| t.default)?.id.into())
            }
            _ if field.default.is_null() => return None,
            _ => Filler::Fixed(field.default.clone()),
        };
        Some(filler)
    };
    object
        .fields()
        .filter(|f| f.source == Source::Stored && f.kind != FieldType::Base64 && !f.calculated)
        .filter_map(|field| Some((field.id, filler(field)?)))
        .collect()
}

/// What a portion of rows takes from the org's counters before it is packed.
pub(crate) struct Drawn {
    ids: Vec<RecordId>,
    /// The numbers of each auto-number field, one a row; empty where the row brings its own.
    numbers: Vec<(FieldId, Vec<String>)>,
}

/// A portion of rows, ready for its table.
pub(crate) struct Packed {
    object: ObjectId,
    rows: Vec<(RecordId, Row)>,
    blobs: Vec<((RecordId, FieldId), Bytes)>,
}

/// Packs rows. Holds no lock, so that the next rows can be made up, and draw their ids, meanwhile.
pub(crate) fn pack(
    object: &Object,
    rows: Vec<LoadRow>,
    mut drawn: Drawn,
) -> Result<Packed, SchemaError> {
    let fillers = fillers(object);
    let slots = object.fields().map(|f| usize::from(f.id.0) + 1).max();
    // One place per field, used again for each row; `None` means that the row said nothing.
    let mut values: Vec<Option<Value>> = vec![None; slots.unwrap_or(0)];
    // Rows of one kind name their fields in one order: the name at a place is nearly always the one seen there before.
    let mut known: Vec<(&'static str, FieldId)> = Vec::new();
    let mut scratch = Vec::new();
    let mut packed = Packed {
        object: object.id,
        rows: Vec::with_capacity(rows.len()),
        blobs: Vec::new(),
    };
    let seconds = |ms: i64| ms.div_euclid(1000) * 1000;
    for (at_row, (load, id)) in rows.into_iter().zip(drawn.ids).enumerate() {
        for (at, (name, value)) in load.values.into_iter().enumerate() {
            let field = match known.get(at) {
                Some((seen, field)) if std::ptr::eq(*seen, name) => *field,
                _ => {
                    let field = field_of(object, name)?;
                    known.truncate(at);
                    known.push((name, field));
                    field
                }
            };
            if let Value::Blob(data) = &value {
                packed.blobs.push(((id, field), data.clone()));
            }
            if object.get(field).source == Source::Stored {
                values[usize::from(field.0)] = Some(value);
            }
        }
        for (field, filler) in &fillers {
            let place = &mut values[usize::from(field.0)];
            if place.is_some() {
                continue;
            }
            *place = Some(match filler {
                Filler::Created => Value::DateTime(seconds(load.created_ms)),
                Filler::Modified => Value::DateTime(seconds(load.modified_ms)),
                Filler::By => Value::Id(load.by),
                Filler::Fixed(value) => value.clone(),
                Filler::Number => {
                    let numbers = drawn.numbers.iter_mut().find(|(of, _)| of == field);
                    let number = numbers.and_then(|(_, numbers)| numbers.get_mut(at_row));
                    Value::from(number.map(std::mem::take).unwrap_or_default())
                }
            });
        }
        let count = values
            .iter()
            .flatten()
            .filter(|value| !value.is_null())
            .count();
        let found = values.iter().enumerate().filter_map(|(at, value)| {
            let value = value.as_ref().filter(|value| !value.is_null())?;
            Some((FieldId(u16::try_from(at).ok()?), value.as_ref()))
        });
        let stamp = seconds(load.modified_ms);
        let row = Row::pack_sorted(stamp, false, count, found, &mut scratch);
        packed.rows.push((id, row));
        values.fill(None);
    }
    Ok(packed)
}

fn unknown(what: &'static str, name: &str) -> SchemaError {
    SchemaError::Unknown {
        what,
        name: name.to_owned(),
    }
}

fn field_of(object: &Object, name: &str) -> Result<FieldId, SchemaError> {
    let field = object.field(name).ok_or_else(|| unknown("field", name))?;
    Ok(field.id)
}

impl State {
    /// Ids and auto-numbers for rows that are to be loaded, and what they are rows of.
    pub(crate) fn draw(
        &mut self,
        object: &str,
        rows: &[LoadRow],
    ) -> Result<(Arc<Schema>, ObjectId, Drawn), SchemaError> {
        let schema = self.schema.clone();
        let object = schema
            .object(object)
            .ok_or_else(|| unknown("object", object))?;
        let ids = rows
            .iter()
            .map(|row| row.id.unwrap_or_else(|| self.next_id(object.id)))
            .collect();
        let mut numbers = Vec::new();
        for (field, filler) in fillers(object) {
            if !matches!(filler, Filler::Number) {
                continue;
            }
            let field = object.get(field);
            let number = |row: &LoadRow| {
                let mut names = row.values.iter().map(|(name, _)| *name);
                if names.any(|name| name.eq_ignore_ascii_case(&field.name)) {
                    String::new()
                } else {
                    self.next_number(object.id, field)
                }
            };
            numbers.push((field.id, rows.iter().map(number).collect()));
        }
        let object = object.id;
        Ok((schema, object, Drawn { ids, numbers }))
    }

    /// Puts packed rows into their table, or among those that wait for the end of a large load.
    pub(crate) fn take_in(&mut self, packed: Packed) -> Vec<RecordId> {
        self.blobs.extend(packed.blobs);
        let loading = self.loading;
        let table = self.table_mut(packed.object);
        let mut ids = Vec::with_capacity(packed.rows.len());
        for (id, row) in packed.rows {
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

    /// Ends a large load: the rows that waited become visible and are indexed.
    pub(crate) fn end_load(&mut self) {
        self.loading = false;
        // Two halves side by side: the largest tables are a handful, and building their indexes is pure computation.
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
