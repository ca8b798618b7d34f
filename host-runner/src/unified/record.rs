//! A checked record: the text of its JSON with every field of its model, in order, each of its kind.
//! It is read once at the edge, where the component's answer arrives; inside the host nothing checks it again.
//! Nothing here builds values from the text: most records are only compared and stored.

use std::ops::Range;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::id::{KeyError, NaturalKey};
use super::model::{Field, Kind, Model};
use super::text::{Place, lines, members, unquoted};
use super::timestamp::Timestamp;

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

/// Where in a text the parts of a record stand.
#[derive(Debug, Clone, Default)]
struct Places {
    /// A JSON object on one line, without `remote_data`.
    content: Range<u32>,
    /// The values of the reference fields, without quotes, in table order; empty for null.
    references: [Range<u32>; 3],
    /// The value of `remote_data`; empty for null.
    remote_data: Range<u32>,
}

/// A record that does not fit its model: a defect of the component, not of the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The fields of the model are not all there, in their order, and nothing else.
    #[error("{model}: expected the field \"{field}\" next, got {got}")]
    Misplaced {
        /// The model.
        model: Model,
        /// The field that should stand there.
        field: &'static str,
        /// What stands there, shortened.
        got: String,
    },
    /// A value of another kind, or no valid JSON.
    #[error("{model}.{field}: expected {expected}, got {got}")]
    WrongKind {
        /// The model.
        model: Model,
        /// The field.
        field: &'static str,
        /// What belongs there.
        expected: String,
        /// What stands there, shortened.
        got: String,
    },
    /// More text after the last field.
    #[error("{model}: expected the end of the record, got {got}")]
    Trailing {
        /// The model.
        model: Model,
        /// What stands there, shortened.
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

/// Checks a line that begins at a place of its text; its content ends with the comma before `remote_data`, or with the
/// line.
fn checked_line(
    model: Model,
    line: &str,
    begin: usize,
) -> Result<(NaturalKey, Places), RecordError> {
    let mut row = Place::new(line);
    let mut places = Places {
        content: range(begin, line.len()),
        ..Places::default()
    };
    let mut references = places.references.iter_mut();
    let (mut key, mut joined) = (None, ("", ""));
    let (parent, other) = model.join_fields().unwrap_or_default();
    for field in model
        .fields()
        .iter()
        .filter(|field| field.is_of_connector())
    {
        if field.kind == Kind::RemoteData && row.eat(EXTRA) {
            check_extra(&mut row, model)?;
        }
        let start = row.at();
        step_to(&mut row, model, field, start == 0)?;
        let from = begin + row.at();
        let value = checked(&mut row, model, field)?;
        match field.kind {
            Kind::RemoteId => key = Some(NaturalKey::parse(model, unquoted(value))),
            Kind::Reference(_) => {
                let id = unquoted(value);
                if let (Some(place), false) = (references.next(), id.is_empty()) {
                    *place = range(from + 1, id.len());
                }
                match field.name {
                    name if name == parent => joined.0 = id,
                    name if name == other => joined.1 = id,
                    _ => {}
                }
            }
            Kind::RemoteData => {
                places.content = range(begin, start + 1);
                if value != "null" {
                    places.remote_data = range(from, value.len());
                }
            }
            _ => {}
        }
    }
    if row.rest() != "}" {
        let got = shortened(row.rest());
        return Err(RecordError::Trailing { model, got });
    }
    let key = key.unwrap_or_else(|| NaturalKey::join(model, joined.0, joined.1));
    let key = key.map_err(|source| RecordError::Key { model, source })?;
    Ok((key, places))
}

/// The member, and what stands before it, with fields of a later version of the model; a record has it or not.
const EXTRA: &str = ",\"extra\":";

/// Steps over the value of `extra`, where it is an object.
fn check_extra(row: &mut Place<'_>, model: Model) -> Result<(), RecordError> {
    let rest = row.rest();
    if fits(row, Kind::FreeObject) {
        return Ok(());
    }
    Err(RecordError::WrongKind {
        model,
        field: "extra",
        expected: Kind::FreeObject.to_string(),
        got: shortened(rest),
    })
}

/// Steps over a field's name and what stands before it.
fn step_to(
    row: &mut Place<'_>,
    model: Model,
    field: &'static Field,
    is_first: bool,
) -> Result<(), RecordError> {
    let got = row.rest();
    let steps =
        row.eat(if is_first { "{\"" } else { ",\"" }) && row.eat(field.name) && row.eat("\":");
    steps.then_some(()).ok_or_else(|| RecordError::Misplaced {
        model,
        field: field.name,
        got: shortened(got),
    })
}

/// Steps over a field's value, where it is of the field's kind.
fn checked<'t>(
    row: &mut Place<'t>,
    model: Model,
    field: &'static Field,
) -> Result<&'t str, RecordError> {
    let rest = row.rest();
    let from = row.at();
    if fits(row, field.kind) {
        return Ok(rest.get(..row.at() - from).unwrap_or_default());
    }
    Err(RecordError::WrongKind {
        model,
        field: field.name,
        expected: field.kind.to_string(),
        // The value alone: what follows it may be another person's.
        got: shortened(Place::new(rest).value().unwrap_or(rest)),
    })
}

/// Steps over a value and tells whether it is of a kind.
fn fits(row: &mut Place<'_>, kind: Kind) -> bool {
    let is_list = matches!(
        kind,
        Kind::Words(_) | Kind::Objects(_) | Kind::FreeObject | Kind::FreeList
    );
    if !is_list && kind != Kind::RemoteId && row.eat("null") {
        return true;
    }
    let start = row.rest();
    match kind {
        // An id is spelt without escapes, so that it is found in the text as it is.
        Kind::RemoteId | Kind::Reference(_) => row.string().is_some_and(|id| !id.contains('\\')),
        Kind::Text => row.string().is_some(),
        Kind::DateTime => row
            .string()
            .is_some_and(|text| Timestamp::is_canonical(unquoted(text))),
        Kind::Number => {
            start.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                && row.value().is_some()
        }
        Kind::Word(words) => is_word(row, words),
        Kind::Words(words) => has_items(row, |row| is_word(row, words)),
        Kind::Object(members) => has_members(row, members),
        Kind::Objects(members) => has_items(row, |row| has_members(row, members)),
        Kind::FreeObject => start.starts_with('{') && row.value().is_some(),
        Kind::FreeList => start.starts_with('[') && row.value().is_some(),
        Kind::RemoteData => row.value().is_some(),
        Kind::UnifiedId | Kind::MirrorStamp => false,
    }
}

fn is_word(row: &mut Place<'_>, words: &[&str]) -> bool {
    row.string()
        .is_some_and(|text| words.contains(&unquoted(text)))
}

/// An array of what `fits`.
fn has_items<'t>(row: &mut Place<'t>, fits: impl Fn(&mut Place<'t>) -> bool) -> bool {
    if !row.eat("[") {
        return false;
    }
    if row.eat("]") {
        return true;
    }
    while fits(row) {
        if row.eat("]") {
            return true;
        }
        if !row.eat(",") {
            return false;
        }
    }
    false
}

/// An object with exactly these members in this order, each a string or null.
fn has_members(row: &mut Place<'_>, members: &[&str]) -> bool {
    let mut before = "{\"";
    let fits = members.iter().all(|member| {
        let steps =
            row.eat(std::mem::replace(&mut before, ",\"")) && row.eat(member) && row.eat("\":");
        steps && (row.eat("null") || row.string().is_some())
    });
    fits && row.eat("}")
}

fn member<'t>(content: &'t str, field: &str) -> Option<&'t str> {
    members(content)
        .find(|(name, _)| *name == field)
        .map(|(_, value)| value)
}

/// Texts are far smaller than 4 GiB: the sandbox has less memory.
fn range(start: usize, length: usize) -> Range<u32> {
    let end = u32::try_from(start + length).unwrap_or_default();
    u32::try_from(start).unwrap_or_default()..end
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
