//! Rows of query results.
//!
//! A page of 2,000 wide rows is megabytes of JSON, of which a mapping reads some thirty values a row and hands the
//! whole row on as received. So a page's text is scanned once, each row is a list of ranges of it, and a value is
//! decoded when asked for.

mod columns;
mod parse;
mod written;

use std::borrow::Cow;
use std::rc::Rc;

pub(super) use parse::{PageData, ParsedPage};
pub(super) use written::WrittenRows;

use super::error::{Result, SalesforceError};
use super::id::SalesforceId;
use super::json::{Json, unquote};
use super::time::{Date, Timestamp};

/// One field's value, as it stands in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The JSON text.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Whether the field is empty.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// A text decoded; numbers and booleans as their JSON text; none for null, objects and arrays.
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        match self.0.as_bytes().first()? {
            b'"' => Some(unquote(self.0)),
            b'{' | b'[' => None,
            _ if self.is_null() => None,
            _ => Some(self.0.into()),
        }
    }

    /// `true` or `false`, also as a text, which is how CSV results have it.
    pub fn as_flag(self) -> Option<bool> {
        match self.as_text()?.as_ref() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The digits of a number exactly as received, also from a text that is a number.
    pub fn as_decimal(self) -> Option<Cow<'a, str>> {
        let is_number = |t: &str| {
            t.bytes()
                .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
                && t.parse::<f64>().is_ok_and(f64::is_finite)
        };
        match self.as_text()? {
            Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
            Cow::Owned(text) => Some(Cow::Owned(text.trim().to_owned())),
        }
        .filter(|text| is_number(text))
    }

    /// A number, also from a text that is one.
    pub fn as_number(self) -> Option<f64> {
        self.as_decimal()?.parse().ok()
    }

    /// A whole number; `3.0` is one.
    pub fn as_integer(self) -> Option<i64> {
        let decimal = self.as_decimal()?;
        if let Ok(integer) = decimal.parse() {
            return Some(integer);
        }
        let number: f64 = decimal.parse().ok()?;
        // Beyond 2^53 an f64 no longer holds every integer.
        (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
    }

    /// A dateTime in any of Salesforce's forms.
    pub fn as_timestamp(self) -> Option<Timestamp> {
        Timestamp::parse(&self.as_text()?).ok()
    }

    /// A date.
    pub fn as_date(self) -> Option<Date> {
        Date::parse(&self.as_text()?).ok()
    }

    /// A record id.
    pub fn as_id(self) -> Option<SalesforceId> {
        SalesforceId::parse(&self.as_text()?).ok()
    }
}

/// A row of a result. A clone is cheap; every row keeps the text of its whole page alive.
///
/// The typed getters answer none when the field was not selected, is null, or is of another kind. They take field names
/// in the API's own casing and paths through parents: `Owner.Name`.
#[derive(Clone)]
pub struct Record {
    page: Rc<PageData>,
    row: usize,
}

impl Record {
    pub(super) fn new(page: Rc<PageData>, row: usize) -> Self {
        Self { page, row }
    }

    /// Reads one row from a JSON object.
    ///
    /// # Errors
    /// When `json` is not an object.
    pub fn from_json(json: &Json) -> Result<Self> {
        PageData::of_one_row(json)
            .map(|page| Self::new(Rc::new(page), 0))
            .map_err(SalesforceError::malformed)
    }

    /// The value of a field of this row; none when the row does not have it.
    pub fn get(&self, field: &str) -> Option<Value<'_>> {
        self.page.value(self.row, field).map(Value)
    }

    /// All fields in the order of the select list, without `attributes`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.page
            .fields(self.row)
            .map(|(name, raw)| (name, Value(raw)))
    }

    /// The parent row behind a relationship name; none when the lookup is empty.
    pub fn object(&self, relationship: &str) -> Option<Record> {
        let value = self
            .get(relationship)
            .filter(|v| v.raw().starts_with('{'))?;
        Self::from_json(&self.page.piece(value.raw())).ok()
    }

    /// The object that this row is of, by its `attributes`.
    pub fn object_type(&self) -> Option<String> {
        let attributes = Json::new(self.page.attributes(self.row)?.to_owned());
        Some(
            Self::from_json(&attributes)
                .ok()?
                .text("type")?
                .into_owned(),
        )
    }

    fn find<R>(&self, path: &str, read: fn(Value<'_>) -> Option<R>) -> Option<R> {
        match self.get(path) {
            Some(value) => read(value),
            None => {
                let (parent, rest) = path.split_once('.')?;
                self.object(parent)?.find(rest, read)
            }
        }
    }

    /// A text; numbers and booleans as their JSON text.
    pub fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        match self.get(path) {
            Some(value) => value.as_text(),
            None => self.find(path, |v| Some(Cow::Owned(v.as_text()?.into_owned()))),
        }
    }

    /// A text that is not empty, owned.
    pub fn string(&self, path: &str) -> Option<String> {
        self.text(path)
            .map(Cow::into_owned)
            .filter(|t| !t.is_empty())
    }

    /// A checkbox.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.find(path, |v| v.as_flag())
    }

    /// A number.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.find(path, |v| v.as_number())
    }

    /// A number's digits exactly as received.
    pub fn decimal(&self, path: &str) -> Option<String> {
        self.find(path, |v| v.as_decimal().map(Cow::into_owned))
    }

    /// A whole number.
    pub fn integer(&self, path: &str) -> Option<i64> {
        self.find(path, |v| v.as_integer())
    }

    /// A dateTime.
    pub fn timestamp(&self, path: &str) -> Option<Timestamp> {
        self.find(path, |v| v.as_timestamp())
    }

    /// A date.
    pub fn date(&self, path: &str) -> Option<Date> {
        self.find(path, |v| v.as_date())
    }

    /// A record id.
    pub fn id(&self, path: &str) -> Option<SalesforceId> {
        self.find(path, |v| v.as_id())
    }

    /// The row as received, as a JSON object, without the `attributes` of the row and of the rows nested in it.
    pub fn source_json(&self) -> String {
        self.page.source_json(self.row)
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source_json())
    }
}

#[cfg(test)]
mod tests;
