//! Rows that are written here and not received as JSON: where each value stands is known without a scan.

use std::rc::Rc;

use super::Record;
use super::columns::Columns;
use super::parse::{PageData, Row, Span};
use crate::error::{Result, SalesforceError};
use crate::json::Json;

/// Rows of the same columns, being written.
pub(crate) struct WrittenRows {
    text: String,
    columns: Columns,
    rows: Vec<Row>,
    spans: Vec<Span>,
}

impl WrittenRows {
    /// No rows yet.
    pub(crate) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| name.as_str().into());
        Self {
            text: String::new(),
            columns: Columns::new(names.collect()),
            rows: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of their text.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Appends a row. `value` writes each of its values as JSON, without line breaks between tokens.
    ///
    /// # Errors
    /// When a value can't be written: then the row is not there. Pages of more than 4 GiB can't be written either.
    pub(crate) fn push<E: From<SalesforceError>>(
        &mut self,
        mut value: impl FnMut(usize, &mut String) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let (before, first) = (self.text.len(), self.spans.len());
        let written = self.write(before, &mut value);
        if written.is_err() {
            self.text.truncate(before);
            self.spans.truncate(first);
        }
        let plain = written?;
        self.rows.push(Row {
            first,
            columns: 0,
            attributes: None,
            plain: Some(plain),
        });
        Ok(())
    }

    fn write<E: From<SalesforceError>>(
        &mut self,
        before: usize,
        value: &mut impl FnMut(usize, &mut String) -> std::result::Result<(), E>,
    ) -> std::result::Result<Span, E> {
        self.text.push('{');
        for (at, key) in self.columns.keys.iter().enumerate() {
            self.text.push_str(if at == 0 { "" } else { "," });
            self.text.push_str(key);
            let start = self.text.len();
            value(at, &mut self.text)?;
            self.spans.push(span(start, self.text.len())?);
        }
        let plain = span(before + 1, self.text.len())?;
        self.text.push('}');
        Ok(plain)
    }

    /// The rows.
    pub(crate) fn into_records(self) -> Vec<Record> {
        let rows = self.rows.len();
        let data = Rc::new(PageData {
            text: Json::new(self.text),
            columns: vec![self.columns],
            rows: self.rows,
            spans: self.spans,
        });
        (0..rows)
            .map(|row| Record::new(Rc::clone(&data), row))
            .collect()
    }
}

fn span(start: usize, end: usize) -> Result<Span> {
    let too_large = |_| SalesforceError::malformed("a page of more than 4 GiB");
    Ok(Span {
        start: u32::try_from(start).map_err(too_large)?,
        end: u32::try_from(end).map_err(too_large)?,
    })
}
