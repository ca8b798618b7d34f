//! One scan over a page's text that notes where each value of each row stands.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::columns::{Columns, is_same};
use crate::json::{Json, offset_in};

/// A range of the page's text. Pages are megabytes at most; 32 bits halve the memory of the ranges.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// Returns none in a page of more than 4 GiB.
    fn of(text: &str, part: &str) -> Option<Self> {
        let start = offset_in(text, part)?;
        Some(Self {
            start: u32::try_from(start).ok()?,
            end: u32::try_from(start + part.len()).ok()?,
        })
    }
}

pub(super) struct Row {
    /// Index of the row's first value in `spans`.
    pub(super) first: usize,
    pub(super) columns: usize,
    pub(super) attributes: Option<Span>,
    /// From the first field's name to the last one's value, when nothing in between is to be left out.
    pub(super) plain: Option<Span>,
}

/// The rows of one page over the page's text.
pub(crate) struct PageData {
    pub(super) text: Json,
    pub(super) columns: Vec<Columns>,
    pub(super) rows: Vec<Row>,
    pub(super) spans: Vec<Span>,
}

/// A page's frame.
pub(crate) struct ParsedPage {
    pub(crate) data: PageData,
    pub(crate) total_size: Option<u64>,
    pub(crate) done: Option<bool>,
    pub(crate) next: Option<String>,
    pub(crate) has_records: bool,
}

impl PageData {
    fn empty(text: &Json) -> Self {
        Self {
            text: text.clone(),
            columns: Vec::new(),
            rows: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// Reads a JSON object as the only row.
    pub(super) fn of_one_row(text: &Json) -> serde_json::Result<Self> {
        let mut data = Self::empty(text);
        let mut deserializer = serde_json::Deserializer::from_str(text.as_str());
        RowSeed {
            text: text.as_str(),
            data: &mut data,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(data)
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    fn slice(&self, span: Span) -> &str {
        self.text
            .as_str()
            .get(span.start as usize..span.end as usize)
            .unwrap_or("null")
    }

    pub(super) fn value(&self, row: usize, field: &str) -> Option<&str> {
        let row = self.rows.get(row)?;
        let at = self.columns.get(row.columns)?.position(field)?;
        self.spans.get(row.first + at).map(|span| self.slice(*span))
    }

    pub(super) fn fields(&self, row: usize) -> impl Iterator<Item = (&str, &str)> {
        self.zipped(row, |columns| &columns.names)
    }

    fn zipped(
        &self,
        row: usize,
        texts: fn(&Columns) -> &[Box<str>],
    ) -> impl Iterator<Item = (&str, &str)> {
        self.rows.get(row).into_iter().flat_map(move |row| {
            let texts = self.columns.get(row.columns).map_or(&[][..], texts);
            let spans = self.spans.get(row.first..).unwrap_or_default();
            let values = spans.iter().map(|span| self.slice(*span));
            texts.iter().map(AsRef::as_ref).zip(values)
        })
    }

    pub(super) fn attributes(&self, row: usize) -> Option<&str> {
        self.rows.get(row)?.attributes.map(|span| self.slice(span))
    }

    /// Returns a row as a JSON object, without the `attributes` of the row and of objects nested in it.
    pub(super) fn source_json(&self, row: usize) -> String {
        let mut out = String::new();
        match self.rows.get(row).and_then(|row| row.plain) {
            Some(plain) => {
                let fields = self.slice(plain);
                out.reserve(fields.len() + 2);
                out.push('{');
                out.push_str(fields);
                out.push('}');
            }
            None => self.write_row(&mut out, row),
        }
        out
    }

    fn write_row(&self, out: &mut String, row: usize) {
        out.push('{');
        for (at, (key, value)) in self.zipped(row, |columns| &columns.keys).enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            out.push_str(key);
            write_value(out, value);
        }
        out.push('}');
    }

    pub(super) fn piece(&self, raw: &str) -> Json {
        self.text.piece_of(raw)
    }
}

impl ParsedPage {
    pub(crate) fn parse(text: &Json) -> serde_json::Result<Self> {
        let mut page = Self {
            data: PageData::empty(text),
            total_size: None,
            done: None,
            next: None,
            has_records: false,
        };
        let mut deserializer = serde_json::Deserializer::from_str(text.as_str());
        PageSeed {
            text: text.as_str(),
            page: &mut page,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(page)
    }
}

struct PageSeed<'a, 't> {
    text: &'t str,
    page: &'a mut ParsedPage,
}

impl<'de> DeserializeSeed<'de> for PageSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PageSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a query's result")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key.as_ref() {
                "totalSize" => self.page.total_size = map.next_value()?,
                "done" => self.page.done = map.next_value()?,
                "nextRecordsUrl" => self.page.next = map.next_value()?,
                "records" => {
                    self.page.has_records = true;
                    map.next_value_seed(RowsSeed {
                        text: self.text,
                        data: &mut self.page.data,
                    })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct RowsSeed<'a, 't> {
    text: &'t str,
    data: &'a mut PageData,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows
            .next_element_seed(RowSeed {
                text: self.text,
                data: self.data,
            })?
            .is_some()
        {}
        Ok(())
    }
}

struct RowSeed<'a, 't> {
    text: &'t str,
    data: &'a mut PageData,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { text, data } = self;
        let span_of = |part: &str| {
            Span::of(text, part)
                .ok_or_else(|| serde::de::Error::custom("a page of more than 4 GiB"))
        };
        let first = data.spans.len();
        let mut attributes = None;
        let (mut plain, mut is_plain): (Option<Span>, bool) = (None, true);
        // Rows of one query have the same columns; only where they differ are the names kept again.
        let expected = data.columns.last().map_or(&[][..], |c| &c.names);
        let mut own_names: Option<Vec<Box<str>>> = None;
        while let Some(key) = map.next_key_seed(KeySeed)? {
            let raw: &RawValue = map.next_value()?;
            let value = span_of(raw.get())?;
            let at = data.spans.len() - first;
            if key == "attributes" {
                attributes = Some(value);
                is_plain &= at == 0;
                continue;
            }
            // A name that is spelt with escapes was copied, and stands elsewhere.
            let name = offset_in(text, &key).and_then(|at| u32::try_from(at).ok());
            is_plain &= name.is_some() && !raw.get().starts_with(['{', '[']);
            let start = plain.map_or(name.unwrap_or(1) - 1, |plain| plain.start);
            plain = Some(Span { start, ..value });
            data.spans.push(value);
            match &mut own_names {
                Some(names) => names.push(key.into()),
                None if expected.get(at).is_some_and(|name| is_same(name, &key)) => {}
                None => {
                    let mut names = expected[..at].to_vec();
                    names.push(key.into());
                    own_names = Some(names);
                }
            }
        }
        let width = data.spans.len() - first;
        if own_names.is_none() && (width < expected.len() || data.columns.is_empty()) {
            own_names = Some(expected[..width].to_vec());
        }
        if let Some(names) = own_names {
            data.columns.push(Columns::new(names));
        }
        data.rows.push(Row {
            first,
            columns: data.columns.len() - 1,
            attributes,
            plain: plain.filter(|_| is_plain),
        });
        Ok(())
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// Writes a value, dropping `attributes` from objects in it.
fn write_value(out: &mut String, raw: &str) {
    if raw.starts_with('{')
        && let Ok(object) = PageData::of_one_row(&Json::new(raw.to_owned()))
    {
        return object.write_row(out, 0);
    }
    if raw.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw)
    {
        out.push('[');
        for (i, item) in items.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { "," });
            write_value(out, item.get());
        }
        return out.push(']');
    }
    out.push_str(raw);
}
