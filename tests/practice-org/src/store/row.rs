//! A row as one small block of bytes: a sorted directory of the fields that hold something, then
//! their values.
//!
//! Rows are sparse (a contact has seventy fields and fills fifteen) and there may be a million of
//! them, so a map of values per row would cost several times the data.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::id::RecordId;
use crate::schema::FieldId;
use crate::value::{Value, ValueRef};

/// Bytes of a directory entry: field number, then kind (4 bits) and offset of the value (28 bits).
const ENTRY: usize = 6;
const OFFSET_BITS: u32 = 28;
const OFFSET_MASK: u32 = (1 << OFFSET_BITS) - 1;

const FALSE: u32 = 0;
const TRUE: u32 = 1;
const INT: u32 = 2;
const DOUBLE: u32 = 3;
const DATE: u32 = 4;
const DATETIME: u32 = 5;
const TEXT: u32 = 6;
const ID: u32 = 7;
const BLOB: u32 = 8;

/// Where rows are put together, one after the other.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    /// Room for rows to come.
    room: BytesMut,
    chunk: usize,
    /// Field number, then kind and offset among the values.
    directory: Vec<(FieldId, u32)>,
    values: Vec<u8>,
}

impl RowBuffer {
    /// Rows will share allocations of about so many bytes: millions of small ones cost more time than the packing.
    pub fn sharing(chunk: usize) -> Self {
        Self {
            chunk,
            ..Self::default()
        }
    }

    /// Adds a value, null or not; fields must come in ascending order.
    pub fn push(&mut self, field: FieldId, value: &ValueRef<'_>) {
        if value.is_null() {
            return;
        }
        let offset = u32::try_from(self.values.len()).unwrap_or(u32::MAX) & OFFSET_MASK;
        let kind = push_value(&mut self.values, value);
        self.directory.push((field, kind << OFFSET_BITS | offset));
    }

    /// The row of the values added since the last.
    pub fn finish(&mut self, stamp: i64, deleted: bool) -> Row {
        let count = self.directory.len();
        let start = 2 + count * ENTRY;
        let size = start + self.values.len();
        if self.room.capacity() < size {
            self.room = BytesMut::with_capacity(self.chunk.max(size));
        }
        let data = &mut self.room;
        data.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
        for (field, word) in self.directory.drain(..) {
            let moved = word + u32::try_from(start).unwrap_or_default();
            data.extend_from_slice(&field.0.to_le_bytes());
            data.extend_from_slice(&moved.to_le_bytes());
        }
        data.extend_from_slice(&self.values);
        self.values.clear();
        Row {
            stamp,
            deleted,
            data: data.split().freeze(),
        }
    }
}

/// A stored row without its id, which is its key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// SystemModstamp, milliseconds; always whole seconds.
    pub stamp: i64,
    /// In the recycle bin.
    pub deleted: bool,
    /// Rows of a load share one allocation.
    data: Bytes,
}

impl Row {
    /// Packs the values that are not null.
    pub fn pack<'a>(
        stamp: i64,
        deleted: bool,
        values: impl IntoIterator<Item = (FieldId, ValueRef<'a>)>,
    ) -> Self {
        let mut entries: Vec<(FieldId, ValueRef<'a>)> = values.into_iter().collect();
        entries.sort_by_key(|(id, _)| *id);
        let mut buffer = RowBuffer::default();
        for (field, value) in &entries {
            buffer.push(*field, value);
        }
        buffer.finish(stamp, deleted)
    }

    /// The value of a stored field.
    pub fn get(&self, field: FieldId) -> ValueRef<'_> {
        let count = self.count();
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = (low + high) / 2;
            let found = self.field_at(middle);
            if found == field {
                return self.value_at(middle, count);
            }
            if found < field {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        ValueRef::Null
    }

    /// All values, by field number.
    pub fn values(&self) -> impl Iterator<Item = (FieldId, ValueRef<'_>)> {
        let count = self.count();
        (0..count).map(move |i| (self.field_at(i), self.value_at(i, count)))
    }

    /// The same row with some values replaced.
    pub fn with(&self, changes: &BTreeMap<FieldId, Value>) -> Self {
        let kept = self.values().filter(|(id, _)| !changes.contains_key(id));
        let new = changes.iter().map(|(id, value)| (*id, value.as_ref()));
        Self::pack(self.stamp, self.deleted, kept.chain(new))
    }

    fn count(&self) -> usize {
        usize::from(u16::from_le_bytes([self.data[0], self.data[1]]))
    }

    fn field_at(&self, i: usize) -> FieldId {
        let at = 2 + i * ENTRY;
        FieldId(u16::from_le_bytes([self.data[at], self.data[at + 1]]))
    }

    fn word_at(&self, i: usize) -> u32 {
        let at = 2 + i * ENTRY + 2;
        u32::from_le_bytes([
            self.data[at],
            self.data[at + 1],
            self.data[at + 2],
            self.data[at + 3],
        ])
    }

    fn value_at(&self, i: usize, count: usize) -> ValueRef<'_> {
        let word = self.word_at(i);
        let start = (word & OFFSET_MASK) as usize;
        let end = if i + 1 < count {
            (self.word_at(i + 1) & OFFSET_MASK) as usize
        } else {
            self.data.len()
        };
        let bytes = &self.data[start..end];
        match word >> OFFSET_BITS {
            FALSE => ValueRef::Bool(false),
            TRUE => ValueRef::Bool(true),
            INT => ValueRef::Int(i64::from_le_bytes(eight(bytes))),
            DOUBLE => ValueRef::Double(f64::from_le_bytes(eight(bytes))),
            DATE => ValueRef::Date(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            DATETIME => ValueRef::DateTime(i64::from_le_bytes(eight(bytes))),
            // Only whole `str`s are ever packed.
            TEXT => ValueRef::Text(Cow::Borrowed(
                std::str::from_utf8(bytes).unwrap_or_default(),
            )),
            ID => {
                let mut id = [0; 15];
                id.copy_from_slice(bytes);
                ValueRef::Id(RecordId::from_bytes(id))
            }
            _ => ValueRef::Blob(u64::from_le_bytes(eight(bytes))),
        }
    }
}

fn eight(bytes: &[u8]) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(bytes);
    out
}

fn push_value(data: &mut Vec<u8>, value: &ValueRef<'_>) -> u32 {
    match value {
        ValueRef::Null | ValueRef::Bool(false) => FALSE,
        ValueRef::Bool(true) => TRUE,
        ValueRef::Int(v) => {
            data.extend_from_slice(&v.to_le_bytes());
            INT
        }
        ValueRef::Double(v) => {
            data.extend_from_slice(&v.to_le_bytes());
            DOUBLE
        }
        ValueRef::Date(v) => {
            data.extend_from_slice(&v.to_le_bytes());
            DATE
        }
        ValueRef::DateTime(v) => {
            data.extend_from_slice(&v.to_le_bytes());
            DATETIME
        }
        ValueRef::Text(v) => {
            data.extend_from_slice(v.as_bytes());
            TEXT
        }
        ValueRef::Id(v) => {
            data.extend_from_slice(v.as_bytes());
            ID
        }
        ValueRef::Blob(v) => {
            data.extend_from_slice(&v.to_le_bytes());
            BLOB
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-1e12f64..1e12).prop_map(Value::Double),
            any::<i32>().prop_map(Value::Date),
            any::<i64>().prop_map(Value::DateTime),
            ".{1,40}".prop_map(|text| Value::Text(text.into())),
            any::<u32>().prop_map(|n| Value::Id(RecordId::from_parts(
                *b"a0B",
                *b"000",
                u64::from(n)
            ))),
        ]
    }

    proptest! {
        #[test]
        fn a_packed_row_gives_back_what_was_put_in(
            first in proptest::collection::btree_map(0u16..60, value(), 0..30),
            second in proptest::collection::btree_map(0u16..60, value(), 0..10),
        ) {
            let packed = Row::pack(7, false, first.iter().map(|(k, v)| (FieldId(*k), v.as_ref())));
            for k in 0..60 {
                prop_assert_eq!(packed.get(FieldId(k)).to_value(), first.get(&k).cloned().unwrap_or_default());
            }
            let changes = second.iter().map(|(k, v)| (FieldId(*k), v.clone())).collect();
            let changed = packed.with(&changes);
            for k in 0..60 {
                let expected = second.get(&k).or_else(|| first.get(&k)).cloned().unwrap_or_default();
                prop_assert_eq!(changed.get(FieldId(k)).to_value(), expected);
            }
        }
    }
}
