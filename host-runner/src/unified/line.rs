//! The check of a record's line, as the contract says that a connector writes it, and the places of its parts.

use std::ops::Range;

use super::id::{KeyError, NaturalKey};
use super::model::{Field, Kind, Model};
use super::text::{Place, unquoted};
use super::timestamp::Timestamp;

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

/// Where in a text the parts of a record stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// A JSON object on one line, without `remote_data`.
    pub(super) content: Range<u32>,
    /// The values of the reference fields, without quotes, in table order; empty for null.
    pub(super) references: [Range<u32>; 3],
    /// The value of `remote_data`; empty for null.
    pub(super) remote_data: Range<u32>,
}

/// Checks a line that begins at a place of its text; its content ends with the comma before `remote_data`, or with the
/// line.
pub(super) fn checked_line(
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

/// Texts are far smaller than 4 GiB: the sandbox has less memory.
pub(super) fn range(start: usize, length: usize) -> Range<u32> {
    let end = u32::try_from(start + length).unwrap_or_default();
    u32::try_from(start).unwrap_or_default()..end
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
