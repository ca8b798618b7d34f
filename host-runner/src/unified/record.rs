//! A checked record: every field of its model, in order, each of its kind, spelt one way.
//! It is built once at the edge, where the component's answer arrives; inside the host nothing checks it again.
//! Its canonical form is what decides whether a record changed.

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::id::{KeyError, NaturalKey};
use super::model::{Field, Kind, Model};
use super::timestamp::Timestamp;

/// One record of shape A with remote ids, as the connector returned it.
#[derive(Debug, Clone)]
pub struct UnifiedRecord {
    model: Model,
    key: NaturalKey,
    content: Map<String, Value>,
    remote_data: Option<Box<RawValue>>,
}

/// A record that does not fit its model: a defect of the component, not of the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A field that the model does not have.
    #[error("{model}: there is no field \"{field}\"")]
    UnknownField {
        /// The model.
        model: Model,
        /// The name given.
        field: String,
    },
    /// A value of another kind.
    #[error("{model}.{field}: expected {expected}, got {got}")]
    WrongKind {
        /// The model.
        model: Model,
        /// The field.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// The value, shortened.
        got: String,
    },
    /// A remote id or the two ids of a join row are missing or unusable.
    #[error("{model}: the record has no usable key: {source}")]
    Key {
        /// The model.
        model: Model,
        /// What is wrong with it.
        source: KeyError,
    },
}

impl UnifiedRecord {
    /// Checks and normalises a record: `content` holds the model's fields except `id`, `changed_at`,
    /// `remote_deleted_at` and `remote_data`. Missing fields are filled with their empty value, date-times are
    /// respelt, whole numbers lose their fraction, and the key is taken from the content.
    /// `remote_data` stays the text that was received.
    ///
    /// # Errors
    /// [`RecordError`] for an unknown field, a value of another kind, or a missing key.
    pub fn new(
        model: Model,
        mut content: Map<String, Value>,
        remote_data: Option<Box<RawValue>>,
    ) -> Result<Self, RecordError> {
        let mut ordered = Map::with_capacity(model.fields().len());
        for field in model.fields() {
            if Self::holds(field) {
                let given = content.remove(field.name).unwrap_or(Value::Null);
                ordered.insert(field.name.to_owned(), normal(model, field, given)?);
            }
        }
        if let Some(name) = content.keys().next() {
            return Err(RecordError::UnknownField {
                model,
                field: name.clone(),
            });
        }
        let key = Self::key_of(model, &ordered)?;
        Ok(Self {
            model,
            key,
            content: ordered,
            remote_data,
        })
    }

    /// A record read back from a mirror, which holds only records that were checked once.
    pub fn trusted(
        model: Model,
        key: NaturalKey,
        content: Map<String, Value>,
        remote_data: Option<Box<RawValue>>,
    ) -> Self {
        Self {
            model,
            key,
            content,
            remote_data,
        }
    }

    /// Whether the content map carries this field.
    pub(super) fn holds(field: &Field) -> bool {
        !matches!(
            field.kind,
            Kind::UnifiedId | Kind::MirrorStamp | Kind::RemoteData
        )
    }

    fn key_of(model: Model, content: &Map<String, Value>) -> Result<NaturalKey, RecordError> {
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or("");
        match model.join_fields() {
            Some((parent, other)) => NaturalKey::join(model, text(parent), text(other)),
            None => NaturalKey::parse(model, text("remote_id")),
        }
        .map_err(|source| RecordError::Key { model, source })
    }

    /// The model.
    pub const fn model(&self) -> Model {
        self.model
    }

    /// The natural key.
    pub const fn key(&self) -> &NaturalKey {
        &self.key
    }

    /// The fields in print order, without `id`, `changed_at`, `remote_deleted_at` and `remote_data`.
    pub const fn content(&self) -> &Map<String, Value> {
        &self.content
    }

    /// The source row as received, or none.
    pub fn remote_data(&self) -> Option<&RawValue> {
        self.remote_data.as_deref()
    }

    /// The remote id that a reference field holds; `None` when it is null or no reference.
    pub fn reference(&self, field: &str) -> Option<&str> {
        match self.model.field(field)?.kind {
            Kind::Reference(_) => self.content.get(field)?.as_str(),
            _ => None,
        }
    }

    /// SHA-256 over the canonical content: fields in table order, keys of nested objects sorted.
    /// `remote_data` takes no part, so a stamp that moves only there is no change.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut text = Vec::with_capacity(1024);
        for value in self.content.values() {
            write_canonical(&mut text, value);
            text.push(b'\n');
        }
        Sha256::digest(&text).into()
    }
}

fn wrong(model: Model, field: &Field, expected: &'static str, got: &Value) -> RecordError {
    RecordError::WrongKind {
        model,
        field: field.name.to_owned(),
        expected,
        got: got.to_string().chars().take(60).collect(),
    }
}

fn normal(model: Model, field: &Field, given: Value) -> Result<Value, RecordError> {
    let expected = match field.kind {
        Kind::RemoteId | Kind::Reference(_) | Kind::Text => "a string or null",
        Kind::DateTime => "a date-time or null",
        Kind::Number => "a number or null",
        Kind::Object(_) => "an object of strings or null",
        Kind::Objects(_) => "an array of objects of strings",
        Kind::Texts => "an array of strings",
        Kind::FreeObject => "an object",
        Kind::FreeList => "an array",
        Kind::UnifiedId | Kind::MirrorStamp | Kind::RemoteData => "nothing",
    };
    match (field.kind, given) {
        (Kind::Texts | Kind::Objects(_) | Kind::FreeList, Value::Null) => {
            Ok(Value::Array(Vec::new()))
        }
        (Kind::FreeObject, Value::Null) => Ok(Value::Object(Map::new())),
        (_, Value::Null) => Ok(Value::Null),
        (Kind::RemoteId | Kind::Reference(_) | Kind::Text, text @ Value::String(_)) => Ok(text),
        (Kind::DateTime, Value::String(text)) => match Timestamp::parse(&text) {
            Ok(_) if Timestamp::is_canonical(&text) => Ok(Value::String(text)),
            Ok(stamp) => Ok(Value::String(stamp.to_string())),
            Err(_) => Err(wrong(model, field, expected, &Value::String(text))),
        },
        (Kind::Number, number @ Value::Number(_)) => Ok(plain(number)),
        (Kind::Object(members), Value::Object(object)) => {
            members_of(members, object).map_err(|bad| wrong(model, field, expected, &bad))
        }
        (Kind::Objects(members), Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => members_of(members, object),
                other => Err(other),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
            .map_err(|bad| wrong(model, field, expected, &bad)),
        (Kind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
            Ok(Value::Array(items))
        }
        (Kind::FreeObject, object @ Value::Object(_)) => Ok(plain(object)),
        (Kind::FreeList, list @ Value::Array(_)) => Ok(plain(list)),
        (_, other) => Err(wrong(model, field, expected, &other)),
    }
}

/// The object with exactly these members in this order; the offending value when one is unknown or no string.
fn members_of(members: &[&str], mut object: Map<String, Value>) -> Result<Value, Value> {
    let mut ordered = Map::with_capacity(members.len());
    for member in members {
        match object.remove(*member).unwrap_or(Value::Null) {
            value @ (Value::Null | Value::String(_)) => ordered.insert((*member).to_owned(), value),
            other => return Err(other),
        };
    }
    if object.is_empty() {
        Ok(Value::Object(ordered))
    } else {
        Err(Value::Object(object))
    }
}

/// Whole numbers without a fraction, everywhere inside.
fn plain(value: Value) -> Value {
    // Above 2^53 a float no longer names one whole number, so it is left as it came.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT =>
            {
                #[allow(clippy::cast_possible_truncation)]
                Value::Number(Number::from(float as i64))
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(name, value)| (name, plain(value)))
                .collect(),
        ),
        other => other,
    }
}

/// JSON with the keys of every object sorted, so that a source that shuffles its keys changes nothing.
fn write_canonical(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut names: Vec<&String> = object.keys().collect();
            names.sort_unstable();
            out.push(b'{');
            for name in names {
                write_json(out, name);
                out.push(b':');
                write_canonical(out, &object[name]);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(out, item);
                out.push(b',');
            }
            out.push(b']');
        }
        other => write_json(out, other),
    }
}

fn write_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing a scalar into a Vec has no way to fail.
    let _ = serde_json::to_writer(out, value);
}
