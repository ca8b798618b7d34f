//! A checked record: the text of its JSON with every field of its model, in order, each of its kind.
//! It is read once at the edge, where the component's answer arrives; inside the host nothing checks it again.
//! Nothing here builds values from the text: most records are only compared and stored.

use std::ops::Range;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::id::NaturalKey;
use super::line::{Places, RecordError, checked_line, range, shortened};
use super::model::{Kind, Model};
use super::text::{lines, members, unquoted};

/// One record of shape A with remote ids, as the connector wrote it.
#[derive(Debug, Clone)]
pub struct UnifiedRecord {
    model: Model,
    key: NaturalKey,
    /// The text that the record is a part of. The records of a page share one.
    text: Arc<String>,
    places: Places,
    /// What [`UnifiedRecord::content_hash`] returns, where it was worked out together with the check.
    hash: Option<[u8; 16]>,
}

impl UnifiedRecord {
    /// Checks the lines of a connector's page: each a JSON object with exactly the model's fields in table order, but
    /// `id`, `changed_at` and `remote_deleted_at`, without white space outside of strings, `custom_fields`,
    /// `integration_fields`, `extra` and `remote_data`. Before `remote_data` may stand `extra`, an object.
    ///
    /// # Errors
    /// [`RecordError`] for a field that is missing, unknown or of another kind, or an unusable key.
    pub fn parse_lines(model: Model, mut text: String) -> Result<Vec<Self>, RecordError> {
        let mut at = 0;
        let mut read = Vec::new();
        for line in lines(&text) {
            read.push(checked_line(model, line, at)?);
            at += line.len() + 1;
        }
        for (_, places) in &read {
            end_content(&mut text, places);
        }
        let text = Arc::new(text);
        let record = |read| Self::checked(model, &text, read);
        Ok(read.into_iter().map(record).collect())
    }

    /// Checks one line, as [`UnifiedRecord::parse_lines`] does.
    ///
    /// # Errors
    /// As there, and for more than one line.
    pub fn parse(model: Model, line: &str) -> Result<Self, RecordError> {
        let read = checked_line(model, line, 0)?;
        if let Some((_, rest)) = line.split_once('\n') {
            let got = shortened(rest);
            return Err(RecordError::Trailing { model, got });
        }
        let mut text = line.to_owned();
        end_content(&mut text, &read.1);
        Ok(Self::checked(model, &Arc::new(text), read))
    }

    fn checked(model: Model, text: &Arc<String>, (key, places): (NaturalKey, Places)) -> Self {
        let hash = hash_of(part(text, &places.content));
        Self {
            model,
            key,
            text: Arc::clone(text),
            places,
            hash: Some(hash),
        }
    }

    /// A record of values that no connector wrote; fields that are missing get their empty value.
    ///
    /// # Errors
    /// As [`UnifiedRecord::parse`].
    pub fn new(
        model: Model,
        mut content: Map<String, Value>,
        remote_data: Option<Box<RawValue>>,
    ) -> Result<Self, RecordError> {
        let mut line = String::new();
        for field in model
            .fields()
            .iter()
            .filter(|field| field.is_of_connector())
        {
            let value = content.remove(field.name).unwrap_or_default();
            let value = match (field.kind, &value, &remote_data) {
                (Kind::RemoteData, _, Some(raw)) => raw.get().to_owned(),
                (Kind::Words(_) | Kind::Objects(_) | Kind::FreeList, Value::Null, _) => "[]".into(),
                (Kind::FreeObject, Value::Null, _) => "{}".into(),
                _ => value.to_string(),
            };
            let before = if line.is_empty() { '{' } else { ',' };
            line.push_str(&format!("{before}\"{}\":{value}", field.name));
        }
        if let Some(name) = content.keys().next() {
            let got = format!("the field {name:?}");
            return Err(RecordError::Trailing { model, got });
        }
        Self::parse(model, &(line + "}"))
    }

    /// A record read back from a mirror, which holds only records that were checked once, from its [`stored_text`].
    pub fn trusted(model: Model, key: NaturalKey, text: String) -> Self {
        let end = text.find('\n').unwrap_or(text.len());
        let content = text.get(..end).unwrap_or_default();
        let mut references = <[Range<u32>; 3]>::default();
        let fields = model.references().map(|(field, _)| field);
        for (place, field) in references.iter_mut().zip(fields) {
            let value = member(content, field).map_or("", unquoted);
            // What is not empty is a part of the content.
            if !value.is_empty() {
                let start = value.as_ptr() as usize - content.as_ptr() as usize;
                *place = range(start, value.len());
            }
        }
        let places = Places {
            content: range(0, end),
            references,
            remote_data: range(
                (end + 1).min(text.len()),
                text.len().saturating_sub(end + 1),
            ),
        };
        Self {
            model,
            key,
            text: Arc::new(text),
            places,
            hash: None,
        }
    }

    /// What a mirror stores, as [`stored_text`] puts it.
    pub fn stored_text(&self) -> String {
        stored_text(self.content_json(), self.remote_data())
    }

    /// The model.
    pub const fn model(&self) -> Model {
        self.model
    }

    /// The natural key.
    pub const fn key(&self) -> &NaturalKey {
        &self.key
    }

    /// The JSON object of the fields in print order, without `id`, `changed_at`, `remote_deleted_at` and `remote_data`.
    pub fn content_json(&self) -> &str {
        part(&self.text, &self.places.content)
    }

    /// The same as values, read anew at each call.
    pub fn content(&self) -> Map<String, Value> {
        // What was checked once is an object.
        serde_json::from_str(self.content_json()).unwrap_or_default()
    }

    /// A field's value; null for one that is not in the content.
    pub fn value(&self, field: &str) -> Value {
        serde_json::from_str(self.raw(field)).unwrap_or_default()
    }

    /// A field's value as JSON text; `null` for one that is not in the content.
    pub fn raw(&self, field: &str) -> &str {
        member(self.content_json(), field).unwrap_or("null")
    }

    /// A field that holds a text; `None` when it is null or no text.
    pub fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(member(self.content_json(), field)?).ok()
    }

    /// The source row as received, or none.
    pub fn remote_data(&self) -> Option<&str> {
        Some(part(&self.text, &self.places.remote_data)).filter(|text| !text.is_empty())
    }

    /// The remote ids of the reference fields in table order; `None` for null and behind the last.
    pub fn references(&self) -> [Option<&str>; 3] {
        self.places
            .references
            .each_ref()
            .map(|place| Some(part(&self.text, place)).filter(|id| !id.is_empty()))
    }

    /// The remote id that a reference field holds; `None` when it is null or no reference.
    pub fn reference(&self, field: &str) -> Option<&str> {
        let place = self.model.references().position(|(name, _)| name == field);
        self.references().get(place?).copied().flatten()
    }

    /// What tells two contents apart: the first half of the SHA-256 of the text. `remote_data` takes no part, so a
    /// stamp that moves only there is not a change.
    pub fn content_hash(&self) -> [u8; 16] {
        self.hash.unwrap_or_else(|| hash_of(self.content_json()))
    }
}

/// A record's text in a mirror: the content, which is on one line, and behind a line feed the source row where there is
/// one.
pub fn stored_text(content: &str, remote_data: Option<&str>) -> String {
    match remote_data {
        Some(remote_data) => [content, "\n", remote_data].concat(),
        None => content.to_owned(),
    }
}

/// What was the comma before `remote_data` ends the content.
fn end_content(text: &mut String, places: &Places) {
    let end = places.content.end as usize;
    text.replace_range(end - 1..end, "}");
}

/// The places of a record lie within its text.
fn part<'t>(text: &'t str, place: &Range<u32>) -> &'t str {
    text.get(place.start as usize..place.end as usize)
        .unwrap_or_default()
}

fn hash_of(content: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(content).into();
    digest.first_chunk().copied().unwrap_or_default()
}

fn member<'t>(content: &'t str, field: &str) -> Option<&'t str> {
    members(content)
        .find(|(name, _)| *name == field)
        .map(|(_, value)| value)
}
