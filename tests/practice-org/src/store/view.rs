//! Reading rows: one place that knows where each field's value comes from.

use std::borrow::Cow;

use super::formula::FormulaRow;
use super::row::Row;
use super::state::State;
use crate::id::RecordId;
use crate::schema::{Field, FieldType, Object, ObjectId, Source};
use crate::value::{Value, ValueRef};

/// A row being read.
#[derive(Clone, Copy)]
pub struct RowView<'a> {
    pub(crate) state: &'a State,
    pub(crate) object: &'a Object,
    pub(crate) id: RecordId,
    pub(crate) row: &'a Row,
}

impl<'a> RowView<'a> {
    /// The row's id.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// The row's object.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    /// True in the recycle bin.
    pub fn is_deleted(&self) -> bool {
        self.row.deleted
    }

    /// A field's value by API name; null for a name the object lacks.
    pub fn get(&self, field: &str) -> ValueRef<'a> {
        self.object
            .field(field)
            .map_or(ValueRef::Null, |field| self.value(field))
    }

    /// A field's value.
    pub fn value(&self, field: &Field) -> ValueRef<'a> {
        match field.source {
            Source::Stored => match self.row.get(field.id) {
                // A check box that was added after the row.
                ValueRef::Null if field.kind == FieldType::Boolean => ValueRef::Bool(false),
                value => value,
            },
            Source::Id => ValueRef::Id(self.id),
            Source::IsDeleted => ValueRef::Bool(self.row.deleted),
            Source::SystemModstamp => ValueRef::DateTime(self.row.stamp),
            Source::PersonName => self.person_name(),
            Source::Compound => ValueRef::Null,
            Source::Formula => match self.state.formulas.get(&(self.object.id, field.id)) {
                Some(formula) => owned(formula(self)),
                None if field.kind == FieldType::Boolean => ValueRef::Bool(false),
                None => ValueRef::Null,
            },
        }
    }

    /// The row a reference field points to, bin included.
    pub fn parent(&self, field: &str) -> Option<RowView<'a>> {
        self.state.view(self.get(field).as_id()?)
    }

    /// The org's time, milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        self.state.clock.now_ms()
    }

    /// Today in the org's time zone, days since 1970-01-01.
    pub fn today(&self) -> i32 {
        self.state.today()
    }

    fn person_name(&self) -> ValueRef<'a> {
        let (first, last) = (self.get("FirstName"), self.get("LastName"));
        match (first.as_str(), last.as_str()) {
            (None, None) => ValueRef::Null,
            (Some(one), None) | (None, Some(one)) => ValueRef::Text(Cow::Owned(one.to_owned())),
            (Some(first), Some(last)) => ValueRef::Text(Cow::Owned(format!("{first} {last}"))),
        }
    }
}

impl FormulaRow for RowView<'_> {
    fn get(&self, field: &str) -> ValueRef<'_> {
        RowView::get(self, field)
    }

    fn parent(&self, field: &str) -> Option<Box<dyn FormulaRow + '_>> {
        RowView::parent(self, field).map(|row| Box::new(row) as Box<dyn FormulaRow>)
    }

    fn today(&self) -> i32 {
        RowView::today(self)
    }
}

impl State {
    /// The row with this id, whatever its object; bin included.
    pub fn view(&self, id: RecordId) -> Option<RowView<'_>> {
        let object = self.schema.object_of_prefix(id.prefix())?;
        let row = self.table(object.id).rows.get(&id)?;
        Some(RowView {
            state: self,
            object,
            id,
            row,
        })
    }

    /// The row of this object with this id; bin included.
    pub fn view_of(&self, object: ObjectId, id: RecordId) -> Option<RowView<'_>> {
        let row = self.table(object).rows.get(&id)?;
        Some(RowView {
            state: self,
            object: self.schema.get(object),
            id,
            row,
        })
    }
}

fn owned(value: Value) -> ValueRef<'static> {
    match value {
        Value::Text(text) => ValueRef::Text(text),
        other => other.as_ref().into_owned(),
    }
}
