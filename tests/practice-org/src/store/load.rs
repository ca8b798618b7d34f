//! Loading the seed: trusted rows with given stamps, no triggers, no checks.
//!
//! A million rows must be there in seconds. So what is the same for all rows of an object is looked up once, rows wait
//! unindexed while a large load is open, and each index is then built from sorted entries.

use super::row::Row;
use super::state::State;
use crate::id::RecordId;
use crate::schema::{FieldId, FieldType, Object, SchemaError, Source};
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
        let fillers = fillers(object);
        let slots = object.fields().map(|f| usize::from(f.id.0) + 1).max();
        // One place per field, used again for each row; `None` means that the row said nothing.
        let mut values: Vec<Option<Value>> = vec![None; slots.unwrap_or(0)];
        // Rows of one kind name their fields in one order: the name at a place is nearly always the one seen there before.
        let mut known: Vec<(&'static str, FieldId)> = Vec::new();
        let mut scratch = Vec::new();
        let mut ids = Vec::new();
        for load in rows {
            let id = load.id.unwrap_or_else(|| self.next_id(object.id));
            let seconds = |ms: i64| ms.div_euclid(1000) * 1000;
            for (at, (name, value)) in load.values.into_iter().enumerate() {
                let field = match known.get(at) {
                    Some((seen, field)) if std::ptr::eq(*seen, name) => *field,
                    _ => {
                        let field = object.field(name).ok_or_else(|| unknown("field", name))?.id;
                        known.truncate(at);
                        known.push((name, field));
                        field
                    }
                };
                if let Value::Blob(data) = &value {
                    self.blobs.insert((id, field), data.clone());
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
                    Filler::Number => Value::Text(self.next_number(object.id, object.get(*field))),
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
            values.fill(None);
            let loading = self.loading;
            let table = self.table_mut(object.id);
            table.last_sequence = table.last_sequence.max(id.sequence());
            if loading {
                table.stage(id, row);
            } else {
                table.put(id, Some(row));
            }
            ids.push(id);
        }
        Ok(ids)
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
