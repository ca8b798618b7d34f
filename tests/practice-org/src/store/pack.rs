//! Packing rows of a load: what is the same for all rows of an object is looked up once.
//!
//! A million rows must be there in seconds. Rows of one kind name the same fields in the same order, so where each
//! value goes is worked out for the first row and used for those after it.

use super::row::{Row, RowBuffer};
use crate::id::RecordId;
use crate::schema::{Field, FieldId, FieldType, Object, SchemaError, Source};
use crate::value::{Value, ValueRef};

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
    Number(Numbers),
}

/// The numbers of an auto-number field that a portion of rows draws from.
struct Numbers {
    format: NumberFormat,
    next: u64,
}

/// An auto-number's format: `APP-{00000}` gives `APP-00001`.
pub(crate) struct NumberFormat {
    before: String,
    digits: usize,
    after: String,
}

impl NumberFormat {
    pub fn of(field: &Field) -> Self {
        let format = field.auto_number.as_deref().unwrap_or("{0}");
        let (before, rest) = format.split_once('{').unwrap_or((format, "0}"));
        let (zeros, after) = rest.split_once('}').unwrap_or((rest, ""));
        Self {
            before: before.to_owned(),
            digits: zeros.len(),
            after: after.to_owned(),
        }
    }

    pub fn push(&self, out: &mut String, number: u64) {
        let digits = number.to_string();
        out.push_str(&self.before);
        for _ in digits.len()..self.digits {
            out.push('0');
        }
        out.push_str(&digits);
        out.push_str(&self.after);
    }
}

/// The fillers of an object's fields.
fn fillers(object: &Object, first_number: impl Fn(FieldId) -> u64) -> Vec<(FieldId, Filler)> {
    let filler = |field: &Field| {
        if field.auto_number.is_some() {
            return Some(Filler::Number(Numbers {
                format: NumberFormat::of(field),
                next: first_number(field.id),
            }));
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

/// Where the value of a stored field comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// The row's value at this place.
    Given(usize),
    /// The filler at this place.
    Filled(usize),
}

/// Where the values of rows with these field names go.
#[derive(Default)]
struct Layout {
    names: Vec<&'static str>,
    /// Field numbers of the names.
    fields: Vec<FieldId>,
    /// Stored fields, by number.
    stored: Vec<(FieldId, Origin)>,
}

impl Layout {
    fn of(
        object: &Object,
        row: &LoadRow,
        fillers: &[(FieldId, Filler)],
    ) -> Result<Self, SchemaError> {
        let mut layout = Self::default();
        let filled = fillers.iter().enumerate();
        let mut stored: std::collections::BTreeMap<FieldId, Origin> = filled
            .map(|(at, (field, _))| (*field, Origin::Filled(at)))
            .collect();
        for (at, (name, _)) in row.values.iter().enumerate() {
            let field = object
                .field(name)
                .ok_or_else(|| SchemaError::unknown("field", name))?;
            layout.names.push(name);
            layout.fields.push(field.id);
            if field.source == Source::Stored {
                stored.insert(field.id, Origin::Given(at));
            }
        }
        layout.stored = stored.into_iter().collect();
        Ok(layout)
    }

    fn fits(&self, row: &LoadRow) -> bool {
        // The names are constants: the same name at the same place is nearly always the same text in memory.
        self.names.len() == row.values.len()
            && std::iter::zip(&self.names, &row.values)
                .all(|(known, (name, _))| std::ptr::eq(*known, *name))
    }
}

/// Packs rows of one object.
pub(crate) struct Packer {
    fillers: Vec<(FieldId, Filler)>,
    layout: Layout,
    buffer: RowBuffer,
    number: String,
}

impl Packer {
    /// For about so many rows; `first_number` answers where an auto-number field goes on.
    pub fn new(object: &Object, rows: usize, first_number: impl Fn(FieldId) -> u64) -> Self {
        /// A guess that is rather low: the rest of a chunk is lost.
        const ROW: usize = 256;
        Self {
            fillers: fillers(object, first_number),
            layout: Layout::default(),
            buffer: RowBuffer::sharing(rows * ROW),
            number: String::new(),
        }
    }

    /// Packs one row.
    pub fn pack(&mut self, object: &Object, row: &LoadRow) -> Result<Row, SchemaError> {
        if self.layout.names.is_empty() || !self.layout.fits(row) {
            self.layout = Layout::of(object, row, &self.fillers)?;
        }
        let seconds = |ms: i64| ms.div_euclid(1000) * 1000;
        for (field, origin) in &self.layout.stored {
            let value = match *origin {
                Origin::Given(at) => row.values[at].1.as_ref(),
                Origin::Filled(at) => match &mut self.fillers[at].1 {
                    Filler::Created => ValueRef::DateTime(seconds(row.created_ms)),
                    Filler::Modified => ValueRef::DateTime(seconds(row.modified_ms)),
                    Filler::By => ValueRef::Id(row.by),
                    Filler::Fixed(value) => value.as_ref(),
                    Filler::Number(numbers) => {
                        self.number.clear();
                        numbers.format.push(&mut self.number, numbers.next);
                        numbers.next += 1;
                        ValueRef::Text(self.number.as_str().into())
                    }
                },
            };
            self.buffer.push(*field, &value);
        }
        Ok(self.buffer.finish(seconds(row.modified_ms), false))
    }

    /// The fields that the row packed last named, in its order.
    pub fn fields(&self) -> &[FieldId] {
        &self.layout.fields
    }

    /// Each auto-number field with the next number.
    pub fn next_numbers(&self) -> impl Iterator<Item = (FieldId, u64)> {
        self.fillers
            .iter()
            .filter_map(|(field, filler)| match filler {
                Filler::Number(numbers) => Some((*field, numbers.next)),
                _ => None,
            })
    }
}
