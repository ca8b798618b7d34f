//! Field values: owned ([`Value`]) for writes, borrowed ([`ValueRef`]) for reads.
//!
//! One closed set of kinds stands for all describe types, so storage, filters and rendering each
//! have one match. Dates are days since 1970-01-01, dateTimes milliseconds since 1970 UTC.

use std::borrow::Cow;

use crate::id::RecordId;

mod text;
pub use text::{
    civil_from_days, days_from_civil, parse_date, parse_datetime, push_date, push_datetime,
    push_datetime_z,
};

/// An owned field value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value. The platform has no empty text: it is null too.
    #[default]
    Null,
    /// Check box.
    Bool(bool),
    /// `int` and `long` fields.
    Int(i64),
    /// `double`, `currency` and `percent` fields.
    Double(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970 UTC.
    DateTime(i64),
    /// All text-like types: string, textarea, picklist, multipicklist, email, phone, url, time, json. Constants are
    /// borrowed: the rows of a large seed are full of them.
    Text(Cow<'static, str>),
    /// `id` and `reference` fields.
    Id(RecordId),
    /// Contents of a base64 field.
    Blob(bytes::Bytes),
}

/// A field value read from a row, borrowed where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// Check box.
    Bool(bool),
    /// Whole number.
    Int(i64),
    /// Number.
    Double(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970 UTC.
    DateTime(i64),
    /// Text.
    Text(Cow<'a, str>),
    /// Record id.
    Id(RecordId),
    /// A base64 field that holds this many bytes.
    Blob(u64),
}

impl Value {
    /// A copy of a text.
    pub fn copied(text: &str) -> Self {
        Self::from(text.to_owned())
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id, if this is one.
    pub fn as_id(&self) -> Option<RecordId> {
        match self {
            Self::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(v) => ValueRef::Bool(*v),
            Self::Int(v) => ValueRef::Int(*v),
            Self::Double(v) => ValueRef::Double(*v),
            Self::Date(v) => ValueRef::Date(*v),
            Self::DateTime(v) => ValueRef::DateTime(*v),
            Self::Text(v) => ValueRef::Text(Cow::Borrowed(v)),
            Self::Id(v) => ValueRef::Id(*v),
            Self::Blob(v) => ValueRef::Blob(v.len() as u64),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The id, if this is one.
    pub fn as_id(&self) -> Option<RecordId> {
        match self {
            Self::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The flag, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(*v as f64),
            Self::Double(v) => Some(*v),
            _ => None,
        }
    }

    /// An owned copy. A blob's contents are not in the row: it becomes null here.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null | Self::Blob(_) => Value::Null,
            Self::Bool(v) => Value::Bool(*v),
            Self::Int(v) => Value::Int(*v),
            Self::Double(v) => Value::Double(*v),
            Self::Date(v) => Value::Date(*v),
            Self::DateTime(v) => Value::DateTime(*v),
            Self::Text(v) => Value::Text(v.clone().into_owned().into()),
            Self::Id(v) => Value::Id(*v),
        }
    }

    /// Detaches the value from the row it was read from.
    pub fn into_owned(self) -> ValueRef<'static> {
        match self {
            Self::Text(v) => ValueRef::Text(Cow::Owned(v.into_owned())),
            Self::Null => ValueRef::Null,
            Self::Bool(v) => ValueRef::Bool(v),
            Self::Int(v) => ValueRef::Int(v),
            Self::Double(v) => ValueRef::Double(v),
            Self::Date(v) => ValueRef::Date(v),
            Self::DateTime(v) => ValueRef::DateTime(v),
            Self::Id(v) => ValueRef::Id(v),
            Self::Blob(v) => ValueRef::Blob(v),
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(text.into())
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(text.into())
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<RecordId> for Value {
    fn from(id: RecordId) -> Self {
        Self::Id(id)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
